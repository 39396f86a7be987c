//! Scope maps: what repository-scoped tokens may do.

use gantry_catalog::{DbError, Durability, Transaction};
use gantry_model::scoped::{ScopeMap, ScopeMapAction, ScopedName};
use gantry_model::{Registry, ScopeMapId};

use crate::Access;

/// Why a scope map can't be changed.
#[derive(Debug, thiserror::Error)]
pub enum ScopeMapError {
    /// There is no such map.
    #[error("there is no scope map {0}")]
    Missing(ScopedName),
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
    ) -> Result<Option<ScopeMap>, DbError> {
        match of_the_system(name) {
            Some(map) => Ok(Some(map)),
            None => self.0.catalog.scope_map_find(registry.id, name).await,
        }
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

    /// Makes a map, or changes the one of that name.
    pub async fn set_scope_map(
        &self,
        registry: &Registry,
        name: &ScopedName,
        description: Option<String>,
        mut actions: Vec<ScopeMapAction>,
    ) -> Result<ScopeMap, ScopeMapError> {
        if of_the_system(name).is_some() || name.as_str().starts_with('_') {
            return Err(ScopeMapError::OfTheSystem(name.clone()));
        }
        let mut seen = std::collections::BTreeSet::new();
        actions.retain(|action| seen.insert(action.clone()));
        if actions.is_empty() || actions.len() > ScopeMap::MOST_ACTIONS {
            return Err(ScopeMapError::Actions(actions.len()));
        }
        let (registry, name) = (registry.clone(), name.clone());
        let set = move |tx: &mut Transaction<'_, '_>| {
            let present = tx.scope_map_find(registry.id, &name)?;
            if present.is_none() {
                let (count, most) =
                    (tx.scope_map_count(registry.id)?, registry.settings.tier.limits().scope_maps);
                if count >= most {
                    return Err(ScopeMapError::TooMany(count));
                }
            }
            let id = present.as_ref().and_then(|map| map.id);
            let id = id.unwrap_or_else(|| ScopeMapId::new(tx.now()));
            let map = ScopeMap {
                id: Some(id),
                name: present.as_ref().map_or_else(|| name.clone(), |map| map.name.clone()),
                description: description.clone(),
                actions: actions.clone(),
                created_at: present.and_then(|map| map.created_at).or(Some(tx.now())),
            };
            tx.scope_map_set(registry.id, id, &map)?;
            Ok(map)
        };
        self.0.catalog.transaction(Durability::Power, set).await
    }

    /// Deletes a map that no token has.
    pub async fn delete_scope_map(
        &self,
        registry: &Registry,
        name: &ScopedName,
    ) -> Result<(), ScopeMapError> {
        if of_the_system(name).is_some() {
            return Err(ScopeMapError::OfTheSystem(name.clone()));
        }
        let (registry, name) = (registry.id, name.clone());
        let delete = move |tx: &mut Transaction<'_, '_>| {
            let map = tx.scope_map_find(registry, &name)?;
            let missing = || ScopeMapError::Missing(name.clone());
            let id = map.and_then(|map| map.id).ok_or_else(missing)?;
            if let Some(token) = tx.token_of_scope_map(registry, &name)? {
                return Err(ScopeMapError::InUse(token));
            }
            Ok(tx.scope_map_delete(registry, id, &name)?)
        };
        self.0.catalog.transaction(Durability::Power, delete).await
    }
}

pub(crate) fn of_the_system(name: &ScopedName) -> Option<ScopeMap> {
    ScopeMap::of_the_system().into_iter().find(|map| map.name == *name)
}
