//! What every blob store promises, one behaviour a function.

use futures_util::{StreamExt, TryStreamExt, future, stream};
use gantry_blobs::{BlobError, BlobStore, BodyStream, Draft, Resumed, StoredBlob};

use super::bytes::{
    append, at, body, broken_body, finish, key, key_in, pattern, read, start, store_sealed,
};

/// Below a batch and a part, at them, and above several.
pub async fn appended_bytes_are_read_back(store: &dyn BlobStore) {
    for (upload, length) in
        [1, 4096, 128 * 1024, 300_000, 8 << 20, 20 << 20].into_iter().enumerate()
    {
        let (key, bytes) = (key(upload as u64), pattern(length));
        let appended = store.append(&key, &Draft::new(), body(&[&bytes])).await.unwrap();
        assert_eq!(appended.draft.length(), length as u64);
        appended.end.unwrap();
        let sealed = store.seal(&key, &appended.draft).await.unwrap();
        assert!(read(store, &sealed).await == bytes, "{length} bytes");
        let kept = key_in("kept", upload as u64);
        let draft = start(store, &kept, &bytes).await;
        assert!(finish(store, &kept, &draft).await == bytes, "{length} bytes");
    }
}

/// The client resumes behind them.
pub async fn body_that_breaks_off_is_kept_up_to_the_break(store: &dyn BlobStore) {
    let broken = broken_body(&[b"abc", b"de"]);
    let appended = store.append(&key(1), &Draft::new(), broken).await.unwrap();
    assert_eq!(appended.draft.length(), 5);
    assert_eq!(appended.end.unwrap_err().to_string(), "the sender went away");
    let draft = append(store, &key(1), &appended.draft, body(&[b"fgh"])).await.unwrap();
    assert_eq!(finish(store, &key(1), &draft).await, "abcdefgh");
}

/// What was stored and never noted counts for nothing.
pub async fn append_cuts_a_leftover_tail(store: &dyn BlobStore) {
    let three = start(store, &key(1), b"abc").await;
    append(store, &key(1), &three, body(&[b"defgh"])).await.unwrap();
    let draft = append(store, &key(1), &three, body(&[b"XY"])).await.unwrap();
    assert_eq!(finish(store, &key(1), &draft).await, "abcXY");
}

/// Bytes that never came can't be appended to.
pub async fn append_behind_the_end_is_refused(store: &dyn BlobStore) {
    let refused = append(store, &key(1), &at(1), body(&[b"x"])).await.unwrap_err();
    assert!(matches!(refused, BlobError::OffsetMismatch { stored: 0, wanted: 1, .. }));
    let refused = store.resume(&key(1), &at(1)).await.unwrap_err();
    assert!(matches!(refused, BlobError::OffsetMismatch { stored: 0, wanted: 1, .. }));
}

/// A mistake costs nothing.
pub async fn append_behind_the_end_leaves_the_bytes_alone(store: &dyn BlobStore) {
    let three = start(store, &key(1), b"abc").await;
    let four = Draft::resume(4, three.note().to_vec());
    let refused = append(store, &key(1), &four, body(&[b"x"])).await.unwrap_err();
    assert!(matches!(refused, BlobError::OffsetMismatch { stored: 3, wanted: 4, .. }));
    assert_eq!(finish(store, &key(1), &three).await, "abc");
}

/// A client may vanish at any moment.
pub async fn dropped_append_leaves_the_draft_good(store: &dyn BlobStore) {
    let three = start(store, &key(1), b"abc").await;
    let mut six = three.clone();
    for frames in [0, 1, 2, 3, 8] {
        let frame = pattern(100_000);
        let endless: BodyStream<'_> = stream::iter(vec![frame; frames])
            .map(|frame| Ok(frame.into()))
            .chain(stream::once(future::pending()))
            .boxed();
        let key = key(1);
        let mut dropped = store.append(&key, &three, endless);
        // Far enough for batches to be on their way to the device.
        for _ in 0..20 {
            assert!(future::poll_immediate(&mut dropped).await.is_none());
            tokio::task::yield_now().await;
        }
        drop(dropped);
        six = append(store, &key, &three, body(&[b"def"])).await.unwrap();
    }
    assert_eq!(finish(store, &key(1), &six).await, "abcdef");
}

/// Chunks may be smaller than anything a store likes to write.
pub async fn small_appends_add_up(store: &dyn BlobStore) {
    let bytes = pattern(9 << 20);
    let mut draft = Draft::new();
    for chunk in bytes.chunks(700_000) {
        draft = append(store, &key(1), &draft, body(&[chunk])).await.unwrap();
        if draft.length().is_multiple_of(3) {
            assert!(matches!(
                store.resume(&key(1), &draft).await.unwrap(),
                Resumed::Kept | Resumed::Doubtful(_)
            ));
        }
    }
    assert!(finish(store, &key(1), &draft).await == bytes);
}

/// Whatever happens to the upload afterwards.
pub async fn sealed_bytes_never_change(store: &dyn BlobStore) {
    let three = start(store, &key(1), b"abc").await;
    let six = append(store, &key(1), &three, body(&[b"def"])).await.unwrap();
    let sealed = store.seal(&key(1), &six).await.unwrap();
    for draft in [&Draft::new(), &three, &six] {
        // A store that can't refuse it keeps the two apart.
        if let Ok(other) = append(store, &key(1), draft, body(&[b"XXX"])).await {
            let other = store.seal(&key(1), &other).await.unwrap();
            assert_ne!(other.key, sealed.key);
        }
    }
    if let Ok(other) = store.seal(&key(1), &three).await {
        assert_ne!(other.key, sealed.key);
    }
    assert_eq!(read(store, &sealed).await, "abcdef");
}

/// The process ended between the seal and what was to make it count.
pub async fn sealed_draft_that_nobody_heard_of_comes_to_a_good_end(store: &dyn BlobStore) {
    let three = start(store, &key(1), b"abc").await;
    store.seal(&key(1), &three).await.unwrap();
    store.resume(&key(1), &three).await.unwrap();
    assert_eq!(finish(store, &key(1), &three).await, "abc");
    store.resume(&key(1), &three).await.unwrap();
    let six = append(store, &key(1), &three, body(&[b"def"])).await.unwrap();
    assert_eq!(finish(store, &key(1), &six).await, "abcdef");
    store.resume(&key(2), &Draft::new()).await.unwrap();
}

/// What was stored and never noted counts for nothing.
pub async fn seal_cuts_a_leftover_tail(store: &dyn BlobStore) {
    let four = start(store, &key(1), b"abcd").await;
    append(store, &key(1), &four, body(&[b"ef"])).await.unwrap();
    assert_eq!(finish(store, &key(1), &four).await, "abcd");
}

/// A blob has all its bytes or isn't one.
pub async fn seal_of_missing_bytes_is_refused(store: &dyn BlobStore) {
    let refused = store.seal(&key(1), &at(1)).await.unwrap_err();
    assert!(matches!(refused, BlobError::OffsetMismatch { stored: 0, wanted: 1, .. }));
    let three = start(store, &key(1), b"abc").await;
    let four = Draft::resume(4, three.note().to_vec());
    let refused = store.seal(&key(1), &four).await.unwrap_err();
    assert!(matches!(refused, BlobError::OffsetMismatch { stored: 3, wanted: 4, .. }));
    let four = append(store, &key(1), &three, body(&[b"d"])).await.unwrap();
    assert_eq!(finish(store, &key(1), &four).await, "abcd");
}

/// A caller that didn't hear the answer asks again.
pub async fn seal_twice_is_the_same_as_once(store: &dyn BlobStore) {
    let three = start(store, &key(1), b"abc").await;
    for _ in 0..2 {
        assert_eq!(finish(store, &key(1), &three).await, "abc");
    }
}

/// Nothing is something too.
pub async fn empty_blobs_work(store: &dyn BlobStore) {
    let appended = append(store, &key(1), &Draft::new(), body(&[])).await.unwrap();
    for (upload, draft) in [(1, appended), (2, Draft::new())] {
        let sealed = store.seal(&key(upload), &draft).await.unwrap();
        assert_eq!(read(store, &sealed).await, "");
        let empty = store.read(&sealed.key, Some(0..0)).await.unwrap();
        assert_eq!(empty.into_bytes().await.unwrap(), "");
    }
    assert_eq!(list(store, "registry").await.len(), 2);
}

/// From any byte to any other.
pub async fn ranges_are_exact(store: &dyn BlobStore) {
    let bytes = pattern(1000);
    let sealed = store_sealed(store, &key(1), &bytes).await;
    for range in [0..0, 0..1, 999..1000, 1000..1000, 0..1000, 123..877] {
        let source = store.read(&sealed.key, Some(range.clone())).await.unwrap();
        assert_eq!(source.length(), range.end - range.start);
        let expected = &bytes[range.start as usize..range.end as usize];
        assert_eq!(source.into_bytes().await.unwrap(), expected, "{range:?}");
    }
}

/// A peer may ask for anything.
pub async fn range_outside_the_blob_is_refused(store: &dyn BlobStore) {
    let sealed = store_sealed(store, &key(1), b"abc").await;
    #[expect(clippy::reversed_empty_ranges, reason = "a peer may ask for anything")]
    for range in [0..4, 4..4, 4..5, 2..1, 0..u64::MAX] {
        let refused = store.read(&sealed.key, Some(range)).await.unwrap_err();
        assert!(matches!(refused, BlobError::OutOfRange { length: 3, .. }), "{refused:?}");
    }
}

/// Deleting is idempotent, and what is gone is told to be.
pub async fn deleted_blob_is_gone(store: &dyn BlobStore) {
    let one = store_sealed(store, &key(1), b"abc").await;
    let two = store_sealed(store, &key(2), &pattern(9 << 20)).await;
    // Once before a reader opened it, once after.
    read(store, &two).await;
    for sealed in [one, two] {
        assert!(store.holds(&sealed.key).await.unwrap());
        store.delete(&sealed.key).await.unwrap();
        store.delete(&sealed.key).await.unwrap();
        let missing = store.read(&sealed.key, None).await.unwrap_err();
        assert!(matches!(missing, BlobError::NotFound(_)), "{missing:?}");
        assert!(!store.holds(&sealed.key).await.unwrap());
    }
    assert!(list(store, "registry").await.is_empty());
}

/// Nothing of it is left, however far it was.
pub async fn delete_abandons_an_upload(store: &dyn BlobStore) {
    let small = start(store, &key(1), b"abc").await;
    let large = start(store, &key(2), &pattern(20 << 20)).await;
    let large = append(store, &key(2), &large, body(&[b"def"])).await.unwrap();
    for (upload, draft) in [(1, small), (2, large)] {
        assert!(store.holds(&key(upload)).await.unwrap());
        store.delete(&key(upload)).await.unwrap();
        assert!(!store.holds(&key(upload)).await.unwrap());
        let refused = append(store, &key(upload), &draft, body(&[b"def"])).await.unwrap_err();
        assert!(matches!(refused, BlobError::OffsetMismatch { .. }), "{refused:?}");
        store.delete(&key(upload)).await.unwrap();
    }
    assert!(list(store, "registry").await.is_empty());
}

/// Sealed or not, of one registry only.
pub async fn everything_is_listed_once(store: &dyn BlobStore) {
    let uploads: Vec<u64> =
        (0..5).flat_map(|bucket| (0..4).map(move |n| bucket * 10_000 + n)).collect();
    for upload in uploads.iter().rev() {
        start(store, &key(*upload), &pattern(*upload as usize % 7 + 1)).await;
    }
    let sealed = store_sealed(store, &key(77_777), b"abc").await;
    store_sealed(store, &key_in("other", 3), b"abc").await;

    let found = list(store, "registry").await;
    let (drafts, rest): (Vec<_>, Vec<_>) =
        found.into_iter().partition(|blob| blob.key != sealed.key);
    assert_eq!(rest, [StoredBlob { key: sealed.key, length: 3 }]);
    let expected =
        uploads.iter().map(|upload| StoredBlob { key: key(*upload), length: upload % 7 + 1 });
    assert_eq!(drafts, expected.collect::<Vec<_>>());
    assert!(list(store, "nobody").await.is_empty());
}

/// Many at once, in many appends each.
pub async fn concurrent_uploads_do_not_mix(store: &dyn BlobStore) {
    let uploads = (0..40).map(|upload| async move {
        let bytes = pattern(1000 * upload as usize);
        let mut draft = Draft::new();
        for chunk in bytes.chunks(7000) {
            draft = append(store, &key(upload), &draft, body(&[chunk])).await.unwrap();
        }
        assert!(finish(store, &key(upload), &draft).await == bytes);
    });
    future::join_all(uploads).await;
    let listed = list(store, "registry").await;
    assert!(listed.len() >= 40, "{}", listed.len());
}

/// With a version as without one, and beside a draft of the same upload's.
pub async fn placed_blob_has_the_key_that_it_had_elsewhere(store: &dyn BlobStore) {
    let keys =
        [key(1), key(2).with_version("7f").unwrap(), key(3), key(3).with_version("a").unwrap()];
    for (key, length) in keys.iter().zip([0, 5, 9 << 20, 20 << 20]) {
        let bytes = pattern(length);
        assert!(!store.holds(key).await.unwrap(), "{key}");
        for _ in 0..2 {
            let body = body(&bytes.chunks(1 << 20).collect::<Vec<_>>());
            store.place(key, length as u64, body).await.unwrap().unwrap();
        }
        assert!(store.holds(key).await.unwrap());
        let found = store.read(key, None).await.unwrap();
        assert!(found.into_bytes().await.unwrap() == bytes, "{key}");
    }
    let listed = list(store, "registry").await;
    assert_eq!(listed.iter().map(|stored| &stored.key).collect::<Vec<_>>(), keys.each_ref());
    store.delete(&keys[3]).await.unwrap();
    assert!(!store.holds(&keys[3]).await.unwrap() && store.holds(&keys[2]).await.unwrap());
    for key in &keys {
        store.delete(key).await.unwrap();
    }
    assert!(list(store, "registry").await.is_empty());
}

/// Or is of another length than was said.
pub async fn body_that_breaks_off_places_nothing(store: &dyn BlobStore) {
    let large = pattern(20 << 20);
    for upload in 1..=2 {
        let key = key(upload).with_version("7f").unwrap();
        let broken = broken_body(&[&large]);
        let said = store.place(&key, 21 << 20, broken).await.unwrap().unwrap_err();
        assert_eq!(said.to_string(), "the sender went away");
        assert!(store.place(&key, 4, body(&[b"abc"])).await.unwrap().is_err());
        assert!(store.place(&key, 21 << 20, body(&[&large])).await.unwrap().is_err());
        assert!(!store.holds(&key).await.unwrap());
        assert!(list(store, "registry").await.is_empty());
        store.place(&key, 3, body(&[b"abc"])).await.unwrap().unwrap();
        let found = store.read(&key, None).await.unwrap();
        assert_eq!(found.into_bytes().await.unwrap(), "abc");
        store.delete(&key).await.unwrap();
    }
}

/// And leaves nothing behind that counts as content.
pub async fn probe_tells_the_room_left(store: &dyn BlobStore) {
    let space = store.probe().await.unwrap();
    assert!(0 < space.free && space.free <= space.total);
    assert!(list(store, "registry").await.is_empty());
}

async fn list(store: &dyn BlobStore, registry: &str) -> Vec<StoredBlob> {
    store.list(registry).try_collect().await.unwrap()
}
