//! How far a session is.

use gantry_model::UploadId;
use gantry_model::permission::{Permit, Push};

use super::claim::ClaimError;
use crate::error::store_error;
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

store_error!(StatusError);

impl Content {
    /// How many bytes the session has received.
    pub async fn upload_status(
        &self,
        permit: &Permit<Push>,
        id: UploadId,
    ) -> Result<u64, StatusError> {
        let upload = self.upload_row(permit, id).await?.ok_or(StatusError::Unknown)?;
        if self.0.sessions.is_known(id) {
            return Ok(upload.received);
        }
        // Its bytes are read once; whoever asked may leave meanwhile.
        let (content, permit) = (self.clone(), permit.clone());
        let claim = async move { content.claim_upload(&permit, id).await };
        let claimed = self.0.tasks.spawn(claim).await;
        match claimed.map_err(|error| StoreError::Interrupted(error.to_string()))? {
            Ok((_turn, upload)) => Ok(upload.received),
            Err(ClaimError::Superseded) => Ok(upload.received),
            Err(ClaimError::Unknown) => Err(StatusError::Unknown),
            Err(ClaimError::Store(error)) => Err(error.into()),
        }
    }
}
