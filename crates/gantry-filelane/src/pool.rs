//! Buffers to read files into, used again and again.

use std::mem;
use std::ops::{Deref, DerefMut};
use std::sync::{Mutex, PoisonError};

use bytes::Bytes;

/// The size of a buffer. Larger ones save system calls and cost memory for every body that waits
/// for its client.
pub(crate) const BUFFER: usize = 128 * 1024;

/// The buffers kept for the next reader; what is beyond goes back to the allocator.
const KEPT_MAX: usize = 32;

static KEPT: Mutex<Vec<Box<[u8]>>> = Mutex::new(Vec::new());

/// A buffer that returns to the pool when dropped.
pub(crate) struct Buffer(Box<[u8]>);

/// Takes a buffer; what is in it is left over from earlier.
pub(crate) fn take() -> Buffer {
    let kept = KEPT.lock().unwrap_or_else(PoisonError::into_inner).pop();
    Buffer(kept.unwrap_or_else(|| vec![0; BUFFER].into()))
}

impl Buffer {
    /// The first `length` bytes, to be handed on.
    pub(crate) fn into_bytes(self, length: usize) -> Bytes {
        Bytes::from_owner(self).slice(..length)
    }
}

impl Drop for Buffer {
    fn drop(&mut self) {
        let mut kept = KEPT.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.len() < KEPT_MAX {
            kept.push(mem::take(&mut self.0));
        }
    }
}

impl AsRef<[u8]> for Buffer {
    fn as_ref(&self) -> &[u8] {
        &self.0
    }
}

impl Deref for Buffer {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.0
    }
}

impl DerefMut for Buffer {
    fn deref_mut(&mut self) -> &mut [u8] {
        &mut self.0
    }
}
