//! Buffers to read files into, used again and again.

use std::io;
use std::ops::{Deref, DerefMut};
use std::sync::{Mutex, PoisonError};

use bytes::Bytes;
use memmap2::MmapMut;

/// The size of a buffer. Larger ones save system calls and cost memory for every body that waits
/// for its client.
pub(crate) const BUFFER: usize = 128 * 1024;

/// The buffers kept for the next reader.
const KEPT_MAX: usize = 32;

static KEPT: Mutex<Vec<MmapMut>> = Mutex::new(Vec::new());

/// A buffer that returns to the pool when dropped.
///
/// It is a mapping of its own and not from the allocator, which would keep the pages of a rush
/// of readers long after they are gone.
pub(crate) struct Buffer(Option<MmapMut>);

/// Takes a buffer; what is in it is left over from earlier.
pub(crate) fn take() -> io::Result<Buffer> {
    let kept = KEPT.lock().unwrap_or_else(PoisonError::into_inner).pop();
    kept.map_or_else(|| MmapMut::map_anon(BUFFER), Ok).map(|memory| Buffer(Some(memory)))
}

impl Buffer {
    /// The first `length` bytes, to be handed on.
    pub(crate) fn into_bytes(self, length: usize) -> Bytes {
        Bytes::from_owner(self).slice(..length)
    }
}

impl Drop for Buffer {
    fn drop(&mut self) {
        let memory = self.0.take();
        let mut kept = KEPT.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.len() < KEPT_MAX {
            kept.extend(memory);
        }
    }
}

impl AsRef<[u8]> for Buffer {
    fn as_ref(&self) -> &[u8] {
        self
    }
}

impl Deref for Buffer {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        self.0.as_ref().expect("taken only by drop")
    }
}

impl DerefMut for Buffer {
    fn deref_mut(&mut self) -> &mut [u8] {
        self.0.as_mut().expect("taken only by drop")
    }
}
