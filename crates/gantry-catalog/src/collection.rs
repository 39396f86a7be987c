//! Garbage, as queries: what nothing names any more, and the bytes that go with it.

use gantry_db::{DbError, Stmt, args};
use gantry_model::{RegistryId, RepositoryId, Timestamp};
use gantry_oci::{Digest, RepositoryName};

use crate::column::{RowExt, digest as key, moment, size as length};
use crate::{Catalog, Transaction};

/// A blob that a repository holds and no manifest of it names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Garbage {
    /// The registry.
    pub registry: RegistryId,
    /// The repository.
    pub repository: RepositoryId,
    /// The repository's name.
    pub name: RepositoryName,
    /// The blob.
    pub digest: Digest,
    /// Its length in bytes.
    pub size: u64,
}

/// Bytes in the blob store that no row names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TrashedBytes {
    /// Where they are, as the blob store knows it.
    pub storage_key: String,
    /// How many, as far as is known.
    pub size: u64,
}

pub(crate) const LIST: Stmt = Stmt::new(
    "select l.registry, l.repository, r.name, l.digest, b.size
       from repository_blob l
       join repository r on r.id = l.repository
       join blob b on b.registry = l.registry and b.digest = l.digest
      where l.unreferenced_since < $1
      order by l.unreferenced_since
      limit $2",
);

// The condition is asked again by the delete itself: between finding and deleting, a manifest may
// have been committed that names the blob, or a client told that the blob is there.
pub(crate) const UNLINK: Stmt = Stmt::new(
    "delete from repository_blob
      where repository = $1 and digest = $2 and unreferenced_since < $3
        and not exists (select 1 from blob_edge e where e.repository = $1 and e.held = $2)",
);

pub(crate) const EMPTY_REPOSITORIES: Stmt = Stmt::new(
    "select r.id
       from repository r
      where r.manifest_count = 0 and r.updated_at < $1
        and not exists (select 1 from repository_blob l where l.repository = r.id)
      order by r.updated_at
      limit $2",
);

pub(crate) const DELETE_REPOSITORY: Stmt = Stmt::new(
    "delete from repository
      where id = $1 and manifest_count = 0
        and not exists (select 1 from repository_blob l where l.repository = $1)",
);

pub(crate) const TRASH_INSERT: Stmt = Stmt::new(
    "insert into trash (storage_key, size, trashed_at) values ($1, $2, $3)
         on conflict (storage_key) do nothing",
);

pub(crate) const TRASH_LIST: Stmt = Stmt::new(
    "select storage_key, size from trash where storage_key > $1 order by storage_key limit $2",
);

pub(crate) const TRASH_DELETE: Stmt = Stmt::new("delete from trash where storage_key = $1");

impl Catalog {
    /// Up to `limit` blobs whose grace was over at `before`, oldest first.
    pub async fn garbage_list(
        &self,
        before: Timestamp,
        limit: usize,
    ) -> Result<Vec<Garbage>, DbError> {
        self.db
            .all(&LIST, &args![moment(before), limit as i64], |row| {
                Ok(Garbage {
                    registry: row.registry_id(0)?,
                    repository: row.repository_id(1)?,
                    name: row.parsed(2)?,
                    digest: row.digest(3)?,
                    size: row.size(4)?,
                })
            })
            .await
    }

    /// Up to `limit` trashed keys after `last`.
    pub async fn trash_list(&self, last: &str, limit: usize) -> Result<Vec<TrashedBytes>, DbError> {
        self.db
            .all(&TRASH_LIST, &args![last, limit as i64], |row| {
                Ok(TrashedBytes { storage_key: row.get(0)?, size: row.size(1)? })
            })
            .await
    }
}

impl Transaction<'_, '_> {
    /// Ends the repository's hold on the blob if it is still garbage. True when it did.
    pub fn garbage_unlink(
        &mut self,
        garbage: &Garbage,
        before: Timestamp,
    ) -> Result<bool, DbError> {
        Ok(self.tx.exec(
            &UNLINK,
            &args![garbage.repository.to_bytes(), key(&garbage.digest), moment(before)],
        )? == 1)
    }

    /// Removes up to `limit` repositories that have held nothing since `before`.
    pub fn repository_sweep(&mut self, before: Timestamp, limit: usize) -> Result<u64, DbError> {
        let empty =
            self.tx.all(&EMPTY_REPOSITORIES, &args![moment(before), limit as i64], |row| {
                row.repository_id(0)
            })?;
        let mut removed = 0;
        for id in empty {
            removed += self.tx.exec(&DELETE_REPOSITORY, &args![id.to_bytes()])?;
        }
        Ok(removed)
    }

    /// Leaves bytes for the collector to delete. The transaction must be durable
    /// ([`gantry_db::Durability::Power`]), since the bytes go next.
    pub fn trash_insert(&mut self, storage_key: &str, size: u64) -> Result<(), DbError> {
        self.tx.exec(&TRASH_INSERT, &args![storage_key, length(size), moment(self.now)]).map(drop)
    }

    /// Notes that trashed bytes are gone.
    pub fn trash_delete(&mut self, storage_key: &str) -> Result<(), DbError> {
        self.tx.exec(&TRASH_DELETE, &args![storage_key]).map(drop)
    }
}
