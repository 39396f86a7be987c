//! Blobs as plain files under one directory.
//!
//! One process owns the directory. Every system call that may wait for the device runs on the
//! blocking pool, a bounded piece at a time: a slow client holds no thread.

mod append;
mod batch;
mod copy;
mod delete;
mod directory_sync;
mod key_locks;
mod layout;
mod list;
mod open_files;
mod place;
mod probe;
mod seal;
mod writable;

pub use self::copy::Placing;

use std::fmt;
use std::fs::DirBuilder;
use std::io;
use std::ops::Range;
use std::os::unix::fs::DirBuilderExt;
use std::panic;
use std::path::PathBuf;
use std::sync::Arc;

use async_trait::async_trait;
use rustix::fs::Stat;
use rustix::io::Errno;
use tokio::task::{JoinHandle, spawn_blocking};

use self::directory_sync::DirectorySync;
use self::key_locks::KeyLocks;
use self::layout::Layout;
use self::open_files::OpenFiles;
use crate::{
    Appended, BlobError, BlobKey, BlobList, BlobSource, BlobStore, BodyError, BodyStream, Draft,
    Resumed, Sealed, Space,
};

/// Keeps each blob in a file of its own.
///
/// Memory per append is two batches of 256 KiB; syncs of directories are shared among those who
/// seal at the same time; files that are read often stay open.
pub struct FileBlobStore {
    shared: Arc<Shared>,
}

/// What the jobs on the blocking pool need.
#[derive(Debug)]
struct Shared {
    layout: Layout,
    locks: KeyLocks,
    names: DirectorySync,
    open: OpenFiles,
}

impl FileBlobStore {
    /// Uses the directory `root`, which is made if it isn't there. Blocks.
    pub fn open(root: impl Into<PathBuf>) -> Result<Self, BlobError> {
        let root = root.into();
        DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(&root)
            .map_err(|error| BlobError::io(format!("making {}", root.display()), error))?;
        let shared = Shared {
            layout: Layout::new(root),
            locks: KeyLocks::default(),
            names: DirectorySync::default(),
            open: OpenFiles::new(),
        };
        Ok(Self { shared: Arc::new(shared) })
    }

    /// Places a sealed blob in another store of files. Placing it twice is the same as once.
    pub async fn place_in(
        &self,
        other: &Self,
        key: &BlobKey,
        placing: Placing,
    ) -> Result<(), BlobError> {
        if other.holds(key).await? {
            return Ok(());
        }
        let (key, other) = (key.clone(), Arc::clone(&other.shared));
        self.blocking(move |shared| copy::place(shared, &key, &other.layout, placing)).await
    }

    async fn blocking<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Shared) -> Result<T, BlobError> + Send + 'static,
    ) -> Result<T, BlobError> {
        let shared = Arc::clone(&self.shared);
        joined(spawn_blocking(move || work(&shared))).await
    }
}

#[async_trait]
impl BlobStore for FileBlobStore {
    async fn append(
        &self,
        key: &BlobKey,
        draft: &Draft,
        body: BodyStream<'_>,
    ) -> Result<Appended, BlobError> {
        append::append(&self.shared, key, draft.length(), body).await
    }

    async fn checkpoint(&self, _: &BlobKey, draft: &Draft) -> Result<Draft, BlobError> {
        // What was written is the kernel's to keep.
        Ok(draft.clone())
    }

    async fn resume(&self, key: &BlobKey, draft: &Draft) -> Result<Resumed, BlobError> {
        let (reopened, turn) = (key.clone(), self.shared.locks.lock(key).await);
        self.blocking(move |shared| {
            let _turn = turn;
            seal::reopen(shared, &reopened)
        })
        .await?;
        if draft.length() == 0 {
            return Ok(Resumed::Kept);
        }
        let too_short = |stored| {
            let (key, wanted) = (key.clone(), draft.length());
            BlobError::OffsetMismatch { key, stored, wanted }
        };
        match self.read(key, Some(0..draft.length())).await {
            Ok(bytes) => Ok(Resumed::Doubtful(bytes)),
            Err(BlobError::NotFound(_)) => Err(too_short(0)),
            Err(BlobError::OutOfRange { length, .. }) => Err(too_short(length)),
            Err(error) => Err(error),
        }
    }

    async fn seal(&self, key: &BlobKey, draft: &Draft) -> Result<Sealed, BlobError> {
        let (length, key, turn) = (draft.length(), key.clone(), self.shared.locks.lock(key).await);
        self.blocking(move |shared| {
            let _turn = turn;
            seal::seal(shared, &key, length)?;
            Ok(Sealed { key, doubtful: false })
        })
        .await
    }

    async fn place(
        &self,
        key: &BlobKey,
        length: u64,
        body: BodyStream<'_>,
    ) -> Result<Result<(), BodyError>, BlobError> {
        place::place(&self.shared, key, length, body).await
    }

    async fn read(
        &self,
        key: &BlobKey,
        range: Option<Range<u64>>,
    ) -> Result<BlobSource, BlobError> {
        let file = match self.shared.open.get(key) {
            Some(file) => file,
            None => {
                let key = key.clone();
                self.blocking(move |shared| shared.open.open(&shared.layout, &key)).await?
            }
        };
        let length = file.length();
        let range = range.unwrap_or(0..length);
        if range.start > range.end || range.end > length {
            return Err(BlobError::OutOfRange { key: key.clone(), length });
        }
        Ok(BlobSource::File { file, range })
    }

    async fn delete(&self, key: &BlobKey) -> Result<(), BlobError> {
        let (key, turn) = (key.clone(), self.shared.locks.lock(key).await);
        self.blocking(move |shared| {
            let _turn = turn;
            delete::delete(shared, &key)
        })
        .await
    }

    async fn holds(&self, key: &BlobKey) -> Result<bool, BlobError> {
        let key = key.clone();
        self.blocking(move |shared| match rustix::fs::stat(shared.layout.blob(&key)) {
            Ok(_) => Ok(true),
            Err(Errno::NOENT) => Ok(false),
            Err(error) => Err(BlobError::io(format!("looking for {key}"), error)),
        })
        .await
    }

    fn list<'a>(&'a self, registry: &str) -> BlobList<'a> {
        list::stream(&self.shared, registry.to_owned())
    }

    async fn probe(&self) -> Result<Space, BlobError> {
        self.blocking(|shared| probe::probe(shared.layout.root())).await
    }
}

/// A sealed file has lost the owner's right to write. Power loss may bring the right back: that
/// costs a protection and a place in the cache, never bytes.
fn sealed(found: &Stat) -> bool {
    found.st_mode & 0o200 == 0
}

/// The outcome of a blocking job.
async fn joined<T>(job: JoinHandle<Result<T, BlobError>>) -> Result<T, BlobError> {
    match job.await {
        Ok(outcome) => outcome,
        Err(error) => match error.try_into_panic() {
            Ok(cause) => panic::resume_unwind(cause),
            Err(error) => Err(BlobError::io("running a job", io::Error::other(error))),
        },
    }
}

impl fmt::Debug for FileBlobStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FileBlobStore").field("root", &self.shared.layout.root()).finish()
    }
}
