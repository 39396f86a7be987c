//! Scope maps of repository-scoped tokens. The system's own are not rows.

use gantry_db::{DbError, Row, Stmt, args};
use gantry_model::scoped::{ScopeMap, ScopedName};
use gantry_model::{EpochSubject, RegistryId, ScopeMapId};

use crate::column::{RowExt, moment};
use crate::{Catalog, Transaction};

pub(crate) const LIST: Stmt = Stmt::new(
    "select name, id, description, actions, created_at
       from scope_map
      where registry = $1 and key > $2
      order by key
      limit $3",
);

pub(crate) const FIND: Stmt = Stmt::new(
    "select name, id, description, actions, created_at
       from scope_map
      where registry = $1 and key = $2",
);

pub(crate) const COUNT: Stmt = Stmt::new("select count(*) from scope_map where registry = $1");

pub(crate) const SET: Stmt = Stmt::new(
    "insert into scope_map (registry, key, name, id, description, actions, created_at)
     values ($1, $2, $3, $4, $5, $6, $7)
         on conflict (registry, key) do update
        set description = excluded.description, actions = excluded.actions",
);

pub(crate) const DELETE: Stmt = Stmt::new("delete from scope_map where registry = $1 and key = $2");

impl Catalog {
    /// Up to `limit` maps of the registry behind the key `after`, in order of their keys.
    pub async fn scope_map_list(
        &self,
        registry: RegistryId,
        after: &str,
        limit: usize,
    ) -> Result<Vec<ScopeMap>, DbError> {
        self.db.all(&LIST, &args![registry.to_bytes(), after, limit as i64], scope_map).await
    }

    /// The map of that name.
    pub async fn scope_map_find(
        &self,
        registry: RegistryId,
        name: &ScopedName,
    ) -> Result<Option<ScopeMap>, DbError> {
        self.db.one(&FIND, &args![registry.to_bytes(), name.key()], scope_map).await
    }

    /// How many maps the registry has.
    pub async fn scope_map_count(&self, registry: RegistryId) -> Result<u64, DbError> {
        let count = self.db.one(&COUNT, &args![registry.to_bytes()], |row| row.get(0)).await?;
        Ok(count.unwrap_or(0))
    }
}

impl Transaction<'_, '_> {
    /// The map of that name.
    pub fn scope_map_find(
        &mut self,
        registry: RegistryId,
        name: &ScopedName,
    ) -> Result<Option<ScopeMap>, DbError> {
        self.tx.one(&FIND, &args![registry.to_bytes(), name.key()], scope_map)
    }

    /// How many maps the registry has.
    pub fn scope_map_count(&mut self, registry: RegistryId) -> Result<u64, DbError> {
        let count = self.tx.one(&COUNT, &args![registry.to_bytes()], |row| row.get(0))?;
        Ok(count.unwrap_or(0))
    }

    /// Adds the map, or changes the description and actions of the one of that id, and ends the
    /// access tokens that came by it.
    pub fn scope_map_set(
        &mut self,
        registry: RegistryId,
        id: ScopeMapId,
        map: &ScopeMap,
    ) -> Result<(), DbError> {
        let actions: Vec<_> = map.actions.iter().map(ToString::to_string).collect();
        let actions = serde_json::to_string(&actions).expect("texts are plain data");
        let created_at = map.created_at.unwrap_or(self.now);
        self.tx.exec(
            &SET,
            &args![
                registry.to_bytes(),
                map.name.key(),
                map.name.as_str(),
                id.to_bytes(),
                map.description,
                actions,
                moment(created_at)
            ],
        )?;
        self.epoch_raise(Some(registry), EpochSubject::scope_map(id))
    }

    /// Removes the map of that name and id.
    pub fn scope_map_delete(
        &mut self,
        registry: RegistryId,
        id: ScopeMapId,
        name: &ScopedName,
    ) -> Result<(), DbError> {
        self.tx.exec(&DELETE, &args![registry.to_bytes(), name.key()])?;
        self.epoch_raise(Some(registry), EpochSubject::scope_map(id))
    }
}

fn scope_map(row: &Row<'_>) -> Result<ScopeMap, DbError> {
    let actions: Vec<String> = row.json(3)?;
    Ok(ScopeMap {
        name: row.parsed(0)?,
        id: Some(row.read(1, |column| {
            ScopeMapId::from_bytes(column.bytes()?).map_err(|_| column.not("an id"))
        })?),
        description: row.get(2)?,
        // What a later release may write and this one doesn't know grants nothing here.
        actions: actions.iter().filter_map(|action| action.parse().ok()).collect(),
        created_at: Some(row.moment(4)?),
    })
}
