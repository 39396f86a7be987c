//! Giving a session up.

use gantry_catalog::{DbError, Durability};
use gantry_model::UploadId;
use gantry_model::permission::{Permit, Push};

use crate::{Content, StoreError};

/// Why a session wasn't cancelled.
#[derive(Debug, thiserror::Error)]
pub enum CancelError {
    /// No such session, or it isn't the asker's.
    #[error("no such upload in this repository")]
    Unknown,
    /// A store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<DbError> for CancelError {
    fn from(error: DbError) -> Self {
        Self::Store(error.into())
    }
}

impl Content {
    /// Ends the session; its bytes become trash.
    pub async fn cancel_upload(
        &self,
        permit: &Permit<Push>,
        id: UploadId,
    ) -> Result<(), CancelError> {
        let _turn = self.0.sessions.take(id).await;
        self.0.sessions.forget(id);
        let row = self.catalog().upload_find(id, permit.registry(), permit.repository()).await?;
        if row.is_none_or(|upload| upload.identity != permit.identity().as_str()) {
            return Err(CancelError::Unknown);
        }
        let trashed = self.0.trashed.clone();
        self.catalog()
            .transaction(Durability::Power, move |tx| {
                let (key, received) = tx.upload_delete(id)?.ok_or(CancelError::Unknown)?;
                tx.trash_insert(&key, received)?;
                let trashed = trashed.clone();
                tx.on_commit(move || trashed.notify_one());
                Ok(())
            })
            .await
    }
}
