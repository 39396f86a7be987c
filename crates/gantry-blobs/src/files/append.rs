//! Writes a body into a blob while the rest of it arrives.

use std::fs::File;
use std::num::NonZeroU64;
use std::sync::Arc;

use futures_util::StreamExt;
use rustix::fs::{Advice, OFlags};
use rustix::io::Errno;
use tokio::task::JoinHandle;

use super::batch::Batch;
use super::key_locks::KeyGuard;
use super::writable::{self, Missing};
use super::{Shared, joined, sealed};
use crate::{Appended, BlobError, BlobKey, BodyStream, Draft};

/// What is gathered before it is written. One batch gathers while another is written, so an
/// append holds twice this, and a tiny body is a single job on the blocking pool.
const BATCH: usize = 256 * 1024;

/// How far the device may fall behind the page cache. Without early write-back all the work
/// would wait for the seal.
const WRITE_BACK: u64 = 8 * 1024 * 1024;

pub(super) async fn append(
    shared: &Arc<Shared>,
    key: &BlobKey,
    offset: u64,
    mut body: BodyStream<'_>,
) -> Result<Appended, BlobError> {
    let turn = shared.locks.lock(key).await;
    let mut writer = Writer::Idle(Target::new(shared, key, offset, turn));
    let mut batch = Batch::default();
    let mut written = 0;
    let end = loop {
        match body.next().await {
            None => break Ok(()),
            Some(Err(error)) => break Err(error),
            Some(Ok(frame)) => batch.push(frame),
        }
        if batch.length() >= BATCH {
            written += batch.length() as u64;
            writer = writer.write(std::mem::take(&mut batch)).await?;
        }
    };
    written += batch.length() as u64;
    // Even an empty body makes the blob exist, or finds that it is not at this offset.
    writer.write(batch).await?.finish().await?;
    Ok(Appended { draft: Draft::resume(offset + written, Vec::new()), end })
}

/// The blocking side of an append: at rest, or writing one batch.
enum Writer {
    Idle(Target),
    Busy(JoinHandle<Result<Target, BlobError>>),
}

impl Writer {
    /// Starts to write `batch`, once the one before it is written.
    async fn write(self, batch: Batch) -> Result<Self, BlobError> {
        let target = self.finish().await?;
        Ok(Self::Busy(tokio::task::spawn_blocking(move || target.write(batch))))
    }

    async fn finish(self) -> Result<Target, BlobError> {
        match self {
            Self::Idle(target) => Ok(target),
            Self::Busy(job) => joined(job).await,
        }
    }
}

/// The file being written. It travels through the blocking jobs together with the key's lock,
/// which therefore outlives an append that was dropped.
struct Target {
    shared: Arc<Shared>,
    key: BlobKey,
    file: Option<File>,
    start: u64,
    position: u64,
    written_back: u64,
    _turn: KeyGuard,
}

impl Target {
    fn new(shared: &Arc<Shared>, key: &BlobKey, offset: u64, turn: KeyGuard) -> Self {
        Self {
            shared: Arc::clone(shared),
            key: key.clone(),
            file: None,
            start: offset,
            position: offset,
            written_back: offset,
            _turn: turn,
        }
    }

    fn write(mut self, batch: Batch) -> Result<Self, BlobError> {
        let file = match self.file.take() {
            Some(file) => file,
            None => self.open()?,
        };
        let length = batch.length() as u64;
        if let Err(error) = batch.write_at(&file, self.position) {
            // The caller goes back to where it began; on a full disk the room is wanted now.
            let _ = file.set_len(self.start);
            return Err(BlobError::io(format!("writing {}", self.key), error));
        }
        self.position += length;
        if self.position - self.written_back >= WRITE_BACK {
            self.start_write_back(&file);
        }
        self.file = Some(file);
        Ok(self)
    }

    /// Opens the file and cuts it to where the append starts.
    fn open(&self) -> Result<File, BlobError> {
        let failed = |error: Errno| BlobError::io(format!("opening {}", self.key), error);
        let missing = if self.start == 0 { Missing::Create } else { Missing::Refuse };
        let file = match writable::open(&self.shared.layout, &self.key, OFlags::WRONLY, missing) {
            Err(BlobError::NotFound(_)) => return Err(self.too_short(0)),
            opened => opened?,
        };
        let found = rustix::fs::fstat(&file).map_err(failed)?;
        let stored = found.st_size.unsigned_abs();
        if sealed(&found) {
            return Err(BlobError::Sealed(self.key.clone()));
        }
        if stored < self.start {
            return Err(self.too_short(stored));
        }
        if stored > self.start {
            rustix::fs::ftruncate(&file, self.start).map_err(failed)?;
        }
        Ok(file)
    }

    fn too_short(&self, stored: u64) -> BlobError {
        BlobError::OffsetMismatch { key: self.key.clone(), stored, wanted: self.start }
    }

    fn start_write_back(&mut self, file: &File) {
        let length = NonZeroU64::new(self.position - self.written_back);
        // For dirty pages this advice means: start writing, wait for nothing. It drops only
        // pages that are clean already; those just written stay cached for the first pull.
        let _ = rustix::fs::fadvise(file, self.written_back, length, Advice::DontNeed);
        self.written_back = self.position;
    }
}
