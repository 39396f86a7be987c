//! Locks of resources.

use gantry_db::{DbError, Row, Stmt, ToArg, args};
use gantry_model::resource::{ResourceLock, name_key};

use crate::column::RowExt;
use crate::{Catalog, Transaction};

/// Scopes that one statement is asked about.
const AT_ONCE: usize = 8;

pub(crate) const AT_SOME: Stmt = Stmt::new(
    "select shown_scope, name, level, notes
       from resource_lock
      where scope in ($1, $2, $3, $4, $5, $6, $7, $8)
      order by scope, key",
);

pub(crate) const WITHIN: Stmt = Stmt::new(
    "select shown_scope, name, level, notes
       from resource_lock
      where scope > $1 and scope < $2
      order by scope, key
      limit $3",
);

pub(crate) const FIND: Stmt = Stmt::new(
    "select shown_scope, name, level, notes from resource_lock where scope = $1 and key = $2",
);

pub(crate) const SET: Stmt = Stmt::new(
    "insert into resource_lock (scope, key, shown_scope, name, level, notes)
     values ($1, $2, $3, $4, $5, $6)
         on conflict (scope, key) do update
        set level = excluded.level, notes = excluded.notes",
);

pub(crate) const DELETE: Stmt =
    Stmt::new("delete from resource_lock where scope = $1 and key = $2");

pub(crate) const DELETE_WITHIN: Stmt =
    Stmt::new("delete from resource_lock where scope = $1 or scope > $2 and scope < $3");

impl Catalog {
    /// The locks at exactly these scopes.
    pub async fn resource_locks_at(&self, scopes: &[&str]) -> Result<Vec<ResourceLock>, DbError> {
        let mut found = Vec::new();
        for some in scopes.chunks(AT_ONCE) {
            // What is asked for twice is found once.
            let keys: Vec<String> =
                some.iter().cycle().take(AT_ONCE).map(|s| name_key(s)).collect();
            let args: Vec<_> = keys.iter().map(ToArg::to_arg).collect();
            found.extend(self.db.all(&AT_SOME, &args, lock).await?);
        }
        Ok(found)
    }

    /// Up to `limit` locks of resources within the scope, which themselves are not at it.
    pub async fn resource_locks_within(
        &self,
        scope: &str,
        limit: usize,
    ) -> Result<Vec<ResourceLock>, DbError> {
        let [from, to] = within(scope);
        self.db.all(&WITHIN, &args![from, to, limit as i64], lock).await
    }

    /// The lock of that name at that scope.
    pub async fn resource_lock_find(
        &self,
        scope: &str,
        name: &str,
    ) -> Result<Option<ResourceLock>, DbError> {
        self.db.one(&FIND, &args![name_key(scope), name_key(name)], lock).await
    }
}

impl Transaction<'_, '_> {
    /// Adds a lock, or changes the one of its name at its scope; whether there was none.
    pub fn resource_lock_set(&mut self, lock: &ResourceLock) -> Result<bool, DbError> {
        let (scope, key) = (name_key(&lock.scope), name_key(&lock.name));
        let there = self.tx.one(&FIND, &args![scope, key], self::lock)?.is_some();
        let level = lock.level.as_str();
        self.tx.exec(&SET, &args![scope, key, lock.scope, lock.name, level, lock.notes])?;
        self.has_changed = true;
        Ok(!there)
    }

    /// Removes the lock; whether there was one.
    pub fn resource_lock_delete(&mut self, scope: &str, name: &str) -> Result<bool, DbError> {
        let gone = self.tx.exec(&DELETE, &args![name_key(scope), name_key(name)])? == 1;
        self.has_changed |= gone;
        Ok(gone)
    }

    /// Removes the locks of a resource that goes, and of what is in it.
    pub fn resource_locks_delete(&mut self, scope: &str) -> Result<(), DbError> {
        let [from, to] = within(scope);
        self.tx.exec(&DELETE_WITHIN, &args![name_key(scope), from, to]).map(drop)
    }
}

/// What ids of resources within `scope` are between.
pub(crate) fn within(scope: &str) -> [String; 2] {
    let key = name_key(scope.trim_end_matches('/'));
    // A zero is what comes behind a slash.
    [format!("{key}/"), format!("{key}0")]
}

fn lock(row: &Row<'_>) -> Result<ResourceLock, DbError> {
    Ok(ResourceLock {
        scope: row.get(0)?,
        name: row.get(1)?,
        level: row.parsed(2)?,
        notes: row.get(3)?,
    })
}
