//! Keys, bodies and drafts for tests.

use bytes::Bytes;
use futures_util::{StreamExt, stream};
use gantry_blobs::{BlobError, BlobKey, BlobStore, BodyError, BodyStream, Draft, Sealed};

/// The key of upload number `upload` in `registry`; 10,000 uploads have the same first letters.
pub fn key_in(registry: &str, upload: u64) -> BlobKey {
    BlobKey::new(registry, &format!("{upload:010}0000000000000000")).unwrap()
}

/// The key of upload number `upload`.
pub fn key(upload: u64) -> BlobKey {
    key_in("registry", upload)
}

/// A body of these frames.
pub fn body(frames: &[&[u8]]) -> BodyStream<'static> {
    let frames: Vec<_> = frames.iter().map(|frame| Ok(Bytes::copy_from_slice(frame))).collect();
    stream::iter(frames).boxed()
}

/// A body that breaks off after these frames.
pub fn broken_body(frames: &[&[u8]]) -> BodyStream<'static> {
    let broken: Result<Bytes, BodyError> = Err("the sender went away".into());
    body(frames).chain(stream::iter([broken])).boxed()
}

/// Bytes that differ from place to place.
pub fn pattern(length: usize) -> Vec<u8> {
    (0..length as u64)
        .map(|index| (index.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 32) as u8)
        .collect()
}

/// A draft of which the store knows nothing.
pub fn at(length: u64) -> Draft {
    Draft::resume(length, Vec::new())
}

/// Appends as one request does: what it took is in a checkpoint, and only that is kept.
pub async fn append(
    store: &dyn BlobStore,
    key: &BlobKey,
    draft: &Draft,
    body: BodyStream<'_>,
) -> Result<Draft, BlobError> {
    let appended = store.append(key, draft, body).await?;
    let kept = store.checkpoint(key, &appended.draft).await?;
    assert_eq!(kept.length(), appended.draft.length());
    Ok(Draft::resume(kept.length(), kept.note().to_vec()))
}

/// Appends to a new blob.
pub async fn start(store: &dyn BlobStore, key: &BlobKey, bytes: &[u8]) -> Draft {
    append(store, key, &Draft::new(), body(&[bytes])).await.unwrap()
}

/// Appends and seals.
pub async fn store_sealed(store: &dyn BlobStore, key: &BlobKey, bytes: &[u8]) -> Sealed {
    let appended = store.append(key, &Draft::new(), body(&[bytes])).await.unwrap();
    appended.end.unwrap();
    store.seal(key, &appended.draft).await.unwrap()
}

/// All bytes of a sealed blob.
pub async fn read(store: &dyn BlobStore, sealed: &Sealed) -> Bytes {
    assert!(!sealed.doubtful);
    store.read(&sealed.key, None).await.unwrap().into_bytes().await.unwrap()
}

/// Seals the draft and reads it back.
pub async fn finish(store: &dyn BlobStore, key: &BlobKey, draft: &Draft) -> Bytes {
    read(store, &store.seal(key, draft).await.unwrap()).await
}
