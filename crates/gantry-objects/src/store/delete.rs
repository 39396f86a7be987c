//! Deleting: a sealed blob, or a draft.
//!
//! An upload's key without a version is its draft's, or a blob's that came from a store without
//! versions. What was sealed of the draft stays: each version is somebody's own, or listed for the
//! sweep to find.

use futures_util::{StreamExt, TryStreamExt, stream};
use gantry_blobs::{BlobError, BlobKey};
use object_store::path::Path;

use super::ObjectBlobStore;
use super::append::is_over;
use crate::error::blob_error;
use crate::paths::Found;

pub(super) async fn delete(store: &ObjectBlobStore, key: &BlobKey) -> Result<(), BlobError> {
    let doomed = match key.version() {
        Some(version) => {
            vec![store.paths.version(key, version), store.paths.parts(key, version)]
        }
        None => abandon(store, key).await?,
    };
    let doomed = stream::iter(doomed.into_iter().map(Ok)).boxed();
    let mut deleted = store.objects.delete_stream(doomed);
    while let Some(outcome) = deleted.next().await {
        match outcome {
            Ok(_) | Err(object_store::Error::NotFound { .. }) => {}
            Err(error) => return Err(blob_error("deleting", key, &error)),
        }
    }
    Ok(())
}

/// Gives up the multipart uploads under the key; answers the draft's objects, and the blob that
/// has the key itself.
async fn abandon(store: &ObjectBlobStore, key: &BlobKey) -> Result<Vec<Path>, BlobError> {
    let failed = |error| blob_error("giving up", key, &error);
    let mut doomed = Vec::new();
    let mut objects = store.objects.list(Some(&store.paths.upload(key)));
    while let Some(object) = objects.try_next().await.map_err(failed)? {
        match store.paths.find(&object.location) {
            Some(Found::Parts(version)) => {
                abort(store, &version, &object.location).await?;
                doomed.push(object.location);
            }
            Some(Found::Tail(_)) => doomed.push(object.location),
            Some(Found::Blob(found)) if found == *key => doomed.push(object.location),
            Some(Found::Blob(_)) | None => {}
        }
    }
    Ok(doomed)
}

/// Gives up the multipart upload that makes `version`; its mark is at `mark`. One that is completed
/// stays so.
async fn abort(store: &ObjectBlobStore, version: &BlobKey, mark: &Path) -> Result<(), BlobError> {
    let failed = |error| blob_error("giving up", version, &error);
    let found = async { store.objects.get_opts(mark, <_>::default()).await?.bytes().await };
    let id = match found.await {
        Ok(bytes) => String::from_utf8_lossy(&bytes).into_owned(),
        Err(object_store::Error::NotFound { .. }) => return Ok(()),
        Err(error) => return Err(failed(error)),
    };
    let path = store.paths.version(version, version.version().unwrap_or_default());
    match store.objects.abort_multipart(&path, &id).await {
        Err(error) if !is_over(&error) => Err(failed(error)),
        _ => Ok(()),
    }
}
