//! Bodies and keys for the tests.

use bytes::Bytes;
use futures_util::{StreamExt, stream};
use gantry_blobs::{Appended, BlobError, BlobKey, BlobStore, BodyError, BodyStream};

/// The key of upload number `upload` in `registry`; 10,000 uploads share a bucket.
pub(crate) fn key_in(registry: &str, upload: u64) -> BlobKey {
    BlobKey::new(registry, &format!("{upload:010}0000000000000000")).unwrap()
}

pub(crate) fn key(upload: u64) -> BlobKey {
    key_in("registry", upload)
}

pub(crate) fn body(frames: &[&[u8]]) -> BodyStream<'static> {
    let frames: Vec<_> = frames.iter().map(|frame| Ok(Bytes::copy_from_slice(frame))).collect();
    stream::iter(frames).boxed()
}

pub(crate) fn broken_body(frames: &[&[u8]]) -> BodyStream<'static> {
    let broken: Result<Bytes, BodyError> = Err("the sender went away".into());
    body(frames).chain(stream::iter([broken])).boxed()
}

/// Bytes that differ from place to place.
pub(crate) fn pattern(length: usize) -> Vec<u8> {
    (0..length as u64)
        .map(|index| (index.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 32) as u8)
        .collect()
}

pub(crate) async fn append(
    store: &dyn BlobStore,
    key: &BlobKey,
    offset: u64,
    bytes: &[u8],
) -> Result<Appended, BlobError> {
    store.append(key, offset, body(&[bytes])).await
}

/// Appends and seals.
pub(crate) async fn store_sealed(store: &dyn BlobStore, key: &BlobKey, bytes: &[u8]) {
    append(store, key, 0, bytes).await.unwrap().end.unwrap();
    store.seal(key, bytes.len() as u64).await.unwrap();
}

pub(crate) async fn read(store: &dyn BlobStore, key: &BlobKey) -> Bytes {
    store.read(key, None).await.unwrap().into_bytes().await.unwrap()
}
