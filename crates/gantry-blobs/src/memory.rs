//! A blob store that forgets: for tests, and the first to pass the contract.

use std::collections::BTreeMap;
use std::fmt;
use std::ops::Range;
use std::sync::{Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use bytes::{Bytes, BytesMut};
use futures_util::{StreamExt, stream};

use crate::{Appended, BlobError, BlobKey, BlobSource, BlobStore, BodyStream, Space, StoredBlob};

/// Keeps blobs in memory until it is dropped.
#[derive(Default)]
pub struct MemoryBlobStore {
    blobs: Mutex<BTreeMap<BlobKey, Blob>>,
}

#[derive(Default)]
struct Blob {
    bytes: BytesMut,
    sealed: bool,
}

impl MemoryBlobStore {
    /// An empty store.
    pub fn new() -> Self {
        Self::default()
    }

    fn blobs(&self) -> MutexGuard<'_, BTreeMap<BlobKey, Blob>> {
        self.blobs.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait]
impl BlobStore for MemoryBlobStore {
    async fn append(
        &self,
        key: &BlobKey,
        offset: u64,
        mut body: BodyStream<'_>,
    ) -> Result<Appended, BlobError> {
        // Refused before the body is read, as a file would.
        self.blobs().get(key).unwrap_or(&Blob::default()).check(key, offset)?;
        let mut received = BytesMut::new();
        let mut end = Ok(());
        while let Some(frame) = body.next().await {
            match frame {
                Ok(bytes) => received.extend_from_slice(&bytes),
                Err(error) => {
                    end = Err(error);
                    break;
                }
            }
        }
        let mut blobs = self.blobs();
        let blob = blobs.entry(key.clone()).or_default();
        blob.cut(key, offset)?;
        blob.bytes.extend_from_slice(&received);
        Ok(Appended { written: received.len() as u64, end })
    }

    async fn seal(&self, key: &BlobKey, length: u64) -> Result<(), BlobError> {
        let mut blobs = self.blobs();
        if length == 0 {
            blobs.entry(key.clone()).or_default();
        }
        let blob = blobs.get_mut(key).ok_or_else(|| BlobError::NotFound(key.clone()))?;
        if blob.sealed && blob.bytes.len() as u64 == length {
            return Ok(());
        }
        blob.cut(key, length)?;
        blob.sealed = true;
        Ok(())
    }

    async fn reopen(&self, key: &BlobKey) -> Result<(), BlobError> {
        if let Some(blob) = self.blobs().get_mut(key) {
            blob.sealed = false;
        }
        Ok(())
    }

    async fn read(
        &self,
        key: &BlobKey,
        range: Option<Range<u64>>,
    ) -> Result<BlobSource, BlobError> {
        let blobs = self.blobs();
        let blob = blobs.get(key).ok_or_else(|| BlobError::NotFound(key.clone()))?;
        let length = blob.bytes.len() as u64;
        let range = range.unwrap_or(0..length);
        if range.start > range.end || range.end > length {
            return Err(BlobError::OutOfRange { key: key.clone(), length });
        }
        // Within the length of a buffer, so within usize.
        let bytes = Bytes::copy_from_slice(&blob.bytes[range.start as usize..range.end as usize]);
        Ok(BlobSource::Stream {
            length: bytes.len() as u64,
            stream: stream::iter([Ok(bytes)]).boxed(),
        })
    }

    async fn delete(&self, key: &BlobKey) -> Result<(), BlobError> {
        self.blobs().remove(key);
        Ok(())
    }

    async fn list(
        &self,
        registry: &str,
        after: Option<&BlobKey>,
        limit: usize,
    ) -> Result<Vec<StoredBlob>, BlobError> {
        let blobs = self.blobs();
        let listed = blobs
            .iter()
            .filter(|(key, _)| key.registry() == registry && after.is_none_or(|after| *key > after))
            .map(|(key, blob)| StoredBlob { key: key.clone(), length: blob.bytes.len() as u64 })
            .take(limit);
        Ok(listed.collect())
    }

    async fn probe(&self) -> Result<Space, BlobError> {
        Ok(Space { free: u64::MAX, total: u64::MAX })
    }
}

impl Blob {
    fn check(&self, key: &BlobKey, wanted: u64) -> Result<(), BlobError> {
        let stored = self.bytes.len() as u64;
        if self.sealed {
            Err(BlobError::Sealed(key.clone()))
        } else if stored < wanted {
            Err(BlobError::OffsetMismatch { key: key.clone(), stored, wanted })
        } else {
            Ok(())
        }
    }

    /// Drops what is stored beyond `length`.
    fn cut(&mut self, key: &BlobKey, length: u64) -> Result<(), BlobError> {
        self.check(key, length)?;
        // Not longer than the buffer, so within usize.
        self.bytes.truncate(length as usize);
        Ok(())
    }
}

impl fmt::Debug for MemoryBlobStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MemoryBlobStore").field("blobs", &self.blobs().len()).finish()
    }
}
