//! A disk without room: the error says so, nothing half-made counts, the store goes on.

use std::path::Path;
use std::process::Command;

use gantry_blobs::{BlobError, BlobStore, Draft, FileBlobStore};
use gantry_testkit::blob_store::bytes::{
    append, body, finish, key, pattern, read, start, store_sealed,
};

const SMALL_DISK: &str = "GANTRY_TEST_SMALL_DISK";

/// Runs itself again where a file system of 1 MiB is mounted, visible to that process only.
#[test]
fn full_disk_is_told_and_survived() {
    if let Some(mounted) = std::env::var_os(SMALL_DISK) {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        return runtime.block_on(fill(Path::new(&mounted)));
    }
    let mount_point = tempfile::tempdir().unwrap();
    let again = Command::new("unshare")
        .args(["--user", "--map-root-user", "--mount", "sh", "-euc"])
        .arg("mount -t tmpfs -o size=1m none \"$1\"; shift; exec \"$@\"")
        .arg("sh")
        .arg(mount_point.path())
        .arg(std::env::current_exe().unwrap())
        .args(["--exact", "full_disk::full_disk_is_told_and_survived", "--nocapture"])
        .env(SMALL_DISK, mount_point.path())
        .output()
        .expect("`unshare` of util-linux runs");
    assert!(
        again.status.success(),
        "needs user and mount namespaces (util-linux `unshare`):\n{}\n{}",
        String::from_utf8_lossy(&again.stdout),
        String::from_utf8_lossy(&again.stderr),
    );
}

async fn fill(disk: &Path) {
    let store = FileBlobStore::open(disk).unwrap();
    let before = store.probe().await.unwrap();
    assert_eq!(before.total, 1 << 20);
    let one = store_sealed(&store, &key(1), &pattern(300_000)).await;
    let two = start(&store, &key(2), &pattern(100_000)).await;

    // Fails late, after batches have gone through; the bytes before the append stay.
    let frames: Vec<_> = pattern(2 << 20).chunks(50_000).map(<[u8]>::to_vec).collect();
    let slices: Vec<_> = frames.iter().map(Vec::as_slice).collect();
    let error = store.append(&key(2), &two, body(&slices)).await.unwrap_err();
    assert!(matches!(error, BlobError::Full(_)), "{error:?}");
    let kept = store.read(&key(2), None).await.unwrap().into_bytes().await.unwrap();
    assert!(kept == pattern(100_000));

    // The room of the failed append is free again, and the upload goes on from where it was.
    assert!(store.probe().await.unwrap().free > 500_000);
    let two = append(&store, &key(2), &two, body(&[&pattern(200_000)])).await.unwrap();
    assert_eq!(finish(&store, &key(2), &two).await.len(), 300_000);
    assert!(read(&store, &one).await == pattern(300_000));

    let long = pattern(600_000);
    let error = append(&store, &key(3), &Draft::new(), body(&[&long])).await.unwrap_err();
    assert!(matches!(error, BlobError::Full(_)), "{error:?}");
    store.delete(&key(1)).await.unwrap();
    let three = store_sealed(&store, &key(3), &long).await;
    assert!(read(&store, &three).await == long);
}
