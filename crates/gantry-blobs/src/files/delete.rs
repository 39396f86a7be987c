//! Removes a blob.

use rustix::io::Errno;

use super::Shared;
use crate::{BlobError, BlobKey};

/// Returns when the bytes of `key` are gone for good. Blocks.
pub(super) fn delete(shared: &Shared, key: &BlobKey) -> Result<(), BlobError> {
    let failed = |error: Errno| BlobError::io(format!("deleting {key}"), error);
    let bucket = shared.layout.bucket(key);
    match rustix::fs::unlink(shared.layout.blob(key)) {
        // Gone already, but maybe by a deletion that had no time to make it last.
        Ok(()) | Err(Errno::NOENT) => {}
        Err(error) => return Err(failed(error)),
    }
    shared.open.forget(key);
    match shared.names.sync(&bucket) {
        Ok(()) => shared.names.prune(&bucket),
        // Someone else's deletion emptied and removed the bucket, or it never was.
        Err(Errno::NOENT) => match shared.names.sync(&shared.layout.registry(key.registry())) {
            Ok(()) | Err(Errno::NOENT) => {}
            Err(error) => return Err(failed(error)),
        },
        Err(error) => return Err(failed(error)),
    }
    Ok(())
}
