//! Taking a chunk, or a stream without end announced.

use gantry_blobs::{BlobError, BodyError};
use gantry_catalog::{Durability, UploadRow};
use gantry_model::UploadId;
use gantry_model::permission::{Permit, Push};
use gantry_oci::ContentRange;

use super::claim::ClaimError;
use super::receive::{Received, TakenOver, UploadBody, parse_key};
use crate::error::store_error;
use crate::{Content, StoreError};

/// Why a request's bytes weren't all taken.
#[derive(Debug, thiserror::Error)]
pub enum AppendError {
    /// No such session, or it isn't the asker's.
    #[error("no such upload in this repository")]
    Unknown,
    /// The chunk doesn't start where the session is.
    #[error("the chunk starts at {start}, the upload is at {received}")]
    OutOfOrder {
        /// First byte of the chunk.
        start: u64,
        /// Bytes the session has.
        received: u64,
    },
    /// The body was shorter than its range.
    #[error("the chunk's range has {announced} bytes, {arrived} arrived")]
    TooShort {
        /// Bytes of the range.
        announced: u64,
        /// Bytes of the body.
        arrived: u64,
    },
    /// The body was longer than its range.
    #[error("the chunk's range has {0} bytes, more arrived")]
    LongerThanRange(u64),
    /// The blob would be too long.
    #[error("a blob may have {0} bytes at most")]
    TooLong(u64),
    /// The body broke off, for the reason that its stream gave; what came before is kept.
    #[error("the body broke off: {0}")]
    BrokenOff(BodyError),
    /// A store failed; the session is where it was.
    #[error(transparent)]
    Store(#[from] StoreError),
}

store_error!(AppendError);

impl From<ClaimError> for AppendError {
    fn from(error: ClaimError) -> Self {
        match error {
            ClaimError::Unknown => Self::Unknown,
            ClaimError::Superseded => Self::BrokenOff(TakenOver.into()),
            ClaimError::Store(error) => error.into(),
        }
    }
}

impl From<BlobError> for AppendError {
    fn from(error: BlobError) -> Self {
        Self::Store(error.into())
    }
}

impl Content {
    /// Appends the body to the session; answers how many bytes it has then. With a `range`, the
    /// body must be exactly that chunk and the session must be at its start.
    ///
    /// Goes on to its end when the request that asked for it is gone, so that the bytes that came
    /// before it broke off are kept. What was answered survives the end of the process.
    pub async fn append_upload(
        &self,
        permit: Permit<Push>,
        id: UploadId,
        range: Option<ContentRange>,
        body: UploadBody,
    ) -> Result<u64, AppendError> {
        let content = self.clone();
        let append = async move { content.append(&permit, id, range, body).await };
        self.0
            .tasks
            .spawn(append)
            .await
            .map_err(|error| StoreError::Interrupted(error.to_string()))?
    }

    async fn append(
        &self,
        permit: &Permit<Push>,
        id: UploadId,
        range: Option<ContentRange>,
        body: UploadBody,
    ) -> Result<u64, AppendError> {
        let (turn, upload) = self.claim_upload(permit, id).await?;
        let received = self.receive(&upload, range, body, turn.stop()).await?;
        self.advance_upload(id, &upload, &received).await?;
        match received.end {
            Ok(()) => Ok(received.draft.length()),
            Err(error) => Err(AppendError::BrokenOff(error)),
        }
    }

    /// Makes what has been received survive this process, and notes it.
    pub(super) async fn advance_upload(
        &self,
        id: UploadId,
        upload: &UploadRow,
        received: &Received,
    ) -> Result<(), AppendError> {
        let key = parse_key(&upload.storage_key)?;
        let kept = self.blobs().checkpoint(&key, &received.draft).await?;
        let (from, state) = (upload.received, received.hasher.save());
        self.catalog()
            .transaction(Durability::Process, move |tx| {
                if tx.upload_advance(id, from, kept.length(), kept.note(), &state)? {
                    Ok(())
                } else {
                    Err(AppendError::Unknown)
                }
            })
            .await
    }
}
