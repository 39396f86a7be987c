//! What is told of repositories, tags and manifests, and locking them.

mod manifest;
mod repository;
mod tag;

pub use manifest::DescribedManifest;

use gantry_catalog::{DbError, Transaction};
use gantry_model::{RegistryId, RepositoryId};
use gantry_oci::{Digest, RepositoryName, Tag};

use crate::StoreError;
use crate::error::store_error;

/// Why nothing is told.
#[derive(Debug, thiserror::Error)]
pub enum AttributesError {
    /// The registry has no such repository.
    #[error("repository \"{0}\" is not found.")]
    RepositoryUnknown(RepositoryName),
    /// The repository has no such tag.
    #[error("the repository has no tag {0}")]
    TagUnknown(Tag),
    /// The repository holds no such manifest.
    #[error("the repository holds no manifest {0}")]
    ManifestUnknown(Digest),
    /// A store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

store_error!(AttributesError);

/// The repository, kept from others who would change it, if it holds anything.
fn lock_listed(
    tx: &mut Transaction<'_, '_>,
    registry: RegistryId,
    name: &RepositoryName,
) -> Result<Option<RepositoryId>, DbError> {
    let Some(id) = tx.repository_find(registry, name)? else { return Ok(None) };
    tx.repository_lock(id)?;
    Ok(tx.repository_attributes(registry, name)?.map(|row| row.id))
}
