//! The tenant.

use gantry_db::{DbError, Row, Stmt, args};
use gantry_model::directory::Tenant;

use crate::column::{RowExt, moment};
use crate::{Catalog, Transaction};

pub(crate) const FIND: Stmt = Stmt::new("select id, subscription, domain from tenant limit 1");

pub(crate) const LOCK: Stmt = Stmt::new("select id from tenant /*FOR NO KEY UPDATE*/");

pub(crate) const INSERT: Stmt =
    Stmt::new("insert into tenant (id, subscription, domain, created_at) values ($1, $2, $3, $4)");

impl Catalog {
    /// The tenant, once there is one.
    pub async fn tenant(&self) -> Result<Option<Tenant>, DbError> {
        self.db.one(&FIND, &[], tenant).await
    }
}

impl Transaction<'_, '_> {
    /// Keeps everyone else from changing who has which role meanwhile. Whatever is changed of roles and
    /// assignments begins here, so that one change knows of the other.
    pub fn roles_lock(&mut self) -> Result<(), DbError> {
        self.tx.one(&LOCK, &[], |_| Ok(())).map(drop)
    }

    /// Adds the tenant, unless there is one; true if it was added. Of nodes that start at once, one
    /// adds it.
    pub fn tenant_establish(&mut self, made: &Tenant) -> Result<bool, DbError> {
        self.deployment_lock()?;
        if self.tx.one(&FIND, &[], tenant)?.is_some() {
            return Ok(false);
        }
        let (id, subscription) = (made.id.to_string(), made.subscription.to_string());
        self.tx.exec(&INSERT, &args![id, subscription, made.domain, moment(self.now)])?;
        Ok(true)
    }
}

fn tenant(row: &Row<'_>) -> Result<Tenant, DbError> {
    Ok(Tenant { id: row.parsed(0)?, subscription: row.parsed(1)?, domain: row.get(2)? })
}
