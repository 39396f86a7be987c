//! The contract of a blob store, on object stores that no one here wrote.

#![expect(clippy::unwrap_used, reason = "a test may panic")]

use futures_util::TryStreamExt;
use gantry_blobs::{BlobStore, Draft, StoredBlob};
use gantry_objects::{Connection, ConnectionError, ObjectBlobStore, Ownership};
use gantry_testkit::blob_store::bytes::{append, body, key, pattern, read, start, store_sealed};
use gantry_testkit::{azurite, blob_store_contract, minio};
use tokio::task::spawn_blocking;

fn open(address: &str) -> ObjectBlobStore {
    address.parse::<Connection>().unwrap().open().unwrap()
}

async fn open_s3() -> (ObjectBlobStore, ()) {
    (open(&spawn_blocking(minio::bucket).await.unwrap()), ())
}

async fn open_azure() -> (ObjectBlobStore, ()) {
    (open(&spawn_blocking(azurite::container).await.unwrap()), ())
}

blob_store_contract!(on_s3, open_s3);
blob_store_contract!(on_azure, open_azure);

/// Runs `test` on each kind of store.
async fn on_each(test: impl AsyncFn(ObjectBlobStore)) {
    test(open_s3().await.0).await;
    test(open_azure().await.0).await;
}

async fn list(store: &dyn BlobStore) -> Vec<StoredBlob> {
    store.list("registry").try_collect().await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn another_node_goes_on_with_an_upload() {
    for address in [
        spawn_blocking(minio::bucket).await.unwrap(),
        spawn_blocking(azurite::container).await.unwrap(),
    ] {
        let bytes = pattern(40 << 20);
        let mut draft = Draft::new();
        for chunk in bytes.chunks(9_000_000) {
            // Each chunk comes to a node that has never heard of the upload.
            draft = append(&open(&address), &key(1), &draft, body(&[chunk])).await.unwrap();
        }
        let sealed = open(&address).seal(&key(1), &draft).await.unwrap();
        assert!(read(&open(&address), &sealed).await == bytes);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_upload_sealed_by_a_node_that_died_is_told_to_be_doubtful() {
    on_each(async |store| {
        let bytes = pattern(20 << 20);
        let draft = start(&store, &key(1), &bytes).await;
        let first = store.seal(&key(1), &draft).await.unwrap();
        assert!(!first.doubtful);
        let second = store.seal(&key(1), &draft).await.unwrap();
        assert!(second.doubtful);
        assert_eq!(second.key, first.key);
        let found = store.read(&second.key, None).await.unwrap().into_bytes().await.unwrap();
        assert!(found == bytes);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_an_upload_leaves_goes_without_its_sealed_blob() {
    on_each(async |store| {
        let mut draft = Draft::new();
        for _ in 0..4 {
            draft = append(&store, &key(1), &draft, body(&[&pattern(5 << 20)])).await.unwrap();
        }
        let sealed = store.seal(&key(1), &draft).await.unwrap();
        store.delete(&key(1)).await.unwrap();
        let expected = StoredBlob { key: sealed.key, length: 20 << 20 };
        assert_eq!(list(&store).await, [expected]);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_large_draft_is_listed_and_given_up() {
    on_each(async |store| {
        start(&store, &key(1), &pattern(20 << 20)).await;
        assert_eq!(list(&store).await, [StoredBlob { key: key(1), length: 4 << 20 }]);
        store.delete(&key(1)).await.unwrap();
        assert_eq!(list(&store).await, []);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_address_gives_the_bytes_to_anyone() {
    on_each(async |store| {
        let sealed = store_sealed(&store, &key(1), b"abcdef").await;
        let lifetime = std::time::Duration::from_secs(60);
        let address = store.address(&sealed.key, lifetime).await.unwrap().unwrap();
        let fetch = move |range: &'static [&'static str]| {
            let address = address.clone();
            spawn_blocking(move || {
                std::process::Command::new("curl")
                    .args(["-sSf"])
                    .args(range)
                    .arg(address)
                    .output()
                    .unwrap()
                    .stdout
            })
        };
        assert_eq!(fetch(&[]).await.unwrap(), b"abcdef");
        assert_eq!(fetch(&["-r", "2-3"]).await.unwrap(), b"cd");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn storage_belongs_to_one_deployment() {
    on_each(async |store| {
        assert_eq!(store.owner().await.unwrap(), Ownership::Free);
        store.claim("one").await.unwrap();
        store.claim("one").await.unwrap();
        assert_eq!(store.owner().await.unwrap(), Ownership::Of("one".into()));
        let refused = store.claim("two").await.unwrap_err();
        assert!(matches!(refused, ConnectionError::Foreign { .. }), "{refused}");
        assert!(store.tells_names_apart().await.unwrap());
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_missing_bucket_and_wrong_credentials_are_told() {
    let s3 = spawn_blocking(minio::bucket).await.unwrap();
    let azure = spawn_blocking(azurite::container).await.unwrap();
    for address in [s3.replace("//test-", "//absent-"), azure.replace("/test-", "/absent-")] {
        let error = open(&address).owner().await.unwrap_err().to_string();
        assert!(error.contains("no such bucket"), "{error}");
    }
    let error = open(&s3.replace("gantry-secret", "wrong")).owner().await.unwrap_err().to_string();
    assert!(error.contains("SignatureDoesNotMatch") || error.contains("denied"), "{error}");
    let gone = "s3://b?endpoint=http://127.0.0.1:9&access_key_id=a&secret_access_key=b";
    let store = open(gone);
    let error = tokio::time::timeout(std::time::Duration::from_secs(60), store.owner());
    assert!(error.await.unwrap().unwrap_err().to_string().contains("onnect"));
}
