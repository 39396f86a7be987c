//! The failure that every use-case can meet: a store that doesn't do its part.

use gantry_blobs::BlobError;
use gantry_catalog::DbError;

/// Makes a use-case's error from the catalog's: each has a variant `Store` for it.
macro_rules! store_error {
    ($error:ty) => {
        impl From<gantry_catalog::DbError> for $error {
            fn from(error: gantry_catalog::DbError) -> Self {
                Self::Store(error.into())
            }
        }
    };
}
pub(crate) use store_error;

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
    /// A store can't be reached, or is too busy for now: the same request may succeed later.
    pub fn is_temporary(&self) -> bool {
        matches!(
            self,
            Self::Catalog(DbError::Unavailable(_) | DbError::Contention(_))
                | Self::Blobs(BlobError::Unavailable { .. })
        )
    }

    /// There is no room left on a disk.
    pub fn is_full(&self) -> bool {
        matches!(self, Self::Catalog(DbError::Full) | Self::Blobs(BlobError::Full(_)))
    }
}
