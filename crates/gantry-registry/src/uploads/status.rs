//! How far a session is.

use gantry_catalog::{DbError, UploadRow};
use gantry_model::UploadId;
use gantry_model::permission::{Permit, Push};

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

    /// The session, if it is bound to the permit's registry, repository and identity.
    pub(super) async fn upload(
        &self,
        permit: &Permit<Push>,
        id: UploadId,
    ) -> Result<Option<UploadRow>, DbError> {
        let row = self.catalog().upload_find(id, permit.registry(), permit.repository()).await?;
        Ok(row.filter(|upload| upload.identity == permit.identity().as_str()))
    }
}
