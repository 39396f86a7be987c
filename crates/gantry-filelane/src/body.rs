//! A range of a file as an HTTP body.

use std::future::Future;
use std::io;
use std::ops::Range;
use std::panic;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use tokio::task::{JoinHandle, spawn_blocking};

use crate::page_cache::{self, Cached};
use crate::{FileLane, SharedFile, mapping, pool};

/// How much of a mapping is handed out at once, after looking whether it is in the page cache.
const WINDOW: u64 = 4 * 1024 * 1024;

/// Up to this length a body is read at once into memory of its own: setting up anything else
/// would take longer.
const SMALL: u64 = 64 * 1024;

/// Sends a range of a file. Its length is exact; it ends in an error where the file turns out to
/// be shorter.
///
/// Nothing waits for the device on the polling thread: bytes that are not in the page cache are
/// fetched on the blocking pool first.
pub struct FileBody {
    file: SharedFile,
    rest: Range<u64>,
    way: Way,
    job: Option<JoinHandle<io::Result<Bytes>>>,
}

/// How the bytes get into frames.
enum Way {
    /// Read into buffers.
    Read,
    /// Handed out as parts of a mapping, which is made at the first poll.
    Map(FileLane),
    /// Handed out as parts of this mapping of the rest.
    Mapped(Bytes),
}

impl FileBody {
    /// Sends `range` of `file`, by `lane` where the connection has one
    /// ([`FileLane::of`]).
    pub fn new(file: SharedFile, range: Range<u64>, lane: Option<FileLane>) -> Self {
        let length = range.end.saturating_sub(range.start);
        let way = match lane {
            Some(lane) if length > SMALL => Way::Map(lane),
            _ => Way::Read,
        };
        Self { file, rest: range, way, job: None }
    }

    /// Starts on the next frame: `Ok(None)` where the blocking pool has to help.
    fn next(&mut self) -> io::Result<Option<Bytes>> {
        if let Way::Map(lane) = &self.way {
            self.way = Way::Mapped(mapping::map(&self.file, self.rest.clone(), lane.clone())?);
        }
        match &mut self.way {
            Way::Mapped(mapped) => {
                let window = self.rest.start..self.rest.end.min(self.rest.start + WINDOW);
                // Not longer than a window.
                let slice = mapped.split_to((window.end - window.start) as usize);
                if page_cache::is_cached(&self.file, &window)? {
                    return Ok(Some(slice));
                }
                let file = Arc::clone(&self.file);
                self.job = Some(spawn_blocking(move || {
                    page_cache::fill(&file, window)?;
                    Ok(slice)
                }));
                Ok(None)
            }
            Way::Read | Way::Map(_) => self.read(),
        }
    }

    fn read(&mut self) -> io::Result<Option<Bytes>> {
        let (offset, length) = (self.rest.start, self.rest.end - self.rest.start);
        let mut buffer = ReadBuffer::new(length)?;
        if let Cached::Read(read) = page_cache::read_cached(&self.file, buffer.room(), offset)? {
            return Ok(Some(buffer.into_bytes(read)));
        }
        let file = Arc::clone(&self.file);
        self.job = Some(spawn_blocking(move || {
            let room = buffer.room();
            page_cache::read_full(&file, room, offset)?;
            let read = room.len();
            Ok(buffer.into_bytes(read))
        }));
        Ok(None)
    }
}

/// Room for the next frame.
enum ReadBuffer {
    Own(Vec<u8>),
    Pooled(pool::Buffer, usize),
}

impl ReadBuffer {
    fn new(length: u64) -> io::Result<Self> {
        if length <= SMALL {
            Ok(Self::Own(vec![0; length as usize]))
        } else {
            Ok(Self::Pooled(pool::take()?, length.min(pool::BUFFER as u64) as usize))
        }
    }

    fn room(&mut self) -> &mut [u8] {
        match self {
            Self::Own(buffer) => buffer,
            Self::Pooled(buffer, length) => &mut buffer[..*length],
        }
    }

    fn into_bytes(self, length: usize) -> Bytes {
        match self {
            Self::Own(mut buffer) => {
                buffer.truncate(length);
                buffer.into()
            }
            Self::Pooled(buffer, _) => buffer.into_bytes(length),
        }
    }
}

impl Body for FileBody {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<io::Result<Frame<Bytes>>>> {
        let this = self.get_mut();
        if this.rest.is_empty() {
            return Poll::Ready(None);
        }
        let next = match &mut this.job {
            Some(_) => Ok(None),
            None => this.next(),
        };
        let frame = match (next, &mut this.job) {
            (Ok(None), Some(job)) => {
                let outcome = ready!(Pin::new(job).poll(cx));
                this.job = None;
                outcome.unwrap_or_else(|error| match error.try_into_panic() {
                    Ok(cause) => panic::resume_unwind(cause),
                    Err(error) => Err(io::Error::other(error)),
                })
            }
            (next, _) => next.map(|frame| frame.expect("either bytes or a job that fetches them")),
        };
        match &frame {
            Ok(bytes) => this.rest.start += bytes.len() as u64,
            // Nothing right can follow.
            Err(_) => this.rest.start = this.rest.end,
        }
        Poll::Ready(Some(frame.map(Frame::data)))
    }

    fn is_end_stream(&self) -> bool {
        self.rest.is_empty()
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.rest.end.saturating_sub(self.rest.start))
    }
}
