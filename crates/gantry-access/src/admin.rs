//! The admin account of each registry: its user is called like the registry, and either of two
//! passwords signs in, so that one can be changed while the other is in use.

use std::collections::HashMap;
use std::sync::Arc;

use gantry_catalog::{AdminPassword, Catalog, Durability, Transaction};
use gantry_model::{Registry, RegistryId};
use gantry_oci::Secret;
use gantry_secrets::{Generated, MasterKey, SecretHash};

use crate::SetupError;

const NAMES: [&str; 2] = ["password", "password2"];
#[derive(Debug)]
pub(crate) struct AdminAccounts(HashMap<RegistryId, Account>);

#[derive(Debug, Default)]
struct Account {
    passwords: Vec<(&'static str, Secret)>,
    hashes: Vec<[u8; 32]>,
}

impl AdminAccounts {
    pub(crate) async fn open(
        catalog: &Catalog,
        master_key: &MasterKey,
        registries: &[Arc<Registry>],
        wanted: Option<(RegistryId, &Secret)>,
    ) -> Result<Self, SetupError> {
        let kept = catalog.admin_password_list().await?;
        for registry in registries {
            for name in NAMES {
                let row = kept.iter().find(|row| row.registry == registry.id && row.name == name);
                let opened = row.map(|row| open(master_key, registry, row)).transpose()?;
                let wanted = wanted.filter(|(id, _)| *id == registry.id && name == NAMES[0]);
                match (opened, wanted) {
                    (Some(opened), Some((_, wanted))) if opened != *wanted => {
                        let row = sealed(master_key, registry, name, wanted);
                        let set = move |tx: &mut Transaction<'_, '_>| tx.admin_password_set(&row);
                        catalog.transaction(Durability::Power, set).await?;
                    }
                    (Some(_), _) => {}
                    (None, wanted) => {
                        let password =
                            wanted.map_or_else(Generated::secret, |(_, wanted)| wanted.clone());
                        let row = sealed(master_key, registry, name, &password);
                        // Of two nodes that start at once, one has made it.
                        let establish =
                            move |tx: &mut Transaction<'_, '_>| tx.admin_password_establish(&row);
                        catalog.transaction(Durability::Power, establish).await?;
                    }
                }
            }
        }
        Self::read(catalog, master_key, registries).await
    }

    /// The passwords that there are.
    async fn read(
        catalog: &Catalog,
        master_key: &MasterKey,
        registries: &[Arc<Registry>],
    ) -> Result<Self, SetupError> {
        let kept = catalog.admin_password_list().await?;
        let mut accounts = HashMap::new();
        for registry in registries {
            let mut account = Account::default();
            for name in NAMES {
                let found = kept.iter().find(|row| row.registry == registry.id && row.name == name);
                let Some(row) = found else { continue };
                let password = open(master_key, registry, row)?;
                account.hashes.push(SecretHash::of(password.expose()).0);
                account.passwords.push((name, password));
            }
            accounts.insert(registry.id, account);
        }
        Ok(Self(accounts))
    }

    /// The account's passwords, with their names.
    pub(crate) fn passwords(&self, registry: RegistryId) -> &[(&'static str, Secret)] {
        self.0.get(&registry).map_or(&[], |account| &account.passwords)
    }

    /// Whether this is one of the account's passwords; as slow when it isn't.
    pub(crate) fn verify(&self, registry: RegistryId, password: &str) -> bool {
        let hashes = self.0.get(&registry).map_or(&[][..], |account| &account.hashes);
        SecretHash::of(password).is_among(hashes)
    }
}

/// A new password of that name; `None` if the account has none of that name.
pub(crate) fn regenerated(
    master_key: &MasterKey,
    registry: &Registry,
    name: &str,
) -> Option<AdminPassword> {
    let name = NAMES.into_iter().find(|known| known.eq_ignore_ascii_case(name))?;
    Some(sealed(master_key, registry, name, &Generated::secret()))
}

fn open(
    master_key: &MasterKey,
    registry: &Registry,
    row: &AdminPassword,
) -> Result<Secret, SetupError> {
    let what = || format!("{} of the admin account of registry {}", row.name, registry.name);
    let opened = master_key
        .open(&purpose(registry, &row.name), &row.sealed)
        .map_err(|source| SetupError::Sealed { what: what(), source })?;
    String::from_utf8(opened).map(Secret::new).map_err(|_| SetupError::Key(what()))
}

fn sealed(
    master_key: &MasterKey,
    registry: &Registry,
    name: &str,
    password: &Secret,
) -> AdminPassword {
    AdminPassword {
        registry: registry.id,
        name: name.to_owned(),
        sealed: master_key.seal(&purpose(registry, name), password.expose().as_bytes()),
    }
}

fn purpose(registry: &Registry, name: &str) -> String {
    format!("admin_password {} {name}", registry.id)
}
