//! Finds out whether the store can be written to.

use std::io::Write;
use std::path::Path;

use rustix::fs::{Mode, OFlags};

use crate::{BlobError, Space};

/// Not a registry's id, so never listed.
const NAME: &str = ".probe";

/// Writes and removes a small file, and asks how much room is left. Blocks.
///
/// The file isn't synced: a readiness check comes every few seconds and must not load the device.
pub(super) fn probe(root: &Path) -> Result<Space, BlobError> {
    let path = root.join(NAME);
    let failed = |error| BlobError::io("probing the blob store", error);
    let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::CLOEXEC | OFlags::NOFOLLOW;
    let mut file: std::fs::File = rustix::fs::open(&path, flags, Mode::RUSR | Mode::WUSR)
        .map_err(|error| failed(error.into()))?
        .into();
    let written = file.write_all(NAME.as_bytes());
    // Two probes at once may share the file; the second finds it removed.
    let _ = std::fs::remove_file(&path);
    written.map_err(failed)?;
    let room = rustix::fs::statvfs(root).map_err(|error| failed(error.into()))?;
    Ok(Space {
        free: room.f_bavail.saturating_mul(room.f_frsize),
        total: room.f_blocks.saturating_mul(room.f_frsize),
    })
}
