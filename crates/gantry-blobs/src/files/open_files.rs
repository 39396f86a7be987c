//! Files kept open, so that reading a popular blob opens nothing.

use std::sync::Arc;

use quick_cache::sync::Cache;
use rustix::fs::{Mode, OFlags};
use rustix::io::Errno;
use rustix::process::{Resource, getrlimit};

use super::layout::Layout;
use super::sealed;
use crate::{BlobError, BlobFile, BlobKey};

/// The most files kept open; fewer where the process may not have four times as many.
const OPEN_MAX: usize = 1024;

/// A bounded cache of sealed blobs, open for reading.
#[derive(Debug)]
pub(super) struct OpenFiles {
    cache: Cache<BlobKey, Arc<BlobFile>>,
}

impl OpenFiles {
    pub(super) fn new() -> Self {
        let allowed = getrlimit(Resource::Nofile).current.unwrap_or(u64::MAX) / 4;
        let most = usize::try_from(allowed).map_or(OPEN_MAX, |allowed| allowed.min(OPEN_MAX));
        Self { cache: Cache::new(most) }
    }

    pub(super) fn get(&self, key: &BlobKey) -> Option<Arc<BlobFile>> {
        self.cache.get(key)
    }

    /// Opens a file that [`get`](Self::get) did not have. Blocks.
    pub(super) fn open(&self, layout: &Layout, key: &BlobKey) -> Result<Arc<BlobFile>, BlobError> {
        let failed = |error: Errno| match error {
            Errno::NOENT => BlobError::NotFound(key.clone()),
            error => BlobError::io(format!("opening {key}"), error),
        };
        let flags = OFlags::RDONLY | OFlags::CLOEXEC | OFlags::NOFOLLOW;
        let file = rustix::fs::open(layout.blob(key), flags, Mode::empty()).map_err(failed)?;
        let before = rustix::fs::fstat(&file).map_err(failed)?;
        let file = Arc::new(BlobFile::new(file.into(), before.st_size.unsigned_abs()));
        if sealed(&before) {
            self.cache.insert(key.clone(), Arc::clone(&file));
            // Deleted in between: the deletion looked into the cache before the file was there.
            if rustix::fs::fstat(&file).map_err(failed)?.st_nlink == 0 {
                self.forget(key);
            }
        }
        Ok(file)
    }

    /// Lets go of a file that is gone, so that its bytes are freed when the last reader ends.
    pub(super) fn forget(&self, key: &BlobKey) {
        self.cache.remove(key);
    }
}
