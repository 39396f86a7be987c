//! Laws over generated bodies.

use std::sync::Arc;

use futures_util::StreamExt;
use gantry_blobs::{BlobStore, Draft, FileBlobStore, MemoryBlobStore};
use gantry_testkit::blob_store::bytes::{
    append, body, broken_body, finish, key, pattern, store_sealed,
};
use proptest::prelude::{Strategy, any, prop};
use proptest::test_runner::{Config, TestRunner};

/// Runs `law` on fresh keys of both stores, for many generated inputs.
fn hold<T: std::fmt::Debug>(
    cases: u32,
    inputs: impl Strategy<Value = T>,
    law: &impl AsyncFn(&dyn BlobStore, u64, &T),
) {
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let directory = tempfile::tempdir().unwrap();
    let stores: [Arc<dyn BlobStore>; 2] = [
        Arc::new(MemoryBlobStore::new()),
        Arc::new(FileBlobStore::open(directory.path()).unwrap()),
    ];
    let upload = std::cell::Cell::new(0);
    TestRunner::new(Config { cases, failure_persistence: None, ..Config::default() })
        .run(&inputs, |input| {
            upload.set(upload.get() + 1);
            for store in &stores {
                runtime.block_on(law(store.as_ref(), upload.get(), &input));
            }
            Ok(())
        })
        .unwrap();
}

#[test]
fn any_split_into_appends_and_frames_gives_the_same_bytes() {
    // Frames around the sizes where coalescing and batching change their mind.
    let frame = prop::sample::select(vec![0_usize, 1, 17, 4095, 4096, 5000, 70_000, 131_072]);
    let appends = prop::collection::vec(prop::collection::vec(frame, 0..5), 1..5);
    hold(64, appends, &async |store, upload, appends| {
        let key = key(upload);
        let whole = pattern(appends.iter().flatten().sum());
        let (mut at, mut draft) = (0, Draft::new());
        for frames in appends {
            let slices: Vec<&[u8]> = frames
                .iter()
                .map(|length| {
                    at += length;
                    &whole[at - length..at]
                })
                .collect();
            draft = append(store, &key, &draft, body(&slices)).await.unwrap();
            assert_eq!(draft.length(), at as u64);
        }
        assert!(finish(store, &key, &draft).await == whole);
    });
}

#[test]
fn upload_resumes_behind_a_break_at_every_byte() {
    let bytes = prop::collection::vec(any::<u8>(), 1..24);
    hold(8, bytes, &async |store, upload, whole| {
        for cut in 0..=whole.len() {
            let key = key(upload * 1000 + cut as u64);
            let broken = broken_body(&[&whole[..cut]]);
            let appended = store.append(&key, &Draft::new(), broken).await.unwrap();
            assert!(appended.end.is_err());
            let rest = body(&[&whole[cut..]]);
            let draft = append(store, &key, &appended.draft, rest).await.unwrap();
            assert_eq!(finish(store, &key, &draft).await, whole.as_slice());
        }
    });
}

#[test]
fn any_range_is_that_part_of_the_whole() {
    let ranges =
        (0_usize..600_000).prop_flat_map(|length| (0..=length, 0..=length, length..=length));
    hold(24, ranges, &async |store, upload, &(one, other, length)| {
        let (key, whole) = (key(upload), pattern(length));
        let sealed = store_sealed(store, &key, &whole).await;
        let (start, end) = (one.min(other), one.max(other));
        let source = store.read(&sealed.key, Some(start as u64..end as u64)).await.unwrap();
        let chunks: Vec<_> = source.into_stream().map(Result::unwrap).collect().await;
        assert!(chunks.concat() == whole[start..end]);
    });
}
