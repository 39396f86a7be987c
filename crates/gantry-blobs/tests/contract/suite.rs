//! What every blob store promises.

use futures_util::{StreamExt, future, stream};
use gantry_blobs::{BlobError, BlobStore, BodyStream};

use crate::support::{append, body, broken_body, key, key_in, pattern, read, store_sealed};

pub(crate) async fn appended_bytes_are_read_back(store: &dyn BlobStore) {
    // Below a batch, at it, above it, and above the early write-back.
    for (upload, length) in [1, 4096, 128 * 1024, 300_000, 20 << 20].into_iter().enumerate() {
        let (key, bytes) = (key(upload as u64), pattern(length));
        let appended = append(store, &key, 0, &bytes).await.unwrap();
        assert_eq!(appended.written, length as u64);
        appended.end.unwrap();
        store.seal(&key, length as u64).await.unwrap();
        assert!(read(store, &key).await == bytes, "{length} bytes");
    }
}

pub(crate) async fn body_that_breaks_off_is_kept_up_to_the_break(store: &dyn BlobStore) {
    let appended = store.append(&key(1), 0, broken_body(&[b"abc", b"de"])).await.unwrap();
    assert_eq!(appended.written, 5);
    assert_eq!(appended.end.unwrap_err().to_string(), "the sender went away");
    append(store, &key(1), 5, b"fgh").await.unwrap();
    store.seal(&key(1), 8).await.unwrap();
    assert_eq!(read(store, &key(1)).await, "abcdefgh");
}

pub(crate) async fn append_cuts_a_leftover_tail(store: &dyn BlobStore) {
    append(store, &key(1), 0, b"abcdefgh").await.unwrap();
    append(store, &key(1), 3, b"XY").await.unwrap();
    assert_eq!(read(store, &key(1)).await, "abcXY");
}

pub(crate) async fn append_behind_the_end_is_refused(store: &dyn BlobStore) {
    let refused = append(store, &key(1), 1, b"x").await.unwrap_err();
    assert!(matches!(refused, BlobError::OffsetMismatch { stored: 0, wanted: 1, .. }));
}

pub(crate) async fn append_behind_the_end_leaves_the_bytes_alone(store: &dyn BlobStore) {
    append(store, &key(1), 0, b"abc").await.unwrap();
    let refused = append(store, &key(1), 4, b"x").await.unwrap_err();
    assert!(matches!(refused, BlobError::OffsetMismatch { stored: 3, wanted: 4, .. }));
    assert_eq!(read(store, &key(1)).await, "abc");
}

pub(crate) async fn dropped_append_leaves_the_blob_usable(store: &dyn BlobStore) {
    append(store, &key(1), 0, b"abc").await.unwrap();
    for frames in [0, 1, 2, 3, 8] {
        let frame = pattern(100_000);
        let endless: BodyStream<'_> = stream::iter(vec![frame; frames])
            .map(|frame| Ok(frame.into()))
            .chain(stream::once(future::pending()))
            .boxed();
        let key = key(1);
        let mut dropped = store.append(&key, 3, endless);
        // Far enough for batches to be on their way to the file.
        for _ in 0..20 {
            assert!(future::poll_immediate(&mut dropped).await.is_none());
            tokio::task::yield_now().await;
        }
        drop(dropped);
        append(store, &key, 3, b"def").await.unwrap();
        assert_eq!(read(store, &key).await, "abcdef");
    }
    store.seal(&key(1), 6).await.unwrap();
    assert_eq!(read(store, &key(1)).await, "abcdef");
}

pub(crate) async fn sealed_bytes_never_change(store: &dyn BlobStore) {
    store_sealed(store, &key(1), b"abcdef").await;
    for offset in [0, 3, 6] {
        let refused = append(store, &key(1), offset, b"X").await.unwrap_err();
        assert!(matches!(refused, BlobError::Sealed(_)), "{refused:?}");
    }
    let refused = store.seal(&key(1), 3).await.unwrap_err();
    assert!(matches!(refused, BlobError::Sealed(_)), "{refused:?}");
    store.seal(&key(1), 7).await.unwrap_err();
    assert_eq!(read(store, &key(1)).await, "abcdef");
}

pub(crate) async fn seal_cuts_a_leftover_tail(store: &dyn BlobStore) {
    append(store, &key(1), 0, b"abcdef").await.unwrap();
    store.seal(&key(1), 4).await.unwrap();
    assert_eq!(read(store, &key(1)).await, "abcd");
}

pub(crate) async fn seal_of_missing_bytes_is_refused(store: &dyn BlobStore) {
    assert!(matches!(store.seal(&key(1), 1).await, Err(BlobError::NotFound(_))));
    append(store, &key(1), 0, b"abc").await.unwrap();
    let refused = store.seal(&key(1), 4).await.unwrap_err();
    assert!(matches!(refused, BlobError::OffsetMismatch { stored: 3, wanted: 4, .. }));
    append(store, &key(1), 3, b"d").await.unwrap();
    store.seal(&key(1), 4).await.unwrap();
}

pub(crate) async fn seal_twice_is_the_same_as_once(store: &dyn BlobStore) {
    store_sealed(store, &key(1), b"abc").await;
    store.seal(&key(1), 3).await.unwrap();
    assert_eq!(read(store, &key(1)).await, "abc");
}

pub(crate) async fn reopened_blob_is_appended_to_and_sealed_again(store: &dyn BlobStore) {
    store_sealed(store, &key(1), b"abc").await;
    assert_eq!(read(store, &key(1)).await, "abc");
    store.reopen(&key(1)).await.unwrap();
    store.append(&key(1), 3, body(&[b"def"])).await.unwrap();
    store.seal(&key(1), 6).await.unwrap();
    assert_eq!(read(store, &key(1)).await, "abcdef");
    store.reopen(&key(2)).await.unwrap();
}

pub(crate) async fn empty_blobs_work(store: &dyn BlobStore) {
    store.append(&key(1), 0, body(&[])).await.unwrap();
    store.seal(&key(1), 0).await.unwrap();
    store.seal(&key(2), 0).await.unwrap();
    for upload in [1, 2] {
        assert_eq!(read(store, &key(upload)).await, "");
        let empty = store.read(&key(upload), Some(0..0)).await.unwrap();
        assert_eq!(empty.into_bytes().await.unwrap(), "");
    }
    assert_eq!(store.list("registry", None, 10).await.unwrap().len(), 2);
}

pub(crate) async fn ranges_are_exact(store: &dyn BlobStore) {
    let bytes = pattern(1000);
    store_sealed(store, &key(1), &bytes).await;
    for range in [0..0, 0..1, 999..1000, 1000..1000, 0..1000, 123..877] {
        let source = store.read(&key(1), Some(range.clone())).await.unwrap();
        let expected = &bytes[range.start as usize..range.end as usize];
        assert_eq!(source.into_bytes().await.unwrap(), expected, "{range:?}");
    }
}

pub(crate) async fn range_outside_the_blob_is_refused(store: &dyn BlobStore) {
    store_sealed(store, &key(1), b"abc").await;
    #[expect(clippy::reversed_empty_ranges, reason = "a peer may ask for anything")]
    for range in [0..4, 4..4, 4..5, 2..1, 0..u64::MAX] {
        let refused = store.read(&key(1), Some(range)).await.unwrap_err();
        assert!(matches!(refused, BlobError::OutOfRange { length: 3, .. }), "{refused:?}");
    }
}

pub(crate) async fn unsealed_bytes_are_readable(store: &dyn BlobStore) {
    append(store, &key(1), 0, b"abc").await.unwrap();
    assert_eq!(read(store, &key(1)).await, "abc");
    append(store, &key(1), 3, b"def").await.unwrap();
    assert_eq!(read(store, &key(1)).await, "abcdef");
}

pub(crate) async fn deleted_blob_is_gone(store: &dyn BlobStore) {
    store_sealed(store, &key(1), b"abc").await;
    store_sealed(store, &key(2), b"def").await;
    // Once before a reader opened it, once after.
    read(store, &key(2)).await;
    for upload in [1, 2] {
        store.delete(&key(upload)).await.unwrap();
        store.delete(&key(upload)).await.unwrap();
        let missing = store.read(&key(upload), None).await.unwrap_err();
        assert!(matches!(missing, BlobError::NotFound(_)));
    }
    assert!(store.list("registry", None, 10).await.unwrap().is_empty());
}

pub(crate) async fn reader_finishes_although_the_blob_is_deleted(store: &dyn BlobStore) {
    let bytes = pattern(1 << 20);
    store_sealed(store, &key(1), &bytes).await;
    let source = store.read(&key(1), None).await.unwrap();
    store.delete(&key(1)).await.unwrap();
    assert!(source.into_bytes().await.unwrap() == bytes);
}

pub(crate) async fn delete_abandons_an_upload(store: &dyn BlobStore) {
    append(store, &key(1), 0, b"abc").await.unwrap();
    store.delete(&key(1)).await.unwrap();
    let refused = append(store, &key(1), 3, b"def").await.unwrap_err();
    assert!(matches!(refused, BlobError::OffsetMismatch { stored: 0, .. }));
}

pub(crate) async fn list_pages_through_one_registry(store: &dyn BlobStore) {
    // Several buckets, several blobs in each, made out of order.
    let uploads: Vec<u64> =
        (0..5).flat_map(|bucket| (0..4).map(move |n| bucket * 10_000 + n)).collect();
    for upload in uploads.iter().rev() {
        append(store, &key(*upload), 0, &pattern(*upload as usize % 7)).await.unwrap();
    }
    store_sealed(store, &key_in("other", 3), b"abc").await;

    for limit in [1, 3, 20, 100] {
        let (mut found, mut after) = (Vec::new(), None);
        loop {
            let page = store.list("registry", after.as_ref(), limit).await.unwrap();
            assert!(page.len() <= limit);
            let Some(last) = page.last() else { break };
            after = Some(last.key.clone());
            found.extend(page);
        }
        let listed: Vec<_> = found.iter().map(|blob| blob.key.clone()).collect();
        assert_eq!(listed, uploads.iter().map(|upload| key(*upload)).collect::<Vec<_>>());
        for (blob, upload) in found.iter().zip(&uploads) {
            assert_eq!(blob.length, upload % 7);
        }
    }
    assert!(store.list("nobody", None, 10).await.unwrap().is_empty());
}

pub(crate) async fn concurrent_uploads_do_not_mix(store: &dyn BlobStore) {
    let uploads = (0..40).map(|upload| async move {
        let bytes = pattern(1000 * upload as usize);
        for (index, chunk) in bytes.chunks(7000).enumerate() {
            append(store, &key(upload), 7000 * index as u64, chunk).await.unwrap();
        }
        store.seal(&key(upload), bytes.len() as u64).await.unwrap();
        assert!(read(store, &key(upload)).await == bytes);
    });
    future::join_all(uploads).await;
    assert_eq!(store.list("registry", None, 100).await.unwrap().len(), 40);
}

pub(crate) async fn probe_tells_the_room_left(store: &dyn BlobStore) {
    let space = store.probe().await.unwrap();
    assert!(0 < space.free && space.free <= space.total);
    assert!(store.list("registry", None, 10).await.unwrap().is_empty());
}
