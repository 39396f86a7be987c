//! Opens a blob's file, making it and its directories where they aren't yet.

use std::fs::{DirBuilder, File};
use std::os::unix::fs::DirBuilderExt;

use rustix::fs::{Mode, OFlags};
use rustix::io::Errno;

use super::layout::Layout;
use super::sealed;
use crate::{BlobError, BlobKey};

/// What to do when there is no file yet.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Missing {
    Create,
    Refuse,
}

/// Opens the file of `key` with `access`.
pub(super) fn open(
    layout: &Layout,
    key: &BlobKey,
    access: OFlags,
    missing: Missing,
) -> Result<File, BlobError> {
    let path = layout.blob(key);
    let create = if missing == Missing::Create { OFlags::CREATE } else { OFlags::empty() };
    let flags = access | create | OFlags::CLOEXEC | OFlags::NOFOLLOW;
    loop {
        match rustix::fs::open(&path, flags, Mode::RUSR | Mode::WUSR) {
            Ok(file) => return Ok(file.into()),
            // No bucket yet, or a deletion just pruned it.
            Err(Errno::NOENT) if missing == Missing::Create => DirBuilder::new()
                .recursive(true)
                .mode(0o700)
                .create(layout.bucket(key))
                .map_err(|error| BlobError::io("making a bucket", error))?,
            Err(Errno::NOENT) => return Err(BlobError::NotFound(key.clone())),
            // What a sealed file says to all but root.
            Err(Errno::ACCESS) if rustix::fs::stat(&path).is_ok_and(|found| sealed(&found)) => {
                return Err(BlobError::Sealed(key.clone()));
            }
            Err(error) => return Err(BlobError::io(format!("opening {key}"), error)),
        }
    }
}
