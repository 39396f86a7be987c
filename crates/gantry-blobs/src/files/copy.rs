//! Puts a sealed blob into another store of files.

use std::fs;
use std::io;
use std::path::Path;

use rustix::io::Errno;

use super::Shared;
use super::layout::Layout;
use crate::{BlobError, BlobKey};

/// How a blob comes to be in two stores.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Placing {
    /// As one file with two names where both are on one file system, else as a copy. Sealed bytes
    /// never change, and deleting one name leaves the other.
    Link,
    /// As a copy.
    Copy,
}

/// Places the file of `key` in the other store, durably but for its name. Blocks.
pub(super) fn place(
    shared: &Shared,
    key: &BlobKey,
    other: &Layout,
    placing: Placing,
) -> Result<(), BlobError> {
    let failed = |error: io::Error| match error.kind() {
        io::ErrorKind::NotFound => BlobError::NotFound(key.clone()),
        _ => BlobError::io(format!("placing {key}"), error),
    };
    let (from, to) = (shared.layout.blob(key), other.blob(key));
    fs::create_dir_all(other.bucket(key)).map_err(failed)?;
    if placing == Placing::Link {
        match fs::hard_link(&from, &to) {
            Ok(()) => return Ok(()),
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => return Ok(()),
            Err(error) if is_elsewhere(&error) => {}
            Err(error) => return Err(failed(error)),
        }
    }
    copy(&from, &to).map_err(failed)
}

/// Another file system, or one without links.
fn is_elsewhere(error: &io::Error) -> bool {
    let errno = error.raw_os_error().map(Errno::from_raw_os_error);
    matches!(errno, Some(Errno::XDEV | Errno::PERM | Errno::MLINK | Errno::OPNOTSUPP))
}

fn copy(from: &Path, to: &Path) -> io::Result<()> {
    // No blob's name ends so.
    let mut staged = to.to_owned().into_os_string();
    staged.push("~");
    // Permissions come along: a sealed file stays sealed.
    fs::copy(from, &staged)?;
    fs::File::open(&staged)?.sync_all()?;
    fs::rename(&staged, to)
}
