//! Deleting a blob.

use gantry_catalog::{DbError, Durability, Transaction};
use gantry_model::permission::{Delete, Permit};
use gantry_model::{Change, Lock};
use gantry_oci::Digest;

use crate::error::store_error;
use crate::locked::{Lockable, Locked, check_open};
use crate::uploads::Place;
use crate::{Content, StoreError};

/// Why nothing was deleted.
#[derive(Debug, thiserror::Error)]
pub enum DeleteBlobError {
    /// The repository doesn't hold it.
    #[error("the repository holds no blob {0}")]
    Unknown(Digest),
    /// A manifest of the repository names it, and the registry allows no sparse content.
    #[error("manifest {manifest} names blob {blob}: delete the manifest first")]
    Named {
        /// The blob.
        blob: Digest,
        /// A manifest that names it.
        manifest: Digest,
    },
    /// The repository is locked.
    #[error(transparent)]
    Locked(#[from] Locked),
    /// A store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

store_error!(DeleteBlobError);

impl Content {
    /// Ends the repository's hold on the blob. The bytes go when no repository holds them.
    ///
    /// What was answered survives a loss of power.
    pub async fn delete_blob(
        &self,
        permit: &Permit<Delete>,
        digest: &Digest,
    ) -> Result<(), DeleteBlobError> {
        let (registry, name, digest) = (permit.registry(), permit.repository().clone(), *digest);
        let sparse = self.registries().allows_sparse_content(registry);
        let content = self.clone();
        self.catalog()
            .transaction(Durability::Power, move |tx| {
                let unknown = DeleteBlobError::Unknown(digest);
                let Some(repository) = tx.repository_find(registry, &name)? else {
                    return Err(unknown);
                };
                let locks = match sparse {
                    true => tx.repository_lock(repository)?,
                    false => tx.repository_locks(repository)?,
                };
                check_open(locks, Lock::Write, || Lockable::Repository(name.clone()))?;
                let Some(size) = tx.blob_size(repository, &digest)? else { return Err(unknown) };
                if let Some(manifest) = tx.blob_edge_manifest(repository, &digest)?
                    && !sparse
                {
                    return Err(DeleteBlobError::Named { blob: digest, manifest });
                }
                let_go(tx, &Place { registry, repository, name: &name }, &digest, size)?;
                let trashed = content.0.trashed.clone();
                tx.on_commit(move || trashed.notify_one());
                tx.on_commit(content.cache().invalidation(registry, &name));
                Ok::<_, DeleteBlobError>(())
            })
            .await?;
        Ok(self.everywhere().await?)
    }
}

/// Ends a repository's hold on the blob, and that of the manifests that go on naming it.
pub(crate) fn let_go(
    tx: &mut Transaction<'_, '_>,
    place: &Place<'_>,
    digest: &Digest,
    size: u64,
) -> Result<(), DbError> {
    tx.blob_edge_released(place.repository, digest)?;
    tx.blob_unlink(place.repository, digest)?;
    let dropped = tx.blob_drop_unheld(place.registry, digest)?;
    let repository = place.name.clone();
    tx.journal_append(
        place.registry,
        &Change::BlobUnlinked { repository, digest: *digest, size, dropped },
    )
}
