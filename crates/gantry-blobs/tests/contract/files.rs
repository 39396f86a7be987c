//! What is particular to the store on files.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use futures_util::TryStreamExt;
use gantry_blobs::{BlobError, BlobSource, BlobStore, Draft, FileBlobStore};
use gantry_testkit::blob_store::bytes::{
    append, at, body, finish, key, pattern, read, start, store_sealed,
};

fn mode(path: &Path) -> u32 {
    path.metadata().unwrap().permissions().mode() & 0o7777
}

#[tokio::test]
async fn blobs_lie_where_the_layout_says_and_only_for_the_owner() {
    let directory = tempfile::tempdir().unwrap();
    let root = directory.path().join("blobs");
    let store = FileBlobStore::open(&root).unwrap();
    let draft = start(&store, &key(1_234_567_890), b"abc").await;
    let bucket = root.join("registry/123456");
    let blob = bucket.join("12345678900000000000000000");
    assert_eq!(std::fs::read(&blob).unwrap(), b"abc");
    assert_eq!(mode(&blob), 0o600);
    store.seal(&key(1_234_567_890), &draft).await.unwrap();
    assert_eq!(mode(&blob), 0o400);
    for path in [&root, &root.join("registry"), &bucket] {
        assert_eq!(mode(path), 0o700, "{}", path.display());
    }
}

#[tokio::test]
async fn blobs_outlive_the_store() {
    let directory = tempfile::tempdir().unwrap();
    let store = FileBlobStore::open(directory.path()).unwrap();
    let sealed = store_sealed(&store, &key(1), b"abc").await;
    start(&store, &key(2), b"de").await;
    drop(store);
    let store = FileBlobStore::open(directory.path()).unwrap();
    assert_eq!(read(&store, &sealed).await, "abc");
    let draft = append(&store, &key(2), &at(2), body(&[b"f"])).await.unwrap();
    assert_eq!(finish(&store, &key(2), &draft).await, "def");
}

#[tokio::test]
async fn deleting_the_last_blob_of_a_bucket_removes_the_bucket() {
    let directory = tempfile::tempdir().unwrap();
    let store = FileBlobStore::open(directory.path()).unwrap();
    store_sealed(&store, &key(1), b"abc").await;
    store_sealed(&store, &key(2), b"def").await;
    let bucket = directory.path().join("registry/000000");
    store.delete(&key(1)).await.unwrap();
    assert!(bucket.exists());
    store.delete(&key(2)).await.unwrap();
    assert!(!bucket.exists());
    let sealed = store_sealed(&store, &key(3), b"ghi").await;
    assert_eq!(read(&store, &sealed).await, "ghi");
}

#[tokio::test]
async fn reader_finishes_although_the_blob_is_deleted() {
    let directory = tempfile::tempdir().unwrap();
    let store = FileBlobStore::open(directory.path()).unwrap();
    let bytes = pattern(1 << 20);
    store_sealed(&store, &key(1), &bytes).await;
    let source = store.read(&key(1), None).await.unwrap();
    store.delete(&key(1)).await.unwrap();
    assert!(source.into_bytes().await.unwrap() == bytes);
}

#[tokio::test]
async fn pages_of_a_long_list_fit_together() {
    let directory = tempfile::tempdir().unwrap();
    let store = FileBlobStore::open(directory.path()).unwrap();
    // Several buckets, several pages, made out of order.
    let uploads: Vec<u64> = (0..4).flat_map(|b| (0..300).map(move |n| b * 10_000 + n)).collect();
    for upload in uploads.iter().rev() {
        start(&store, &key(*upload), b"").await;
    }
    let listed: Vec<_> =
        store.list("registry").map_ok(|blob| blob.key).try_collect().await.unwrap();
    assert!(listed == uploads.iter().map(|upload| key(*upload)).collect::<Vec<_>>());
}

#[tokio::test]
async fn popular_blob_is_opened_once() {
    let directory = tempfile::tempdir().unwrap();
    let store = FileBlobStore::open(directory.path()).unwrap();
    store_sealed(&store, &key(1), b"abc").await;
    let BlobSource::File { file: first, .. } = store.read(&key(1), None).await.unwrap() else {
        panic!("a file store hands out files")
    };
    let BlobSource::File { file: second, .. } = store.read(&key(1), Some(1..2)).await.unwrap()
    else {
        panic!("a file store hands out files")
    };
    assert!(std::sync::Arc::ptr_eq(&first, &second));
}

#[tokio::test]
async fn blob_cut_behind_our_back_is_an_error_and_not_wrong_bytes() {
    let directory = tempfile::tempdir().unwrap();
    let store = FileBlobStore::open(directory.path()).unwrap();
    store_sealed(&store, &key(1), &pattern(1 << 20)).await;
    let source = store.read(&key(1), None).await.unwrap();
    let path = directory.path().join("registry/000000/00000000010000000000000000");
    std::fs::set_permissions(&path, PermissionsExt::from_mode(0o600)).unwrap();
    std::fs::File::options().write(true).open(path).unwrap().set_len(1000).unwrap();
    let error = source.into_bytes().await.unwrap_err();
    assert_eq!(error.kind(), std::io::ErrorKind::UnexpectedEof);
}

#[tokio::test]
async fn strange_files_are_neither_listed_nor_followed() {
    let directory = tempfile::tempdir().unwrap();
    let store = FileBlobStore::open(directory.path()).unwrap();
    store_sealed(&store, &key(1), b"abc").await;
    let bucket = directory.path().join("registry/000000");
    std::fs::write(bucket.join("lost+found"), b"?").unwrap();
    std::fs::write(directory.path().join("registry/README"), b"?").unwrap();
    let link = bucket.join("00000000020000000000000000");
    std::os::unix::fs::symlink("/etc/passwd", link).unwrap();
    let listed: Vec<_> = store.list("registry").try_collect().await.unwrap();
    assert_eq!(listed.len(), 1);
    assert!(matches!(store.read(&key(2), None).await, Err(BlobError::Io { .. })));
    let refused = append(&store, &key(2), &Draft::new(), body(&[b"x"])).await;
    assert!(matches!(refused, Err(BlobError::Io { .. })));
}
