//! What is told of a repository.

use gantry_db::{DbError, Row, Stmt, args};
use gantry_model::{Locks, RegistryId, RepositoryId, Timestamp};
use gantry_oci::{Digest, RepositoryName, Tag};

use super::{Order, Place};
use crate::column::{RowExt, moment};
use crate::{Catalog, Transaction};

/// A repository that holds something.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RepositoryRow {
    /// Which one.
    pub id: RepositoryId,
    /// Its name.
    pub name: RepositoryName,
    /// How many manifests it holds.
    pub manifests: u64,
    /// How many tags.
    pub tags: u64,
    /// When it came.
    pub created_at: Timestamp,
    /// When a manifest or tag last came or went.
    pub updated_at: Timestamp,
    /// What of it is locked.
    pub locks: Locks,
}

/// What keeps a repository from being deleted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum KeptBy {
    /// A tag that is locked.
    Tag(Tag),
    /// A manifest that is.
    Manifest(Digest),
}

pub(crate) const FIND: Stmt = Stmt::new(
    "select id, name, manifest_count, tag_count, created_at, updated_at, coalesce(locks, 0)
       from repository
      where registry = $1 and name = $2 and manifest_count > 0",
);

pub(crate) const OLDEST: Stmt = Stmt::new(
    "select name, updated_at
       from repository
      where registry = $1 and manifest_count > 0 and (updated_at, name) > ($2, $3)
        and (coalesce(locks, 0) & 4) = 0
      order by updated_at, name
      limit $4",
);

pub(crate) const NEWEST: Stmt = Stmt::new(
    "select name, updated_at
       from repository
      where registry = $1 and manifest_count > 0 and (updated_at, name) < ($2, $3)
        and (coalesce(locks, 0) & 4) = 0
      order by updated_at desc, name desc
      limit $4",
);

pub(crate) const SET_LOCKS: Stmt = Stmt::new("update repository set locks = $2 where id = $1");

pub(crate) const KEPT_TAG: Stmt = Stmt::new(
    "select name, locks
       from tag
      where repository = $1 and locks > 0 and (locks & 3) <> 0
      limit 1",
);

pub(crate) const KEPT_MANIFEST: Stmt = Stmt::new(
    "select digest, locks
       from repository_manifest
      where repository = $1 and locks > 0 and (locks & 3) <> 0
      limit 1",
);

impl Catalog {
    /// The repository of that name, if it holds a manifest.
    pub async fn repository_attributes(
        &self,
        registry: RegistryId,
        name: &RepositoryName,
    ) -> Result<Option<RepositoryRow>, DbError> {
        self.db.one(&FIND, &args![registry.to_bytes(), name.as_str()], repository).await
    }

    /// Up to `limit` repositories that hold a manifest and may be listed, in an order of time behind
    /// `place`, or from its beginning on: their names, and when they were changed.
    pub async fn repository_list_by_time(
        &self,
        registry: RegistryId,
        order: Order,
        place: Option<Place<&str>>,
        limit: usize,
    ) -> Result<Vec<(RepositoryName, Timestamp)>, DbError> {
        let place = place.unwrap_or(Place { at: order.first(), name: "" });
        let list = if order == Order::Newest { &NEWEST } else { &OLDEST };
        self.db
            .all(
                list,
                &args![registry.to_bytes(), moment(place.at), place.name, limit as i64],
                |row| Ok((row.parsed(0)?, row.moment(1)?)),
            )
            .await
    }
}

impl Transaction<'_, '_> {
    /// The repository of that name, if it holds a manifest.
    pub fn repository_attributes(
        &mut self,
        registry: RegistryId,
        name: &RepositoryName,
    ) -> Result<Option<RepositoryRow>, DbError> {
        self.tx.one(&FIND, &args![registry.to_bytes(), name.as_str()], repository)
    }

    /// Locks and unlocks: all that is locked of the repository afterwards.
    pub fn repository_set_locks(&mut self, id: RepositoryId, locks: Locks) -> Result<(), DbError> {
        self.tx.exec(&SET_LOCKS, &args![id.to_bytes(), locks.bits()]).map(drop)
    }

    /// A tag or manifest of the repository that may not be deleted, if there is one, and what of it
    /// is locked.
    pub fn repository_kept_by(
        &mut self,
        id: RepositoryId,
    ) -> Result<Option<(KeptBy, Locks)>, DbError> {
        let tag = self.tx.one(&KEPT_TAG, &args![id.to_bytes()], |row| {
            Ok((KeptBy::Tag(row.parsed(0)?), row.locks(1)?))
        })?;
        match tag {
            Some(tag) => Ok(Some(tag)),
            None => self.tx.one(&KEPT_MANIFEST, &args![id.to_bytes()], |row| {
                Ok((KeptBy::Manifest(row.digest(0)?), row.locks(1)?))
            }),
        }
    }
}

fn repository(row: &Row<'_>) -> Result<RepositoryRow, DbError> {
    Ok(RepositoryRow {
        id: row.repository_id(0)?,
        name: row.parsed(1)?,
        manifests: row.size(2)?,
        tags: row.size(3)?,
        created_at: row.moment(4)?,
        updated_at: row.moment(5)?,
        locks: row.locks(6)?,
    })
}
