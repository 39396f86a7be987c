//! Deleting registries. They are out of sight at once, with their names free and all sign-ins ended;
//! what they hold stays for a while, in which they can be revived.

use gantry_catalog::{Catalog, DbError, Durability, Transaction};
use gantry_model::{Precondition, PreconditionFailed, Registry, RegistryId, Version};

use super::{Registries, epoch_of};

/// How many roles given at a registry one statement looks at.
const BATCH: usize = 1000;

/// Why a registry can't be deleted.
#[derive(Debug, thiserror::Error)]
pub enum DeleteError {
    /// There is no such registry.
    #[error("the registry is not there any more")]
    Missing,
    /// There is no such resource group.
    #[error("Resource group '{0}' could not be found.")]
    NoSuchGroup(String),
    /// The configuration asks for it, and would have it back at the next start.
    #[error("the registry {0} is in the server's configuration: remove it there first")]
    Configured(String),
    /// The server's own things are in that group.
    #[error("the resource group {0} is the server's own and stays")]
    FirstGroup(String),
    /// It has changed.
    #[error(transparent)]
    Precondition(#[from] PreconditionFailed),
    /// The catalog failed.
    #[error("catalog: {0}")]
    Catalog(#[from] DbError),
}

impl Registries {
    /// Deletes the registry. `scope` is its resource id: roles and locks there go with it, so that one
    /// that is made again under the same name begins without.
    pub async fn delete(
        &self,
        catalog: &Catalog,
        id: RegistryId,
        scope: String,
        precondition: Precondition,
    ) -> Result<Registry, DeleteError> {
        let registries = self.clone();
        let delete = move |tx: &mut Transaction<'_, '_>| {
            let present = tx.registry_lock(id)?.ok_or(DeleteError::Missing)?;
            precondition.check(Some(&Version::of_registry(&present)))?;
            registries.check_own(&present)?;
            forget(tx, &scope)?;
            tx.registry_bury(&present)?;
            Ok::<_, DeleteError>((present, epoch_of(tx)?))
        };
        let (deleted, epoch) = catalog.transaction(Durability::Power, delete).await?;
        self.follow(catalog, id, None, epoch).await?;
        Ok(deleted)
    }

    /// Deletes the resource group, whose resource id is `scope`, with all registries in it; answers
    /// those.
    pub async fn delete_group(
        &self,
        catalog: &Catalog,
        name: String,
        scope: String,
    ) -> Result<Vec<Registry>, DeleteError> {
        if name.eq_ignore_ascii_case(Registry::FIRST_GROUP) {
            return Err(DeleteError::FirstGroup(name));
        }
        let registries = self.clone();
        let delete = move |tx: &mut Transaction<'_, '_>| {
            let missing = || DeleteError::NoSuchGroup(name.clone());
            let group = tx.resource_group_lock(&name)?.ok_or_else(missing)?;
            let all = tx.registries_of_group(&group.name)?;
            for registry in &all {
                registries.check_own(registry)?;
                tx.registry_bury(registry)?;
            }
            forget(tx, &scope)?;
            tx.template_deployments_delete(&scope)?;
            tx.resource_group_delete(&group.name)?;
            Ok::<_, DeleteError>(all)
        };
        let deleted = catalog.transaction(Durability::Power, delete).await?;
        self.refresh(catalog).await?;
        Ok(deleted)
    }

    fn check_own(&self, registry: &Registry) -> Result<(), DeleteError> {
        match self.0.plan.load().wants(&registry.name) {
            true => Err(DeleteError::Configured(registry.name.to_string())),
            false => Ok(()),
        }
    }
}

/// Removes the roles and locks at the scope and within it.
fn forget(tx: &mut Transaction<'_, '_>, scope: &str) -> Result<(), DbError> {
    tx.resource_locks_delete(scope)?;
    let scope = scope.to_ascii_lowercase();
    loop {
        let assignments = tx.role_assignments_within(&scope, BATCH)?;
        if assignments.is_empty() {
            return Ok(());
        }
        for assignment in &assignments {
            tx.role_assignment_delete(assignment)?;
        }
    }
}
