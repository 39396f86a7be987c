//! Resources of registries that are configuration and nothing else, of whichever kind.

use gantry_db::{DbError, Row, Stmt, args};
use gantry_model::resource::{About, Resource, ResourceKind, name_key};
use gantry_model::{EpochSubject, RegistryId, ResourceRowId};
use serde::{Deserialize, Serialize};

use crate::column::{RowExt, moment};
use crate::{Catalog, Transaction};

pub(crate) const LIST: Stmt = Stmt::new(
    "select id, name, document, created_at
       from resource
      where registry = $1 and kind = $2 and key > $3
      order by key
      limit $4",
);

pub(crate) const FIND: Stmt = Stmt::new(
    "select id, name, document, created_at
       from resource
      where registry = $1 and kind = $2 and key = $3",
);

pub(crate) const COUNT: Stmt =
    Stmt::new("select count(*) from resource where registry = $1 and kind = $2");

pub(crate) const SECRET: Stmt =
    Stmt::new("select sealed from resource where registry = $1 and kind = $2 and key = $3");

pub(crate) const SET: Stmt = Stmt::new(
    "insert into resource (registry, kind, key, id, name, document, created_at)
     values ($1, $2, $3, $4, $5, $6, $7)
         on conflict (registry, kind, key) do update set document = excluded.document",
);

pub(crate) const SET_SECRET: Stmt =
    Stmt::new("update resource set sealed = $4 where registry = $1 and kind = $2 and key = $3");

pub(crate) const DELETE: Stmt =
    Stmt::new("delete from resource where registry = $1 and kind = $2 and key = $3");

/// All but what is looked up by, as JSON.
#[derive(Serialize, Deserialize)]
struct Document<K> {
    about: About,
    value: K,
}

impl Catalog {
    /// Up to `limit` resources of that kind behind the key `after`, in order of their keys.
    pub async fn resource_list<K: ResourceKind>(
        &self,
        registry: RegistryId,
        after: &str,
        limit: usize,
    ) -> Result<Vec<Resource<K>>, DbError> {
        self.db
            .all(&LIST, &args![registry.to_bytes(), K::KIND, after, limit as i64], resource)
            .await
    }

    /// The resource of that kind and name.
    pub async fn resource_find<K: ResourceKind>(
        &self,
        registry: RegistryId,
        name: &str,
    ) -> Result<Option<Resource<K>>, DbError> {
        self.db.one(&FIND, &args![registry.to_bytes(), K::KIND, name_key(name)], resource).await
    }

    /// What is sealed of the resource of that kind and name.
    pub async fn resource_secret<K: ResourceKind>(
        &self,
        registry: RegistryId,
        name: &str,
    ) -> Result<Option<Vec<u8>>, DbError> {
        let found = self
            .db
            .one(&SECRET, &args![registry.to_bytes(), K::KIND, name_key(name)], |row| row.get(0))
            .await?;
        Ok(found.flatten())
    }

    /// How many resources of that kind the registry has.
    pub async fn resource_count<K: ResourceKind>(
        &self,
        registry: RegistryId,
    ) -> Result<u64, DbError> {
        let count =
            self.db.one(&COUNT, &args![registry.to_bytes(), K::KIND], |row| row.get(0)).await?;
        Ok(count.unwrap_or(0))
    }
}

impl Transaction<'_, '_> {
    /// Up to `limit` resources of that kind behind the key `after`, in order of their keys.
    pub fn resource_list<K: ResourceKind>(
        &mut self,
        registry: RegistryId,
        after: &str,
        limit: usize,
    ) -> Result<Vec<Resource<K>>, DbError> {
        self.tx.all(&LIST, &args![registry.to_bytes(), K::KIND, after, limit as i64], resource)
    }

    /// The resource of that kind and name.
    pub fn resource_find<K: ResourceKind>(
        &mut self,
        registry: RegistryId,
        name: &str,
    ) -> Result<Option<Resource<K>>, DbError> {
        self.tx.one(&FIND, &args![registry.to_bytes(), K::KIND, name_key(name)], resource)
    }

    /// What is sealed of the resource of that kind and name.
    pub fn resource_secret<K: ResourceKind>(
        &mut self,
        registry: RegistryId,
        name: &str,
    ) -> Result<Option<Vec<u8>>, DbError> {
        let found =
            self.tx.one(&SECRET, &args![registry.to_bytes(), K::KIND, name_key(name)], |row| {
                row.get(0)
            })?;
        Ok(found.flatten())
    }

    /// How many resources of that kind the registry has.
    pub fn resource_count<K: ResourceKind>(
        &mut self,
        registry: RegistryId,
    ) -> Result<u64, DbError> {
        let count = self.tx.one(&COUNT, &args![registry.to_bytes(), K::KIND], |row| row.get(0))?;
        Ok(count.unwrap_or(0))
    }

    /// Adds a resource, or changes the one of its name.
    pub fn resource_set<K: ResourceKind>(
        &mut self,
        registry: RegistryId,
        resource: &Resource<K>,
    ) -> Result<(), DbError> {
        let Resource { id, name, about, value, created_at } = resource;
        let document = Document { about: about.clone(), value: value.clone() };
        let document = serde_json::to_string(&document).expect("resources are plain data");
        let (key, made) = (name_key(name), moment(*created_at));
        self.tx.exec(
            &SET,
            &args![registry.to_bytes(), K::KIND, key, id.to_bytes(), name, document, made],
        )?;
        self.epoch_raise(Some(registry), EpochSubject::resource(id))
    }

    /// Keeps what is sealed of the resource of that kind and name.
    pub fn resource_set_secret<K: ResourceKind>(
        &mut self,
        registry: RegistryId,
        name: &str,
        sealed: &[u8],
    ) -> Result<(), DbError> {
        self.tx
            .exec(&SET_SECRET, &args![registry.to_bytes(), K::KIND, name_key(name), sealed])
            .map(drop)
    }

    /// Removes the resource.
    pub fn resource_delete<K: ResourceKind>(
        &mut self,
        registry: RegistryId,
        resource: &Resource<K>,
    ) -> Result<(), DbError> {
        self.tx.exec(&DELETE, &args![registry.to_bytes(), K::KIND, name_key(&resource.name)])?;
        self.epoch_raise(Some(registry), EpochSubject::resource(resource.id))
    }
}

fn resource<K: ResourceKind>(row: &Row<'_>) -> Result<Resource<K>, DbError> {
    let Document { about, value } = row.json(2)?;
    Ok(Resource {
        id: row.read(0, |column| {
            ResourceRowId::from_bytes(column.bytes()?).map_err(|_| column.not("an id"))
        })?,
        name: row.get(1)?,
        about,
        value,
        created_at: row.moment(3)?,
    })
}
