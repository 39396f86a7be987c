//! Lists blobs, for those who compare store and catalog.

use std::collections::BTreeSet;
use std::fs;
use std::io;
use std::path::Path;

use super::layout::{Layout, bucket_name};
use crate::{BlobError, BlobKey, StoredBlob};

/// Up to `limit` blobs of `registry` in the order of their keys, from behind `after`. Blocks.
///
/// Buckets sort like the keys in them, so a page looks only into those that it shows.
pub(super) fn list(
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
        let keys = names(&bucket).map_err(failed)?.into_iter().filter_map(|upload| {
            let key = BlobKey::new(registry, &upload).ok()?;
            after.is_none_or(|after| key > *after).then_some(key)
        });
        for key in keys {
            if listed.len() == limit {
                return Ok(listed);
            }
            match fs::symlink_metadata(bucket.join(key.upload())) {
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
