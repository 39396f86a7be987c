//! Registries.

use gantry_db::{Column, DbError, Row, Stmt, args};
use gantry_model::{
    AccessSettings, BlobReads, Change, EpochSubject, NetworkSettings, Registry, RegistryId,
    RegistrySettings,
};
use serde::{Deserialize, Serialize};

use crate::column::{RowExt, moment};
use crate::{Catalog, Transaction};

macro_rules! registries {
    ($rest:literal) => {
        Stmt::new(concat!(
            "select id, name, location, tier, anonymous_pull, sparse_content, admin_enabled, epoch,
                    created_at, blob_reads, details, sign_in_epoch, resource_group
               from registry ",
            $rest
        ))
    };
}

pub(crate) const LIST: Stmt = registries!("order by name");

pub(crate) const LOCK: Stmt = registries!("where id = $1 /*FOR NO KEY UPDATE*/");

pub(crate) const INSERT: Stmt = Stmt::new(
    "insert into registry
            (id, name, location, tier, anonymous_pull, sparse_content, admin_enabled, epoch, created_at,
             blob_reads, details, resource_group, sign_in_epoch)
     values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, 0)
         on conflict (name) do nothing",
);

pub(crate) const UPDATE: Stmt = Stmt::new(
    "update registry
        set tier = $2, anonymous_pull = $3, sparse_content = $4, admin_enabled = $5,
            blob_reads = $6, details = $7, epoch = epoch + 1
      where id = $1",
);

pub(crate) const END_SIGN_INS: Stmt =
    Stmt::new("update registry set sign_in_epoch = coalesce(sign_in_epoch, 0) + 1 where id = $1");

/// What has no column of its own, as JSON.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(default)]
struct Details {
    access: AccessSettings,
    network: NetworkSettings,
}

impl Catalog {
    /// Every registry, by name.
    pub async fn registry_list(&self) -> Result<Vec<Registry>, DbError> {
        self.db.all(&LIST, &[], registry).await
    }
}

impl Transaction<'_, '_> {
    /// The registry as it is, which nobody else changes until the end of the transaction. Whatever is
    /// changed of its tokens and scope maps begins here, so that one change knows of the other.
    pub fn registry_lock(&mut self, id: RegistryId) -> Result<Option<Registry>, DbError> {
        self.tx.one(&LOCK, &args![id.to_bytes()], registry)
    }

    /// Adds a registry, unless another node has just made one of that name.
    pub fn registry_insert(&mut self, registry: &Registry) -> Result<(), DbError> {
        let settings = &registry.settings;
        let inserted = self.tx.exec(
            &INSERT,
            &args![
                registry.id.to_bytes(),
                registry.name.as_str(),
                registry.location,
                settings.tier.as_str(),
                settings.anonymous_pull,
                settings.sparse_content,
                settings.admin_enabled,
                registry.epoch,
                moment(registry.created_at),
                settings.blob_reads.as_str(),
                details(settings),
                registry.resource_group
            ],
        )?;
        if inserted == 0 {
            return Ok(());
        }
        let created = Change::RegistryCreated { name: registry.name.clone() };
        self.journal_append(registry.id, &created)?;
        self.epoch_raise(Some(registry.id), EpochSubject::registries())
    }

    /// Ends the registry's refresh tokens.
    pub fn registry_end_sign_ins(&mut self, id: RegistryId) -> Result<(), DbError> {
        self.tx.exec(&END_SIGN_INS, &args![id.to_bytes()]).map(drop)
    }

    /// Changes a registry's settings, and ends its access tokens.
    pub fn registry_update(
        &mut self,
        id: RegistryId,
        settings: &RegistrySettings,
    ) -> Result<(), DbError> {
        self.tx.exec(
            &UPDATE,
            &args![
                id.to_bytes(),
                settings.tier.as_str(),
                settings.anonymous_pull,
                settings.sparse_content,
                settings.admin_enabled,
                settings.blob_reads.as_str(),
                details(settings)
            ],
        )?;
        self.journal_append(id, &Change::RegistryUpdated { settings: settings.clone() })?;
        self.epoch_raise(Some(id), EpochSubject::registries())
    }
}

fn details(settings: &RegistrySettings) -> String {
    let RegistrySettings { access, network, .. } = settings.clone();
    serde_json::to_string(&Details { access, network }).expect("settings are plain data")
}

fn registry(row: &Row<'_>) -> Result<Registry, DbError> {
    let Details { access, network } = match row.column(10)? {
        Column::Null => Details::default(),
        _ => row.json(10)?,
    };
    Ok(Registry {
        id: row.registry_id(0)?,
        name: row.parsed(1)?,
        location: row.get(2)?,
        resource_group: row
            .get::<Option<String>>(12)?
            .unwrap_or_else(|| Registry::FIRST_GROUP.to_owned()),
        settings: RegistrySettings {
            tier: row.parsed(3)?,
            anonymous_pull: row.get(4)?,
            sparse_content: row.get(5)?,
            admin_enabled: row.get(6)?,
            blob_reads: match row.column(9)? {
                Column::Null => BlobReads::default(),
                _ => row.parsed(9)?,
            },
            access,
            network,
        },
        epoch: row.get(7)?,
        sign_in_epoch: row.get::<Option<i64>>(11)?.unwrap_or(0),
        created_at: row.moment(8)?,
    })
}
