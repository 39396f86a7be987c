//! The contract of a blob store, for every implementation to run.

pub mod bytes;
pub mod contract;

/// Runs every behaviour of the contract as a test of its own, each against a new store.
///
/// `blob_store_contract!(name, open)` makes a module `name`; `open` is an async function that
/// answers a store and whatever must outlive it.
#[macro_export]
macro_rules! blob_store_contract {
    ($name:ident, $open:ident) => {
        $crate::blob_store_contract! { @behaviours $name, $open,
            appended_bytes_are_read_back,
            body_that_breaks_off_is_kept_up_to_the_break,
            append_cuts_a_leftover_tail,
            append_behind_the_end_is_refused,
            append_behind_the_end_leaves_the_bytes_alone,
            dropped_append_leaves_the_draft_good,
            small_appends_add_up,
            sealed_bytes_never_change,
            sealed_draft_that_nobody_heard_of_comes_to_a_good_end,
            seal_cuts_a_leftover_tail,
            seal_of_missing_bytes_is_refused,
            seal_twice_is_the_same_as_once,
            empty_blobs_work,
            ranges_are_exact,
            range_outside_the_blob_is_refused,
            deleted_blob_is_gone,
            delete_abandons_an_upload,
            everything_is_listed_once,
            concurrent_uploads_do_not_mix,
            placed_blob_has_the_key_that_it_had_elsewhere,
            body_that_breaks_off_places_nothing,
            probe_tells_the_room_left,
        }
    };
    (@behaviours $name:ident, $open:ident, $($behaviour:ident,)*) => {
        mod $name {
            $(
                #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
                async fn $behaviour() {
                    let (store, _kept) = super::$open().await;
                    $crate::blob_store::contract::$behaviour(&store).await;
                }
            )*
        }
    };
}
