//! Lists blobs, for those who compare store and catalog.

use std::collections::BTreeSet;
use std::fs;
use std::io;
use std::path::Path;
use std::sync::Arc;

use futures_util::{StreamExt, TryStreamExt, stream};
use tokio::task::spawn_blocking;

use super::layout::{Layout, bucket_name, key_of};
use super::{Shared, joined};
use crate::{BlobError, BlobKey, BlobList, StoredBlob};

/// How many blobs one job on the blocking pool lists.
const PAGE: usize = 500;

/// The blobs of `registry` in the order of their keys.
pub(super) fn stream(shared: &Arc<Shared>, registry: String) -> BlobList<'static> {
    let shared = Arc::clone(shared);
    let pages = stream::try_unfold(Some(None::<BlobKey>), move |after| {
        let (shared, registry) = (Arc::clone(&shared), registry.clone());
        async move {
            let Some(after) = after else { return Ok(None) };
            let job = spawn_blocking(move || list(&shared.layout, &registry, after.as_ref(), PAGE));
            let page = joined(job).await?;
            let next =
                page.last().filter(|_| page.len() == PAGE).map(|last| Some(last.key.clone()));
            Ok(Some((stream::iter(page.into_iter().map(Ok)), next)))
        }
    });
    pages.try_flatten().boxed()
}

/// Up to `limit` blobs of `registry` in the order of their keys, from behind `after`. Blocks.
///
/// Buckets sort like the keys in them, so a page looks only into those that it shows.
fn list(
    layout: &Layout,
    registry: &str,
    after: Option<&BlobKey>,
    limit: usize,
) -> Result<Vec<StoredBlob>, BlobError> {
    let failed = |error| BlobError::io(format!("listing the blobs of {registry}"), error);
    let directory = layout.registry(registry);
    let first_bucket = after.map_or("", bucket_name);
    let mut buckets = names(&directory).map_err(failed)?;
    buckets.retain(|bucket| bucket.as_str() >= first_bucket);

    let mut listed = Vec::new();
    for bucket in buckets {
        let bucket = directory.join(bucket);
        let keys = names(&bucket).map_err(failed)?.into_iter().filter_map(|name| {
            let key = key_of(registry, &name)?;
            after.is_none_or(|after| key > *after).then_some(key)
        });
        for key in keys {
            if listed.len() == limit {
                return Ok(listed);
            }
            match fs::symlink_metadata(layout.blob(&key)) {
                Ok(found) if found.is_file() => {
                    listed.push(StoredBlob { key, length: found.len() });
                }
                Ok(_) => {}
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                Err(error) => return Err(failed(error)),
            }
        }
    }
    Ok(listed)
}

/// The names in a directory, sorted; none if it is gone.
fn names(directory: &Path) -> io::Result<BTreeSet<String>> {
    let entries = match fs::read_dir(directory) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(BTreeSet::new()),
        Err(error) if error.kind() == io::ErrorKind::NotADirectory => return Ok(BTreeSet::new()),
        entries => entries?,
    };
    entries
        .filter_map(|entry| entry.map(|entry| entry.file_name().into_string().ok()).transpose())
        .collect()
}
