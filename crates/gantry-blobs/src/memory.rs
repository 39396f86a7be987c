//! A blob store that forgets: for tests, and the first to pass the contract.

use std::collections::BTreeMap;
use std::fmt;
use std::ops::Range;
use std::sync::{Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use bytes::{Bytes, BytesMut};
use futures_util::{StreamExt, stream};

use crate::{
    Appended, BlobError, BlobKey, BlobList, BlobSource, BlobStore, BodyError, BodyStream, Draft,
    Resumed, Sealed, Space, StoredBlob,
};

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
        draft: &Draft,
        mut body: BodyStream<'_>,
    ) -> Result<Appended, BlobError> {
        // Refused before the body is read, as a file would.
        self.blobs().get(key).unwrap_or(&Blob::default()).check(key, draft.length())?;
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
        blob.cut(key, draft.length())?;
        blob.bytes.extend_from_slice(&received);
        let draft = Draft::resume(draft.length() + received.len() as u64, Vec::new());
        Ok(Appended { draft, end })
    }

    async fn checkpoint(&self, _: &BlobKey, draft: &Draft) -> Result<Draft, BlobError> {
        Ok(draft.clone())
    }

    async fn resume(&self, key: &BlobKey, draft: &Draft) -> Result<Resumed, BlobError> {
        match self.blobs().get_mut(key) {
            Some(blob) => {
                blob.sealed = false;
                blob.check(key, draft.length())?;
            }
            None => Blob::default().check(key, draft.length())?,
        }
        Ok(Resumed::Kept)
    }

    async fn seal(&self, key: &BlobKey, draft: &Draft) -> Result<Sealed, BlobError> {
        let mut blobs = self.blobs();
        if !blobs.contains_key(key) {
            Blob::default().check(key, draft.length())?;
        }
        let blob = blobs.entry(key.clone()).or_default();
        if !blob.sealed || blob.bytes.len() as u64 != draft.length() {
            blob.cut(key, draft.length())?;
            blob.sealed = true;
        }
        Ok(Sealed { key: key.clone(), doubtful: false })
    }

    async fn place(
        &self,
        key: &BlobKey,
        length: u64,
        mut body: BodyStream<'_>,
    ) -> Result<Result<(), BodyError>, BlobError> {
        let mut bytes = BytesMut::new();
        while let Some(frame) = body.next().await {
            match frame {
                Ok(frame) => bytes.extend_from_slice(&frame),
                Err(error) => return Ok(Err(error)),
            }
        }
        if bytes.len() as u64 != length {
            return Ok(Err(format!("{} bytes came, not {length}", bytes.len()).into()));
        }
        self.blobs().insert(key.clone(), Blob { bytes, sealed: true });
        Ok(Ok(()))
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

    async fn holds(&self, key: &BlobKey) -> Result<bool, BlobError> {
        Ok(self.blobs().contains_key(key))
    }

    fn list<'a>(&'a self, registry: &str) -> BlobList<'a> {
        let blobs = self.blobs();
        let listed: Vec<_> = blobs
            .iter()
            .filter(|(key, _)| key.registry() == registry)
            .map(|(key, blob)| Ok(StoredBlob { key: key.clone(), length: blob.bytes.len() as u64 }))
            .collect();
        stream::iter(listed).boxed()
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
