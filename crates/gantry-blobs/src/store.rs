//! The seam itself, and the contract behind it.

use std::fmt;
use std::ops::Range;
use std::pin::Pin;
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use futures_util::Stream;

use crate::{BlobError, BlobKey, BlobSource, BodyError, Draft};

/// A body on its way in. It may fail at any point; what it yielded before stays valid.
pub type BodyStream<'a> = Pin<Box<dyn Stream<Item = Result<Bytes, BodyError>> + Send + 'a>>;

/// How an append went, once everything that arrived is taken.
#[derive(Debug)]
pub struct Appended {
    /// The draft with every byte that the body yielded.
    pub draft: Draft,
    /// How the body ended. After an error the bytes before it are kept all the same, so that the
    /// client may resume behind them.
    pub end: Result<(), BodyError>,
}

/// What is known of a draft that another process left.
#[derive(Debug)]
pub enum Resumed {
    /// The store has its bytes.
    Kept,
    /// The store has as many bytes, but a loss of power may have spoilt them: these, for the
    /// caller to compare with what it knows of them.
    Doubtful(BlobSource),
}

/// Bytes that are sealed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sealed {
    /// What to read and delete them by: the upload's key, or a version of it.
    pub key: BlobKey,
    /// Another process may have sealed a draft of the same upload in this one's place: the caller
    /// reads the bytes and sees whether they are the right ones.
    pub doubtful: bool,
}

/// What is stored, as it is found.
pub type BlobList<'a> = Pin<Box<dyn Stream<Item = Result<StoredBlob, BlobError>> + Send + 'a>>;

/// A stored blob as a listing shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredBlob {
    /// Its key.
    pub key: BlobKey,
    /// The bytes stored now, of a draft as far as the store can tell.
    pub length: u64,
}

/// Room behind a store.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Space {
    /// Bytes that can still be written; `u64::MAX` where nobody knows a limit.
    pub free: u64,
    /// Bytes that fit in all; likewise.
    pub total: u64,
}

/// Bytes under a key made for one upload and never used again. Knows no digests: which bytes a
/// digest means is the catalog's row.
///
/// A blob is appended to, sealed once, then read until it is deleted. How far it is, is the
/// caller's to say ([`Draft`]): what the store holds beyond that is a leftover of a crash and is
/// cut off. Within a process, calls that change one key exclude each other, and an append whose
/// future was dropped is over before the next call for its key starts.
#[async_trait]
pub trait BlobStore: fmt::Debug + Send + Sync {
    /// Writes `body` behind `draft`.
    ///
    /// Fewer stored bytes than the draft says are [`BlobError::OffsetMismatch`]. Every byte that
    /// `body` yielded is taken, or the call is an error and the caller still holds `draft`. What
    /// was taken survives the end of the process once it is in a
    /// [`checkpoint`](Self::checkpoint).
    ///
    /// Cancel-safe: dropping the future leaves `draft` good.
    async fn append(
        &self,
        key: &BlobKey,
        draft: &Draft,
        body: BodyStream<'_>,
    ) -> Result<Appended, BlobError>;

    /// Makes the draft's bytes survive the end of the process (not of power: that is
    /// [`seal`](Self::seal)), so that any process can [`resume`](Draft::resume) the answer.
    async fn checkpoint(&self, key: &BlobKey, draft: &Draft) -> Result<Draft, BlobError>;

    /// Comes to a draft that another process may have left anywhere, even sealed: where there is a
    /// seal that can be taken back, it is.
    ///
    /// Only for a caller that knows that nobody has been told of the sealed blob. Fewer stored
    /// bytes than the draft says are [`BlobError::OffsetMismatch`].
    async fn resume(&self, key: &BlobKey, draft: &Draft) -> Result<Resumed, BlobError>;

    /// Makes exactly the draft's bytes durable, and their name too: when it returns they survive
    /// loss of power, and from here on they never change. Answers the key to read them by.
    ///
    /// Sealing the same draft again succeeds. When the device fails to make the bytes durable,
    /// they are dropped, since no one can tell any more which of them are good.
    async fn seal(&self, key: &BlobKey, draft: &Draft) -> Result<Sealed, BlobError>;

    /// Stores the bytes that another store has sealed under `key`, durably and under the same key;
    /// what reads it there reads it here. There is all of it or nothing under the key, so what
    /// [`holds`](Self::holds) tells of it can be relied on. Placing it twice is the same as once.
    ///
    /// A body that breaks off or isn't `length` bytes long is handed back as the inner error, and
    /// nothing is placed.
    async fn place(
        &self,
        key: &BlobKey,
        length: u64,
        body: BodyStream<'_>,
    ) -> Result<Result<(), BodyError>, BlobError>;

    /// Finds the bytes of a sealed blob in `range`, or all of them. Whoever started to read gets
    /// to the end, or an error, even when the blob is deleted meanwhile.
    async fn read(&self, key: &BlobKey, range: Option<Range<u64>>)
    -> Result<BlobSource, BlobError>;

    /// An address from which anyone may fetch the sealed bytes for as long as `lifetime`, with
    /// ranges; `None` where the store has none to give. Nobody looks whether the bytes are there.
    async fn address(
        &self,
        key: &BlobKey,
        lifetime: Duration,
    ) -> Result<Option<String>, BlobError> {
        let _ = (key, lifetime);
        Ok(None)
    }

    /// Removes the bytes, sealed or not, durably. Succeeds when there are none. Without a version, in
    /// a store that has them, it removes the draft and leaves each sealed version to its own key.
    async fn delete(&self, key: &BlobKey) -> Result<(), BlobError>;

    /// Whether anything is stored under the key, sealed or not.
    async fn holds(&self, key: &BlobKey) -> Result<bool, BlobError>;

    /// Lists what is stored for `registry`, sealed or not. What is stored or deleted meanwhile may
    /// be among it or not.
    fn list<'a>(&'a self, registry: &str) -> BlobList<'a>;

    /// Tries that writes are possible, and tells how much room is left.
    async fn probe(&self) -> Result<Space, BlobError>;
}
