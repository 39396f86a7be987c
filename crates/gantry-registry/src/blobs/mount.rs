//! Mounting: a repository comes to hold a blob that another of its registry holds.

use gantry_catalog::{DbError, Durability};
use gantry_model::Lock;
use gantry_model::permission::{Actor, Permit, Pull, Push};
use gantry_oci::{Digest, RepositoryName};

use crate::error::store_error;
use crate::locked::{Lockable, Locked, check_open};
use crate::uploads::{Place, link_blob};
use crate::{Content, StoreError};

/// How many holders of a blob are looked at to find one that the actor may pull from.
const HOLDERS: usize = 64;

/// Why nothing was mounted.
#[derive(Debug, thiserror::Error)]
pub enum MountError {
    /// No repository that the actor may pull from holds the blob.
    #[error("no readable repository holds blob {0}")]
    Unknown(Digest),
    /// The repository is locked.
    #[error(transparent)]
    Locked(#[from] Locked),
    /// A store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

store_error!(MountError);

impl Content {
    /// Makes the permit's repository hold the blob that `source` holds.
    ///
    /// What was answered survives a loss of power.
    pub async fn mount_blob(
        &self,
        permit: &Permit<Push>,
        source: &Permit<Pull>,
        digest: &Digest,
    ) -> Result<(), MountError> {
        let (registry, digest) = (permit.registry(), *digest);
        if source.registry() != registry {
            return Err(MountError::Unknown(digest));
        }
        if self.holds_named(permit, &digest).await? && self.holds(source, &digest).await? {
            return Ok(());
        }
        let (name, source) = (permit.repository().clone(), source.repository().clone());
        let sparse = self.registries().allows_sparse_content(registry);
        let content = self.clone();
        self.catalog()
            .transaction(Durability::Power, move |tx| {
                let from = tx.repository_find(registry, &source)?;
                let size = match from {
                    Some(from) if !tx.repository_locks(from)?.has(Lock::Read) => {
                        tx.blob_size(from, &digest)?
                    }
                    _ => None,
                };
                let size = size.ok_or(MountError::Unknown(digest))?;
                let repository = tx.repository_ensure(registry, &name)?;
                let place = Place { registry, repository, name: &name };
                let locks = match sparse {
                    true => tx.repository_lock(repository)?,
                    false => tx.repository_locks(repository)?,
                };
                check_open(locks, Lock::Write, || Lockable::Repository(name.clone()))?;
                link_blob(tx, &place, &digest, size, false)?;
                tx.on_commit(content.cache().invalidation(registry, &name));
                Ok(())
            })
            .await
    }

    /// Mounts the blob from whichever repository holds it and `actor` may pull from.
    pub async fn mount_blob_from_any(
        &self,
        permit: &Permit<Push>,
        actor: &Actor,
        digest: &Digest,
    ) -> Result<RepositoryName, MountError> {
        let holders = self.catalog().blob_holders(permit.registry(), digest, HOLDERS).await?;
        for source in holders.iter().filter_map(|name| actor.permit_source(name)) {
            match self.mount_blob(permit, &source, digest).await {
                Ok(()) => return Ok(source.repository().clone()),
                Err(MountError::Unknown(_)) => {}
                Err(error) => return Err(error),
            }
        }
        Err(MountError::Unknown(*digest))
    }

    /// The repository holds the blob, and a manifest of it names it: nothing needs to be written.
    async fn holds_named(&self, permit: &Permit<Push>, digest: &Digest) -> Result<bool, DbError> {
        let link = self.catalog().blob_find(permit.registry(), permit.repository(), digest).await?;
        Ok(link.is_some_and(|link| link.unreferenced_since.is_none()))
    }

    async fn holds(&self, permit: &Permit<Pull>, digest: &Digest) -> Result<bool, DbError> {
        let link = self.catalog().blob_find(permit.registry(), permit.repository(), digest).await?;
        Ok(link.is_some_and(|link| !link.locks.has(Lock::Read)))
    }
}
