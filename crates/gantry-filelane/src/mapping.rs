//! Part of a file as memory. The one place in the workspace with `unsafe`.
//!
//! # Why this is sound
//!
//! Mapping a file is unsafe for one reason: the memory is a `&[u8]` to Rust, and whoever writes
//! to the file changes it, and whoever cuts the file makes reading it a fault.
//!
//! - The files are blobs. A blob is immutable once it is sealed: the blob store refuses appends,
//!   never cuts it, and deletes by unlinking, which leaves the bytes to those who have the file
//!   open. One process owns the store's directory. The mapping is shared and read-only, so it
//!   can't be the one that changes the file.
//! - The length is checked right before mapping, so a file that was too short all along is an
//!   error and not a fault.
//! - On the way that mappings are made for, no one reads them: `sendfile` gets descriptor and
//!   offset, and a file that has been cut against the rules yields an end of file there.
//!
//! A mapping leaves its lane *before* it is unmapped, so no address in a lane is ever one that
//! the allocator may have handed out again for something else.

use std::io;
use std::ops::Range;
use std::sync::Arc;

use bytes::Bytes;
use memmap2::{Mmap, MmapOptions};

use crate::{FileLane, SharedFile};

/// Memory that stands for part of a file, known to a lane for as long as it exists.
struct Mapping {
    memory: Mmap,
    lane: FileLane,
}

/// Maps `range` of `file` and makes it known to `lane`, until the last slice of it is dropped.
pub(crate) fn map(file: &SharedFile, range: Range<u64>, lane: FileLane) -> io::Result<Bytes> {
    let length = usize::try_from(range.end - range.start).map_err(io::Error::other)?;
    let stored = rustix::fs::fstat(file)?.st_size.unsigned_abs();
    if stored < range.end {
        return Err(io::ErrorKind::UnexpectedEof.into());
    }
    let descriptor = file.as_fd();
    let mut options = MmapOptions::new();
    options.offset(range.start).len(length);
    #[expect(unsafe_code, reason = "the argument is at the top of this file")]
    // SAFETY: the file is immutable and at least as long as the mapping.
    let memory = unsafe { options.map(&descriptor) }?;
    let start = memory.as_ptr().addr();
    lane.register(start..start + length, Arc::clone(file), range.start);
    Ok(Bytes::from_owner(Mapping { memory, lane }))
}

impl AsRef<[u8]> for Mapping {
    fn as_ref(&self) -> &[u8] {
        &self.memory
    }
}

impl Drop for Mapping {
    fn drop(&mut self) {
        // Fields are dropped after this: the lane forgets the addresses, then they are unmapped.
        self.lane.withdraw(self.memory.as_ptr().addr());
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    fn file(bytes: &[u8]) -> SharedFile {
        let mut file = tempfile::tempfile().unwrap();
        file.write_all(bytes).unwrap();
        Arc::new(file)
    }

    #[test]
    fn slices_are_found_until_the_last_is_dropped() {
        let (lane, file) = (FileLane::default(), file(&[b'x'; 10_000]));
        let whole = map(&file, 5_000..9_000, lane.clone()).unwrap();
        assert_eq!(lane.find(&whole).unwrap().offset, 5_000);
        let part = whole.slice(100..200);
        drop(whole);
        assert_eq!(lane.find(&part).unwrap().offset, 5_100);
        let same_bytes = part.to_vec();
        assert!(lane.find(&same_bytes).is_none());
        drop(part);
        assert_eq!(Arc::strong_count(&file), 1, "the lane holds no file any more");
    }

    #[test]
    fn slice_that_only_touches_a_mapping_is_not_found() {
        let lane = FileLane::default();
        let bytes = [0; 100];
        let start = bytes.as_ptr().addr();
        lane.register(start + 10..start + 20, file(b""), 0);
        assert!(lane.find(&bytes[5..15]).is_none());
        assert!(lane.find(&bytes[15..25]).is_none());
        assert!(lane.find(&bytes[10..20]).is_some());
    }

    #[test]
    fn file_that_is_too_short_is_refused() {
        let refused = map(&file(&[0; 100]), 0..101, FileLane::default()).unwrap_err();
        assert_eq!(refused.kind(), io::ErrorKind::UnexpectedEof);
    }
}
