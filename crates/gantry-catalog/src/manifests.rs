//! Manifests: their exact bytes once in a registry, and which repositories hold them.

use bytes::Bytes;
use gantry_db::{DbError, Row, Stmt, args};
use gantry_model::{Locks, RegistryId, RepositoryId};
use gantry_oci::{Digest, MediaType, RepositoryName, Tag};

use crate::column::{RowExt, digest as key, moment, size as length};
use crate::{Catalog, ManifestFacts, Transaction};

/// A manifest as it was pushed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredManifest {
    /// Digest of `bytes`.
    pub digest: Digest,
    /// The media type it was pushed with.
    pub media_type: MediaType,
    /// The exact bytes.
    pub bytes: Bytes,
}

/// A manifest that was looked up, and what is locked of it, of its repository, or of the tag that it
/// was looked up by.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FoundManifest {
    /// The manifest.
    pub stored: StoredManifest,
    /// What is locked.
    pub locks: Locks,
}

/// A repository's hold on a manifest, without the bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ManifestRow {
    /// The manifest.
    pub digest: Digest,
    /// The media type it was pushed with.
    pub media_type: MediaType,
    /// Length in bytes.
    pub size: u64,
    /// What of it is locked.
    pub locks: Locks,
}

/// A manifest about to be held by a repository.
#[derive(Clone, Debug)]
pub struct NewManifest {
    /// The manifest.
    pub stored: StoredManifest,
    /// What the referrers list calls it.
    pub artifact_type: Option<String>,
    /// The manifest it refers to, there or not.
    pub subject: Option<Digest>,
    /// Its annotations as a JSON object; kept for those with a subject, which are listed with them.
    pub annotations: Option<String>,
    /// What lists tell of it.
    pub facts: ManifestFacts,
    /// Who pushed it.
    pub pushed_by: String,
}

pub(crate) const FIND_BY_TAG: Stmt = Stmt::new(
    "select t.digest, l.media_type, m.bytes,
            coalesce(r.locks, 0) | coalesce(t.locks, 0) | coalesce(l.locks, 0)
       from repository r
       join tag t on t.repository = r.id and t.name = $3
       join repository_manifest l on l.repository = r.id and l.digest = t.digest
       join manifest m on m.registry = l.registry and m.digest = l.digest
      where r.registry = $1 and r.name = $2",
);

pub(crate) const FIND_BY_DIGEST: Stmt = Stmt::new(
    "select l.digest, l.media_type, m.bytes, coalesce(r.locks, 0) | coalesce(l.locks, 0)
       from repository r
       join repository_manifest l on l.repository = r.id and l.digest = $3
       join manifest m on m.registry = l.registry and m.digest = l.digest
      where r.registry = $1 and r.name = $2",
);

pub(crate) const HELD: Stmt = Stmt::new(
    "select 1
       from repository r
       join repository_manifest l on l.repository = r.id and l.digest = $3
      where r.registry = $1 and r.name = $2",
);

pub(crate) const FIND_ROW: Stmt = Stmt::new(
    "select digest, media_type, size, coalesce(locks, 0)
       from repository_manifest
      where repository = $1 and digest = $2",
);

pub(crate) const LIST: Stmt = Stmt::new(
    "select digest, bytes from manifest where registry = $1 and digest > $2 order by digest limit $3",
);

pub(crate) const INSERT_BYTES: Stmt = Stmt::new(
    "insert into manifest (registry, digest, bytes) values ($1, $2, $3)
         on conflict (registry, digest) do nothing",
);

pub(crate) const LINK: Stmt = Stmt::new(
    "insert into repository_manifest
            (repository, digest, registry, media_type, size, artifact_type, subject, annotations,
             pushed_by, pushed_at, image_size, config_media_type, architecture, os)
     values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)
         on conflict (repository, digest) do nothing",
);

pub(crate) const UNLINK: Stmt =
    Stmt::new("delete from repository_manifest where repository = $1 and digest = $2");

// Before the statement that asks whether anyone else holds it, as with blobs.
pub(crate) const LOCK: Stmt =
    Stmt::new("select 1 from manifest where registry = $1 and digest = $2 /*FOR UPDATE*/");

pub(crate) const DROP_UNHELD: Stmt = Stmt::new(
    "delete from manifest
      where registry = $1 and digest = $2
        and not exists (select 1 from repository_manifest l
                         where l.registry = $1 and l.digest = $2)",
);

impl Catalog {
    /// What the tag names.
    pub async fn manifest_find_by_tag(
        &self,
        registry: RegistryId,
        repository: &RepositoryName,
        tag: &Tag,
    ) -> Result<Option<FoundManifest>, DbError> {
        self.db
            .one(
                &FIND_BY_TAG,
                &args![registry.to_bytes(), repository.as_str(), tag.as_str()],
                found,
            )
            .await
    }

    /// The manifest of that digest, if the repository holds it.
    pub async fn manifest_find_by_digest(
        &self,
        registry: RegistryId,
        repository: &RepositoryName,
        digest: &Digest,
    ) -> Result<Option<FoundManifest>, DbError> {
        self.db
            .one(
                &FIND_BY_DIGEST,
                &args![registry.to_bytes(), repository.as_str(), key(digest)],
                found,
            )
            .await
    }

    /// Whether the repository holds the manifest.
    pub async fn manifest_held(
        &self,
        registry: RegistryId,
        repository: &RepositoryName,
        digest: &Digest,
    ) -> Result<bool, DbError> {
        let found = self
            .db
            .one(&HELD, &args![registry.to_bytes(), repository.as_str(), key(digest)], |_| Ok(()))
            .await?;
        Ok(found.is_some())
    }

    /// Up to `limit` manifests of a registry after `last`, in digest order, with their bytes.
    pub async fn manifest_list(
        &self,
        registry: RegistryId,
        last: Option<&Digest>,
        limit: usize,
    ) -> Result<Vec<(Digest, Bytes)>, DbError> {
        let last = last.map(key);
        let last = last.as_ref().map_or(gantry_db::Arg::Bytes(&[]), gantry_db::ToArg::to_arg);
        let registry = registry.to_bytes();
        let args = [gantry_db::Arg::Bytes(&registry), last, gantry_db::Arg::Int(limit as i64)];
        self.db.all(&LIST, &args, |row| Ok((row.digest(0)?, row.get(1)?))).await
    }
}

impl Transaction<'_, '_> {
    /// The repository's hold on the manifest.
    pub fn manifest_find(
        &mut self,
        repository: RepositoryId,
        digest: &Digest,
    ) -> Result<Option<ManifestRow>, DbError> {
        self.tx.one(&FIND_ROW, &args![repository.to_bytes(), key(digest)], |row| {
            Ok(ManifestRow {
                digest: row.digest(0)?,
                media_type: row.parsed(1)?,
                size: row.size(2)?,
                locks: row.locks(3)?,
            })
        })
    }

    /// Stores the manifest's bytes. True when the registry didn't have them.
    pub fn manifest_insert(
        &mut self,
        registry: RegistryId,
        manifest: &StoredManifest,
    ) -> Result<bool, DbError> {
        Ok(self.tx.exec(
            &INSERT_BYTES,
            &args![registry.to_bytes(), key(&manifest.digest), &manifest.bytes[..]],
        )? == 1)
    }

    /// Makes the repository hold the manifest. True when it didn't before.
    pub fn manifest_link(
        &mut self,
        registry: RegistryId,
        repository: RepositoryId,
        manifest: &NewManifest,
    ) -> Result<bool, DbError> {
        let rows = self.tx.exec(
            &LINK,
            &args![
                repository.to_bytes(),
                key(&manifest.stored.digest),
                registry.to_bytes(),
                manifest.stored.media_type.as_str(),
                length(manifest.stored.bytes.len() as u64),
                manifest.artifact_type.as_deref(),
                manifest.subject.as_ref().map(key),
                manifest.annotations.as_deref(),
                manifest.pushed_by,
                moment(self.now),
                length(manifest.facts.image_size),
                manifest.facts.config_media_type.as_deref(),
                manifest.facts.architecture.as_deref(),
                manifest.facts.os.as_deref()
            ],
        )?;
        if rows == 1 {
            self.repository_change_counts(repository, 1, 0)?;
        }
        Ok(rows == 1)
    }

    /// Ends the repository's hold on the manifest and on what it names. Its tags must be gone, and
    /// no index may hold it.
    pub fn manifest_unlink(
        &mut self,
        repository: RepositoryId,
        digest: &Digest,
    ) -> Result<(), DbError> {
        self.edges_delete(repository, digest)?;
        let rows = self.tx.exec(&UNLINK, &args![repository.to_bytes(), key(digest)])?;
        if rows == 1 {
            self.repository_change_counts(repository, -1, 0)?;
        }
        Ok(())
    }

    /// Drops the manifest's bytes if no repository holds them any more. True when it did.
    pub fn manifest_drop_unheld(
        &mut self,
        registry: RegistryId,
        digest: &Digest,
    ) -> Result<bool, DbError> {
        self.tx.one(&LOCK, &args![registry.to_bytes(), key(digest)], |_| Ok(()))?;
        Ok(self.tx.exec(&DROP_UNHELD, &args![registry.to_bytes(), key(digest)])? == 1)
    }
}

fn found(row: &Row<'_>) -> Result<FoundManifest, DbError> {
    let stored =
        StoredManifest { digest: row.digest(0)?, media_type: row.parsed(1)?, bytes: row.get(2)? };
    Ok(FoundManifest { stored, locks: row.locks(3)? })
}
