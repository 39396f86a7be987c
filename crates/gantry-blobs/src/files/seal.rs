//! Makes a blob durable and immutable.

use rustix::fs::{Mode, OFlags};
use rustix::io::Errno;

use super::writable::{self, Missing};
use super::{Shared, sealed};
use crate::{BlobError, BlobKey};

/// Returns when the first `length` bytes of `key` and its name survive loss of power. Blocks.
pub(super) fn seal(shared: &Shared, key: &BlobKey, length: u64) -> Result<(), BlobError> {
    let failed = |error: Errno| BlobError::io(format!("sealing {key}"), error);
    let missing = if length == 0 { Missing::Create } else { Missing::Refuse };
    let too_short = |stored| BlobError::OffsetMismatch { key: key.clone(), stored, wanted: length };
    let file = match writable::open(&shared.layout, key, OFlags::RDONLY, missing) {
        Err(BlobError::NotFound(_)) => return Err(too_short(0)),
        opened => opened?,
    };
    let found = rustix::fs::fstat(&file).map_err(failed)?;
    let stored = found.st_size.unsigned_abs();
    if stored < length {
        return Err(too_short(stored));
    }
    if stored > length && sealed(&found) {
        return Err(BlobError::Sealed(key.clone()));
    }
    if stored > length {
        cut(shared, key, length)?;
    }
    if !sealed(&found) {
        rustix::fs::fchmod(&file, Mode::RUSR).map_err(failed)?;
    }
    if let Err(error) = rustix::fs::fdatasync(&file) {
        // The kernel reports a lost page once and then calls it clean: a second attempt would
        // succeed over missing bytes.
        let _ = rustix::fs::fchmod(&file, Mode::RUSR | Mode::WUSR);
        let _ = cut(shared, key, 0);
        return Err(BlobError::io(format!("syncing {key}"), error));
    }
    let bucket = shared.layout.bucket(key);
    shared
        .names
        .sync(&bucket)
        .and_then(|()| shared.names.settle(&bucket, shared.layout.root()))
        .map_err(|error| BlobError::io(format!("syncing the bucket of {key}"), error))
}

fn cut(shared: &Shared, key: &BlobKey, length: u64) -> Result<(), BlobError> {
    let file = writable::open(&shared.layout, key, OFlags::WRONLY, Missing::Refuse)?;
    file.set_len(length).map_err(|error| BlobError::io(format!("cutting {key}"), error))
}

/// Gives the owner's right to write back.
pub(super) fn reopen(shared: &Shared, key: &BlobKey) -> Result<(), BlobError> {
    match rustix::fs::chmod(shared.layout.blob(key), Mode::RUSR | Mode::WUSR) {
        // Only sealed files are kept open, and at the length they were sealed at.
        Ok(()) => shared.open.forget(key),
        Err(Errno::NOENT) => {}
        Err(error) => return Err(BlobError::io(format!("reopening {key}"), error)),
    }
    Ok(())
}
