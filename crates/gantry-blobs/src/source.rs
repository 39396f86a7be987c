//! What a read of a blob hands back.

use std::fmt;
use std::fs::File;
use std::io;
use std::ops::Range;
use std::os::fd::{AsFd, BorrowedFd};
use std::pin::Pin;
use std::sync::Arc;

use bytes::Bytes;
use futures_util::{Stream, StreamExt, TryStreamExt, stream};

/// Stored bytes as they arrive from a store.
pub type BlobStream = Pin<Box<dyn Stream<Item = io::Result<Bytes>> + Send>>;

/// Where a blob's bytes are to be had: the surface picks the cheapest way to send them.
pub enum BlobSource {
    /// A range of an open file.
    File {
        /// The file, open for reading.
        file: Arc<BlobFile>,
        /// Which of its bytes; within the file.
        range: Range<u64>,
    },
    /// Bytes as they arrive.
    Stream {
        /// The bytes; exactly `length` of them, or an error.
        stream: BlobStream,
        /// How many.
        length: u64,
    },
}

impl BlobSource {
    /// The bytes, in order.
    ///
    /// For the slow paths that look at content (`fsck --deep`, a digest by another algorithm).
    /// Surfaces that send a file have better ways.
    pub fn into_stream(self) -> BlobStream {
        match self {
            Self::File { file, range } => file.chunks(range),
            Self::Stream { stream, .. } => stream,
        }
    }

    /// How many bytes.
    pub fn length(&self) -> u64 {
        match self {
            Self::File { range, .. } => range.end - range.start,
            Self::Stream { length, .. } => *length,
        }
    }

    /// All bytes at once. Only for blobs known to be small.
    pub async fn into_bytes(self) -> io::Result<Bytes> {
        let chunks: Vec<Bytes> = self.into_stream().try_collect().await?;
        Ok(chunks.concat().into())
    }
}

impl fmt::Debug for BlobSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File { range, .. } => f.debug_tuple("File").field(range).finish(),
            Self::Stream { length, .. } => f.debug_tuple("Stream").field(length).finish(),
        }
    }
}

/// An open file with a blob's bytes, shared by everyone who reads it. Bytes stay readable
/// through it after the blob is deleted.
#[derive(Debug)]
pub struct BlobFile {
    file: File,
    length: u64,
}

impl BlobFile {
    pub(crate) fn new(file: File, length: u64) -> Self {
        Self { file, length }
    }

    /// How many bytes it had when it was opened.
    pub fn length(&self) -> u64 {
        self.length
    }

    fn chunks(self: Arc<Self>, range: Range<u64>) -> BlobStream {
        const CHUNK: u64 = 256 * 1024;
        stream::try_unfold(range.start, move |at| {
            let (file, end) = (Arc::clone(&self), range.end.min(at.saturating_add(CHUNK)));
            async move {
                if at >= end {
                    return Ok(None);
                }
                let chunk = tokio::task::spawn_blocking(move || file.read_exact(at..end))
                    .await
                    .map_err(io::Error::other)??;
                Ok(Some((chunk, end)))
            }
        })
        .boxed()
    }

    fn read_exact(&self, range: Range<u64>) -> io::Result<Bytes> {
        use std::os::unix::fs::FileExt;
        let length = usize::try_from(range.end - range.start).map_err(io::Error::other)?;
        let mut buffer = vec![0; length];
        self.file.read_exact_at(&mut buffer, range.start)?;
        Ok(buffer.into())
    }
}

impl AsFd for BlobFile {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.file.as_fd()
    }
}
