//! Repositories: they come with their first content and go when they are empty.

use gantry_db::{DbError, Row, Stmt, args};
use gantry_model::{Locks, RegistryId, RepositoryId};
use gantry_oci::RepositoryName;

use crate::column::{RowExt, moment};
use crate::{Catalog, Transaction};

pub(crate) const LIST: Stmt = Stmt::new(
    "select name
       from repository
      where registry = $1 and manifest_count > 0 and name >= $2 and (coalesce(locks, 0) & 4) = 0
      order by name
      limit $3",
);

pub(crate) const LIST_UNTIL: Stmt = Stmt::new(
    "select name
       from repository
      where registry = $1 and manifest_count > 0 and name >= $2 and name < $4
        and (coalesce(locks, 0) & 4) = 0
      order by name
      limit $3",
);

pub(crate) const FIND: Stmt =
    Stmt::new("select id, manifest_count from repository where registry = $1 and name = $2");

pub(crate) const INSERT: Stmt = Stmt::new(
    "insert into repository
            (id, registry, name, manifest_count, tag_count, created_at, updated_at)
     values ($1, $2, $3, 0, 0, $4, $4)
         on conflict (registry, name) do nothing",
);

pub(crate) const LOCK: Stmt =
    Stmt::new("select coalesce(locks, 0) from repository where id = $1 /*FOR NO KEY UPDATE*/");

pub(crate) const LOCKS: Stmt = Stmt::new("select coalesce(locks, 0) from repository where id = $1");

pub(crate) const LOCKS_OF: Stmt =
    Stmt::new("select coalesce(locks, 0) from repository where registry = $1 and name = $2");

pub(crate) const CHANGE_COUNTS: Stmt = Stmt::new(
    "update repository
        set manifest_count = manifest_count + $2, tag_count = tag_count + $3, updated_at = $4,
            locks = case when manifest_count + $2 > 0 then locks end
      where id = $1",
);

impl Catalog {
    /// Names of up to `limit` repositories that hold a manifest and may be listed, from `from` on up
    /// to and without `until`, in byte order.
    pub async fn repository_list(
        &self,
        registry: RegistryId,
        from: &str,
        until: Option<&str>,
        limit: usize,
    ) -> Result<Vec<RepositoryName>, DbError> {
        let (registry, limit) = (registry.to_bytes(), limit as i64);
        let name = |row: &Row<'_>| row.parsed(0);
        match until {
            None => self.db.all(&LIST, &args![registry, from, limit], name).await,
            Some(until) => {
                self.db.all(&LIST_UNTIL, &args![registry, from, limit, until], name).await
            }
        }
    }

    /// The repository of that name, if it holds a manifest.
    pub async fn repository_find(
        &self,
        registry: RegistryId,
        name: &RepositoryName,
    ) -> Result<Option<RepositoryId>, DbError> {
        let found = self
            .db
            .one(&FIND, &args![registry.to_bytes(), name.as_str()], |row| {
                Ok((row.repository_id(0)?, row.get::<i64>(1)?))
            })
            .await?;
        Ok(found.and_then(|(id, manifests)| (manifests > 0).then_some(id)))
    }
}

impl Transaction<'_, '_> {
    /// The repository of that name, whether or not it holds anything.
    pub fn repository_find(
        &mut self,
        registry: RegistryId,
        name: &RepositoryName,
    ) -> Result<Option<RepositoryId>, DbError> {
        self.tx.one(&FIND, &args![registry.to_bytes(), name.as_str()], |row| row.repository_id(0))
    }

    /// The repository of that name, made if it isn't there.
    pub fn repository_ensure(
        &mut self,
        registry: RegistryId,
        name: &RepositoryName,
    ) -> Result<RepositoryId, DbError> {
        if let Some(id) = self.repository_find(registry, name)? {
            return Ok(id);
        }
        let id = RepositoryId::new(self.now);
        self.tx.exec(
            &INSERT,
            &args![id.to_bytes(), registry.to_bytes(), name.as_str(), moment(self.now)],
        )?;
        // Another transaction may have been first.
        Ok(self.repository_find(registry, name)?.unwrap_or(id))
    }

    /// Keeps others that ask for it from the repository until the transaction ends. Comes before any
    /// other lock, so that nobody who has it waits for someone who wants it.
    ///
    /// Whoever changes manifests or tags asks: of two changes to one tag the later is stamped later,
    /// and all of them come to the repository's counts in the end. Where sparse content is allowed,
    /// so does whoever brings a blob: a manifest and what it names may be pushed at the same time,
    /// and each must see the other or be seen by it.
    ///
    /// Answers what of it is locked against everyone.
    pub fn repository_lock(&mut self, id: RepositoryId) -> Result<Locks, DbError> {
        Ok(self.tx.one(&LOCK, &args![id.to_bytes()], |row| row.locks(0))?.unwrap_or_default())
    }

    /// What of the repository is locked against everyone.
    pub fn repository_locks(&mut self, id: RepositoryId) -> Result<Locks, DbError> {
        Ok(self.tx.one(&LOCKS, &args![id.to_bytes()], |row| row.locks(0))?.unwrap_or_default())
    }

    /// What may not be done to the repository of that name, which needn't be there.
    pub fn repository_locks_of(
        &mut self,
        registry: RegistryId,
        name: &RepositoryName,
    ) -> Result<Locks, DbError> {
        let found = self
            .tx
            .one(&LOCKS_OF, &args![registry.to_bytes(), name.as_str()], |row| row.locks(0))?;
        Ok(found.unwrap_or_default())
    }

    /// Adds to the repository's running counts. One that holds nothing any more is no longer locked:
    /// what comes under its name next is another.
    pub(crate) fn repository_change_counts(
        &mut self,
        id: RepositoryId,
        manifests: i64,
        tags: i64,
    ) -> Result<(), DbError> {
        let at = moment(self.now);
        self.tx.exec(&CHANGE_COUNTS, &args![id.to_bytes(), manifests, tags, at]).map(drop)
    }
}
