//! What is particular to small blobs that are kept on a node's disk.

use std::fs;
use std::path::Path;
use std::sync::Arc;

use futures_util::future::join_all;
use gantry_blobs::{BlobError, BlobSource, BlobStore, DiskCache, MemoryBlobStore};
use gantry_testkit::blob_store::bytes::{key, pattern, store_sealed};

fn bytes_in(directory: &Path) -> u64 {
    let entries = fs::read_dir(directory).unwrap();
    entries.map(|entry| entry.unwrap().metadata().unwrap().len()).sum()
}

fn open(directory: &Path, limit: u64) -> DiskCache<MemoryBlobStore> {
    DiskCache::open(MemoryBlobStore::new(), directory.join("cache"), limit).unwrap()
}

#[tokio::test]
async fn small_blobs_are_files_from_the_second_read_on_and_large_ones_stay_away() {
    let directory = tempfile::tempdir().unwrap();
    let store = open(directory.path(), 8 << 20);
    let small = store_sealed(&store, &key(1), &pattern(300_000)).await;
    let large = store_sealed(&store, &key(2), &pattern(2 << 20)).await;
    for sealed in [&small, &large] {
        let first = store.read(&sealed.key, Some(5..9)).await.unwrap();
        assert!(matches!(first, BlobSource::Stream { length: 4, .. }), "{first:?}");
    }
    let second = store.read(&small.key, Some(5..9)).await.unwrap();
    assert!(matches!(second, BlobSource::File { .. }), "{second:?}");
    assert_eq!(second.into_bytes().await.unwrap(), pattern(300_000)[5..9]);
    let second = store.read(&large.key, None).await.unwrap();
    assert!(matches!(second, BlobSource::Stream { .. }), "{second:?}");
    assert!(second.into_bytes().await.unwrap() == pattern(2 << 20));
    assert_eq!(bytes_in(&directory.path().join("cache")), 300_000);
    let outside = store.read(&small.key, Some(5..300_001)).await.unwrap_err();
    assert!(matches!(outside, BlobError::OutOfRange { length: 300_000, .. }), "{outside:?}");

    // Whoever began to read gets to the end; then nothing is left.
    let reading = store.read(&small.key, None).await.unwrap();
    store.delete(&small.key).await.unwrap();
    assert_eq!(bytes_in(&directory.path().join("cache")), 0);
    assert!(reading.into_bytes().await.unwrap() == pattern(300_000));
    assert!(matches!(store.read(&small.key, None).await, Err(BlobError::NotFound(_))));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_kept_is_bounded_and_right_however_many_read() {
    const LIMIT: u64 = 4 << 20;
    let directory = tempfile::tempdir().unwrap();
    let store = Arc::new(open(directory.path(), LIMIT));
    let length = |upload: u64| 1000 + upload as usize * 777;
    let mut sealed = Vec::new();
    for upload in 0..200 {
        sealed.push(store_sealed(&*store, &key(upload), &pattern(length(upload))).await);
    }
    for _ in 0..3 {
        let reads = sealed.iter().zip(0..).flat_map(|(sealed, upload)| {
            let store = &store;
            [0, 1].map(|_| async move {
                let found = store.read(&sealed.key, None).await.unwrap();
                assert!(found.into_bytes().await.unwrap() == pattern(length(upload)));
            })
        });
        join_all(reads).await;
        let kept = bytes_in(&directory.path().join("cache"));
        assert!((1..=LIMIT).contains(&kept), "{kept}");
    }
    // A process that comes after starts with nothing.
    drop(store);
    open(directory.path(), LIMIT);
    assert_eq!(bytes_in(&directory.path().join("cache")), 0);
}

/// A file of the cache that somebody removed, or a disk that takes no more.
#[tokio::test]
async fn a_disk_that_fails_is_done_without() {
    let directory = tempfile::tempdir().unwrap();
    let store = open(directory.path(), 8 << 20);
    let sealed = store_sealed(&store, &key(1), b"abc").await;
    let read = async || store.read(&sealed.key, None).await.unwrap().into_bytes().await.unwrap();
    assert_eq!(read().await, "abc");
    fs::remove_dir_all(directory.path().join("cache")).unwrap();
    for _ in 0..3 {
        assert_eq!(read().await, "abc");
    }
    fs::create_dir(directory.path().join("cache")).unwrap();
    assert_eq!(read().await, "abc");
    assert_eq!(bytes_in(&directory.path().join("cache")), 3);
}
