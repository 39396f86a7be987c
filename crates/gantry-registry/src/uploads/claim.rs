//! Coming to a session: whose it is, whose turn it is, and whether its bytes are there.
//!
//! What a session has received survives the end of the process, but not a loss of power: then its
//! row may remember bytes that the disk has lost. So a session that this process hasn't written to
//! is compared with its bytes once before it goes on.

use gantry_blobs::{BlobError, Draft, Resumed};
use gantry_catalog::UploadRow;
use gantry_model::UploadId;
use gantry_model::permission::{Permit, Push};
use gantry_oci::Hasher;

use super::receive::{hash, parse_key};
use super::session::SessionTurn;
use crate::{Content, StoreError};

/// Why a request can't go on with a session.
#[derive(Debug)]
pub(super) enum ClaimError {
    /// No such session, or it isn't the asker's, or its bytes are lost.
    Unknown,
    /// A request that came later has the session.
    Superseded,
    /// A store failed.
    Store(StoreError),
}

impl<E: Into<StoreError>> From<E> for ClaimError {
    fn from(error: E) -> Self {
        Self::Store(error.into())
    }
}

/// The session's bytes, as the blob store takes them.
pub(super) fn draft(upload: &UploadRow) -> Draft {
    Draft::resume(upload.received, upload.note.clone())
}

impl Content {
    /// Takes the turn at a session of the permit's registry, repository and identity.
    pub(super) async fn claim_upload(
        &self,
        permit: &Permit<Push>,
        id: UploadId,
    ) -> Result<(SessionTurn, UploadRow), ClaimError> {
        // Nobody but its owner may make another request stop.
        self.upload_row(permit, id).await?.ok_or(ClaimError::Unknown)?;
        let turn = self.0.sessions.take(id).await.ok_or(ClaimError::Superseded)?;
        let upload = self.upload_row(permit, id).await?.ok_or(ClaimError::Unknown)?;
        if !self.0.sessions.is_known(id) {
            if !self.has_bytes_of(&upload).await? {
                tracing::warn!(upload.id = %id, "an upload's bytes were lost; it has to start anew");
                return Err(ClaimError::Unknown);
            }
            self.0.sessions.know(id);
        }
        Ok((turn, upload))
    }

    /// The session, if it is bound to the permit's registry, repository and identity.
    pub(super) async fn upload_row(
        &self,
        permit: &Permit<Push>,
        id: UploadId,
    ) -> Result<Option<UploadRow>, StoreError> {
        let row = self.catalog().upload_find(id, permit.registry(), permit.repository()).await?;
        Ok(row.filter(|row| row.identity == permit.identity().as_str()))
    }

    /// Whether the store has what the session has received. The process that wrote to it may have
    /// ended anywhere, also between sealing and publishing.
    async fn has_bytes_of(&self, upload: &UploadRow) -> Result<bool, StoreError> {
        let key = parse_key(&upload.storage_key)?;
        let found = match self.blobs().resume(&key, &draft(upload)).await {
            Ok(Resumed::Kept) => return Ok(true),
            Ok(Resumed::Doubtful(found)) => found,
            Err(BlobError::OffsetMismatch { .. }) => return Ok(false),
            Err(error) => return Err(error.into()),
        };
        let recorded = Hasher::restore(&upload.hash_state)
            .map_err(|error| StoreError::Interrupted(error.to_string()))?;
        let hasher = hash(Hasher::new(recorded.algorithm()), found).await?;
        Ok(hasher.finish() == recorded.finish())
    }
}
