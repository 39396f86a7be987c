//! The admin account of each registry: its user is called like the registry, and either of two
//! passwords signs in, so that one can be changed while the other is in use.

use std::collections::HashMap;
use std::sync::Arc;

use gantry_catalog::{AdminPassword, Catalog, Durability, Transaction};
use gantry_model::{Registry, RegistryId};
use gantry_oci::Secret;
use gantry_sha2::Sha256;
use subtle::ConstantTimeEq;

use crate::{MasterKey, SetupError};

const NAMES: [&str; 2] = ["password", "password2"];
/// How long a password is that is made here: 40 of 62 letters and digits are 238 random bits, so
/// that a fast hash of it is no weakness.
const LENGTH: usize = 40;

#[derive(Debug)]
pub(crate) struct AdminAccounts(HashMap<RegistryId, Account>);

#[derive(Debug, Default)]
struct Account {
    first: Option<Secret>,
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
                        let password = wanted.map_or_else(generate, |(_, wanted)| wanted.clone());
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
                account.hashes.push(hash(password.expose()));
                account.first.get_or_insert(password);
            }
            accounts.insert(registry.id, account);
        }
        Ok(Self(accounts))
    }

    pub(crate) fn first_password(&self, registry: RegistryId) -> Option<&Secret> {
        self.0.get(&registry)?.first.as_ref()
    }

    /// Whether these are the admin's user and password; as slow when they aren't.
    pub(crate) fn verify(&self, registry: &Registry, user: &str, password: &str) -> bool {
        let Some(account) = self.0.get(&registry.id) else { return false };
        let given = hash(password);
        let right = account
            .hashes
            .iter()
            .fold(subtle::Choice::from(0), |right, hash| right | hash.ct_eq(&given));
        bool::from(right)
            && user.eq_ignore_ascii_case(registry.name.as_str())
            && registry.settings.admin_enabled
    }
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

fn hash(password: &str) -> [u8; 32] {
    Sha256::of(password.as_bytes())
}

fn generate() -> Secret {
    const SYMBOLS: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
    let mut text = String::with_capacity(LENGTH);
    while text.len() < LENGTH {
        let mut byte = [0];
        aws_lc_rs::rand::fill(&mut byte).expect("the operating system gives random bytes");
        // Drawing again past the last whole multiple keeps every symbol as likely as any other.
        if usize::from(byte[0]) < 256 / SYMBOLS.len() * SYMBOLS.len() {
            text.push(char::from(SYMBOLS[usize::from(byte[0]) % SYMBOLS.len()]));
        }
    }
    Secret::new(text)
}
