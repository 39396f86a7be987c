//! A wrapper that keeps small blobs of a store beyond this machine on the node's own disk.
//!
//! Configurations and small layers are most of what pulls ask for and least of the bytes: they come
//! from the disk, over the path that files have, once someone has asked for them. A key means the
//! same bytes for as long as it means any, so nothing kept is ever wrong. It is bounded, and none of
//! it outlives the process or a day. What the disk won't take is served without it.

use std::fmt;
use std::fs::{self, File};
use std::io::{self, Write};
use std::ops::Range;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use futures_util::{StreamExt, stream};
use quick_cache::Weighter;
use quick_cache::sync::Cache;
use tokio::task::spawn_blocking;
use tokio::time::Instant;

use crate::{
    Appended, BlobError, BlobFile, BlobKey, BlobList, BlobSource, BlobStore, BodyError, BodyStream,
    Draft, Resumed, Sealed, Space,
};

/// The longest blob that is kept, in bytes.
const SMALL: u64 = 1 << 20;
/// What blobs that are kept are guessed to have on average.
const USUAL: u64 = 16 << 10;
/// What an entry costs besides its bytes: a page of the file system, about.
const ENTRY: u64 = 4096;
/// For how long a blob is kept: one that was deleted leaves every disk within this and an hour.
const LIFETIME: Duration = Duration::from_secs(24 * 60 * 60);
const SWEEP: Duration = Duration::from_secs(60 * 60);

/// Keeps small blobs of `S` in a directory once they were read.
pub struct DiskCache<S> {
    store: S,
    directory: PathBuf,
    kept: Cache<BlobKey, Entry, ByBytes>,
    names: AtomicU64,
    /// The disk has refused the last one; told once.
    refused: AtomicBool,
    started: Instant,
    /// When what is too old was last looked for, in seconds since `started`.
    swept: AtomicU64,
}

#[derive(Clone)]
enum Entry {
    Kept(Arc<Kept>),
    /// Too long to keep.
    Large,
}

/// A file that goes when nobody needs it any more.
struct Kept {
    path: PathBuf,
    length: u64,
    since: Instant,
}

impl Drop for Kept {
    fn drop(&mut self) {
        // Whoever has it open reads to the end.
        let _ = fs::remove_file(&self.path);
    }
}

#[derive(Clone)]
struct ByBytes;

impl Weighter<BlobKey, Entry> for ByBytes {
    fn weight(&self, _: &BlobKey, entry: &Entry) -> u64 {
        match entry {
            Entry::Kept(kept) => kept.length + ENTRY,
            Entry::Large => 256,
        }
    }
}

impl<S: BlobStore> DiskCache<S> {
    /// Keeps up to about `limit` bytes in `directory`, which is emptied. Blocks.
    pub fn open(store: S, directory: impl Into<PathBuf>, limit: u64) -> Result<Self, BlobError> {
        let directory = directory.into();
        let failed = |error| BlobError::io(format!("making {}", directory.display()), error);
        match fs::remove_dir_all(&directory) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(failed(error)),
            _ => {}
        }
        fs::create_dir(&directory).map_err(failed)?;
        let entries = usize::try_from(limit / USUAL).unwrap_or(usize::MAX).max(64);
        Ok(Self {
            store,
            directory,
            kept: Cache::with_weighter(entries, limit, ByBytes),
            names: AtomicU64::new(0),
            refused: AtomicBool::new(false),
            started: Instant::now(),
            swept: AtomicU64::new(0),
        })
    }

    /// Reads a blob from the store, and keeps it where it is small. One caller for a key does so;
    /// the others wait for it.
    async fn fetch(
        &self,
        key: &BlobKey,
        range: Option<Range<u64>>,
        keep: impl FnOnce(Entry),
    ) -> Result<BlobSource, BlobError> {
        let found = self.store.read(key, None).await?;
        if found.length() > SMALL {
            keep(Entry::Large);
            return match range {
                None => Ok(found),
                range => self.store.read(key, range).await,
            };
        }
        let failed = |error| BlobError::Io { operation: format!("reading {key}"), source: error };
        let bytes = found.into_bytes().await.map_err(failed)?;
        let name = self.names.fetch_add(1, Ordering::Relaxed).to_string();
        let (path, written) = (self.directory.join(name), bytes.clone());
        let write = spawn_blocking(move || write(&path, &written).map(|()| path));
        match write.await.map_err(io::Error::other).flatten() {
            Ok(path) => {
                self.refused.store(false, Ordering::Relaxed);
                let (length, since) = (bytes.len() as u64, Instant::now());
                keep(Entry::Kept(Arc::new(Kept { path, length, since })));
            }
            Err(error) => {
                if !self.refused.swap(true, Ordering::Relaxed) {
                    let directory = self.directory.display();
                    tracing::warn!(%error, "small blobs can't be kept in {directory}: served without");
                }
            }
        }
        part_of(&bytes, range, key)
    }

    /// Lets go of what is too old, now and then.
    fn sweep(&self) {
        let (now, swept) = (self.started.elapsed().as_secs(), self.swept.load(Ordering::Relaxed));
        if now < swept + SWEEP.as_secs()
            || self
                .swept
                .compare_exchange(swept, now, Ordering::Relaxed, Ordering::Relaxed)
                .is_err()
        {
            return;
        }
        self.kept.retain(|_, entry| match entry {
            Entry::Kept(kept) => kept.since.elapsed() < LIFETIME,
            Entry::Large => true,
        });
    }
}

/// All or nothing of a file.
fn write(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut file = File::options().write(true).create_new(true).mode(0o600).open(path)?;
    file.write_all(bytes).inspect_err(|_| {
        let _ = fs::remove_file(path);
    })
}

fn part_of(
    bytes: &Bytes,
    range: Option<Range<u64>>,
    key: &BlobKey,
) -> Result<BlobSource, BlobError> {
    let length = bytes.len() as u64;
    let range = range.unwrap_or(0..length);
    if range.start > range.end || range.end > length {
        return Err(BlobError::OutOfRange { key: key.clone(), length });
    }
    // Within the length of a buffer, so within usize.
    let part = bytes.slice(range.start as usize..range.end as usize);
    Ok(BlobSource::Stream { length: part.len() as u64, stream: stream::iter([Ok(part)]).boxed() })
}

/// The kept file; `None` where it can't be opened.
async fn open(kept: Arc<Kept>, range: Option<Range<u64>>, key: &BlobKey) -> Option<BlobSource> {
    let length = kept.length;
    let range = range.unwrap_or(0..length);
    let file =
        spawn_blocking(move || File::open(&kept.path)).await.map_err(io::Error::other).flatten();
    let file =
        file.inspect_err(|error| tracing::warn!(blob.key = %key, %error, "a kept blob is gone"));
    Some(BlobSource::File { file: Arc::new(BlobFile::new(file.ok()?, length)), range })
}

#[async_trait]
impl<S: BlobStore> BlobStore for DiskCache<S> {
    async fn append(
        &self,
        key: &BlobKey,
        draft: &Draft,
        body: BodyStream<'_>,
    ) -> Result<Appended, BlobError> {
        self.store.append(key, draft, body).await
    }

    async fn checkpoint(&self, key: &BlobKey, draft: &Draft) -> Result<Draft, BlobError> {
        self.store.checkpoint(key, draft).await
    }

    async fn resume(&self, key: &BlobKey, draft: &Draft) -> Result<Resumed, BlobError> {
        // A seal may be taken back.
        self.kept.remove(key);
        self.store.resume(key, draft).await
    }

    async fn seal(&self, key: &BlobKey, draft: &Draft) -> Result<Sealed, BlobError> {
        self.store.seal(key, draft).await
    }

    async fn place(
        &self,
        key: &BlobKey,
        length: u64,
        body: BodyStream<'_>,
    ) -> Result<Result<(), BodyError>, BlobError> {
        self.store.place(key, length, body).await
    }

    async fn read(
        &self,
        key: &BlobKey,
        range: Option<Range<u64>>,
    ) -> Result<BlobSource, BlobError> {
        self.sweep();
        let kept = match self.kept.get_value_or_guard_async(key).await {
            Ok(Entry::Large) => return self.store.read(key, range).await,
            Ok(Entry::Kept(kept)) => kept,
            Err(guard) => {
                let keep = |entry| drop(guard.insert(entry));
                return self.fetch(key, range, keep).await;
            }
        };
        let length = kept.length;
        if range.as_ref().is_some_and(|range| range.start > range.end || range.end > length) {
            return Err(BlobError::OutOfRange { key: key.clone(), length });
        }
        match open(kept, range.clone(), key).await {
            Some(found) => Ok(found),
            None => {
                self.kept.remove(key);
                self.store.read(key, range).await
            }
        }
    }

    async fn address(
        &self,
        key: &BlobKey,
        lifetime: Duration,
    ) -> Result<Option<String>, BlobError> {
        self.store.address(key, lifetime).await
    }

    async fn delete(&self, key: &BlobKey) -> Result<(), BlobError> {
        self.kept.remove(key);
        self.store.delete(key).await
    }

    async fn holds(&self, key: &BlobKey) -> Result<bool, BlobError> {
        self.store.holds(key).await
    }

    fn list<'a>(&'a self, registry: &str) -> BlobList<'a> {
        self.store.list(registry)
    }

    async fn probe(&self) -> Result<Space, BlobError> {
        self.store.probe().await
    }
}

impl<S: fmt::Debug> fmt::Debug for DiskCache<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DiskCache")
            .field("store", &self.store)
            .field("directory", &self.directory)
            .field("entries", &self.kept.len())
            .finish_non_exhaustive()
    }
}
