//! Resource groups of the management API.

use gantry_db::{DbError, Row, Stmt, args};
use gantry_model::EpochSubject;
use gantry_model::resource::{ResourceGroup, name_key};

use crate::column::{RowExt, moment};
use crate::{Catalog, Transaction};

pub(crate) const LIST: Stmt = Stmt::new(
    "select name, location, tags, created_at from resource_group where key > $1 order by key limit $2",
);

pub(crate) const FIND: Stmt =
    Stmt::new("select name, location, tags, created_at from resource_group where key = $1");

pub(crate) const LOCK: Stmt = Stmt::new(
    "select name, location, tags, created_at
       from resource_group
      where key = $1 /*FOR NO KEY UPDATE*/",
);

pub(crate) const SET: Stmt = Stmt::new(
    "insert into resource_group (key, name, location, tags, created_at) values ($1, $2, $3, $4, $5)
         on conflict (key) do update set tags = excluded.tags",
);

pub(crate) const ESTABLISH: Stmt = Stmt::new(
    "insert into resource_group (key, name, location, tags, created_at) values ($1, $2, $3, '{}', $4)
         on conflict (key) do nothing",
);

pub(crate) const DELETE: Stmt = Stmt::new("delete from resource_group where key = $1");

impl Catalog {
    /// Up to `limit` groups behind the key `after`, in order of their keys.
    pub async fn resource_group_list(
        &self,
        after: &str,
        limit: usize,
    ) -> Result<Vec<ResourceGroup>, DbError> {
        self.db.all(&LIST, &args![after, limit as i64], group).await
    }

    /// The group of that name.
    pub async fn resource_group_find(&self, name: &str) -> Result<Option<ResourceGroup>, DbError> {
        self.db.one(&FIND, &args![name_key(name)], group).await
    }
}

impl Transaction<'_, '_> {
    /// The group of that name, which nobody else changes or puts something into until the end of the
    /// transaction.
    pub fn resource_group_lock(&mut self, name: &str) -> Result<Option<ResourceGroup>, DbError> {
        self.tx.one(&LOCK, &args![name_key(name)], group)
    }

    /// Adds a group, or changes the tags of the one of its name.
    pub fn resource_group_set(&mut self, group: &ResourceGroup) -> Result<(), DbError> {
        let key = name_key(&group.name);
        let tags = serde_json::to_string(&group.tags).expect("tags are plain data");
        let created_at = moment(group.created_at);
        self.tx.exec(&SET, &args![key, group.name, group.location, tags, created_at])?;
        self.epoch_raise(None, EpochSubject::resource_group(&key))
    }

    /// Adds a group, unless there is one of that name.
    pub fn resource_group_establish(&mut self, name: &str, location: &str) -> Result<(), DbError> {
        let now = moment(self.now);
        self.tx.exec(&ESTABLISH, &args![name_key(name), name, location, now]).map(drop)
    }

    /// Removes the group of that name.
    pub fn resource_group_delete(&mut self, name: &str) -> Result<(), DbError> {
        let key = name_key(name);
        self.tx.exec(&DELETE, &args![key])?;
        self.epoch_raise(None, EpochSubject::resource_group(&key))
    }
}

fn group(row: &Row<'_>) -> Result<ResourceGroup, DbError> {
    Ok(ResourceGroup {
        name: row.get(0)?,
        location: row.get(1)?,
        tags: row.json(2)?,
        created_at: row.moment(3)?,
    })
}
