//! The admin account of each registry: its user is called like the registry, and either of two
//! passwords signs in, so that one can be changed while the other is in use. What is remembered of them
//! is in the account's profile, under the epoch that a new password raises.

use gantry_catalog::{AdminPassword, Catalog, Durability, Transaction};
use gantry_model::Registry;
use gantry_oci::Secret;
use gantry_secrets::{Generated, MasterKey};

use crate::{Access, SetupError};

const NAMES: [&str; 2] = ["password", "password2"];

/// Makes the passwords of the registry's that are missing, and the first one what is wanted of it.
pub(crate) async fn establish(
    catalog: &Catalog,
    master_key: &MasterKey,
    registry: &Registry,
    wanted: Option<&Secret>,
) -> Result<(), SetupError> {
    let kept = catalog.admin_passwords_of(registry.id).await?;
    for name in NAMES {
        let row = kept.iter().find(|row| row.name == name);
        let opened = row.map(|row| open(master_key, registry, row)).transpose()?;
        match (opened, wanted.filter(|_| name == NAMES[0])) {
            (Some(opened), Some(wanted)) if opened != *wanted => {
                let row = sealed(master_key, registry, name, wanted);
                let set = move |tx: &mut Transaction<'_, '_>| tx.admin_password_set(&row);
                catalog.transaction(Durability::Power, set).await?;
            }
            (Some(_), _) => {}
            (None, wanted) => {
                let password = wanted.cloned().unwrap_or_else(Generated::secret);
                let row = sealed(master_key, registry, name, &password);
                // Of two that ask at once, one has made it.
                let establish =
                    move |tx: &mut Transaction<'_, '_>| tx.admin_password_establish(&row);
                catalog.transaction(Durability::Power, establish).await?;
            }
        }
    }
    Ok(())
}

impl Access {
    /// The passwords of the registry's admin account, with their names. They are made when they are
    /// asked for first: a registry begins without.
    pub async fn admin_passwords(
        &self,
        registry: &Registry,
    ) -> Result<Vec<(&'static str, Secret)>, SetupError> {
        let kept = self.0.catalog.admin_passwords_of(registry.id).await?;
        if kept.len() < NAMES.len() {
            establish(&self.0.catalog, &self.0.master_key, registry, None).await?;
        }
        let kept = self.0.catalog.admin_passwords_of(registry.id).await?;
        let found = NAMES.into_iter().filter_map(|name| {
            let row = kept.iter().find(|row| row.name == name)?;
            Some(open(&self.0.master_key, registry, row).map(|password| (name, password)))
        });
        found.collect()
    }

    /// Makes one of the admin account's passwords anew, and ends what came by either; false if there
    /// is none of that name.
    pub async fn regenerate_admin_password(
        &self,
        registry: &Registry,
        name: &str,
    ) -> Result<bool, SetupError> {
        let Some(row) = regenerated(&self.0.master_key, registry, name) else {
            return Ok(false);
        };
        let set = move |tx: &mut Transaction<'_, '_>| tx.admin_password_set(&row);
        self.0.catalog.transaction(Durability::Power, set).await?;
        Ok(true)
    }
}

/// A new password of that name; `None` if the account has none of that name.
fn regenerated(master_key: &MasterKey, registry: &Registry, name: &str) -> Option<AdminPassword> {
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
