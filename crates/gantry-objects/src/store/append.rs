//! Appending: whole parts go to a multipart upload as they fill, the rest waits for more.

use std::sync::{Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use futures_util::future::BoxFuture;
use futures_util::{FutureExt, StreamExt};
use gantry_blobs::{Appended, BlobError, BlobKey, BodyStream, Draft};
use object_store::{ObjectStoreExt, PutPayload};

use super::{ObjectBlobStore, fresh_name, lost, note};
use crate::error::blob_error;
use crate::note::{Multipart, Note, Tail};
use crate::parts::{Gathered, PartSink, take};

pub(super) async fn append(
    store: &ObjectBlobStore,
    key: &BlobKey,
    draft: &Draft,
    mut body: BodyStream<'_>,
) -> Result<Appended, BlobError> {
    let mut note = note(key, draft)?;
    // Nothing is to be done for a body without bytes, which is what most closing requests have.
    let first = loop {
        match body.next().await {
            None => return Ok(Appended { draft: draft.clone(), end: Ok(()) }),
            Some(Err(error)) => return Ok(Appended { draft: draft.clone(), end: Err(error) }),
            Some(Ok(frame)) if frame.is_empty() => {}
            Some(Ok(frame)) => break frame,
        }
    };
    let mut gathered = Gathered::default();
    for bytes in load(store, key, draft, &mut note).await? {
        gathered.push(bytes);
    }
    let sink = Sink::new(store, key, note);
    let (gathered, end) =
        take(body, Some(first), gathered, &sink, store.lengths, &store.room).await?;
    let note = sink.into_note();
    let frames = gathered.into_frames();
    let length = note.in_parts + frames.iter().map(|bytes| bytes.len() as u64).sum::<u64>();
    Ok(Appended { draft: Draft::resume(length, note.to_bytes()).gathering(frames), end })
}

/// Takes the draft's last bytes into memory: its tail, and what it has there already. The tail is
/// then one that counts no more, but only once the next note is kept; so those that the present
/// note calls stale can go now.
pub(super) async fn load(
    store: &ObjectBlobStore,
    key: &BlobKey,
    draft: &Draft,
    note: &mut Note,
) -> Result<Vec<Bytes>, BlobError> {
    remove_tails(store, key, std::mem::take(&mut note.stale)).await;
    let mut frames = Vec::new();
    if let Some(Tail { name, length }) = note.tail.take() {
        let path = store.paths.tail(key, &name);
        let found = async { store.objects.get_opts(&path, <_>::default()).await?.bytes().await };
        let bytes = match found.await {
            Ok(bytes) if bytes.len() as u64 == length => bytes,
            Ok(_) | Err(object_store::Error::NotFound { .. }) => return Err(lost(key, draft)),
            Err(error) => return Err(blob_error("reading the last bytes of", key, &error)),
        };
        frames.push(bytes);
        note.stale.push(name);
    }
    frames.extend_from_slice(draft.gathered());
    Ok(frames)
}

/// Whether the draft's last bytes are there: a database that lost its last moments may name some
/// that counted no more.
pub(super) async fn look_for(
    store: &ObjectBlobStore,
    key: &BlobKey,
    draft: &Draft,
) -> Result<(), BlobError> {
    let Some(Tail { name, length }) = note(key, draft)?.tail else { return Ok(()) };
    match store.objects.head(&store.paths.tail(key, &name)).await {
        Ok(found) if found.size == length => Ok(()),
        Ok(_) | Err(object_store::Error::NotFound { .. }) => Err(lost(key, draft)),
        Err(error) => Err(blob_error("looking for the last bytes of", key, &error)),
    }
}

/// Puts what is in memory where any node finds it.
pub(super) async fn checkpoint(
    store: &ObjectBlobStore,
    key: &BlobKey,
    draft: &Draft,
) -> Result<Draft, BlobError> {
    if draft.gathered().is_empty() {
        return Ok(draft.clone());
    }
    let mut note = note(key, draft)?;
    let name = fresh_name();
    let payload: PutPayload = draft.gathered().iter().cloned().collect();
    let length = payload.content_length() as u64;
    let put = store.objects.put(&store.paths.tail(key, &name), payload).await;
    put.map_err(|error| blob_error("keeping the last bytes of", key, &error))?;
    note.tail = Some(Tail { name, length });
    Ok(Draft::resume(draft.length(), note.to_bytes()))
}

/// Removes tails that count no more. One that stays goes with its upload.
async fn remove_tails(store: &ObjectBlobStore, key: &BlobKey, names: Vec<String>) {
    for name in names {
        if let Err(error) = store.objects.delete(&store.paths.tail(key, &name)).await {
            tracing::debug!(blob.key = %key, %error, "a tail that counts no more stays for now");
        }
    }
}

/// A multipart upload, begun with its first part.
pub(super) struct Sink<'s> {
    store: &'s ObjectBlobStore,
    key: &'s BlobKey,
    note: Mutex<Note>,
}

impl<'s> Sink<'s> {
    pub(super) fn new(store: &'s ObjectBlobStore, key: &'s BlobKey, note: Note) -> Self {
        Self { store, key, note: Mutex::new(note) }
    }

    /// The note, with the parts that were sent.
    pub(super) fn into_note(self) -> Note {
        self.note.into_inner().unwrap_or_else(PoisonError::into_inner)
    }

    fn note(&self) -> MutexGuard<'_, Note> {
        self.note.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Begins the multipart upload that makes a version, and leaves a mark by which it is found
    /// when everyone who knew of it has gone.
    pub(super) async fn begin(&self, version: String) -> Result<Multipart, BlobError> {
        let failed = |error| blob_error("beginning the multipart upload of", self.key, &error);
        let (objects, paths) = (&self.store.objects, &self.store.paths);
        let path = paths.version(self.key, &version);
        let id = objects.create_multipart(&path).await.map_err(failed)?;
        // Azure has no ids, and nothing to give up: blocks that nobody commits go by themselves.
        if !id.is_empty() {
            let mark = paths.parts(self.key, &version);
            objects.put(&mark, id.clone().into()).await.map_err(failed)?;
        }
        Ok(Multipart { version, id, parts: Vec::new() })
    }

    pub(super) async fn put(&self, part: PutPayload) -> Result<(), BlobError> {
        let begun = self.note().multipart.clone();
        let mut multipart = match begun {
            Some(multipart) => multipart,
            None => self.begin(fresh_name()).await?,
        };
        let path = self.store.paths.version(self.key, &multipart.version);
        let (index, length) = (multipart.parts.len(), part.content_length() as u64);
        let put = self.store.objects.put_part(&path, &multipart.id, index, part).await;
        match put {
            Ok(part) => multipart.parts.push(part.content_id),
            // The multipart upload is over: someone else completed it, or gave it up.
            Err(error) if is_over(&error) => {
                let (key, wanted) = (self.key.clone(), self.note().in_parts);
                return Err(BlobError::OffsetMismatch { key, stored: 0, wanted });
            }
            Err(error) => return Err(blob_error("sending a part of", self.key, &error)),
        }
        let mut note = self.note();
        note.in_parts += length;
        note.multipart = Some(multipart);
        Ok(())
    }
}

impl PartSink for Sink<'_> {
    fn send(&self, part: PutPayload) -> BoxFuture<'_, Result<(), BlobError>> {
        self.put(part).boxed()
    }

    fn count(&self) -> usize {
        self.note().multipart.as_ref().map_or(0, |multipart| multipart.parts.len())
    }
}

/// Whether the store no longer knows the multipart upload, or its parts.
pub(super) fn is_over(error: &object_store::Error) -> bool {
    let text = crate::error::chain(error);
    matches!(error, object_store::Error::NotFound { .. })
        || ["NoSuchUpload", "InvalidPart", "InvalidBlockList", "InvalidBlobOrBlock"]
            .iter()
            .any(|code| text.contains(code))
}
