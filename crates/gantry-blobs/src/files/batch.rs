//! Frames of a body gathered for one write.

use std::fs::File;
use std::io::{self, IoSlice};

use bytes::{Bytes, BytesMut};
use rustix::io::Errno;

/// Frames below this are copied together: as slices of their own they would cost more in
/// bookkeeping, and keep a whole network buffer alive each.
const COPY_MAX: usize = 4 * 1024;

/// Bytes of a body, in order.
#[derive(Debug, Default)]
pub(super) struct Batch {
    frames: Vec<Bytes>,
    small: BytesMut,
    length: usize,
}

impl Batch {
    pub(super) fn push(&mut self, frame: Bytes) {
        self.length += frame.len();
        if frame.len() < COPY_MAX {
            self.small.extend_from_slice(&frame);
        } else {
            self.close_small();
            self.frames.push(frame);
        }
    }

    pub(super) fn length(&self) -> usize {
        self.length
    }

    pub(super) fn write_at(mut self, file: &File, mut offset: u64) -> io::Result<()> {
        self.close_small();
        let mut slices: Vec<_> = self.frames.iter().map(|frame| IoSlice::new(frame)).collect();
        let mut rest = slices.as_mut_slice();
        while !rest.is_empty() {
            match rustix::io::pwritev(file, rest, offset) {
                Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
                Ok(written) => {
                    offset += written as u64;
                    IoSlice::advance_slices(&mut rest, written);
                }
                Err(Errno::INTR) => {}
                Err(error) => return Err(error.into()),
            }
        }
        Ok(())
    }

    fn close_small(&mut self) {
        if !self.small.is_empty() {
            self.frames.push(self.small.split().freeze());
        }
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::FileExt;

    use super::*;

    #[test]
    fn frames_of_every_size_keep_their_order() {
        let mut batch = Batch::default();
        let mut expected = Vec::new();
        for (index, length) in [1, 5000, 2, 3, 4096, 4095, 0, 9000].into_iter().enumerate() {
            let frame = vec![b'a' + index as u8; length];
            expected.extend_from_slice(&frame);
            batch.push(frame.into());
        }
        assert_eq!(batch.length(), expected.len());
        let file = tempfile::tempfile().unwrap();
        batch.write_at(&file, 7).unwrap();
        let mut found = vec![0; expected.len()];
        file.read_exact_at(&mut found, 7).unwrap();
        assert!(found == expected);
    }
}
