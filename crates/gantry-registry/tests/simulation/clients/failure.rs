//! What is common to the use-cases' errors.

use std::fmt::Display;

use gantry_registry::StoreError;
use gantry_registry::blobs::{DeleteBlobError, FindBlobError, MountError, ReadBlobError};
use gantry_registry::manifests::{DeleteManifestError, FindManifestError, PutManifestError};
use gantry_registry::uploads::{
    AppendError, CancelError, FinishError, PushBlobError, StartError, StatusError,
};

/// An error that may be a store's.
pub(crate) trait Failure: Display {
    /// The store's failure, if it is one: then nobody knows what was done.
    fn store(&self) -> Option<&StoreError>;

    /// Whether it is one that a network explains.
    fn is_temporary(&self) -> bool {
        self.store().is_none_or(StoreError::is_temporary)
    }

    /// Its first word, which never is the operating system's to draw.
    fn kind(&self) -> String {
        self.to_string().split(' ').take(3).collect::<Vec<_>>().join(" ")
    }
}

macro_rules! failures {
    ($($error:ident)*) => {$(
        impl Failure for $error {
            fn store(&self) -> Option<&StoreError> {
                match self {
                    Self::Store(error) => Some(error),
                    _ => None,
                }
            }
        }
    )*};
}

failures! {
    StartError AppendError StatusError CancelError MountError
    PutManifestError FindManifestError DeleteManifestError
    FindBlobError ReadBlobError DeleteBlobError
}

impl Failure for FinishError {
    fn store(&self) -> Option<&StoreError> {
        match self {
            Self::Append(error) => error.store(),
            Self::DigestMismatch { .. } | Self::Full(_) => None,
        }
    }
}

impl Failure for PushBlobError {
    fn store(&self) -> Option<&StoreError> {
        match self {
            Self::Start(error) => error.store(),
            Self::Finish(error) => error.store(),
        }
    }
}
