//! Bytes on their way from a request to the blob store: hashed, counted and bounded as they pass.

use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use futures_util::{Stream, TryStreamExt};
use gantry_blobs::{Appended, BlobError, BlobKey, BlobSource, BodyError, Draft, InvalidBlobKey};
use gantry_catalog::UploadRow;
use gantry_oci::{ContentRange, Hasher};
use tokio_util::sync::{CancellationToken, WaitForCancellationFutureOwned};

use super::append::AppendError;
use super::claim::draft;
use super::hashing::Hashing;
use crate::{Content, StoreError};

/// The bytes of one request.
pub type UploadBody = Pin<Box<dyn Stream<Item = Result<Bytes, BodyError>> + Send>>;

/// The session after a request's bytes.
pub(super) struct Received {
    /// Its bytes, as the blob store goes on with them.
    pub(super) draft: Draft,
    /// The digest over them, so far.
    pub(super) hasher: Hasher,
    /// How the body ended.
    pub(super) end: Result<(), BodyError>,
}

/// More bytes arrived than there is room for.
#[derive(Debug, thiserror::Error)]
#[error("too many bytes")]
struct TooLong;

/// Another request has the session.
#[derive(Debug, thiserror::Error)]
#[error("another request went on with this upload")]
pub(super) struct TakenOver;

impl Content {
    /// Appends a request's bytes to the session's, without noting it in the catalog: on an error
    /// they count for nothing.
    pub(super) async fn receive(
        &self,
        upload: &UploadRow,
        range: Option<ContentRange>,
        body: UploadBody,
        stop: CancellationToken,
    ) -> Result<Received, AppendError> {
        if let Some(range) = &range
            && range.start() != upload.received
        {
            return Err(AppendError::OutOfOrder {
                start: range.start(),
                received: upload.received,
            });
        }
        let hasher = Hasher::restore(&upload.hash_state)
            .map_err(|error| StoreError::Interrupted(error.to_string()))?;
        let key = parse_key(&upload.storage_key)?;
        let most = self.limits().blob_bytes.saturating_sub(upload.received);
        let announced = range.as_ref().map(ContentRange::len);
        let mut hashing = Hashing::new(hasher);
        let hashed = Hashed {
            body,
            hashing: &mut hashing,
            room: announced.map_or(most, |announced| announced.min(most)),
            stop: Box::pin(stop.cancelled_owned()),
        };
        let appended = self.blobs().append(&key, &draft(upload), Box::pin(hashed)).await;
        let Appended { draft, end } = match appended {
            Ok(appended) => appended,
            // The bytes aren't what the session says: the client starts anew.
            Err(BlobError::OffsetMismatch { .. } | BlobError::Sealed(_)) => {
                return Err(AppendError::Unknown);
            }
            Err(error) => return Err(error.into()),
        };
        let written = draft.length() - upload.received;
        match (&end, announced) {
            (Err(error), announced) if error.is::<TooLong>() => {
                return Err(match announced {
                    Some(announced) if announced <= most => AppendError::LongerThanRange(announced),
                    _ => AppendError::TooLong(self.limits().blob_bytes),
                });
            }
            (Ok(()), Some(announced)) if announced != written => {
                return Err(AppendError::TooShort { announced, arrived: written });
            }
            _ => {}
        }
        let hasher = hashing.finish().await;
        let hasher = hasher.map_err(|error| StoreError::Interrupted(error.to_string()))?;
        Ok(Received { draft, hasher, end })
    }
}

pub(crate) fn parse_key(text: &str) -> Result<BlobKey, StoreError> {
    text.parse().map_err(|error: InvalidBlobKey| StoreError::Interrupted(error.to_string()))
}

/// The digest's state after the stored bytes.
pub(super) async fn hash(mut hasher: Hasher, stored: BlobSource) -> Result<Hasher, StoreError> {
    let operation = "reading stored bytes again".to_owned();
    let is_near = matches!(stored, BlobSource::File { .. });
    let broken = |source: std::io::Error| match is_near {
        true => BlobError::Io { operation: operation.clone(), source },
        false => {
            BlobError::Unavailable { operation: operation.clone(), problem: source.to_string() }
        }
    };
    let mut stream = stored.into_stream();
    while let Some(chunk) = stream.try_next().await.map_err(broken)? {
        hasher.update(&chunk);
    }
    Ok(hasher)
}

/// A body that is hashed as it passes.
struct Hashed<'h> {
    body: UploadBody,
    hashing: &'h mut Hashing,
    /// How many more bytes may come.
    room: u64,
    stop: Pin<Box<WaitForCancellationFutureOwned>>,
}

impl Stream for Hashed<'_> {
    type Item = Result<Bytes, BodyError>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let this = &mut *self;
        if this.stop.as_mut().poll(cx).is_ready() {
            return Poll::Ready(Some(Err(TakenOver.into())));
        }
        if let Err(error) = ready!(this.hashing.poll_ready(cx)) {
            return Poll::Ready(Some(Err(error.into())));
        }
        let item = ready!(this.body.as_mut().poll_next(cx));
        if let Some(Ok(bytes)) = &item {
            let Some(room) = this.room.checked_sub(bytes.len() as u64) else {
                return Poll::Ready(Some(Err(TooLong.into())));
            };
            this.room = room;
            this.hashing.push(bytes.clone());
        }
        Poll::Ready(item)
    }
}
