//! What a manifest names, and whether its repository holds that.

use std::fmt;

use gantry_catalog::Transaction;
use gantry_model::RepositoryId;
use gantry_oci::{Digest, Manifest};

use super::PutManifestError;

/// Something a manifest names that the repository doesn't hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MissingContent {
    /// A config or layer.
    Blob(Digest),
    /// A manifest of an index.
    Manifest(Digest),
}

impl MissingContent {
    /// Which digest.
    pub fn digest(&self) -> &Digest {
        match self {
            Self::Blob(digest) | Self::Manifest(digest) => digest,
        }
    }
}

impl fmt::Display for MissingContent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Blob(digest) => write!(f, "blob {digest}"),
            Self::Manifest(digest) => write!(f, "manifest {digest}"),
        }
    }
}

/// How many of the missing are told.
const TOLD: usize = 20;

/// What is missing, as a client is told.
pub(super) fn told(missing: &[MissingContent]) -> String {
    let mut told: Vec<String> = missing.iter().take(TOLD).map(ToString::to_string).collect();
    if missing.len() > TOLD {
        told.push(format!("and {} more", missing.len() - TOLD));
    }
    told.join(", ")
}

/// What a manifest names, and whether the repository holds it.
pub(super) struct Named {
    /// Configs and layers.
    pub(super) blobs: Vec<(Digest, bool)>,
    /// Manifests of an index.
    pub(super) children: Vec<(Digest, bool)>,
    /// What must be there, unless sparse content is allowed, and isn't.
    missing: Vec<MissingContent>,
}

impl Named {
    /// Nothing is missing.
    pub(super) fn all_present(&self) -> Result<(), PutManifestError> {
        if self.missing.is_empty() {
            Ok(())
        } else {
            Err(PutManifestError::Missing(self.missing.clone()))
        }
    }
}

/// Looks for all that a manifest names, and compares it with what the manifest says of it.
pub(super) fn find_named(
    tx: &mut Transaction<'_, '_>,
    repository: RepositoryId,
    view: &Manifest,
) -> Result<Named, PutManifestError> {
    let mut named = Named { blobs: Vec::new(), children: Vec::new(), missing: Vec::new() };
    for blob in &view.blobs {
        let held = tx.blob_size(repository, &blob.digest)?;
        match (held, blob.size) {
            (Some(actual), Some(claimed)) if actual != claimed => {
                return Err(PutManifestError::SizeMismatch {
                    digest: blob.digest,
                    claimed,
                    actual,
                });
            }
            (None, _) if blob.required => named.missing.push(MissingContent::Blob(blob.digest)),
            _ => {}
        }
        named.blobs.push((blob.digest, held.is_some()));
    }
    for child in &view.children {
        let held = tx.manifest_find(repository, &child.digest)?;
        match &held {
            None => named.missing.push(MissingContent::Manifest(child.digest)),
            Some(row) if row.size != child.size => {
                return Err(PutManifestError::SizeMismatch {
                    digest: child.digest,
                    claimed: child.size,
                    actual: row.size,
                });
            }
            Some(row) if row.media_type != child.media_type => {
                return Err(PutManifestError::MediaTypeMismatch {
                    digest: child.digest,
                    claimed: child.media_type.clone(),
                    actual: row.media_type.clone(),
                });
            }
            Some(_) => {}
        }
        named.children.push((child.digest, held.is_some()));
    }
    Ok(named)
}
