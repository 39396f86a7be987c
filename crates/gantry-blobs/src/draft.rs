//! How far a blob is that is still being written.

use std::fmt;

use bytes::Bytes;

/// How far a blob is that is still being written: an append takes one and hands the next one back.
/// The one it took stays good for another attempt.
///
/// It becomes worth keeping with [`BlobStore::checkpoint`](crate::BlobStore::checkpoint): then its
/// [`length`](Self::length) and [`note`](Self::note) are all that any process needs to
/// [`resume`](Self::resume).
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Draft {
    length: u64,
    note: Vec<u8>,
    gathered: Vec<Bytes>,
}

impl Draft {
    /// A blob of which nothing is written.
    pub fn new() -> Self {
        Self::default()
    }

    /// A draft as a checkpoint left it.
    pub fn resume(length: u64, note: Vec<u8>) -> Self {
        Self { length, note, gathered: Vec::new() }
    }

    /// For stores: the same draft with other last bytes that are in memory only, within `length`.
    #[must_use]
    pub fn gathering(self, gathered: Vec<Bytes>) -> Self {
        Self { gathered, ..self }
    }

    /// The bytes written so far.
    pub fn length(&self) -> u64 {
        self.length
    }

    /// What the store needs to go on, in words of its own; empty where the length says it all.
    pub fn note(&self) -> &[u8] {
        &self.note
    }

    /// For stores: the last bytes, as far as they are in memory only.
    pub fn gathered(&self) -> &[Bytes] {
        &self.gathered
    }
}

impl fmt::Debug for Draft {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let gathered: usize = self.gathered.iter().map(Bytes::len).sum();
        f.debug_struct("Draft")
            .field("length", &self.length)
            .field("note", &self.note.len())
            .field("gathered", &gathered)
            .finish()
    }
}
