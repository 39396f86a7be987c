//! Giving a session up.

use gantry_catalog::Durability;
use gantry_model::UploadId;
use gantry_model::permission::{Permit, Push};

use crate::error::store_error;
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

store_error!(CancelError);

impl Content {
    /// Ends the session; its bytes become trash.
    pub async fn cancel_upload(
        &self,
        permit: &Permit<Push>,
        id: UploadId,
    ) -> Result<(), CancelError> {
        self.upload_row(permit, id).await?.ok_or(CancelError::Unknown)?;
        let _turn = loop {
            // Also from requests that come later: they are about a session that ends.
            if let Some(turn) = self.0.sessions.take(id).await {
                break turn;
            }
        };
        self.0.sessions.forget(id);
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
