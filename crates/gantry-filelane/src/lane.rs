//! What a connection knows about the files that are on their way through it.

use std::fmt;
use std::io::IoSlice;
use std::ops::Range;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use http::{Extensions, Version};
use tokio::net::TcpStream;

use crate::{LaneStream, SharedFile};

/// The way from a [`FileBody`](crate::FileBody) to the socket of its connection: which addresses
/// stand for which bytes of which files. Clones are the same lane.
#[derive(Clone, Default)]
pub struct FileLane {
    shared: Arc<Shared>,
}

#[derive(Default)]
struct Shared {
    live: Mutex<Vec<Live>>,
    sent: AtomicU64,
}

/// A mapping that exists now.
struct Live {
    addresses: Range<usize>,
    file: SharedFile,
    offset: u64,
}

/// The part of a file that a slice of memory stands for.
pub(crate) struct Part {
    pub(crate) file: SharedFile,
    pub(crate) offset: u64,
}

impl FileLane {
    /// Makes a plain connection carry files. The lane belongs into the extensions of every
    /// request that arrives over the returned stream.
    pub fn wrap(connection: TcpStream) -> (LaneStream, Self) {
        let lane = Self::default();
        (LaneStream::new(connection, lane.clone()), lane)
    }

    /// The lane of the connection that a request came over, if the answer may use it: HTTP/2 cuts
    /// bodies into frames, which are too small to be sent as files.
    pub fn of(version: Version, extensions: &Extensions) -> Option<Self> {
        let whole = matches!(version, Version::HTTP_10 | Version::HTTP_11);
        if whole { extensions.get().cloned() } else { None }
    }

    /// The bytes that the kernel took directly from files so far.
    pub fn sent(&self) -> u64 {
        self.shared.sent.load(Ordering::Relaxed)
    }

    /// From here on `addresses` stand for the bytes of `file` from `offset`.
    pub(crate) fn register(&self, addresses: Range<usize>, file: SharedFile, offset: u64) {
        self.live().push(Live { addresses, file, offset });
    }

    /// Takes back what [`register`](Self::register) said about the addresses from `start`.
    pub(crate) fn withdraw(&self, start: usize) {
        self.live().retain(|live| live.addresses.start != start);
    }

    /// The part of a file that `slice` stands for.
    pub(crate) fn find(&self, slice: &[u8]) -> Option<Part> {
        let addresses = slice.as_ptr_range();
        let (start, end) = (addresses.start.addr(), addresses.end.addr());
        self.live()
            .iter()
            .find(|live| live.addresses.start <= start && end <= live.addresses.end)
            .map(|live| Part {
                file: Arc::clone(&live.file),
                offset: live.offset + (start - live.addresses.start) as u64,
            })
    }

    /// The first slice that stands for a part of a file.
    pub(crate) fn first(&self, slices: &[IoSlice<'_>]) -> Option<(usize, Part)> {
        slices
            .iter()
            .enumerate()
            .filter(|(_, slice)| !slice.is_empty())
            .find_map(|(index, slice)| Some((index, self.find(slice)?)))
    }

    pub(crate) fn count(&self, sent: usize) {
        self.shared.sent.fetch_add(sent as u64, Ordering::Relaxed);
    }

    fn live(&self) -> MutexGuard<'_, Vec<Live>> {
        self.shared.live.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for FileLane {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FileLane").field("sent", &self.sent()).finish_non_exhaustive()
    }
}
