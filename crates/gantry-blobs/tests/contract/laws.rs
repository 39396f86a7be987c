//! Laws over generated bodies.

use std::sync::Arc;

use futures_util::StreamExt;
use gantry_blobs::{BlobStore, FileBlobStore, MemoryBlobStore};
use proptest::prelude::{Strategy, any, prop};
use proptest::test_runner::{Config, TestRunner};

use crate::support::{append, body, broken_body, key, pattern, read};

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
        let mut at = 0;
        for frames in appends {
            let start = at;
            let slices: Vec<&[u8]> = frames
                .iter()
                .map(|length| {
                    at += length;
                    &whole[at - length..at]
                })
                .collect();
            let appended = store.append(&key, start as u64, body(&slices)).await.unwrap();
            assert_eq!(appended.written, (at - start) as u64);
        }
        store.seal(&key, whole.len() as u64).await.unwrap();
        assert!(read(store, &key).await == whole);
    });
}

#[test]
fn upload_resumes_behind_a_break_at_every_byte() {
    let body = prop::collection::vec(any::<u8>(), 1..24);
    hold(8, body, &async |store, upload, whole| {
        for cut in 0..=whole.len() {
            let key = key(upload * 1000 + cut as u64);
            let appended = store.append(&key, 0, broken_body(&[&whole[..cut]])).await.unwrap();
            assert!(appended.end.is_err());
            append(store, &key, appended.written, &whole[cut..]).await.unwrap();
            store.seal(&key, whole.len() as u64).await.unwrap();
            assert_eq!(read(store, &key).await, whole.as_slice());
        }
    });
}

#[test]
fn any_range_is_that_part_of_the_whole() {
    let ranges =
        (0_usize..600_000).prop_flat_map(|length| (0..=length, 0..=length, length..=length));
    hold(24, ranges, &async |store, upload, &(one, other, length)| {
        let (key, whole) = (key(upload), pattern(length));
        append(store, &key, 0, &whole).await.unwrap();
        let (start, end) = (one.min(other), one.max(other));
        let source = store.read(&key, Some(start as u64..end as u64)).await.unwrap();
        let chunks: Vec<_> = source.into_stream().map(Result::unwrap).collect().await;
        assert!(chunks.concat() == whole[start..end]);
    });
}
