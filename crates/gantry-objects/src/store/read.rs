//! Reading sealed blobs.

use std::io;
use std::ops::Range;
use std::time::Duration;

use futures_util::{StreamExt, TryStreamExt, stream};
use gantry_blobs::{BlobError, BlobKey, BlobSource};
use object_store::path::Path;
use object_store::{GetOptions, GetRange, ObjectStoreExt};

use super::ObjectBlobStore;
use crate::error::blob_error;
use crate::paths::Found;

pub(super) async fn read(
    store: &ObjectBlobStore,
    key: &BlobKey,
    range: Option<Range<u64>>,
) -> Result<BlobSource, BlobError> {
    let path = store.paths.sealed(key);
    if let Some(range) = range.as_ref().filter(|range| range.start >= range.end) {
        // No store takes a range without bytes.
        let length = length(store, key, &path).await?;
        return match range.start == range.end && range.end <= length {
            true => Ok(BlobSource::Stream { stream: stream::empty().boxed(), length: 0 }),
            false => Err(BlobError::OutOfRange { key: key.clone(), length }),
        };
    }
    let options =
        GetOptions { range: range.clone().map(GetRange::Bounded), ..GetOptions::default() };
    let found = match store.objects.get_opts(&path, options).await {
        Ok(found) => found,
        Err(error @ object_store::Error::NotFound { .. }) => {
            return Err(blob_error("reading", key, &error));
        }
        Err(error) => {
            // A range behind the end is refused in many words; the length says whether it was one.
            let length = length(store, key, &path).await?;
            return Err(match range {
                Some(range) if range.end > length => {
                    BlobError::OutOfRange { key: key.clone(), length }
                }
                _ => blob_error("reading", key, &error),
            });
        }
    };
    let total = found.meta.size;
    if range.is_some_and(|range| range.end > total) {
        return Err(BlobError::OutOfRange { key: key.clone(), length: total });
    }
    let length = found.range.end - found.range.start;
    let chunks = found.into_stream().map_err(io::Error::other);
    Ok(BlobSource::Stream { stream: whole(chunks.boxed(), length).boxed(), length })
}

/// The same bytes; an error where there are fewer or more than `length`.
fn whole(
    chunks: gantry_blobs::BlobStream,
    length: u64,
) -> impl futures_util::Stream<Item = io::Result<bytes::Bytes>> + Send {
    stream::try_unfold((chunks, length), |(mut chunks, left)| async move {
        match chunks.try_next().await? {
            Some(chunk) => match left.checked_sub(chunk.len() as u64) {
                Some(left) => Ok(Some((chunk, (chunks, left)))),
                None => Err(io::Error::other("the blob storage sent more than was asked for")),
            },
            None if left == 0 => Ok(None),
            None => Err(io::Error::new(
                io::ErrorKind::UnexpectedEof,
                format!("the blob storage sent {left} bytes too few"),
            )),
        }
    })
}

pub(super) async fn address(
    store: &ObjectBlobStore,
    key: &BlobKey,
    lifetime: Duration,
) -> Result<String, BlobError> {
    let path = store.paths.sealed(key);
    let signed = store.objects.signed_url(http::Method::GET, &path, lifetime).await;
    signed.map(String::from).map_err(|error| blob_error("signing an address for", key, &error))
}

pub(super) async fn holds(store: &ObjectBlobStore, key: &BlobKey) -> Result<bool, BlobError> {
    if key.version().is_none() {
        let mut objects = store.objects.list(Some(&store.paths.upload(key)));
        while let Some(object) =
            objects.try_next().await.map_err(|error| blob_error("looking for", key, &error))?
        {
            match store.paths.find(&object.location) {
                Some(Found::Tail(_) | Found::Parts(_)) => return Ok(true),
                Some(Found::Blob(found)) if found == *key => return Ok(true),
                Some(Found::Blob(_)) | None => {}
            }
        }
        return Ok(false);
    }
    match length(store, key, &store.paths.sealed(key)).await {
        Ok(_) => Ok(true),
        Err(BlobError::NotFound(_)) => Ok(false),
        Err(error) => Err(error),
    }
}

async fn length(store: &ObjectBlobStore, key: &BlobKey, path: &Path) -> Result<u64, BlobError> {
    let found = store.objects.head(path).await;
    found.map(|meta| meta.size).map_err(|error| blob_error("looking for", key, &error))
}
