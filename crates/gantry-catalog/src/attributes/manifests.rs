//! What is told of a manifest.

use gantry_db::{Arg, DbError, Row, Stmt, ToArg, args};
use gantry_model::{Locks, RepositoryId, Timestamp};
use gantry_oci::{Digest, MediaType, Tag};

use super::{Order, Place};
use crate::column::{RowExt, digest as key, moment};
use crate::{Catalog, Transaction};

/// What is read from a manifest, and from the config it names, when it is pushed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ManifestFacts {
    /// Length in bytes of what a pull of it fetches.
    pub image_size: u64,
    /// The media type of its config.
    pub config_media_type: Option<String>,
    /// The processor that the image is for.
    pub architecture: Option<String>,
    /// The operating system that it is for.
    pub os: Option<String>,
}

/// A manifest with all that is told of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ManifestAttributes {
    /// The manifest.
    pub digest: Digest,
    /// The media type it was pushed with.
    pub media_type: MediaType,
    /// What the referrers list calls it.
    pub artifact_type: Option<String>,
    /// What was read when it was pushed. Releases before this one read nothing: its size is the
    /// manifest's own then.
    pub facts: ManifestFacts,
    /// When it was pushed.
    pub created_at: Timestamp,
    /// When it was pushed, or got or lost a tag.
    pub updated_at: Timestamp,
    /// What of it is locked.
    pub locks: Locks,
}

pub(crate) const FIND: Stmt = Stmt::new(
    "select digest, media_type, artifact_type, coalesce(image_size, size), config_media_type,
            architecture, os, pushed_at, coalesce(updated_at, pushed_at), coalesce(locks, 0)
       from repository_manifest
      where repository = $1 and digest = $2",
);

// The manifests of a page, each once for each of its tags. SQLite finds the range of an expression by
// the plain comparison, not by that of pairs.
pub(crate) const BY_DIGEST: Stmt = Stmt::new(
    "select m.digest, m.media_type, m.artifact_type, m.image_size, m.config_media_type,
            m.architecture, m.os, m.pushed_at, m.updated_at, m.locks, t.name
       from (select digest, media_type, artifact_type, coalesce(image_size, size) as image_size,
                    config_media_type, architecture, os, pushed_at,
                    coalesce(updated_at, pushed_at) as updated_at, coalesce(locks, 0) as locks
               from repository_manifest
              where repository = $1 and digest > $2
                and (coalesce(locks, 0) & 4) = 0
              order by digest
              limit $3) m
       left join tag t on t.repository = $1 and t.digest = m.digest
      order by m.digest, t.name
      limit $4",
);

pub(crate) const OLDEST: Stmt = Stmt::new(
    "select m.digest, m.media_type, m.artifact_type, m.image_size, m.config_media_type,
            m.architecture, m.os, m.pushed_at, m.updated_at, m.locks, t.name
       from (select digest, media_type, artifact_type, coalesce(image_size, size) as image_size,
                    config_media_type, architecture, os, pushed_at,
                    coalesce(updated_at, pushed_at) as updated_at, coalesce(locks, 0) as locks
               from repository_manifest
              where repository = $1 and coalesce(updated_at, pushed_at) >= $5
                and (coalesce(updated_at, pushed_at), digest) > ($5, $2)
                and (coalesce(locks, 0) & 4) = 0
              order by coalesce(updated_at, pushed_at), digest
              limit $3) m
       left join tag t on t.repository = $1 and t.digest = m.digest
      order by m.updated_at, m.digest, t.name
      limit $4",
);

pub(crate) const NEWEST: Stmt = Stmt::new(
    "select m.digest, m.media_type, m.artifact_type, m.image_size, m.config_media_type,
            m.architecture, m.os, m.pushed_at, m.updated_at, m.locks, t.name
       from (select digest, media_type, artifact_type, coalesce(image_size, size) as image_size,
                    config_media_type, architecture, os, pushed_at,
                    coalesce(updated_at, pushed_at) as updated_at, coalesce(locks, 0) as locks
               from repository_manifest
              where repository = $1 and coalesce(updated_at, pushed_at) <= $5
                and (coalesce(updated_at, pushed_at), digest) < ($5, $2)
                and (coalesce(locks, 0) & 4) = 0
              order by coalesce(updated_at, pushed_at) desc, digest desc
              limit $3) m
       left join tag t on t.repository = $1 and t.digest = m.digest
      order by m.updated_at desc, m.digest desc, t.name
      limit $4",
);

pub(crate) const SET_LOCKS: Stmt =
    Stmt::new("update repository_manifest set locks = $3 where repository = $1 and digest = $2");

pub(crate) const TOUCH: Stmt = Stmt::new(
    "update repository_manifest set updated_at = $3 where repository = $1 and digest = $2",
);

// Those that no index holds: an index goes before what it names.
pub(crate) const FREE: Stmt = Stmt::new(
    "select m.digest
       from repository_manifest m
      where m.repository = $1
        and not exists (select 1 from manifest_edge e
                         where e.repository = $1 and e.held = m.digest)
      order by m.digest
      limit $2",
);

impl Catalog {
    /// The manifest, if the repository holds it.
    pub async fn manifest_attributes(
        &self,
        repository: RepositoryId,
        digest: &Digest,
    ) -> Result<Option<ManifestAttributes>, DbError> {
        self.db.one(&FIND, &args![repository.to_bytes(), key(digest)], manifest).await
    }

    /// Up to `limit` manifests of the repository that may be listed, with their tags, in an order behind `place`, or
    /// from its beginning on: each as often as it has tags, and once if it has none. No more than
    /// `rows`, which may cut the tags of the last one short.
    pub async fn manifest_attributes_list(
        &self,
        repository: RepositoryId,
        order: Order,
        place: Option<Place<&Digest>>,
        limit: usize,
        rows: usize,
    ) -> Result<Vec<(ManifestAttributes, Option<Tag>)>, DbError> {
        let repository = repository.to_bytes();
        let at = moment(place.map_or(order.first(), |place| place.at));
        let last = place.map(|place| key(place.name));
        let last = last.as_ref().map_or(Arg::Bytes(&[]), ToArg::to_arg);
        let (limit, rows) = (Arg::Int(limit as i64), Arg::Int(rows as i64));
        let read = |row: &Row<'_>| Ok((manifest(row)?, row.parsed_or_null(10)?));
        let repository = Arg::Bytes(&repository);
        match order {
            Order::Name => self.db.all(&BY_DIGEST, &[repository, last, limit, rows], read).await,
            Order::Oldest => {
                self.db.all(&OLDEST, &[repository, last, limit, rows, Arg::Int(at)], read).await
            }
            Order::Newest => {
                self.db.all(&NEWEST, &[repository, last, limit, rows, Arg::Int(at)], read).await
            }
        }
    }
}

impl Transaction<'_, '_> {
    /// The manifest, if the repository holds it.
    pub fn manifest_attributes(
        &mut self,
        repository: RepositoryId,
        digest: &Digest,
    ) -> Result<Option<ManifestAttributes>, DbError> {
        self.tx.one(&FIND, &args![repository.to_bytes(), key(digest)], manifest)
    }

    /// Locks and unlocks: all that is locked of the manifest afterwards.
    pub fn manifest_set_locks(
        &mut self,
        repository: RepositoryId,
        digest: &Digest,
        locks: Locks,
    ) -> Result<(), DbError> {
        self.tx.exec(&SET_LOCKS, &args![repository.to_bytes(), key(digest), locks.bits()]).map(drop)
    }

    /// Notes that the manifest got or lost a tag.
    pub(crate) fn manifest_touch(
        &mut self,
        repository: RepositoryId,
        digest: &Digest,
    ) -> Result<(), DbError> {
        self.tx.exec(&TOUCH, &args![repository.to_bytes(), key(digest), moment(self.now)]).map(drop)
    }

    /// Up to `limit` manifests of the repository that no index of it holds.
    pub fn manifests_free(
        &mut self,
        repository: RepositoryId,
        limit: usize,
    ) -> Result<Vec<Digest>, DbError> {
        self.tx.all(&FREE, &args![repository.to_bytes(), limit as i64], |row| row.digest(0))
    }
}

fn manifest(row: &Row<'_>) -> Result<ManifestAttributes, DbError> {
    Ok(ManifestAttributes {
        digest: row.digest(0)?,
        media_type: row.parsed(1)?,
        artifact_type: row.get(2)?,
        facts: ManifestFacts {
            image_size: row.size(3)?,
            config_media_type: row.get(4)?,
            architecture: row.get(5)?,
            os: row.get(6)?,
        },
        created_at: row.moment(7)?,
        updated_at: row.moment(8)?,
        locks: row.locks(9)?,
    })
}
