//! The contract of `BlobStore`, run by every implementation, and what is particular to files.

#![expect(clippy::unwrap_used, reason = "a test may panic")]

mod files;
mod full_disk;
mod laws;
mod suite;
mod support;

/// Runs every behaviour of the suite against every store.
macro_rules! contract {
    ($($behaviour:ident),* $(,)?) => {
        mod memory {
            $(
                #[tokio::test]
                async fn $behaviour() {
                    crate::suite::$behaviour(&gantry_blobs::MemoryBlobStore::new()).await;
                }
            )*
        }
        mod on_files {
            $(
                #[tokio::test]
                async fn $behaviour() {
                    let directory = tempfile::tempdir().unwrap();
                    let store = gantry_blobs::FileBlobStore::open(directory.path()).unwrap();
                    crate::suite::$behaviour(&store).await;
                }
            )*
        }
    };
}

contract![
    appended_bytes_are_read_back,
    body_that_breaks_off_is_kept_up_to_the_break,
    append_cuts_a_leftover_tail,
    append_behind_the_end_is_refused,
    append_behind_the_end_leaves_the_bytes_alone,
    dropped_append_leaves_the_blob_usable,
    sealed_bytes_never_change,
    reopened_blob_is_appended_to_and_sealed_again,
    seal_cuts_a_leftover_tail,
    seal_of_missing_bytes_is_refused,
    seal_twice_is_the_same_as_once,
    empty_blobs_work,
    ranges_are_exact,
    range_outside_the_blob_is_refused,
    unsealed_bytes_are_readable,
    deleted_blob_is_gone,
    reader_finishes_although_the_blob_is_deleted,
    delete_abandons_an_upload,
    list_pages_through_one_registry,
    concurrent_uploads_do_not_mix,
    probe_tells_the_room_left,
];
