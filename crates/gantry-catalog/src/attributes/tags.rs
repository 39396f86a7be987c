//! What is told of a tag.

use gantry_db::{DbError, Row, Stmt, args};
use gantry_model::{Locks, RepositoryId, Timestamp};
use gantry_oci::{Digest, Tag};

use super::{Order, Place};
use crate::column::{RowExt, digest as key, moment};
use crate::{Catalog, Transaction};

/// A tag with all that is told of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TagRow {
    /// The tag.
    pub name: Tag,
    /// The manifest it names.
    pub digest: Digest,
    /// When it came.
    pub created_at: Timestamp,
    /// When it was last made to name something.
    pub updated_at: Timestamp,
    /// What of it is locked.
    pub locks: Locks,
}

pub(crate) const FIND: Stmt = Stmt::new(
    "select name, digest, created_at, updated_at, coalesce(locks, 0)
       from tag
      where repository = $1 and name = $2",
);

pub(crate) const BY_NAME: Stmt = Stmt::new(
    "select name, digest, created_at, updated_at, coalesce(locks, 0)
       from tag
      where repository = $1 and name > $2
        and (coalesce(locks, 0) & 4) = 0
      order by name
      limit $3",
);

// The names come from the index of digests alone, whatever the planner thinks of the others.
pub(crate) const OF_DIGEST: Stmt = Stmt::new(
    "select t.name, t.digest, t.created_at, t.updated_at, coalesce(t.locks, 0)
       from (select name
               from tag
              where repository = $1 and digest = $4 and name > $2
              order by name
              limit $3) n
       join tag t on t.repository = $1 and t.name = n.name
      order by t.name",
);

pub(crate) const OLDEST: Stmt = Stmt::new(
    "select name, digest, created_at, updated_at, coalesce(locks, 0)
       from tag
      where repository = $1 and (updated_at, name) > ($2, $3)
        and (coalesce(locks, 0) & 4) = 0
      order by updated_at, name
      limit $4",
);

pub(crate) const NEWEST: Stmt = Stmt::new(
    "select name, digest, created_at, updated_at, coalesce(locks, 0)
       from tag
      where repository = $1 and (updated_at, name) < ($2, $3)
        and (coalesce(locks, 0) & 4) = 0
      order by updated_at desc, name desc
      limit $4",
);

pub(crate) const SET_LOCKS: Stmt =
    Stmt::new("update tag set locks = $3 where repository = $1 and name = $2");

impl Catalog {
    /// The tag, if the repository has it.
    pub async fn tag_attributes(
        &self,
        repository: RepositoryId,
        tag: &Tag,
    ) -> Result<Option<TagRow>, DbError> {
        self.db.one(&FIND, &args![repository.to_bytes(), tag.as_str()], row).await
    }

    /// Up to `limit` tags of the repository after `last` that may be listed, in byte order; those that name one
    /// manifest, if one is asked for.
    pub async fn tag_attributes_by_name(
        &self,
        repository: RepositoryId,
        digest: Option<&Digest>,
        last: &str,
        limit: usize,
    ) -> Result<Vec<TagRow>, DbError> {
        let (repository, limit) = (repository.to_bytes(), limit as i64);
        match digest {
            None => self.db.all(&BY_NAME, &args![repository, last, limit], row).await,
            Some(digest) => {
                self.db.all(&OF_DIGEST, &args![repository, last, limit, key(digest)], row).await
            }
        }
    }

    /// Up to `limit` tags of the repository that may be listed, in an order of time behind `place`, or from its
    /// beginning on.
    pub async fn tag_attributes_by_time(
        &self,
        repository: RepositoryId,
        order: Order,
        place: Option<Place<&str>>,
        limit: usize,
    ) -> Result<Vec<TagRow>, DbError> {
        let place = place.unwrap_or(Place { at: order.first(), name: "" });
        let list = if order == Order::Newest { &NEWEST } else { &OLDEST };
        self.db
            .all(
                list,
                &args![repository.to_bytes(), moment(place.at), place.name, limit as i64],
                row,
            )
            .await
    }
}

impl Transaction<'_, '_> {
    /// The tag, if the repository has it.
    pub fn tag_attributes(
        &mut self,
        repository: RepositoryId,
        tag: &Tag,
    ) -> Result<Option<TagRow>, DbError> {
        self.tx.one(&FIND, &args![repository.to_bytes(), tag.as_str()], row)
    }

    /// Locks and unlocks: all that is locked of the tag afterwards.
    pub fn tag_set_locks(
        &mut self,
        repository: RepositoryId,
        tag: &Tag,
        locks: Locks,
    ) -> Result<(), DbError> {
        self.tx
            .exec(&SET_LOCKS, &args![repository.to_bytes(), tag.as_str(), locks.bits()])
            .map(drop)
    }
}

fn row(row: &Row<'_>) -> Result<TagRow, DbError> {
    Ok(TagRow {
        name: row.parsed(0)?,
        digest: row.digest(1)?,
        created_at: row.moment(2)?,
        updated_at: row.moment(3)?,
        locks: row.locks(4)?,
    })
}
