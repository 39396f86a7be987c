//! The object store's failures in the words of [`BlobError`].

use std::error::Error as StdError;
use std::fmt::Write;
use std::io;

use gantry_blobs::{BlobError, BlobKey};
use object_store::Error;

/// A failure, with what was being done. Nothing under the key is told apart.
pub(crate) fn blob_error(operation: &str, key: &BlobKey, error: &Error) -> BlobError {
    match error {
        Error::NotFound { .. } => BlobError::NotFound(key.clone()),
        error => unavailable(&format!("{operation} {key}"), error),
    }
}

/// A failure that isn't about one blob.
pub(crate) fn unavailable(operation: &str, error: &Error) -> BlobError {
    let text = chain(error);
    // What S3 servers say of a full disk or quota (HTTP 507, or these codes).
    let full = ["XMinioStorageFull", "QuotaExceeded", "507 Insufficient", "InsufficientStorage"];
    if full.iter().any(|code| text.contains(code)) {
        return BlobError::Full(io::Error::other(text));
    }
    BlobError::Unavailable { operation: operation.to_owned(), problem: text }
}

/// The error with its causes, which alone say what the store answered.
pub(crate) fn chain(error: &(dyn StdError + 'static)) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let said = error.to_string();
        if !text.contains(&said) {
            let _ = write!(text, ": {said}");
        }
        cause = error.source();
    }
    // Some answers quote a page of markup.
    if text.len() > 600 {
        text.truncate(text.floor_char_boundary(600));
        text.push('…');
    }
    text
}
