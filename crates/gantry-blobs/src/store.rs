//! The seam itself, and the contract behind it.

use std::fmt;
use std::ops::Range;
use std::pin::Pin;

use async_trait::async_trait;
use bytes::Bytes;
use futures_util::Stream;

use crate::{BlobError, BlobKey, BlobSource, BodyError};

/// A body on its way in. It may fail at any point; what it yielded before stays valid.
pub type BodyStream<'a> = Pin<Box<dyn Stream<Item = Result<Bytes, BodyError>> + Send + 'a>>;

/// How an append went, once everything that arrived is stored.
#[derive(Debug)]
pub struct Appended {
    /// The bytes that were added: every byte that the body yielded.
    pub written: u64,
    /// How the body ended. After an error the bytes before it are kept all the same, so that the
    /// client may resume behind them.
    pub end: Result<(), BodyError>,
}

/// A stored blob as a listing shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredBlob {
    /// Its key.
    pub key: BlobKey,
    /// The bytes stored now.
    pub length: u64,
}

/// Room on the device behind a store.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Space {
    /// Bytes that can still be written.
    pub free: u64,
    /// Bytes that fit in all.
    pub total: u64,
}

/// Bytes under a key made for one upload and never used again. Knows no digests: which bytes a
/// digest means is the catalog's row.
///
/// A blob is appended to, sealed once, then read until it is deleted. Offsets and lengths are
/// the caller's: what the store holds beyond them is a leftover of a crash and is cut off.
/// Calls that change one key exclude each other, and an append whose future was dropped is over
/// before the next call for its key starts.
#[async_trait]
pub trait BlobStore: fmt::Debug + Send + Sync {
    /// Writes `body` exactly at `offset`; the first append of a key is at 0.
    ///
    /// Stored bytes beyond `offset` are cut; fewer bytes than `offset` are
    /// [`BlobError::OffsetMismatch`]. Every byte that `body` yielded is written, or the call is
    /// an error and the caller still holds `offset`. When it returns, the bytes survive the end
    /// of the process (not of power: that is [`seal`](Self::seal)).
    ///
    /// Cancel-safe: dropping the future leaves the blob usable from `offset`.
    async fn append(
        &self,
        key: &BlobKey,
        offset: u64,
        body: BodyStream<'_>,
    ) -> Result<Appended, BlobError>;

    /// Makes exactly `length` bytes durable, and their name too: when it returns they survive
    /// loss of power, and from here on they never change.
    ///
    /// Sealing again at the same length succeeds. A key that was never appended to can be sealed
    /// at length 0. When the device fails to make the bytes durable, they are dropped, since no
    /// one can tell any more which of them are good.
    async fn seal(&self, key: &BlobKey, length: u64) -> Result<(), BlobError>;

    /// Takes the seal back, where there is one, so that the blob can be appended to again.
    ///
    /// Only for a caller that knows that nobody has been told of the sealed blob: its upload broke
    /// off between the seal and what was to make it count. Succeeds when there are no bytes.
    async fn reopen(&self, key: &BlobKey) -> Result<(), BlobError>;

    /// Finds the bytes in `range`, or all of them. Whoever started to read gets to the end, even
    /// when the blob is deleted meanwhile. Before the seal it gives what was appended so far.
    async fn read(&self, key: &BlobKey, range: Option<Range<u64>>)
    -> Result<BlobSource, BlobError>;

    /// Removes the bytes, sealed or not, durably. Succeeds when there are none.
    async fn delete(&self, key: &BlobKey) -> Result<(), BlobError>;

    /// Lists up to `limit` blobs of `registry` in the order of their keys, from behind `after`.
    async fn list(
        &self,
        registry: &str,
        after: Option<&BlobKey>,
        limit: usize,
    ) -> Result<Vec<StoredBlob>, BlobError>;

    /// Tries that writes are possible, and tells how much room is left.
    async fn probe(&self) -> Result<Space, BlobError>;
}
