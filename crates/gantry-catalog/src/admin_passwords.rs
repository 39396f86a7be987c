//! The admin accounts' passwords: sealed, since they must be shown again on demand.

use gantry_db::{DbError, Row, Stmt, args};
use gantry_model::{Change, EpochSubject, RegistryId};

use crate::column::{RowExt, moment};
use crate::{Catalog, Transaction};

/// One of a registry's two admin passwords.
#[derive(Clone, PartialEq, Eq)]
pub struct AdminPassword {
    /// The registry.
    pub registry: RegistryId,
    /// `password` or `password2`.
    pub name: String,
    /// The password, sealed under the master key.
    pub sealed: Vec<u8>,
}

pub(crate) const OF: Stmt = Stmt::new(
    "select registry, name, sealed from admin_password where registry = $1 order by name",
);

pub(crate) const SET: Stmt = Stmt::new(
    "insert into admin_password (registry, name, sealed, set_at) values ($1, $2, $3, $4)
         on conflict (registry, name) do update
        set sealed = excluded.sealed, set_at = excluded.set_at",
);

pub(crate) const SET_FIRST: Stmt = Stmt::new(
    "insert into admin_password (registry, name, sealed, set_at) values ($1, $2, $3, $4)
         on conflict (registry, name) do nothing",
);

impl Catalog {
    /// The registry's passwords, by name.
    pub async fn admin_passwords_of(
        &self,
        registry: RegistryId,
    ) -> Result<Vec<AdminPassword>, DbError> {
        self.db.all(&OF, &args![registry.to_bytes()], password).await
    }
}

impl Transaction<'_, '_> {
    /// Sets a password, unless there is one.
    pub fn admin_password_establish(&mut self, password: &AdminPassword) -> Result<(), DbError> {
        let AdminPassword { registry, name, sealed } = password;
        let (registry_id, now) = (registry.to_bytes(), moment(self.now));
        if self.tx.exec(&SET_FIRST, &args![registry_id, name, &sealed[..], now])? == 0 {
            return Ok(());
        }
        self.journal_append(*registry, &set(name))
    }

    /// Sets a password, and ends the access tokens that the old one gave.
    pub fn admin_password_set(&mut self, password: &AdminPassword) -> Result<(), DbError> {
        let AdminPassword { registry, name, sealed } = password;
        self.tx.exec(&SET, &args![registry.to_bytes(), name, &sealed[..], moment(self.now)])?;
        self.journal_append(*registry, &set(name))?;
        self.epoch_raise(Some(*registry), EpochSubject::admin(registry))
    }
}

fn password(row: &Row<'_>) -> Result<AdminPassword, DbError> {
    Ok(AdminPassword { registry: row.registry_id(0)?, name: row.get(1)?, sealed: row.get(2)? })
}

fn set(name: &str) -> Change {
    Change::CredentialChanged { password: name.to_owned(), epoch: None }
}
