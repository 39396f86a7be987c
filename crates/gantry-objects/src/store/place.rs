//! Takes a blob that another store has sealed: as an upload that names its version beforehand.

use gantry_blobs::{BlobError, BlobKey, BodyError, BodyStream, Draft};
use object_store::{ObjectStoreExt, PutPayload};

use super::append::{Sink, append, load};
use super::seal::complete;
use super::{ObjectBlobStore, note};
use crate::error::blob_error;
use crate::note::Note;
use crate::paths::UNVERSIONED;

pub(super) async fn place(
    store: &ObjectBlobStore,
    key: &BlobKey,
    length: u64,
    body: BodyStream<'_>,
) -> Result<Result<(), BodyError>, BlobError> {
    let upload = key.without_version();
    let draft = match length > store.lengths.of(0) as u64 {
        false => Draft::new(),
        // Parts go to the blob's own name.
        true => {
            let version = key.version().unwrap_or(UNVERSIONED).to_owned();
            let begun = Sink::new(store, &upload, Note::default()).begin(version).await?;
            let note = Note { multipart: Some(begun), ..Note::default() };
            Draft::resume(0, note.to_bytes())
        }
    };
    let appended = append(store, &upload, &draft, body).await?;
    let stored = appended.draft.length();
    let end = match appended.end {
        Ok(()) if stored != length => Err(format!("{stored} bytes came, not {length}").into()),
        end => end,
    };
    if let Err(error) = end {
        super::delete::delete(store, &upload).await?;
        return Ok(Err(error));
    }
    let mut note = note(&upload, &appended.draft)?;
    let rest: PutPayload =
        load(store, &upload, &appended.draft, &mut note).await?.into_iter().collect();
    match note.multipart.is_some() {
        true => complete(store, &upload, &appended.draft, note, rest).await.map(drop)?,
        false => {
            let put = store.objects.put(&store.paths.sealed(key), rest).await;
            put.map_err(|error| blob_error("writing", key, &error))?;
        }
    }
    Ok(Ok(()))
}
