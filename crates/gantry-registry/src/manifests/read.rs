//! Finding a manifest by tag or digest.

use std::sync::Arc;

use gantry_catalog::StoredManifest;
use gantry_model::Lock;
use gantry_model::permission::{Permit, Pull};
use gantry_oci::Reference;

use crate::error::store_error;
use crate::locked::{Lockable, Locked, check_open};
use crate::{Content, StoreError};

/// Why there is no manifest.
#[derive(Debug, thiserror::Error)]
pub enum FindManifestError {
    /// The repository holds none of that tag or digest.
    #[error("the repository holds no manifest {0}")]
    Unknown(Reference),
    /// A lock is in the way.
    #[error(transparent)]
    Locked(#[from] Locked),
    /// A store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

store_error!(FindManifestError);

impl Content {
    /// The manifest that the reference names, with its exact bytes.
    pub async fn find_manifest(
        &self,
        permit: &Permit<Pull>,
        reference: &Reference,
    ) -> Result<Arc<StoredManifest>, FindManifestError> {
        let (registry, name) = (permit.registry(), permit.repository());
        if let Some(manifest) = self.cache().manifest(registry, name, reference) {
            return Ok(manifest);
        }
        let generation = self.cache().generation(registry, name);
        let found = match reference {
            Reference::Tag(tag) => self.catalog().manifest_find_by_tag(registry, name, tag).await?,
            Reference::Digest(digest) => {
                self.catalog().manifest_find_by_digest(registry, name, digest).await?
            }
        };
        let found = found.ok_or_else(|| FindManifestError::Unknown(reference.clone()))?;
        check_open(found.locks, Lock::Read, || Lockable::Referenced(reference.clone()))?;
        let manifest = Arc::new(found.stored);
        self.cache().put_manifest(registry, name, reference, generation, &manifest);
        Ok(manifest)
    }
}
