//! Stored bytes as running figures, so that asking never means counting.

use gantry_db::{DbError, Row, Stmt, args};
use gantry_model::RegistryId;

use crate::column::RowExt;
use crate::{Catalog, Transaction};

/// What a registry, or one repository of it, stores; or by how much that changed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Usage {
    /// Blobs.
    pub blobs: i64,
    /// Manifests.
    pub manifests: i64,
    /// Bytes of both.
    pub bytes: i64,
}

impl Usage {
    /// One blob of `size` bytes.
    pub fn blob(size: u64) -> Self {
        Self { blobs: 1, manifests: 0, bytes: crate::column::size(size) }
    }

    /// One manifest of `size` bytes.
    pub fn manifest(size: u64) -> Self {
        Self { blobs: 0, manifests: 1, bytes: crate::column::size(size) }
    }

    /// The same, taken away.
    #[must_use]
    pub fn removed(self) -> Self {
        Self { blobs: -self.blobs, manifests: -self.manifests, bytes: -self.bytes }
    }
}

impl std::ops::AddAssign for Usage {
    fn add_assign(&mut self, other: Self) {
        self.blobs += other.blobs;
        self.manifests += other.manifests;
        self.bytes += other.bytes;
    }
}

pub(crate) const ADD: Stmt = Stmt::new(
    "insert into usage (registry, repository, blobs, manifests, bytes) values ($1, $2, $3, $4, $5)
         on conflict (registry, repository) do update
        set blobs = usage.blobs + excluded.blobs,
            manifests = usage.manifests + excluded.manifests,
            bytes = usage.bytes + excluded.bytes",
);

pub(crate) const FIND: Stmt =
    Stmt::new("select blobs, manifests, bytes from usage where registry = $1 and repository = ''");

pub(crate) const LIST: Stmt = Stmt::new(
    "select usage.blobs, usage.manifests, usage.bytes, registry.id
       from registry
      cross join usage
      where registry.deleted_at is null
        and usage.registry = registry.id and usage.repository = ''",
);

pub(crate) const FORGET_EMPTY: Stmt = Stmt::new(
    "delete from usage
      where registry = $1 and repository = $2 and repository <> ''
        and blobs = 0 and manifests = 0 and bytes = 0",
);

impl Catalog {
    /// What the registry stores; each byte counted once however many repositories hold it.
    pub async fn usage_of_registry(&self, registry: RegistryId) -> Result<Usage, DbError> {
        let found = self.db.one(&FIND, &args![registry.to_bytes()], usage).await?;
        Ok(found.unwrap_or_default())
    }

    /// The same of each registry that stores something.
    pub async fn usage_of_registries(&self) -> Result<Vec<(RegistryId, Usage)>, DbError> {
        self.db.all(&LIST, &[], |row| Ok((row.registry_id(3)?, usage(row)?))).await
    }
}

fn usage(row: &Row<'_>) -> Result<Usage, DbError> {
    Ok(Usage { blobs: row.get(0)?, manifests: row.get(1)?, bytes: row.get(2)? })
}

impl Transaction<'_, '_> {
    /// What the registry stores, as far as has been added up.
    pub fn usage_of_registry(&mut self, registry: RegistryId) -> Result<Usage, DbError> {
        Ok(self.tx.one(&FIND, &args![registry.to_bytes()], usage)?.unwrap_or_default())
    }

    /// Adds to the figures of a repository, or of the registry where `repository` is empty.
    pub fn usage_add(
        &mut self,
        registry: RegistryId,
        repository: &str,
        change: Usage,
    ) -> Result<(), DbError> {
        let Usage { blobs, manifests, bytes } = change;
        self.tx.exec(&ADD, &args![registry.to_bytes(), repository, blobs, manifests, bytes])?;
        self.tx.exec(&FORGET_EMPTY, &args![registry.to_bytes(), repository]).map(drop)
    }
}
