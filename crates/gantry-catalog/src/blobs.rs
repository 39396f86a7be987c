//! Blobs, and which repositories hold them.

use gantry_db::{DbError, Stmt, args};
use gantry_model::{Locks, RegistryId, RepositoryId, Timestamp};
use gantry_oci::{Digest, RepositoryName};

use crate::column::{RowExt, digest as key, moment, size as length};
use crate::{Catalog, Transaction};

/// A blob through one repository that holds it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BlobLink {
    /// The repository.
    pub repository: RepositoryId,
    /// Where the bytes are, as the blob store knows it.
    pub storage_key: String,
    /// Length in bytes.
    pub size: u64,
    /// Since when no manifest of the repository names it, if none does.
    pub unreferenced_since: Option<Timestamp>,
    /// What of the repository is locked.
    pub locks: Locks,
}

/// A blob's bytes in a registry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BlobRow {
    /// Which bytes.
    pub digest: Digest,
    /// Where they are, as the blob store knows it.
    pub storage_key: String,
    /// Length in bytes.
    pub size: u64,
}

pub(crate) const FIND: Stmt = Stmt::new(
    "select r.id, b.storage_key, b.size, l.unreferenced_since, coalesce(r.locks, 0)
       from repository r
       join repository_blob l on l.repository = r.id and l.digest = $3
       join blob b on b.registry = l.registry and b.digest = l.digest
      where r.registry = $1 and r.name = $2",
);

pub(crate) const FIND_IN_REGISTRY: Stmt =
    Stmt::new("select digest, storage_key, size from blob where registry = $1 and digest = $2");

pub(crate) const LIST: Stmt = Stmt::new(
    "select digest, storage_key, size
       from blob
      where registry = $1 and digest > $2
      order by digest
      limit $3",
);

pub(crate) const HOLDERS: Stmt = Stmt::new(
    "select r.name, r.id
       from repository_blob l
       join repository r on r.id = l.repository
      where l.registry = $1 and l.digest = $2
      limit $3",
);

pub(crate) const INSERT: Stmt = Stmt::new(
    "insert into blob (registry, digest, storage_key, size, created_at)
     values ($1, $2, $3, $4, $5)
         on conflict (registry, digest) do nothing",
);

pub(crate) const LINK: Stmt = Stmt::new(
    "insert into repository_blob (repository, digest, registry, linked_at, unreferenced_since)
     values ($1, $2, $3, $4, $4)
         on conflict (repository, digest) do nothing",
);

// Both before a statement that asks whether anything else still names the blob, so that two
// transactions which each take away one of the last names can't both miss the other's.
pub(crate) const LOCK_LINK: Stmt =
    Stmt::new("select 1 from repository_blob where repository = $1 and digest = $2 /*FOR UPDATE*/");

pub(crate) const LOCK: Stmt =
    Stmt::new("select 1 from blob where registry = $1 and digest = $2 /*FOR UPDATE*/");

pub(crate) const RENEW: Stmt = Stmt::new(
    "update repository_blob
        set unreferenced_since = $3
      where repository = $1 and digest = $2 and unreferenced_since is not null",
);

pub(crate) const LINK_SIZE: Stmt = Stmt::new(
    "select b.size
       from repository_blob l
       join blob b on b.registry = l.registry and b.digest = l.digest
      where l.repository = $1 and l.digest = $2",
);

pub(crate) const REFERENCED: Stmt = Stmt::new(
    "update repository_blob
        set unreferenced_since = null
      where repository = $1 and digest = $2 and unreferenced_since is not null",
);

pub(crate) const UNREFERENCED: Stmt = Stmt::new(
    "update repository_blob
        set unreferenced_since = $3
      where repository = $1 and digest = $2
        and not exists (select 1 from blob_edge e where e.repository = $1 and e.held = $2)",
);

pub(crate) const UNLINK: Stmt =
    Stmt::new("delete from repository_blob where repository = $1 and digest = $2");

pub(crate) const DROP_UNHELD: Stmt = Stmt::new(
    "delete from blob
      where registry = $1 and digest = $2
        and not exists (select 1 from repository_blob l where l.registry = $1 and l.digest = $2)
     returning storage_key, size",
);

impl Catalog {
    /// The blob, if that repository holds it.
    pub async fn blob_find(
        &self,
        registry: RegistryId,
        repository: &RepositoryName,
        digest: &Digest,
    ) -> Result<Option<BlobLink>, DbError> {
        self.db
            .one(&FIND, &args![registry.to_bytes(), repository.as_str(), key(digest)], |row| {
                Ok(BlobLink {
                    repository: row.repository_id(0)?,
                    storage_key: row.get(1)?,
                    size: row.size(2)?,
                    unreferenced_since: row.moment_or_null(3)?,
                    locks: row.locks(4)?,
                })
            })
            .await
    }

    /// The blob's bytes in the registry, whoever holds them.
    pub async fn blob_row(
        &self,
        registry: RegistryId,
        digest: &Digest,
    ) -> Result<Option<BlobRow>, DbError> {
        self.db.one(&FIND_IN_REGISTRY, &args![registry.to_bytes(), key(digest)], blob_row).await
    }

    /// Up to `limit` repositories that hold the blob.
    pub async fn blob_holders(
        &self,
        registry: RegistryId,
        digest: &Digest,
        limit: usize,
    ) -> Result<Vec<RepositoryName>, DbError> {
        self.db
            .all(&HOLDERS, &args![registry.to_bytes(), key(digest), limit as i64], |row| {
                row.parsed(0)
            })
            .await
    }

    /// Up to `limit` blobs of a registry after `last`, in digest order.
    pub async fn blob_list(
        &self,
        registry: RegistryId,
        last: Option<&Digest>,
        limit: usize,
    ) -> Result<Vec<BlobRow>, DbError> {
        let last = last.map(key);
        let last = last.as_ref().map_or(gantry_db::Arg::Bytes(&[]), gantry_db::ToArg::to_arg);
        let registry = registry.to_bytes();
        let args = [gantry_db::Arg::Bytes(&registry), last, gantry_db::Arg::Int(limit as i64)];
        self.db.all(&LIST, &args, blob_row).await
    }
}

impl Transaction<'_, '_> {
    /// Records where the digest's bytes are. False when the registry already has some.
    pub fn blob_insert(&mut self, registry: RegistryId, blob: &BlobRow) -> Result<bool, DbError> {
        let rows = self.tx.exec(
            &INSERT,
            &args![
                registry.to_bytes(),
                key(&blob.digest),
                blob.storage_key,
                length(blob.size),
                moment(self.now)
            ],
        )?;
        Ok(rows == 1)
    }

    /// Up to `limit` repositories that hold the blob.
    pub fn blob_holders(
        &mut self,
        registry: RegistryId,
        digest: &Digest,
        limit: usize,
    ) -> Result<Vec<(RepositoryId, RepositoryName)>, DbError> {
        self.tx.all(&HOLDERS, &args![registry.to_bytes(), key(digest), limit as i64], |row| {
            Ok((row.repository_id(1)?, row.parsed(0)?))
        })
    }

    /// The blob's length, if the repository holds it.
    pub fn blob_size(
        &mut self,
        repository: RepositoryId,
        digest: &Digest,
    ) -> Result<Option<u64>, DbError> {
        self.tx.one(&LINK_SIZE, &args![repository.to_bytes(), key(digest)], |row| row.size(0))
    }

    /// Makes the repository hold the blob; the grace of an unreferenced one starts anew. True when
    /// it didn't hold it before.
    pub fn blob_link(
        &mut self,
        registry: RegistryId,
        repository: RepositoryId,
        digest: &Digest,
    ) -> Result<bool, DbError> {
        let at = moment(self.now);
        loop {
            let rows = self
                .tx
                .exec(&LINK, &args![repository.to_bytes(), key(digest), registry.to_bytes(), at])?;
            if rows == 1 {
                return Ok(true);
            }
            // The link that was in the way may have been collected since.
            if self.blob_link_lock(repository, digest)? {
                self.tx.exec(&RENEW, &args![repository.to_bytes(), key(digest), at])?;
                return Ok(false);
            }
        }
    }

    /// Starts the grace of an unreferenced blob anew. False when the repository doesn't hold the
    /// blob as an unreferenced one (any more).
    pub fn blob_renew(
        &mut self,
        repository: RepositoryId,
        digest: &Digest,
    ) -> Result<bool, DbError> {
        Ok(self.tx.exec(&RENEW, &args![repository.to_bytes(), key(digest), moment(self.now)])? == 1)
    }

    /// Notes that a manifest names the blob now.
    pub(crate) fn blob_referenced(
        &mut self,
        repository: RepositoryId,
        digest: &Digest,
    ) -> Result<(), DbError> {
        self.tx.exec(&REFERENCED, &args![repository.to_bytes(), key(digest)]).map(drop)
    }

    /// Starts the grace of the blob if no manifest of the repository names it.
    pub(crate) fn blob_unreferenced(
        &mut self,
        repository: RepositoryId,
        digest: &Digest,
    ) -> Result<(), DbError> {
        self.blob_link_lock(repository, digest)?;
        self.tx
            .exec(&UNREFERENCED, &args![repository.to_bytes(), key(digest), moment(self.now)])
            .map(drop)
    }

    /// Keeps others from changing or ending the repository's hold on the blob until the transaction
    /// ends. False when it holds none.
    fn blob_link_lock(
        &mut self,
        repository: RepositoryId,
        digest: &Digest,
    ) -> Result<bool, DbError> {
        let found =
            self.tx.one(&LOCK_LINK, &args![repository.to_bytes(), key(digest)], |_| Ok(()))?;
        Ok(found.is_some())
    }

    /// Ends the repository's hold on the blob. False when it held none.
    pub fn blob_unlink(
        &mut self,
        repository: RepositoryId,
        digest: &Digest,
    ) -> Result<bool, DbError> {
        Ok(self.tx.exec(&UNLINK, &args![repository.to_bytes(), key(digest)])? == 1)
    }

    /// Puts the blob's bytes in the trash if no repository holds them any more. True when it did.
    pub fn blob_drop_unheld(
        &mut self,
        registry: RegistryId,
        digest: &Digest,
    ) -> Result<bool, DbError> {
        self.tx.one(&LOCK, &args![registry.to_bytes(), key(digest)], |_| Ok(()))?;
        let dropped =
            self.tx.one(&DROP_UNHELD, &args![registry.to_bytes(), key(digest)], |row| {
                Ok((row.get::<String>(0)?, row.size(1)?))
            })?;
        let Some((storage_key, size)) = dropped else { return Ok(false) };
        self.trash_insert(&storage_key, size)?;
        Ok(true)
    }
}

fn blob_row(row: &gantry_db::Row<'_>) -> Result<BlobRow, DbError> {
    Ok(BlobRow { digest: row.digest(0)?, storage_key: row.get(1)?, size: row.size(2)? })
}
