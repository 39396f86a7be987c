//! Service principals: who acts for applications, and managed identities with their workloads.

use gantry_arm::Guid;
use gantry_db::{Column, DbError, Row, Stmt, args};
use gantry_model::EpochSubject;
use gantry_model::directory::{KnownBy, ServicePrincipal, Workload};
use ipnet::IpNet;

use crate::column::{RowExt, moment};
use crate::{Catalog, Transaction};

macro_rules! service_principals {
    ($rest:literal) => {
        Stmt::new(concat!(
            "select id, app_id, kind, display_name, enabled, created_at
               from directory_service_principal ",
            $rest
        ))
    };
}

pub(crate) const LIST: Stmt = service_principals!("where id > $1 order by id limit $2");

pub(crate) const FIND: Stmt = service_principals!("where id = $1");

pub(crate) const FIND_BY_APP_ID: Stmt = service_principals!("where app_id = $1");

pub(crate) const FIND_BY_DISPLAY_NAME: Stmt =
    service_principals!("where display_name = $1 order by id limit $2");

pub(crate) const INSERT: Stmt = Stmt::new(
    "insert into directory_service_principal (id, app_id, kind, display_name, enabled, created_at)
     values ($1, $2, $3, $4, $5, $6)
         on conflict (app_id) do nothing",
);

pub(crate) const UPDATE: Stmt = Stmt::new(
    "update directory_service_principal set display_name = $2, enabled = $3 where id = $1",
);

pub(crate) const DELETE: Stmt = Stmt::new("delete from directory_service_principal where id = $1");

pub(crate) const WORKLOADS: Stmt = Stmt::new(
    "select id, network, hash from directory_workload where service_principal = $1 order by id",
);

pub(crate) const WORKLOAD_BY_SECRET: Stmt = Stmt::new(
    "select service_principal from directory_workload where hash = $1 and hash is not null",
);

/// The operator names them one by one: they are few.
pub(crate) const WORKLOADS_BY_NETWORK: Stmt = Stmt::new(
    "select service_principal, network from directory_workload
      where network is not null
      order by service_principal, id",
);

pub(crate) const ADD_WORKLOAD: Stmt = Stmt::new(
    "insert into directory_workload (service_principal, id, kind, network, hash, created_at)
     values ($1, $2, $3, $4, $5, $6)",
);

pub(crate) const REMOVE_WORKLOADS: Stmt = Stmt::new(
    "delete from directory_workload where service_principal = $1 and ($2 = '' or id = $2)",
);

impl Catalog {
    /// Up to `limit` service principals behind the id `after`, by id.
    pub async fn service_principal_list(
        &self,
        after: &str,
        limit: usize,
    ) -> Result<Vec<ServicePrincipal>, DbError> {
        self.db.all(&LIST, &args![after, limit as i64], service_principal).await
    }

    /// The service principal of that object id.
    pub async fn service_principal_find(
        &self,
        id: Guid,
    ) -> Result<Option<ServicePrincipal>, DbError> {
        self.db.one(&FIND, &args![id.to_string()], service_principal).await
    }

    /// The service principal of the application with that id.
    pub async fn service_principal_find_by_app_id(
        &self,
        app_id: Guid,
    ) -> Result<Option<ServicePrincipal>, DbError> {
        self.db.one(&FIND_BY_APP_ID, &args![app_id.to_string()], service_principal).await
    }

    /// Up to `limit` service principals that are called so.
    pub async fn service_principal_find_by_display_name(
        &self,
        name: &str,
        limit: usize,
    ) -> Result<Vec<ServicePrincipal>, DbError> {
        self.db.all(&FIND_BY_DISPLAY_NAME, &args![name, limit as i64], service_principal).await
    }

    /// The workloads that may have the identity's tokens.
    pub async fn workload_list(&self, identity: Guid) -> Result<Vec<Workload>, DbError> {
        self.db.all(&WORKLOADS, &args![identity.to_string()], workload).await
    }

    /// The identity of the workload that shows a secret with that hash.
    pub async fn workload_by_secret(&self, hash: &[u8; 32]) -> Result<Option<Guid>, DbError> {
        self.db.one(&WORKLOAD_BY_SECRET, &args![hash], |row| row.parsed(0)).await
    }

    /// Identities, and the networks from which workloads may have their tokens.
    pub async fn workloads_by_network(&self) -> Result<Vec<(Guid, IpNet)>, DbError> {
        self.db.all(&WORKLOADS_BY_NETWORK, &[], |row| Ok((row.parsed(0)?, row.parsed(1)?))).await
    }
}

impl Transaction<'_, '_> {
    /// The service principal of that object id.
    pub fn service_principal_find(
        &mut self,
        id: Guid,
    ) -> Result<Option<ServicePrincipal>, DbError> {
        self.tx.one(&FIND, &args![id.to_string()], service_principal)
    }

    /// The service principal of the application with that id.
    pub fn service_principal_find_by_app_id(
        &mut self,
        app_id: Guid,
    ) -> Result<Option<ServicePrincipal>, DbError> {
        self.tx.one(&FIND_BY_APP_ID, &args![app_id.to_string()], service_principal)
    }

    /// Adds a service principal; false if the application has one.
    pub fn service_principal_insert(&mut self, made: &ServicePrincipal) -> Result<bool, DbError> {
        let inserted = self.tx.exec(
            &INSERT,
            &args![
                made.id.to_string(),
                made.app_id.to_string(),
                made.kind.as_str(),
                made.display_name,
                made.enabled,
                moment(made.created_at)
            ],
        )?;
        Ok(inserted == 1)
    }

    /// Changes what it is called and whether it may sign in; one that may not any more is signed out.
    pub fn service_principal_update(&mut self, changed: &ServicePrincipal) -> Result<(), DbError> {
        let id = changed.id.to_string();
        self.tx.exec(&UPDATE, &args![id, changed.display_name, changed.enabled])?;
        self.epoch_raise(None, EpochSubject::sign_in(&id))
    }

    /// Ends whatever tokens the principal has.
    pub fn principal_sign_out(&mut self, id: Guid) -> Result<(), DbError> {
        self.epoch_raise(None, EpochSubject::sign_in(&id.to_string()))
    }

    /// Removes the service principal, with its workloads, memberships and assignments.
    pub fn service_principal_delete(&mut self, id: Guid) -> Result<(), DbError> {
        self.principal_forget(id)?;
        self.tx.exec(&REMOVE_WORKLOADS, &args![id.to_string(), ""])?;
        self.tx.exec(&DELETE, &args![id.to_string()]).map(drop)
    }

    /// Lets a workload have the identity's tokens.
    pub fn workload_add(&mut self, identity: Guid, added: &Workload) -> Result<(), DbError> {
        let (kind, network, hash) = match &added.known_by {
            KnownBy::Network(network) => ("network", Some(network.to_string()), None),
            KnownBy::Secret(hash) => ("secret", None, Some(&hash[..])),
        };
        let (identity, id) = (identity.to_string(), added.id.to_string());
        self.tx
            .exec(&ADD_WORKLOAD, &args![identity, id, kind, network, hash, moment(self.now)])
            .map(drop)
    }

    /// Lets a workload have no more of the identity's tokens, and ends those it has; false if it
    /// couldn't have any.
    pub fn workload_remove(&mut self, identity: Guid, id: Guid) -> Result<bool, DbError> {
        let which = [identity.to_string(), id.to_string()];
        let removed = self.tx.exec(&REMOVE_WORKLOADS, &args![which[0], which[1]])? == 1;
        if removed {
            self.principal_sign_out(identity)?;
        }
        Ok(removed)
    }
}

fn service_principal(row: &Row<'_>) -> Result<ServicePrincipal, DbError> {
    Ok(ServicePrincipal {
        id: row.parsed(0)?,
        app_id: row.parsed(1)?,
        kind: row.parsed(2)?,
        display_name: row.get(3)?,
        enabled: row.get(4)?,
        created_at: row.moment(5)?,
    })
}

fn workload(row: &Row<'_>) -> Result<Workload, DbError> {
    let known_by = match row.column(1)? {
        Column::Null => KnownBy::Secret(row.get(2)?),
        _ => KnownBy::Network(row.parsed(1)?),
    };
    Ok(Workload { id: row.parsed(0)?, known_by })
}
