//! Why a blob operation failed.

use std::error::Error;
use std::io;

use rustix::io::Errno;

use crate::BlobKey;

/// Why a body broke off: its sender went away, or it went over a limit. The store hands it back
/// untouched in [`Appended`](crate::Appended) and knows nothing about it.
pub type BodyError = Box<dyn Error + Send + Sync>;

/// Why a [`BlobStore`](crate::BlobStore) refused or failed.
#[derive(Debug, thiserror::Error)]
pub enum BlobError {
    /// No bytes are stored under the key.
    #[error("no blob is stored under {0}")]
    NotFound(BlobKey),
    /// The device, or the store's quota on it, has no room left.
    #[error("the blob store is full")]
    Full(#[source] io::Error),
    /// Fewer bytes are stored than the caller counts on.
    #[error("{key} holds {stored} bytes, {wanted} were expected")]
    OffsetMismatch {
        /// Where it happened.
        key: BlobKey,
        /// The bytes that are there.
        stored: u64,
        /// The bytes that the caller counts on.
        wanted: u64,
    },
    /// The blob is sealed: its bytes and length never change again.
    #[error("{0} is sealed")]
    Sealed(BlobKey),
    /// The requested range does not lie inside the blob.
    #[error("the range lies outside the {length} bytes of {key}")]
    OutOfRange {
        /// What was read.
        key: BlobKey,
        /// The bytes that are there.
        length: u64,
    },
    /// A store beyond this machine can't be reached, or can't do it for now.
    #[error("{operation} failed: {problem}")]
    Unavailable {
        /// What was being done, and to what.
        operation: String,
        /// What the store, or the network, said.
        problem: String,
    },
    /// The device or the operating system failed.
    #[error("{operation} failed")]
    Io {
        /// What was being done, and to what.
        operation: String,
        /// What the system said.
        source: io::Error,
    },
}

impl BlobError {
    /// Sorts a system error: no room left is told apart from everything else.
    pub(crate) fn io(operation: impl Into<String>, source: impl Into<io::Error>) -> Self {
        let source = source.into();
        match source.raw_os_error().map(Errno::from_raw_os_error) {
            Some(Errno::NOSPC | Errno::DQUOT) => Self::Full(source),
            _ => Self::Io { operation: operation.into(), source },
        }
    }
}
