//! The store itself: what each call of the seam asks of the object store.

mod append;
mod delete;
mod list;
mod place;
mod read;
mod seal;

use std::fmt;
use std::ops::Range;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use gantry_blobs::{
    Appended, BlobError, BlobKey, BlobList, BlobSource, BlobStore, BodyError, BodyStream, Draft,
    Resumed, Sealed, Space,
};
use object_store::multipart::MultipartStore;
use object_store::signer::Signer;
use object_store::{ObjectStore, PutPayload};

use crate::error::unavailable;
use crate::note::Note;
use crate::parts::{PartLengths, Room};
use crate::paths::Paths;

/// Memory for parts of uploads on their way, in bytes.
const ROOM: u64 = 512 << 20;

/// What is asked of an object store.
pub(crate) trait Objects: ObjectStore + MultipartStore + Signer {}

impl<T: ObjectStore + MultipartStore + Signer> Objects for T {}

/// Keeps each blob in an object of its own. Cheap to clone.
#[derive(Clone)]
pub struct ObjectBlobStore {
    objects: Arc<dyn Objects>,
    paths: Paths,
    lengths: PartLengths,
    room: Room,
}

impl ObjectBlobStore {
    /// Blobs under `prefix` of the store.
    pub(crate) fn over(objects: Arc<dyn Objects>, prefix: &str) -> Self {
        let lengths = PartLengths::default();
        Self { objects, paths: Paths::under(prefix), lengths, room: Room::of(ROOM) }
    }

    /// Blobs in an object store that a test makes, in parts so short that small blobs have many.
    #[cfg(feature = "simulation")]
    pub fn simulated(
        objects: impl ObjectStore + MultipartStore + Signer,
        part_length: usize,
    ) -> Self {
        let lengths = PartLengths::all(part_length);
        Self { lengths, ..Self::over(Arc::new(objects), "") }
    }

    pub(crate) fn objects(&self) -> &dyn Objects {
        &*self.objects
    }

    pub(crate) fn paths(&self) -> &Paths {
        &self.paths
    }
}

/// A name that nobody has used or will use.
pub(crate) fn fresh_name() -> String {
    let mut random = [0; 16];
    getrandom::fill(&mut random).expect("the operating system gives random bytes");
    hex::encode(random)
}

/// The draft's note, which must account for all its bytes.
fn note(key: &BlobKey, draft: &Draft) -> Result<Note, BlobError> {
    Note::of(draft).map_err(|stored| {
        let (key, wanted) = (key.clone(), draft.length());
        BlobError::OffsetMismatch { key, stored, wanted }
    })
}

/// Bytes that a note names aren't there.
fn lost(key: &BlobKey, draft: &Draft) -> BlobError {
    BlobError::OffsetMismatch { key: key.clone(), stored: 0, wanted: draft.length() }
}

#[async_trait]
impl BlobStore for ObjectBlobStore {
    async fn append(
        &self,
        key: &BlobKey,
        draft: &Draft,
        body: BodyStream<'_>,
    ) -> Result<Appended, BlobError> {
        append::append(self, key, draft, body).await
    }

    async fn checkpoint(&self, key: &BlobKey, draft: &Draft) -> Result<Draft, BlobError> {
        append::checkpoint(self, key, draft).await
    }

    async fn resume(&self, key: &BlobKey, draft: &Draft) -> Result<Resumed, BlobError> {
        append::look_for(self, key, draft).await.map(|()| Resumed::Kept)
    }

    async fn seal(&self, key: &BlobKey, draft: &Draft) -> Result<Sealed, BlobError> {
        seal::seal(self, key, draft).await
    }

    async fn place(
        &self,
        key: &BlobKey,
        length: u64,
        body: BodyStream<'_>,
    ) -> Result<Result<(), BodyError>, BlobError> {
        place::place(self, key, length, body).await
    }

    async fn read(
        &self,
        key: &BlobKey,
        range: Option<Range<u64>>,
    ) -> Result<BlobSource, BlobError> {
        read::read(self, key, range).await
    }

    async fn address(
        &self,
        key: &BlobKey,
        lifetime: Duration,
    ) -> Result<Option<String>, BlobError> {
        read::address(self, key, lifetime).await.map(Some)
    }

    async fn delete(&self, key: &BlobKey) -> Result<(), BlobError> {
        delete::delete(self, key).await
    }

    async fn holds(&self, key: &BlobKey) -> Result<bool, BlobError> {
        read::holds(self, key).await
    }

    fn list<'a>(&'a self, registry: &str) -> BlobList<'a> {
        list::list(self, registry)
    }

    async fn probe(&self) -> Result<Space, BlobError> {
        let path = self.paths.probe("write");
        let put = self.objects.put_opts(&path, PutPayload::from_static(b"gantry"), <_>::default());
        put.await.map_err(|error| unavailable("writing to the blob storage", &error))?;
        Ok(Space { free: u64::MAX, total: u64::MAX })
    }
}

impl fmt::Debug for ObjectBlobStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ObjectBlobStore").field("objects", &self.objects).finish_non_exhaustive()
    }
}
