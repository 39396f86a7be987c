//! Hashing that can stop, be stored, and go on elsewhere.

use std::fmt;

use gantry_sha2::{Sha256, Sha512};

use crate::{Algorithm, Digest};

/// A digest in the making, whose state can be saved between two bytes.
///
/// The saved state holds the last, unfinished block of content: treat it as content.
#[derive(Clone)]
pub struct Hasher(State);

#[derive(Clone)]
enum State {
    Sha256(Sha256),
    Sha512(Sha512),
}

/// Why saved bytes are no hash state. The remedy is to hash the content again.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum HashStateError {
    /// Written by a version that this one does not know.
    #[error("hash state has format version {0}, which this release does not read")]
    Version(u8),
    /// For an algorithm that this version does not know.
    #[error("hash state is for algorithm number {0}, which this release does not know")]
    Algorithm(u8),
    /// Cut short, too long, or damaged.
    #[error("hash state is damaged")]
    Damaged,
}

/// The first byte of saved states. It changes with the layout below.
const VERSION: u8 = 2;

impl Hasher {
    /// Starts with no bytes.
    pub fn new(algorithm: Algorithm) -> Self {
        Self(match algorithm {
            Algorithm::Sha256 => State::Sha256(Sha256::new()),
            Algorithm::Sha512 => State::Sha512(Sha512::new()),
        })
    }

    /// Hashes the next bytes.
    pub fn update(&mut self, bytes: &[u8]) {
        match &mut self.0 {
            State::Sha256(state) => state.update(bytes),
            State::Sha512(state) => state.update(bytes),
        }
    }

    /// The digest of all bytes so far.
    pub fn finish(self) -> Digest {
        match self.0 {
            State::Sha256(state) => Digest::Sha256(state.finish()),
            State::Sha512(state) => Digest::Sha512(state.finish()),
        }
    }

    /// The algorithm.
    pub fn algorithm(&self) -> Algorithm {
        match self.0 {
            State::Sha256(_) => Algorithm::Sha256,
            State::Sha512(_) => Algorithm::Sha512,
        }
    }

    /// How many bytes it has hashed.
    pub fn count(&self) -> u64 {
        match &self.0 {
            State::Sha256(state) => state.count(),
            State::Sha512(state) => state.count(),
        }
    }

    /// The state as bytes: version, algorithm, big-endian count, the hash's own, and a
    /// checksum of all that.
    pub fn save(&self) -> Vec<u8> {
        let (algorithm, state) = match &self.0 {
            State::Sha256(state) => (1, state.save()),
            State::Sha512(state) => (2, state.save()),
        };
        let mut saved = vec![VERSION, algorithm];
        saved.extend_from_slice(&self.count().to_be_bytes());
        saved.extend_from_slice(&state);
        saved.extend_from_slice(&checksum(&saved));
        saved
    }

    /// Goes on from what [`Hasher::save`] wrote.
    pub fn restore(saved: &[u8]) -> Result<Self, HashStateError> {
        let (&version, rest) = saved.split_first().ok_or(HashStateError::Damaged)?;
        if version != VERSION {
            return Err(HashStateError::Version(version));
        }
        let (&algorithm, rest) = rest.split_first().ok_or(HashStateError::Damaged)?;
        let (count, rest) = rest.split_first_chunk().ok_or(HashStateError::Damaged)?;
        let (state, sum) = rest.split_last_chunk().ok_or(HashStateError::Damaged)?;
        if *sum != checksum(&saved[..saved.len() - CHECKSUM_LEN]) {
            return Err(HashStateError::Damaged);
        }
        let count = u64::from_be_bytes(*count);
        let restored = match algorithm {
            1 => Sha256::restore(state, count).map(State::Sha256),
            2 => Sha512::restore(state, count).map(State::Sha512),
            unknown => return Err(HashStateError::Algorithm(unknown)),
        };
        restored.map(Self).ok_or(HashStateError::Damaged)
    }
}

const CHECKSUM_LEN: usize = 8;

/// Without it, a flipped bit would go on to a wrong digest, and the client be told
/// that its content is at fault.
fn checksum(bytes: &[u8]) -> [u8; CHECKSUM_LEN] {
    *Sha256::of(bytes).first_chunk().expect("a SHA-256 hash is longer than a checksum")
}

impl fmt::Debug for Hasher {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Hasher")
            .field("algorithm", &self.algorithm())
            .field("count", &self.count())
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn saving_at_every_byte_equals_one_shot() {
        let bytes: Vec<u8> = (0..300u32).map(|i| (i * 7) as u8).collect();
        for algorithm in [Algorithm::Sha256, Algorithm::Sha512] {
            let mut hasher = Hasher::new(algorithm);
            for (i, byte) in bytes.iter().enumerate() {
                hasher = Hasher::restore(&hasher.save()).unwrap();
                assert_eq!((hasher.algorithm(), hasher.count()), (algorithm, i as u64));
                hasher.update(&[*byte]);
            }
            assert_eq!(hasher.finish(), Digest::of(algorithm, &bytes));
        }
    }

    #[test]
    fn every_split_equals_one_shot() {
        let bytes = [0x5a; 260];
        for algorithm in [Algorithm::Sha256, Algorithm::Sha512] {
            for at in 0..=bytes.len() {
                let mut first = Hasher::new(algorithm);
                first.update(&bytes[..at]);
                let mut second = Hasher::restore(&first.save()).unwrap();
                second.update(&bytes[at..]);
                assert_eq!(second.finish(), Digest::of(algorithm, &bytes), "split at {at}");
            }
        }
    }

    #[test]
    fn what_was_not_saved_here_is_refused() {
        let restore = |bytes: &[u8]| Hasher::restore(bytes).map(|_| ()).unwrap_err();
        let saved = Hasher::new(Algorithm::Sha256).save();
        assert_eq!(restore(&[]), HashStateError::Damaged);
        assert_eq!(restore(&saved[..saved.len() - 1]), HashStateError::Damaged);
        assert_eq!(restore(&[saved.as_slice(), &[0]].concat()), HashStateError::Damaged);
        assert_eq!(restore(&[9, 1]), HashStateError::Version(9));
        let resealed = |at: usize, byte: u8| {
            let mut other = saved[..saved.len() - CHECKSUM_LEN].to_vec();
            other[at] = byte;
            other.extend_from_slice(&checksum(&other));
            other
        };
        assert_eq!(restore(&resealed(1, 7)), HashStateError::Algorithm(7));
        // The state of one algorithm does not pass for the other's.
        assert_eq!(restore(&resealed(1, 2)), HashStateError::Damaged);
    }
}
