//! Closing a session: the bytes become a blob that the repository holds.

use gantry_blobs::{BlobError, BlobKey};
use gantry_catalog::{BlobRow, DbError, Durability, Transaction};
use gantry_model::permission::{Permit, Push};
use gantry_model::{Change, RegistryId, RepositoryId, UploadId};
use gantry_oci::{ContentRange, Digest, Hasher, RepositoryName};

use super::append::AppendError;
use super::receive::{Received, UploadBody, hash, parse_key};
use crate::{Content, Full, StoreError};

/// Why there is no blob. The session stays as it was before the request.
#[derive(Debug, thiserror::Error)]
pub enum FinishError {
    /// The bytes that came with the request weren't taken.
    #[error(transparent)]
    Append(#[from] AppendError),
    /// The bytes have another digest.
    #[error("the upload has digest {actual}, not {claimed}")]
    DigestMismatch {
        /// What the client said.
        claimed: Digest,
        /// What it is.
        actual: Digest,
    },
    /// The registry has no room for it.
    #[error(transparent)]
    Full(#[from] Full),
}

impl From<DbError> for FinishError {
    fn from(error: DbError) -> Self {
        Self::Append(error.into())
    }
}

impl From<StoreError> for FinishError {
    fn from(error: StoreError) -> Self {
        Self::Append(error.into())
    }
}

/// A blob that was pushed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PushedBlob {
    /// Its digest.
    pub digest: Digest,
    /// Its length in bytes.
    pub size: u64,
}

impl Content {
    /// Appends the body, if there is one, and closes the session as the blob `digest`.
    ///
    /// What was answered survives a loss of power. Goes on to its end when the request that asked
    /// for it is gone. A client that didn't get the answer may ask again: a session that is gone
    /// has been closed where the repository holds the blob.
    pub async fn finish_upload(
        &self,
        permit: Permit<Push>,
        id: UploadId,
        digest: Digest,
        range: Option<ContentRange>,
        body: UploadBody,
    ) -> Result<PushedBlob, FinishError> {
        let content = self.clone();
        let finish = async move {
            match content.finish(&permit, id, digest, range, body).await {
                Err(FinishError::Append(AppendError::Unknown)) => {
                    content.finished_before(&permit, digest).await
                }
                outcome => outcome,
            }
        };
        self.0
            .tasks
            .spawn(finish)
            .await
            .map_err(|error| StoreError::Interrupted(error.to_string()))?
    }

    pub(super) async fn finish(
        &self,
        permit: &Permit<Push>,
        id: UploadId,
        digest: Digest,
        range: Option<ContentRange>,
        body: UploadBody,
    ) -> Result<PushedBlob, FinishError> {
        let (turn, upload) = self.claim_upload(permit, id).await.map_err(AppendError::from)?;
        let received = self.receive(&upload, range, body, turn.stop()).await?;
        if received.end.is_err() {
            self.advance_upload(id, &upload, &received).await?;
        }
        let Received { draft, hasher, end } = received;
        end.map_err(AppendError::BrokenOff)?;
        let hashed = (hasher.algorithm() == digest.algorithm()).then(|| hasher.finish());
        if let Some(actual) = hashed.filter(|actual| *actual != digest) {
            return Err(FinishError::DigestMismatch { claimed: digest, actual });
        }
        let key = parse_key(&upload.storage_key)?;
        let sealed = self.blobs().seal(&key, &draft).await.map_err(sealing)?;
        if hashed.is_none() || sealed.doubtful {
            let actual = self.rehash(&sealed.key, &digest).await?;
            if actual != digest {
                // The session goes on, if the store can take the seal back.
                self.0.sessions.forget(id);
                return Err(FinishError::DigestMismatch { claimed: digest, actual });
            }
        }
        let total = draft.length();
        let storage_key = sealed.key.to_string();
        // What the store had of the upload besides the sealed bytes.
        let remains = (storage_key != upload.storage_key && !upload.note.is_empty())
            .then_some(upload.storage_key);
        let blob = BlobRow { digest, storage_key, size: total };
        if let Err(error) = self.commit_upload(permit, id, blob, remains).await {
            // The session goes on, so its bytes must take more. Whether the commit took place is
            // not always known; where it did, the session is gone and is asked for in vain.
            self.0.sessions.forget(id);
            return Err(error);
        }
        self.0.sessions.forget(id);
        Ok(PushedBlob { digest, size: total })
    }

    /// The blob, if the repository holds it; its grace starts anew.
    async fn finished_before(
        &self,
        permit: &Permit<Push>,
        digest: Digest,
    ) -> Result<PushedBlob, FinishError> {
        let (registry, name) = (permit.registry(), permit.repository().clone());
        self.catalog()
            .transaction(Durability::Power, move |tx| {
                let unknown = AppendError::Unknown;
                let Some(repository) = tx.repository_find(registry, &name)? else {
                    return Err(unknown.into());
                };
                let Some(size) = tx.blob_size(repository, &digest)? else {
                    return Err(unknown.into());
                };
                tx.blob_renew(repository, &digest)?;
                Ok(PushedBlob { digest, size })
            })
            .await
    }

    /// One read of the sealed bytes: for a digest by an algorithm that wasn't announced, and where
    /// someone else may have sealed them.
    async fn rehash(&self, key: &BlobKey, digest: &Digest) -> Result<Digest, FinishError> {
        let stored = match self.blobs().read(key, None).await {
            // Whoever sealed them has ended the session since, and others had brought the digest.
            Err(BlobError::NotFound(_)) => return Err(AppendError::Unknown.into()),
            stored => stored.map_err(StoreError::from)?,
        };
        Ok(hash(Hasher::new(digest.algorithm()), stored).await?.finish())
    }

    async fn commit_upload(
        &self,
        permit: &Permit<Push>,
        id: UploadId,
        blob: BlobRow,
        remains: Option<String>,
    ) -> Result<(), FinishError> {
        let (registry, name) = (permit.registry(), permit.repository().clone());
        let sparse = self.registries().allows_sparse_content(registry);
        let room = self.room(registry, blob.size).await?;
        let content = self.clone();
        self.catalog()
            .transaction(Durability::Power, move |tx| {
                tx.upload_delete(id)?.ok_or(AppendError::Unknown)?;
                let repository = tx.repository_ensure(registry, &name)?;
                let stored = tx.blob_insert(registry, &blob)?;
                if stored {
                    room?;
                } else {
                    // The digest has bytes already, under a key that others may be reading.
                    tx.trash_insert(&blob.storage_key, blob.size)?;
                }
                if let Some(key) = &remains {
                    tx.trash_insert(key, 0)?;
                }
                if !stored || remains.is_some() {
                    let trashed = content.0.trashed.clone();
                    tx.on_commit(move || trashed.notify_one());
                }
                let place = Place { registry, repository, name: &name };
                if sparse {
                    tx.repository_lock(repository)?;
                }
                link_blob(tx, &place, &blob.digest, blob.size, stored)?;
                tx.on_commit(content.cache().invalidation(registry, &name));
                Ok(())
            })
            .await
    }
}

/// Bytes that the store doesn't have, or has sealed otherwise, aren't what the session says.
fn sealing(error: BlobError) -> FinishError {
    match error {
        BlobError::OffsetMismatch { .. } | BlobError::Sealed(_) => AppendError::Unknown.into(),
        error => StoreError::from(error).into(),
    }
}

/// A repository, as a transaction speaks of it.
pub(crate) struct Place<'a> {
    pub(crate) registry: RegistryId,
    pub(crate) repository: RepositoryId,
    pub(crate) name: &'a RepositoryName,
}

/// Makes the repository hold the blob, and whatever named it before it came.
pub(crate) fn link_blob(
    tx: &mut Transaction<'_, '_>,
    place: &Place<'_>,
    digest: &Digest,
    size: u64,
    stored: bool,
) -> Result<(), DbError> {
    if !tx.blob_link(place.registry, place.repository, digest)? {
        return Ok(());
    }
    tx.blob_edge_arrived(place.repository, digest)?;
    let repository = place.name.clone();
    tx.journal_append(
        place.registry,
        &Change::BlobLinked { repository, digest: *digest, size, stored },
    )
}
