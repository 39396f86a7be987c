//! Sealing: one object is put, or a multipart upload completed. Nothing is copied.
//!
//! The draft stays as it is: its caller may not come to note that it is sealed, and seal it again.

use gantry_blobs::{BlobError, BlobKey, Draft, Sealed};
use object_store::multipart::PartId;
use object_store::{ObjectStoreExt, PutPayload};

use super::append::{Sink, is_over, load};
use super::{ObjectBlobStore, fresh_name, lost, note};
use crate::error::blob_error;
use crate::note::{Multipart, Note};

pub(super) async fn seal(
    store: &ObjectBlobStore,
    key: &BlobKey,
    draft: &Draft,
) -> Result<Sealed, BlobError> {
    let mut note = note(key, draft)?;
    if let Some(sealed) = sealed_before(store, key, draft, &note).await? {
        return Ok(sealed);
    }
    let rest: PutPayload = load(store, key, draft, &mut note).await?.into_iter().collect();
    let version = if note.multipart.is_some() {
        match complete(store, key, draft, note.clone(), rest).await? {
            Completed::Now(version) => version,
            Completed::Before(sealed) => return Ok(sealed),
        }
    } else {
        let version = fresh_name();
        let put = store.objects.put(&store.paths.version(key, &version), rest).await;
        put.map_err(|error| blob_error("writing", key, &error))?;
        version
    };
    Ok(Sealed { key: version_of(key, &version), doubtful: false })
}

pub(super) enum Completed {
    Now(String),
    /// By another process, or an earlier attempt whose answer was lost.
    Before(Sealed),
}

/// Ends a multipart upload with the draft's last bytes.
pub(super) async fn complete(
    store: &ObjectBlobStore,
    key: &BlobKey,
    draft: &Draft,
    note: Note,
    rest: PutPayload,
) -> Result<Completed, BlobError> {
    let begun = note.clone();
    let sink = Sink::new(store, key, note);
    if rest.content_length() > 0 {
        match sink.put(rest).await {
            Err(BlobError::OffsetMismatch { .. }) => {
                let sealed = found_sealed(store, key, draft, &begun).await?;
                return sealed.map(Completed::Before).ok_or_else(|| lost(key, draft));
            }
            put => put?,
        }
    }
    let Some(Multipart { version, id, parts }) = sink.into_note().multipart else {
        return Err(lost(key, draft));
    };
    let path = store.paths.version(key, &version);
    let parts = parts.into_iter().map(|content_id| PartId { content_id }).collect();
    if let Err(error) = store.objects.complete_multipart(&path, &id, parts).await {
        // An attempt whose answer was lost has the same end as one that another process made.
        if let Some(sealed) = found_sealed(store, key, draft, &begun).await? {
            return Ok(Completed::Before(sealed));
        }
        return Err(match is_over(&error) {
            true => lost(key, draft),
            false => blob_error("completing", key, &error),
        });
    }
    if !id.is_empty()
        && let Err(error) = store.objects.delete(&store.paths.parts(key, &version)).await
    {
        tracing::debug!(blob.key = %key, %error, "the mark of a completed upload stays for now");
    }
    Ok(Completed::Now(version))
}

/// What Azure would do over again, since a list of blocks may be put twice.
async fn sealed_before(
    store: &ObjectBlobStore,
    key: &BlobKey,
    draft: &Draft,
    note: &Note,
) -> Result<Option<Sealed>, BlobError> {
    match &note.multipart {
        Some(multipart) if multipart.id.is_empty() => found_sealed(store, key, draft, note).await,
        _ => Ok(None),
    }
}

/// The object that the draft's multipart upload makes, if it is there already. Of another length it
/// is another draft's.
async fn found_sealed(
    store: &ObjectBlobStore,
    key: &BlobKey,
    draft: &Draft,
    note: &Note,
) -> Result<Option<Sealed>, BlobError> {
    let Some(Multipart { version, .. }) = &note.multipart else { return Ok(None) };
    match store.objects.head(&store.paths.version(key, version)).await {
        Ok(found) if found.size == draft.length() => {
            Ok(Some(Sealed { key: version_of(key, version), doubtful: true }))
        }
        Ok(_) => Err(BlobError::Sealed(key.clone())),
        Err(object_store::Error::NotFound { .. }) => Ok(None),
        Err(error) => Err(blob_error("looking for", key, &error)),
    }
}

fn version_of(key: &BlobKey, version: &str) -> BlobKey {
    key.with_version(version).expect("a fresh name is hexadecimal digits")
}
