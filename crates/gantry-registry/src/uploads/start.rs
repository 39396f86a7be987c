//! Starting a session.

use gantry_blobs::BlobKey;
use gantry_catalog::{Durability, NewUpload};
use gantry_model::permission::{Permit, Push};
use gantry_model::{Lock, RegistryId, UploadId};
use gantry_oci::{Algorithm, Hasher};

use crate::error::store_error;
use crate::locked::{Lockable, Locked, check_open};
use crate::{Content, Full, StoreError};

/// Why no session was started.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The identity has as many under way as it may.
    #[error("{0} uploads are under way already: finish or cancel some")]
    TooMany(usize),
    /// The repository is locked.
    #[error(transparent)]
    Locked(#[from] Locked),
    /// The registry has no room.
    #[error(transparent)]
    Full(#[from] Full),
    /// A store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

store_error!(StartError);

impl Content {
    /// Starts an upload session, bound to the permit's repository and identity. Its digest is
    /// computed with `algorithm` as bytes arrive.
    ///
    /// The session survives the end of the process, not necessarily a loss of power.
    pub async fn start_upload(
        &self,
        permit: &Permit<Push>,
        algorithm: Algorithm,
    ) -> Result<UploadId, StartError> {
        let (registry, identity) = (permit.registry(), permit.identity().to_string());
        let most = self.limits().uploads_per_identity;
        if self.catalog().upload_count(registry, &identity, most).await? >= most {
            return Err(StartError::TooMany(most));
        }
        let id = UploadId::new(self.catalog().now());
        self.room(registry, 0).await??;
        let new = NewUpload {
            id,
            registry,
            repository: permit.repository().clone(),
            identity,
            storage_key: blob_key(registry, id).to_string(),
            hash_state: Hasher::new(algorithm).save(),
        };
        self.catalog()
            .transaction(Durability::Process, move |tx| {
                let name = || Lockable::Repository(new.repository.clone());
                let locks = tx.repository_locks_of(registry, &new.repository)?;
                check_open(locks, Lock::Write, name)?;
                Ok::<_, StartError>(tx.upload_insert(&new)?)
            })
            .await?;
        self.0.sessions.know(id);
        Ok(id)
    }
}

fn blob_key(registry: RegistryId, upload: UploadId) -> BlobKey {
    BlobKey::new(&registry.to_string(), &upload.to_string()).expect("ids are letters and digits")
}
