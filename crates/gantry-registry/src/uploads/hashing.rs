//! Hashing a body beside the thread that receives it.
//!
//! Hashing takes longest of all that a push costs. So while one batch is hashed on the blocking
//! pool, the next is received, and the blob store writes a third.

use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use gantry_oci::Hasher;
use tokio::task::{JoinError, JoinHandle, spawn_blocking};

/// What is gathered before it is hashed, in bytes. Less than this is not worth another thread.
const BATCH: usize = 256 << 10;
/// What a frame counts for at least: each keeps the network buffer that it lies in.
const FRAME: usize = 4 << 10;

/// A digest in the making over bytes that are still to be hashed.
pub(super) struct Hashing {
    hasher: At,
    gathered: Vec<Bytes>,
    weight: usize,
}

/// Where the digest's state is.
enum At {
    Here(Box<Hasher>),
    Away(JoinHandle<Box<Hasher>>),
}

impl Hashing {
    pub(super) fn new(hasher: Hasher) -> Self {
        Self { hasher: At::Here(Box::new(hasher)), gathered: Vec::new(), weight: 0 }
    }

    /// Takes the next bytes; [`poll_ready`](Self::poll_ready) comes first.
    pub(super) fn push(&mut self, bytes: Bytes) {
        self.weight += bytes.len().max(FRAME);
        self.gathered.push(bytes);
    }

    /// Resolves when there is room for more bytes.
    pub(super) fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), JoinError>> {
        if self.weight < BATCH {
            return Poll::Ready(Ok(()));
        }
        if let At::Away(job) = &mut self.hasher {
            self.hasher = At::Here(ready!(Pin::new(job).poll(cx))?);
        }
        if let At::Here(hasher) = &self.hasher {
            let (hasher, batch) = (hasher.clone(), std::mem::take(&mut self.gathered));
            self.weight = 0;
            self.hasher = At::Away(spawn_blocking(move || hash(hasher, &batch)));
        }
        Poll::Ready(Ok(()))
    }

    /// The digest's state after all bytes.
    pub(super) async fn finish(self) -> Result<Hasher, JoinError> {
        let hasher = match self.hasher {
            At::Here(hasher) => hasher,
            At::Away(job) => job.await?,
        };
        Ok(*hash(hasher, &self.gathered))
    }
}

fn hash(mut hasher: Box<Hasher>, batch: &[Bytes]) -> Box<Hasher> {
    batch.iter().for_each(|bytes| hasher.update(bytes));
    hasher
}

#[cfg(test)]
mod tests {
    use std::future::poll_fn;

    use gantry_oci::{Algorithm, Digest};

    use super::*;

    #[tokio::test]
    async fn frames_of_every_size_are_hashed_in_order() {
        let mut hashing = Hashing::new(Hasher::new(Algorithm::Sha256));
        let mut whole = Vec::new();
        for (index, length) in [1, 300_000, 2, 0, BATCH, BATCH - 1, 7].into_iter().enumerate() {
            let frame = vec![index as u8; length];
            whole.extend_from_slice(&frame);
            poll_fn(|cx| hashing.poll_ready(cx)).await.unwrap();
            hashing.push(frame.into());
        }
        for byte in 0..200 {
            whole.push(byte);
            poll_fn(|cx| hashing.poll_ready(cx)).await.unwrap();
            hashing.push(vec![byte].into());
        }
        assert!(hashing.gathered.len() <= BATCH / FRAME, "frames are few");
        let hasher = hashing.finish().await.unwrap();
        assert_eq!(hasher.count(), whole.len() as u64);
        assert_eq!(hasher.finish(), Digest::sha256(&whole));
    }
}
