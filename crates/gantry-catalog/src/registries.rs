//! Registries.

use gantry_db::{Column, DbError, Row, Stmt, args};
use gantry_model::{BlobReads, Change, Registry, RegistryId, RegistrySettings};

use crate::column::{RowExt, moment};
use crate::{Catalog, Transaction};

pub(crate) const LIST: Stmt = Stmt::new(
    "select id, name, location, tier, anonymous_pull, sparse_content, admin_enabled, epoch, created_at,
            blob_reads
       from registry
      order by name",
);

pub(crate) const INSERT: Stmt = Stmt::new(
    "insert into registry
            (id, name, location, tier, anonymous_pull, sparse_content, admin_enabled, epoch, created_at,
             blob_reads)
     values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
         on conflict (name) do nothing",
);

pub(crate) const UPDATE: Stmt = Stmt::new(
    "update registry
        set tier = $2, anonymous_pull = $3, sparse_content = $4, admin_enabled = $5,
            blob_reads = $6, epoch = epoch + 1
      where id = $1",
);

pub(crate) const RAISE_EPOCH: Stmt =
    Stmt::new("update registry set epoch = epoch + 1 where id = $1");

impl Catalog {
    /// Every registry, by name.
    pub async fn registry_list(&self) -> Result<Vec<Registry>, DbError> {
        self.db.all(&LIST, &[], registry).await
    }
}

impl Transaction<'_, '_> {
    /// Adds a registry, unless another node has just made one of that name.
    pub fn registry_insert(&mut self, registry: &Registry) -> Result<(), DbError> {
        let settings = registry.settings;
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
                settings.blob_reads.as_str()
            ],
        )?;
        if inserted == 0 {
            return Ok(());
        }
        self.journal_append(registry.id, &Change::RegistryCreated { name: registry.name.clone() })
    }

    /// Ends the registry's access tokens.
    pub(crate) fn registry_raise_epoch(&mut self, id: RegistryId) -> Result<(), DbError> {
        self.tx.exec(&RAISE_EPOCH, &args![id.to_bytes()]).map(drop)
    }

    /// Changes a registry's settings and raises its epoch.
    pub fn registry_update(
        &mut self,
        id: RegistryId,
        settings: RegistrySettings,
    ) -> Result<(), DbError> {
        self.tx.exec(
            &UPDATE,
            &args![
                id.to_bytes(),
                settings.tier.as_str(),
                settings.anonymous_pull,
                settings.sparse_content,
                settings.admin_enabled,
                settings.blob_reads.as_str()
            ],
        )?;
        self.journal_append(id, &Change::RegistryUpdated { settings })
    }
}

fn registry(row: &Row<'_>) -> Result<Registry, DbError> {
    Ok(Registry {
        id: row.registry_id(0)?,
        name: row.parsed(1)?,
        location: row.get(2)?,
        settings: RegistrySettings {
            tier: row.parsed(3)?,
            anonymous_pull: row.get(4)?,
            sparse_content: row.get(5)?,
            admin_enabled: row.get(6)?,
            blob_reads: match row.column(9)? {
                Column::Null => BlobReads::default(),
                _ => row.parsed(9)?,
            },
        },
        epoch: row.get(7)?,
        created_at: row.moment(8)?,
    })
}
