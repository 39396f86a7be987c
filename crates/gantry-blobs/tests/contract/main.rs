//! The contract of `BlobStore`, run by every implementation here, and what is particular to files.

#![expect(clippy::unwrap_used, reason = "a test may panic")]

mod disk_cache;
mod files;
mod full_disk;
mod laws;

use gantry_blobs::{DiskCache, FileBlobStore, MemoryBlobStore};
use gantry_testkit::blob_store_contract;
use tempfile::TempDir;

async fn open_memory() -> (MemoryBlobStore, ()) {
    (MemoryBlobStore::new(), ())
}

async fn open_files() -> (FileBlobStore, TempDir) {
    let directory = tempfile::tempdir().unwrap();
    (FileBlobStore::open(directory.path()).unwrap(), directory)
}

async fn open_cached() -> (DiskCache<MemoryBlobStore>, TempDir) {
    let directory = tempfile::tempdir().unwrap();
    let cache = directory.path().join("cache");
    (DiskCache::open(MemoryBlobStore::new(), cache, 1 << 20).unwrap(), directory)
}

blob_store_contract!(memory, open_memory);
blob_store_contract!(through_a_disk_cache, open_cached);
blob_store_contract!(on_files, open_files);
