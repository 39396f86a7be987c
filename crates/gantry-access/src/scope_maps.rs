//! Scope maps: what repository-scoped tokens may do.

use gantry_catalog::{DbError, Durability, Transaction};
use gantry_model::scoped::{ScopeMap, ScopeMapAction, ScopedName};
use gantry_model::{
    EpochSubject, IfAbsent, Precondition, PreconditionFailed, Registry, RegistryId, ScopeMapId,
    Tiers, Version, Versioned, Written,
};

use crate::Access;

/// What is wished of a scope map. What isn't said stays as it is.
#[derive(Clone, Debug, Default)]
pub struct ScopeMapChange {
    /// For people.
    pub description: Option<String>,
    /// What it allows.
    pub actions: Option<Vec<ScopeMapAction>>,
}

/// Why a scope map can't be changed.
#[derive(Debug, thiserror::Error)]
pub enum ScopeMapError {
    /// There is no such map.
    #[error("there is no scope map {0}")]
    Missing(ScopedName),
    /// It has changed.
    #[error(transparent)]
    Precondition(#[from] PreconditionFailed),
    /// It is the system's own.
    #[error("the scope map {0} is system-defined: it can't be changed or deleted")]
    OfTheSystem(ScopedName),
    /// It has too many actions, or none.
    #[error("a scope map has 1 to {most} actions, and this one has {0}", most = ScopeMap::MOST_ACTIONS)]
    Actions(usize),
    /// The registry has as many as its tier allows.
    #[error("the registry has {0} scope maps, as many as its tier allows")]
    TooMany(u64),
    /// A token has it.
    #[error("the token {0} has the scope map: give it another, or delete it first")]
    InUse(String),
    /// The catalog failed.
    #[error("catalog: {0}")]
    Catalog(#[from] DbError),
}

impl Access {
    /// The map of that name, the system's own or an operator's.
    pub async fn find_scope_map(
        &self,
        registry: &Registry,
        name: &ScopedName,
    ) -> Result<Option<Versioned<ScopeMap>>, DbError> {
        if let Some(value) = of_the_system(name) {
            let version = Version::of(&subject(&value), 0);
            return Ok(Some(Versioned { value, version }));
        }
        let find = || self.0.catalog.scope_map_find(registry.id, name);
        self.0.catalog.versioned(find, subject).await
    }

    /// Up to `limit` maps behind the key `after`, in order of their keys; the system's own come
    /// first.
    pub async fn list_scope_maps(
        &self,
        registry: &Registry,
        after: &str,
        limit: usize,
    ) -> Result<Vec<ScopeMap>, DbError> {
        let mut maps = ScopeMap::of_the_system().to_vec();
        maps.sort_by(|a, b| a.name.key().cmp(b.name.key()));
        maps.retain(|map| map.name.key() > after);
        maps.truncate(limit);
        let rest = limit - maps.len();
        let own = self.0.catalog.scope_map_list(registry.id, after, rest).await?;
        // No other's name begins with an underscore.
        maps.extend(own);
        Ok(maps)
    }

    /// How many maps the registry has besides the system's own.
    pub async fn count_scope_maps(&self, registry: &Registry) -> Result<u64, DbError> {
        self.0.catalog.scope_map_count(registry.id).await
    }

    /// Brings the map of that name to what is wished.
    pub async fn write_scope_map(
        &self,
        registry: &Registry,
        name: &ScopedName,
        mut wished: ScopeMapChange,
        if_absent: IfAbsent,
        precondition: Precondition,
    ) -> Result<(Versioned<ScopeMap>, Written), ScopeMapError> {
        if of_the_system(name).is_some() || name.as_str().starts_with('_') {
            return Err(ScopeMapError::OfTheSystem(name.clone()));
        }
        if let Some(actions) = &mut wished.actions {
            let mut seen = std::collections::BTreeSet::new();
            actions.retain(|action| seen.insert(action.clone()));
            check_number(actions)?;
        }
        let (id, name, tiers) = (registry.id, name.clone(), self.0.options.tiers);
        let write = move |tx: &mut Transaction<'_, '_>| {
            let registry = lock(tx, id, &name)?;
            let present = find(tx, id, &name)?;
            precondition.check(present.as_ref().map(|present| &present.version))?;
            let (map, written) = match (present, if_absent) {
                (None, IfAbsent::Refuse) => return Err(ScopeMapError::Missing(name.clone())),
                (None, IfAbsent::Make) => (new(tx, &tiers, &registry, &name)?, Written::Made),
                (Some(present), _) => (present.value, Written::Changed),
            };
            let map = ScopeMap {
                description: wished.description.clone().or(map.description),
                actions: wished.actions.clone().unwrap_or(map.actions),
                ..map
            };
            check_number(&map.actions)?;
            let map_id = map.id.unwrap_or_else(|| ScopeMapId::new(tx.now()));
            tx.scope_map_set(id, map_id, &map)?;
            let found = find(tx, id, &name)?;
            Ok((found.ok_or_else(|| ScopeMapError::Missing(name.clone()))?, written))
        };
        self.0.catalog.transaction(Durability::Power, write).await
    }

    /// Deletes a map that no token has.
    pub async fn delete_scope_map(
        &self,
        registry: &Registry,
        name: &ScopedName,
        precondition: Precondition,
    ) -> Result<(), ScopeMapError> {
        if of_the_system(name).is_some() {
            return Err(ScopeMapError::OfTheSystem(name.clone()));
        }
        let (registry, name) = (registry.id, name.clone());
        let delete = move |tx: &mut Transaction<'_, '_>| {
            lock(tx, registry, &name)?;
            let present = find(tx, registry, &name)?;
            precondition.check(present.as_ref().map(|present| &present.version))?;
            let missing = || ScopeMapError::Missing(name.clone());
            let id = present.and_then(|present| present.value.id).ok_or_else(missing)?;
            if let Some(token) = tx.token_of_scope_map(registry, &name)? {
                return Err(ScopeMapError::InUse(token));
            }
            Ok(tx.scope_map_delete(registry, id, &name)?)
        };
        self.0.catalog.transaction(Durability::Power, delete).await
    }
}

/// Keeps everyone else from changing the registry's tokens and scope maps meanwhile.
fn lock(
    tx: &mut Transaction<'_, '_>,
    registry: RegistryId,
    name: &ScopedName,
) -> Result<Registry, ScopeMapError> {
    tx.registry_lock(registry)?.ok_or_else(|| ScopeMapError::Missing(name.clone()))
}

fn find(
    tx: &mut Transaction<'_, '_>,
    registry: RegistryId,
    name: &ScopedName,
) -> Result<Option<Versioned<ScopeMap>>, DbError> {
    let Some(value) = tx.scope_map_find(registry, name)? else { return Ok(None) };
    tx.versioned(value, subject).map(Some)
}

/// What each change of the map raises; the system's own never change.
fn subject(map: &ScopeMap) -> EpochSubject {
    match map.id {
        Some(id) => EpochSubject::scope_map(id),
        None => EpochSubject::scope_map(&map.name),
    }
}

/// A map with nothing in it yet, if the tier has room for one more.
fn new(
    tx: &mut Transaction<'_, '_>,
    tiers: &Tiers,
    registry: &Registry,
    name: &ScopedName,
) -> Result<ScopeMap, ScopeMapError> {
    let (count, most) =
        (tx.scope_map_count(registry.id)?, tiers.of(registry.settings.tier).scope_maps);
    if count >= most {
        return Err(ScopeMapError::TooMany(count));
    }
    Ok(ScopeMap {
        id: Some(ScopeMapId::new(tx.now())),
        name: name.clone(),
        description: None,
        actions: Vec::new(),
        created_at: Some(tx.now()),
    })
}

fn check_number(actions: &[ScopeMapAction]) -> Result<(), ScopeMapError> {
    match (1..=ScopeMap::MOST_ACTIONS).contains(&actions.len()) {
        true => Ok(()),
        false => Err(ScopeMapError::Actions(actions.len())),
    }
}

pub(crate) fn of_the_system(name: &ScopedName) -> Option<ScopeMap> {
    ScopeMap::of_the_system().into_iter().find(|map| map.name == *name)
}
