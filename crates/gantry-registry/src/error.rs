//! The failure that every use-case can meet: a store that doesn't do its part.

use gantry_blobs::BlobError;
use gantry_catalog::DbError;

/// A store failed. What it was about is in the log; a client is told no more than whether there is
/// no room left.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The catalog.
    #[error("catalog: {0}")]
    Catalog(#[from] DbError),
    /// The blob store.
    #[error("blob store: {0}")]
    Blobs(#[from] BlobError),
    /// A task of the server itself ended early.
    #[error("interrupted: {0}")]
    Interrupted(String),
}

impl StoreError {
    /// There is no room left on a disk.
    pub fn is_full(&self) -> bool {
        matches!(self, Self::Catalog(DbError::Full) | Self::Blobs(BlobError::Full(_)))
    }
}
