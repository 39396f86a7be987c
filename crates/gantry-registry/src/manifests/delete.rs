//! Deleting a manifest, with its tags and referrers; removing a tag.

use gantry_catalog::Durability;
use gantry_model::Lock;
use gantry_model::permission::{Delete, Permit};
use gantry_oci::{Digest, Tag};

use super::remove::{Removal, RemoveError, Remover};
use crate::error::store_error;
use crate::locked::{Lockable, Locked, check_open};
use crate::uploads::Place;
use crate::{Content, StoreError};

/// Why nothing was deleted.
#[derive(Debug, thiserror::Error)]
pub enum DeleteManifestError {
    /// The repository holds no such manifest.
    #[error("the repository holds no manifest {0}")]
    Unknown(Digest),
    /// The repository has no such tag.
    #[error("the repository has no tag {0}")]
    TagUnknown(Tag),
    /// An index of the repository names it, and the registry allows no sparse content.
    #[error("index {parent} names manifest {child}: delete the index first")]
    Named {
        /// The manifest.
        child: Digest,
        /// An index that names it.
        parent: Digest,
    },
    /// A lock is in the way.
    #[error(transparent)]
    Locked(#[from] Locked),
    /// A store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

store_error!(DeleteManifestError);

impl From<RemoveError> for DeleteManifestError {
    fn from(error: RemoveError) -> Self {
        match error {
            RemoveError::Locked(locked) => Self::Locked(locked),
            RemoveError::Catalog(error) => error.into(),
        }
    }
}

impl Content {
    /// Removes the tag; what it named stays.
    ///
    /// What was answered survives a loss of power.
    pub async fn delete_tag(
        &self,
        permit: &Permit<Delete>,
        tag: &Tag,
    ) -> Result<(), DeleteManifestError> {
        let (registry, name, tag) = (permit.registry(), permit.repository().clone(), tag.clone());
        let by = permit.identity().to_string();
        let content = self.clone();
        self.catalog()
            .transaction(Durability::Power, move |tx| {
                let unknown = || DeleteManifestError::TagUnknown(tag.clone());
                let repository = tx.repository_find(registry, &name)?.ok_or_else(unknown)?;
                let locks = tx.repository_lock(repository)?;
                check_open(locks, Lock::Write, || Lockable::Repository(name.clone()))?;
                let place = Place { registry, repository, name: &name };
                Remover::new(&place, &by).tag(tx, &tag)?.ok_or_else(unknown)?;
                tx.on_commit(content.cache().invalidation(registry, &name));
                Ok(())
            })
            .await
    }

    /// Deletes the manifest, the tags that name it, and the manifests that refer to it, as ACR
    /// does. A child of an index is refused unless the registry allows sparse content; a referrer
    /// that is one stays.
    ///
    /// Referrers go before what they refer to, in as many transactions as it takes, the manifest
    /// itself in the last: a delete that was cut short is asked for again. What was answered
    /// survives a loss of power.
    pub async fn delete_manifest(
        &self,
        permit: &Permit<Delete>,
        digest: &Digest,
    ) -> Result<(), DeleteManifestError> {
        let (registry, name, digest) = (permit.registry(), permit.repository().clone(), *digest);
        let by = permit.identity().to_string();
        let sparse = self.registries().allows_sparse_content(registry);
        loop {
            let (content, name, by) = (self.clone(), name.clone(), by.clone());
            let removal = self
                .catalog()
                .transaction(Durability::Power, move |tx| {
                    let unknown = || DeleteManifestError::Unknown(digest);
                    let repository = tx.repository_find(registry, &name)?.ok_or_else(unknown)?;
                    let locks = tx.repository_lock(repository)?;
                    check_open(locks, Lock::Write, || Lockable::Repository(name.clone()))?;
                    let place = Place { registry, repository, name: &name };
                    tx.manifest_find(repository, &digest)?.ok_or_else(unknown)?;
                    if let Some(parent) = tx.manifest_edge_parent(repository, &digest)?
                        && !sparse
                    {
                        return Err(DeleteManifestError::Named { child: digest, parent });
                    }
                    let removal = Remover::new(&place, &by).with_referrers(tx, &digest)?;
                    tx.on_commit(content.cache().invalidation(registry, &name));
                    Ok(removal)
                })
                .await?;
            if removal == Removal::Complete {
                return Ok(self.everywhere().await?);
            }
        }
    }
}
