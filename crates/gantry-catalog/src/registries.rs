//! Registries.

use gantry_db::{Column, DbError, Row, Stmt, args};
use gantry_model::{
    AccessSettings, Authors, BlobReads, Change, DomainLabel, EpochSubject, Identities,
    NetworkSettings, PolicySettings, Registry, RegistryId, RegistryName, RegistrySettings, Tags,
    Timestamp,
};
use serde::{Deserialize, Serialize};

use crate::column::{RowExt, moment};
use crate::{Catalog, Transaction};

macro_rules! registries {
    ($rest:literal) => {
        Stmt::new(concat!(
            "select id, coalesce(deleted_name, name), location, tier, anonymous_pull, sparse_content,
                    admin_enabled, epoch, created_at, blob_reads, details, sign_in_epoch, resource_group,
                    resource, deleted_at
               from registry ",
            $rest
        ))
    };
}

pub(crate) const LIST: Stmt = registries!("where deleted_at is null order by name");

pub(crate) const LOCK: Stmt =
    registries!("where id = $1 and deleted_at is null /*FOR NO KEY UPDATE*/");

pub(crate) const BY_NAME: Stmt = registries!("where name = $1");

pub(crate) const OF_GROUP: Stmt =
    registries!("where deleted_at is null and coalesce(resource_group, $2) = $1 order by name");

pub(crate) const EXPIRE: Stmt =
    Stmt::new("update registry set deleted_at = 0 where id = $1 and deleted_at is not null");

pub(crate) const DELETED: Stmt =
    registries!("where deleted_at < $1 and id > $2 order by id limit $3");

pub(crate) const FIND_DELETED: Stmt = registries!("where id = $1 and deleted_at is not null");

pub(crate) const LOCK_DELETED: Stmt =
    registries!("where id = $1 and deleted_at is not null /*FOR NO KEY UPDATE*/");

pub(crate) const INSERT: Stmt = Stmt::new(
    "insert into registry
            (id, name, location, tier, anonymous_pull, sparse_content, admin_enabled, epoch, created_at,
             blob_reads, details, resource_group, sign_in_epoch, resource)
     values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, 0, $13)
         on conflict (name) do nothing",
);

pub(crate) const UPDATE: Stmt = Stmt::new(
    "update registry
        set tier = $2, anonymous_pull = $3, sparse_content = $4, admin_enabled = $5,
            blob_reads = $6, details = $7, resource = $8, epoch = epoch + 1
      where id = $1",
);

pub(crate) const END_SIGN_INS: Stmt =
    Stmt::new("update registry set sign_in_epoch = coalesce(sign_in_epoch, 0) + 1 where id = $1");

// The release before reads a name of this form, and knows no more of it.
pub(crate) const BURY: Stmt = Stmt::new(
    "update registry
        set name = $2, deleted_name = $3, deleted_at = $4, epoch = epoch + 1,
            sign_in_epoch = coalesce(sign_in_epoch, 0) + 1
      where id = $1",
);

pub(crate) const REVIVE: Stmt = Stmt::new(
    "update registry
        set name = $2, deleted_name = null, deleted_at = null, resource_group = $3, epoch = epoch + 1
      where id = $1",
);

/// Settings without a column of their own, as JSON.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(default)]
struct Details {
    access: AccessSettings,
    network: NetworkSettings,
}

/// The same of what the release before doesn't know.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(default)]
struct Resource {
    policies: PolicySettings,
    label: Option<DomainLabel>,
    identity: Identities,
    tags: Tags,
    authors: Authors,
}

/// A registry that was deleted, and isn't gone yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeletedRegistry {
    /// As it was.
    pub registry: Registry,
    /// When it was deleted.
    pub at: Timestamp,
}

impl Catalog {
    /// Every registry, by name.
    pub async fn registry_list(&self) -> Result<Vec<Registry>, DbError> {
        self.db.all(&LIST, &[], registry).await
    }

    /// The registry of that id, if it was deleted.
    pub async fn registry_find_deleted(
        &self,
        id: RegistryId,
    ) -> Result<Option<DeletedRegistry>, DbError> {
        self.db.one(&FIND_DELETED, &args![id.to_bytes()], deleted).await
    }

    /// Up to `limit` registries that were deleted before then, behind the id `after`, by id.
    pub async fn registry_list_deleted(
        &self,
        before: Timestamp,
        after: RegistryId,
        limit: usize,
    ) -> Result<Vec<DeletedRegistry>, DbError> {
        self.db.all(&DELETED, &args![moment(before), after.to_bytes(), limit as i64], deleted).await
    }
}

impl Transaction<'_, '_> {
    /// The registry as it is, which nobody else changes until the end of the transaction. Whatever is
    /// changed of its tokens and scope maps begins here, so that one change knows of the other.
    pub fn registry_lock(&mut self, id: RegistryId) -> Result<Option<Registry>, DbError> {
        self.tx.one(&LOCK, &args![id.to_bytes()], registry)
    }

    /// The registry of that name.
    pub fn registry_by_name(&mut self, name: &RegistryName) -> Result<Option<Registry>, DbError> {
        self.tx.one(&BY_NAME, &args![name.as_str()], registry)
    }

    /// The registries of the group of exactly that name, by name.
    pub fn registries_of_group(&mut self, group: &str) -> Result<Vec<Registry>, DbError> {
        self.tx.all(&OF_GROUP, &args![group, Registry::FIRST_GROUP], registry)
    }

    /// Lets a deleted registry be cleared away at once.
    pub fn registry_expire(&mut self, id: RegistryId) -> Result<(), DbError> {
        self.tx.exec(&EXPIRE, &args![id.to_bytes()]).map(drop)
    }

    /// The deleted registry of that id, which nobody else revives or clears away meanwhile.
    pub fn registry_lock_deleted(
        &mut self,
        id: RegistryId,
    ) -> Result<Option<DeletedRegistry>, DbError> {
        self.tx.one(&LOCK_DELETED, &args![id.to_bytes()], deleted)
    }

    /// Adds a registry, unless there is one of that name; whether it did.
    pub fn registry_insert(&mut self, registry: &Registry) -> Result<bool, DbError> {
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
                registry.resource_group,
                resource(registry)
            ],
        )?;
        if inserted == 0 {
            return Ok(false);
        }
        let created = Change::RegistryCreated { name: registry.name.clone() };
        self.journal_append(registry.id, &created)?;
        self.epoch_raise(Some(registry.id), EpochSubject::registries())?;
        Ok(true)
    }

    /// Ends the registry's refresh tokens.
    pub fn registry_end_sign_ins(&mut self, id: RegistryId) -> Result<(), DbError> {
        self.tx.exec(&END_SIGN_INS, &args![id.to_bytes()]).map(drop)
    }

    /// Brings what is stored of a registry to this, and ends its access tokens.
    pub fn registry_update(&mut self, registry: &Registry) -> Result<(), DbError> {
        let (id, settings) = (registry.id, &registry.settings);
        self.tx.exec(
            &UPDATE,
            &args![
                id.to_bytes(),
                settings.tier.as_str(),
                settings.anonymous_pull,
                settings.sparse_content,
                settings.admin_enabled,
                settings.blob_reads.as_str(),
                details(settings),
                resource(registry)
            ],
        )?;
        self.journal_append(id, &Change::RegistryUpdated { settings: settings.clone() })?;
        self.epoch_raise(Some(id), EpochSubject::registries())
    }

    /// Takes the registry out of sight, frees its name, and ends all that was signed in to it.
    pub fn registry_bury(&mut self, registry: &Registry) -> Result<(), DbError> {
        let (id, name) = (registry.id, registry.name.as_str());
        let other = format!("deleted{}", id.to_string().to_ascii_lowercase());
        self.tx.exec(&BURY, &args![id.to_bytes(), other, name, moment(self.now)])?;
        self.journal_append(id, &Change::RegistryDeleted { name: registry.name.clone() })?;
        self.epoch_raise(Some(id), EpochSubject::registries())
    }

    /// Brings a deleted registry back, whose name must be free.
    pub fn registry_revive(&mut self, registry: &Registry) -> Result<(), DbError> {
        let name = registry.name.as_str();
        self.tx.exec(&REVIVE, &args![registry.id.to_bytes(), name, registry.resource_group])?;
        let created = Change::RegistryCreated { name: registry.name.clone() };
        self.journal_append(registry.id, &created)?;
        self.epoch_raise(Some(registry.id), EpochSubject::registries())
    }
}

fn details(settings: &RegistrySettings) -> String {
    let RegistrySettings { access, network, .. } = settings.clone();
    serde_json::to_string(&Details { access, network }).expect("settings are plain data")
}

fn resource(registry: &Registry) -> String {
    let Registry { label, identity, tags, authors, .. } = registry.clone();
    let policies = registry.settings.policies.clone();
    let resource = Resource { policies, label, identity, tags, authors };
    serde_json::to_string(&resource).expect("it is plain data")
}

fn deleted(row: &Row<'_>) -> Result<DeletedRegistry, DbError> {
    Ok(DeletedRegistry { registry: registry(row)?, at: row.moment(14)? })
}

fn registry(row: &Row<'_>) -> Result<Registry, DbError> {
    let Resource { policies, label, identity, tags, authors } = match row.column(13)? {
        Column::Null => Resource::default(),
        _ => row.json(13)?,
    };
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
            policies,
        },
        label,
        identity,
        tags,
        authors,
        epoch: row.get(7)?,
        sign_in_epoch: row.get::<Option<i64>>(11)?.unwrap_or(0),
        created_at: row.moment(8)?,
    })
}
