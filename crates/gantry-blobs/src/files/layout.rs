//! Where a blob is on disk.

use std::path::{Path, PathBuf};

use crate::BlobKey;

/// How much of an upload's ULID names its bucket: its clock without the last 20 bits.
const BUCKET_LENGTH: usize = 6;

/// Turns keys into paths.
///
/// ```text
/// <root>/
///   <registry id>/
///     01HZX3/                        a bucket: the uploads of 17 minutes
///       01HZX3V8Q4J5T6W7Y8Z9A0B1C2   a blob: 0600, and 0400 once it is sealed
///       01HZX3V8Q4J5T6W7Y8Z9A0B1C2.VERSION   one that was sealed by a store with versions
/// ```
///
/// Nothing is staged elsewhere and renamed. A key is unique and the catalog's row is the only
/// pointer to it, so a half-written file at its final place is seen by no one.
#[derive(Debug)]
pub(super) struct Layout {
    root: PathBuf,
}

impl Layout {
    pub(super) fn new(root: PathBuf) -> Self {
        Self { root }
    }

    pub(super) fn root(&self) -> &Path {
        &self.root
    }

    pub(super) fn registry(&self, registry: &str) -> PathBuf {
        self.root.join(registry)
    }

    pub(super) fn bucket(&self, key: &BlobKey) -> PathBuf {
        self.registry(key.registry()).join(bucket_name(key))
    }

    pub(super) fn blob(&self, key: &BlobKey) -> PathBuf {
        self.bucket(key).join(file_name(key))
    }
}

/// The name of a blob's file in its bucket: the key's text behind the registry.
fn file_name(key: &BlobKey) -> String {
    match key.version() {
        None => key.upload().to_owned(),
        Some(version) => format!("{}.{version}", key.upload()),
    }
}

/// The key of the blob in a file with that name; `None` for what is no blob.
pub(super) fn key_of(registry: &str, name: &str) -> Option<BlobKey> {
    format!("{registry}/{name}").parse().ok()
}

/// The name of the bucket that holds `key`.
pub(super) fn bucket_name(key: &BlobKey) -> &str {
    &key.upload()[..BUCKET_LENGTH]
}
