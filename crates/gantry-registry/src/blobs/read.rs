//! Finding and reading a blob.

use std::ops::Range;
use std::sync::Arc;
use std::time::Duration;

use gantry_blobs::{BlobError, BlobKey, BlobSource};
use gantry_catalog::{BlobLink, DbError, Durability};
use gantry_model::permission::{Permit, Pull};
use gantry_model::{BlobReads, Lock};
use gantry_oci::Digest;

use crate::error::store_error;
use crate::locked::{Lockable, Locked, check_open};
use crate::uploads::parse_key;
use crate::{Content, StoreError};

/// Why there is no blob.
#[derive(Debug, thiserror::Error)]
pub enum FindBlobError {
    /// The repository doesn't hold it.
    #[error("the repository holds no blob {0}")]
    Unknown(Digest),
    /// The repository is locked.
    #[error(transparent)]
    Locked(#[from] Locked),
    /// A store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

store_error!(FindBlobError);

/// Why there are no bytes.
#[derive(Debug, thiserror::Error)]
pub enum ReadBlobError {
    /// The blob went while it was being looked for.
    #[error("the repository holds no blob {0}")]
    Unknown(Digest),
    /// A store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// How long an address given to a client is good: enough to begin late in a long queue of layers.
const ADDRESS_LIFETIME: Duration = Duration::from_secs(25 * 60);

/// A blob that was found.
#[derive(Clone, Debug)]
pub struct BlobInfo {
    /// Its digest.
    pub digest: Digest,
    /// Its length in bytes.
    pub size: u64,
    link: Arc<BlobLink>,
}

impl BlobInfo {
    fn key(&self) -> Result<BlobKey, StoreError> {
        parse_key(&self.link.storage_key)
    }
}

impl Content {
    /// The blob, if the repository holds it.
    ///
    /// A client that hears so may leave out an upload and name the blob in a manifest later. So
    /// where no manifest names it yet, its grace starts anew, and that is committed before the
    /// answer (no more often than [`Limits::renew_every`](crate::Limits::renew_every)).
    pub async fn find_blob(
        &self,
        permit: &Permit<Pull>,
        digest: &Digest,
    ) -> Result<BlobInfo, FindBlobError> {
        let (registry, name) = (permit.registry(), permit.repository());
        if let Some(link) = self.cache().blob(registry, name, digest) {
            return Ok(BlobInfo { digest: *digest, size: link.size, link });
        }
        let renew_every = self.limits().renew_every();
        loop {
            let generation = self.cache().generation(registry, name);
            let found = self.catalog().blob_find(registry, name, digest).await?;
            let link = Arc::new(found.ok_or(FindBlobError::Unknown(*digest))?);
            check_open(link.locks, Lock::Read, || Lockable::Repository(name.clone()))?;
            match link.unreferenced_since {
                None => self.cache().put_blob(registry, name, digest, generation, &link),
                Some(since) if since.plus(renew_every) > self.catalog().now() => {}
                Some(_) => {
                    if !self.renew_blob(&link, digest).await? {
                        // It was named or collected meanwhile: look again.
                        continue;
                    }
                }
            }
            return Ok(BlobInfo { digest: *digest, size: link.size, link });
        }
    }

    async fn renew_blob(&self, link: &BlobLink, digest: &Digest) -> Result<bool, DbError> {
        let (repository, digest) = (link.repository, *digest);
        self.catalog()
            .transaction(Durability::Power, move |tx| tx.blob_renew(repository, &digest))
            .await
    }

    /// A short-lived address to have the blob's bytes from, where the registry hands those out and
    /// the store has them.
    pub async fn blob_address(
        &self,
        permit: &Permit<Pull>,
        blob: &BlobInfo,
    ) -> Result<Option<String>, ReadBlobError> {
        if self.registries().blob_reads(permit.registry()) == BlobReads::Stream {
            return Ok(None);
        }
        let address = self.blobs().address(&blob.key()?, ADDRESS_LIFETIME).await;
        Ok(address.map_err(StoreError::from)?)
    }

    /// The blob's bytes in `range`, or all of them.
    pub async fn read_blob(
        &self,
        blob: &BlobInfo,
        range: Option<Range<u64>>,
    ) -> Result<BlobSource, ReadBlobError> {
        match self.blobs().read(&blob.key()?, range).await {
            Ok(source) => Ok(source),
            Err(BlobError::NotFound(_)) => Err(ReadBlobError::Unknown(blob.digest)),
            Err(error) => Err(ReadBlobError::Store(error.into())),
        }
    }
}
