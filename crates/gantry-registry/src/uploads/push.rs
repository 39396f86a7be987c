//! Pushing a blob by one request.

use gantry_model::permission::{Permit, Push};
use gantry_oci::Digest;

use super::{FinishError, PushedBlob, StartError, UploadBody};
use crate::{Content, StoreError};

/// Why there is no blob.
#[derive(Debug, thiserror::Error)]
pub enum PushBlobError {
    /// There was no session for it.
    #[error(transparent)]
    Start(#[from] StartError),
    /// The bytes weren't taken.
    #[error(transparent)]
    Finish(#[from] FinishError),
}

impl Content {
    /// Takes the body as the blob `digest`. Nobody but this call knows its session, so nothing is
    /// left of it when it fails.
    ///
    /// What was answered survives a loss of power. Goes on to its end when the request that asked
    /// for it is gone.
    pub async fn push_blob(
        &self,
        permit: Permit<Push>,
        digest: Digest,
        body: UploadBody,
    ) -> Result<PushedBlob, PushBlobError> {
        let content = self.clone();
        let push = async move {
            let id = content.start_upload(&permit, digest.algorithm()).await?;
            let pushed = content.finish(&permit, id, digest, None, body).await;
            if pushed.is_err()
                && let Err(error) = content.cancel_upload(&permit, id).await
            {
                tracing::warn!(upload.id = %id, %error, "a failed push was not cleared away");
            }
            Ok(pushed?)
        };
        let pushed = self.0.tasks.spawn(push).await;
        pushed.map_err(|error| FinishError::from(StoreError::Interrupted(error.to_string())))?
    }
}
