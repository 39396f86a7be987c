//! Bringing back registries that were deleted a short while ago.

use std::time::Duration;

use gantry_catalog::{Catalog, DbError, DeletedRegistry, Durability, Transaction};
use gantry_model::{Registry, RegistryId, Timestamp};

use super::{Registries, epoch_of};

/// Credentials that one transaction ends.
const BATCH: usize = 1000;

/// Why a registry can't be brought back.
#[derive(Debug, thiserror::Error)]
pub enum ReviveError {
    /// There is no such deleted registry, or not any more.
    #[error("there is no deleted registry {0}, or its time is over")]
    Missing(RegistryId),
    /// Another has taken its name.
    #[error("the name {0} is in use again")]
    NameTaken(String),
    /// The group that it was in is gone.
    #[error("the resource group {0} is not there any more: make it again first")]
    NoSuchGroup(String),
    /// The catalog failed.
    #[error("catalog: {0}")]
    Catalog(#[from] DbError),
}

impl Registries {
    /// How long a registry can be brought back after it was deleted.
    pub const RETENTION: Duration = Duration::from_secs(7 * 24 * 60 * 60);

    /// Up to `limit` registries that can be brought back, behind the id `after`, by id.
    pub async fn list_deleted(
        &self,
        catalog: &Catalog,
        after: RegistryId,
        limit: usize,
    ) -> Result<Vec<DeletedRegistry>, DbError> {
        let now = catalog.now();
        let found = catalog.registry_list_deleted(Timestamp::MAX, after, limit).await?;
        Ok(found.into_iter().filter(|one| is_kept(one, now)).collect())
    }

    /// The registry of that id, if it was deleted and can be brought back.
    pub async fn find_deleted(
        &self,
        catalog: &Catalog,
        id: RegistryId,
    ) -> Result<Option<DeletedRegistry>, DbError> {
        let found = catalog.registry_find_deleted(id).await?;
        Ok(found.filter(|one| is_kept(one, catalog.now())))
    }

    /// Brings a registry back with its content and settings, in the group that it was in. Nobody who had
    /// signed in to it has, and no password of it is good again.
    pub async fn revive(&self, catalog: &Catalog, id: RegistryId) -> Result<Registry, ReviveError> {
        let deleted = move |tx: &mut Transaction<'_, '_>| {
            let deleted = tx.registry_lock_deleted(id)?;
            let kept = deleted.filter(|one| is_kept(one, tx.now()));
            kept.map(|one| one.registry).ok_or(ReviveError::Missing(id))
        };
        let forget = move |tx: &mut Transaction<'_, '_>| {
            deleted(tx)?;
            Ok::<_, ReviveError>(tx.registry_forget_credentials(id, BATCH)?)
        };
        while catalog.transaction(Durability::Power, forget).await? {}
        let revive = move |tx: &mut Transaction<'_, '_>| {
            let registry = deleted(tx)?;
            let group = &registry.resource_group;
            if tx.resource_group_lock(group)?.is_none() {
                return Err(ReviveError::NoSuchGroup(group.clone()));
            }
            if tx.registry_by_name(&registry.name)?.is_some() {
                return Err(ReviveError::NameTaken(registry.name.to_string()));
            }
            tx.registry_revive(&registry)?;
            let revived = tx.registry_lock(id)?.ok_or(ReviveError::Missing(id))?;
            Ok((revived, epoch_of(tx)?))
        };
        let (revived, epoch) = catalog.transaction(Durability::Power, revive).await?;
        self.follow(catalog, id, Some(&revived), epoch).await?;
        Ok(revived)
    }

    /// Lets a deleted registry be cleared away now.
    pub async fn expire(&self, catalog: &Catalog, id: RegistryId) -> Result<(), ReviveError> {
        let expire = move |tx: &mut Transaction<'_, '_>| {
            tx.registry_lock_deleted(id)?.ok_or(ReviveError::Missing(id))?;
            Ok(tx.registry_expire(id)?)
        };
        catalog.transaction(Durability::Power, expire).await
    }
}

/// Whether it can be brought back at the moment `now`.
fn is_kept(deleted: &DeletedRegistry, now: Timestamp) -> bool {
    deleted.at > now.minus(Registries::RETENTION)
}
