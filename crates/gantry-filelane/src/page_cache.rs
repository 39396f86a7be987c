//! Whether bytes of a file can be had without waiting for the device.

use std::io::{self, IoSliceMut};
use std::num::NonZeroU64;
use std::ops::Range;
use std::os::fd::AsFd;

use rustix::fs::Advice;
use rustix::io::{Errno, ReadWriteFlags, pread, preadv2};

use crate::pool;

/// How far apart the page cache is probed. Files come and go there in long runs of pages; a hole
/// between two probes costs a short wait and nothing else.
const STRIDE: u64 = 1024 * 1024;

/// What a read found that would not wait.
pub(crate) enum Cached {
    /// That many bytes; at least one.
    Read(usize),
    /// The device would have to be asked, or the file system can't tell.
    Unknown,
}

/// Reads what is there without waiting.
pub(crate) fn read_cached(
    file: &(impl AsFd + ?Sized),
    buffer: &mut [u8],
    offset: u64,
) -> io::Result<Cached> {
    let mut slices = [IoSliceMut::new(buffer)];
    loop {
        match preadv2(file.as_fd(), &mut slices, offset, ReadWriteFlags::NOWAIT) {
            Ok(0) => return Err(io::ErrorKind::UnexpectedEof.into()),
            Ok(read) => return Ok(Cached::Read(read)),
            Err(Errno::INTR) => {}
            Err(Errno::AGAIN | Errno::OPNOTSUPP | Errno::NOSYS) => return Ok(Cached::Unknown),
            Err(error) => return Err(error.into()),
        }
    }
}

/// Reads until `buffer` is full. Blocks.
pub(crate) fn read_full(
    file: &(impl AsFd + ?Sized),
    mut buffer: &mut [u8],
    mut offset: u64,
) -> io::Result<()> {
    while !buffer.is_empty() {
        match pread(file.as_fd(), &mut *buffer, offset) {
            Ok(0) => return Err(io::ErrorKind::UnexpectedEof.into()),
            Ok(read) => {
                buffer = &mut buffer[read..];
                offset += read as u64;
            }
            Err(Errno::INTR) => {}
            Err(error) => return Err(error.into()),
        }
    }
    Ok(())
}

/// Whether `range` seems to be in the page cache.
pub(crate) fn is_cached(file: &(impl AsFd + ?Sized), range: &Range<u64>) -> io::Result<bool> {
    let mut byte = [0];
    let probes = range.clone().step_by(STRIDE as usize).chain(range.end.checked_sub(1));
    for offset in probes {
        if let Cached::Unknown = read_cached(file, &mut byte, offset)? {
            return Ok(false);
        }
    }
    Ok(true)
}

/// Brings `range` into the page cache, and asks for as much again behind it. Blocks.
pub(crate) fn fill(file: &(impl AsFd + ?Sized), range: Range<u64>) -> io::Result<()> {
    let ahead = NonZeroU64::new((range.end - range.start).saturating_mul(2));
    // Only advice: where it isn't taken, the reads below do it all.
    let _ = rustix::fs::fadvise(file.as_fd(), range.start, ahead, Advice::WillNeed);
    let mut buffer = pool::take()?;
    let mut at = range.start;
    while at < range.end {
        let length = buffer.len().min(usize::try_from(range.end - at).unwrap_or(usize::MAX));
        read_full(file, &mut buffer[..length], at)?;
        at += length as u64;
    }
    Ok(())
}
