//! How far a session is.

use gantry_blobs::BlobError;
use gantry_catalog::{DbError, UploadRow};
use gantry_model::UploadId;
use gantry_model::permission::{Permit, Push};
use gantry_oci::Hasher;

use super::receive::{hash, parse_key};
use crate::{Content, StoreError};

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub enum StatusError {
    /// No such session, or it isn't the asker's.
    #[error("no such upload in this repository")]
    Unknown,
    /// A store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<DbError> for StatusError {
    fn from(error: DbError) -> Self {
        Self::Store(error.into())
    }
}

impl Content {
    /// How many bytes the session has received.
    pub async fn upload_status(
        &self,
        permit: &Permit<Push>,
        id: UploadId,
    ) -> Result<u64, StatusError> {
        Ok(self.upload(permit, id).await?.ok_or(StatusError::Unknown)?.received)
    }

    /// The session, if it is bound to the permit's registry, repository and identity, and if its
    /// bytes are there.
    pub(super) async fn upload(
        &self,
        permit: &Permit<Push>,
        id: UploadId,
    ) -> Result<Option<UploadRow>, StoreError> {
        let row = self.catalog().upload_find(id, permit.registry(), permit.repository()).await?;
        let Some(upload) = row.filter(|row| row.identity == permit.identity().as_str()) else {
            return Ok(None);
        };
        if !self.0.sessions.is_known(id) {
            // The process that wrote to it may have ended between sealing and publishing.
            self.blobs().reopen(&parse_key(&upload.storage_key)?).await?;
            if !self.has_bytes_of(&upload).await? {
                tracing::warn!(upload.id = %id, "an upload's bytes were lost; it has to start anew");
                return Ok(None);
            }
            self.0.sessions.know(id);
        }
        Ok(Some(upload))
    }

    /// Whether the store has what the session has received.
    async fn has_bytes_of(&self, upload: &UploadRow) -> Result<bool, StoreError> {
        if upload.received == 0 {
            return Ok(true);
        }
        let recorded = Hasher::restore(&upload.hash_state)
            .map_err(|error| StoreError::Interrupted(error.to_string()))?;
        let key = parse_key(&upload.storage_key)?;
        let found = match self.blobs().read(&key, Some(0..upload.received)).await {
            Ok(found) => found,
            Err(BlobError::NotFound(_) | BlobError::OutOfRange { .. }) => return Ok(false),
            Err(error) => return Err(error.into()),
        };
        let hasher = hash(Hasher::new(recorded.algorithm()), found).await?;
        Ok(hasher.finish() == recorded.finish())
    }
}
