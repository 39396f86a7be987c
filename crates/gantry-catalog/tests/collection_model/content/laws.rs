//! What must hold in every reachable state.

use super::Content;
use super::state::{BLOBS, Link, REPOSITORIES, State};
use stateright::Property;

pub(crate) const MANIFEST_KEEPS: &str = "what a manifest names stays as long as it does";
pub(crate) const PROMISE_KEPT: &str = "what a client needn't upload is there for the grace";
pub(crate) const ROW_HAS_BYTES: &str = "a row's key has its bytes and is not in the trash";
pub(crate) const READER_SERVED: &str = "a pull of a standing manifest finds its bytes";
pub(crate) const NO_ORPHAN: &str = "bytes always have a row that leads to them";
pub(crate) const GARBAGE_GOES: &str = "left alone, only what manifests name remains";

pub(super) fn laws() -> Vec<Property<Content>> {
    vec![
        Property::always(MANIFEST_KEEPS, manifests_are_whole),
        Property::always(PROMISE_KEPT, promises_are_kept),
        Property::always(ROW_HAS_BYTES, rows_have_bytes),
        Property::always(READER_SERVED, readers_are_served),
        Property::always(NO_ORPHAN, bytes_have_an_owner),
        Property::always(GARBAGE_GOES, garbage_goes),
        // That the space holds the interesting corners, so that the laws above say something.
        Property::sometimes(
            "a blob is pushed again while its old bytes await erasure",
            |_, state: &State| {
                state.keys.iter().any(|old| old.trash && state.row(old.blob).is_some())
            },
        ),
        Property::sometimes(
            "a mounted blob outlives its source",
            |model: &Content, state: &State| {
                state.links[0][0] == Link::Absent && model.is_named(state, 1, 0)
            },
        ),
        Property::sometimes("a reader holds a key whose bytes are gone", |_, state: &State| {
            state.keys.iter().any(|key| key.reader.is_some() && !key.bytes)
        }),
        Property::sometimes(
            "a promise outlives the manifest it was given under",
            |model: &Content, state: &State| {
                state.promised[0][0] == Some(model.grace)
                    && state.links[0][0] == Link::Since(model.grace)
            },
        ),
    ]
}

fn manifests_are_whole(model: &Content, state: &State) -> bool {
    pairs().all(|(repository, blob)| {
        !model.is_named(state, repository, blob)
            || (state.links[repository][blob] == Link::Named && state.holds(repository, blob))
    })
}

fn promises_are_kept(_: &Content, state: &State) -> bool {
    pairs().all(|(repository, blob)| {
        state.promised[repository][blob].is_none() || state.holds(repository, blob)
    })
}

fn rows_have_bytes(_: &Content, state: &State) -> bool {
    state.keys.iter().all(|key| !key.row || (key.bytes && !key.trash))
}

fn readers_are_served(_: &Content, state: &State) -> bool {
    let readers = state.keys.iter().filter_map(|key| key.reader.map(|reader| (key, reader)));
    readers.into_iter().all(|(key, reader)| !reader.stood || key.bytes)
}

fn bytes_have_an_owner(_: &Content, state: &State) -> bool {
    state.keys.iter().all(|key| !key.bytes || key.row || key.session || key.trash)
}

/// Every process dies, nobody comes back, time passes and the collector does all it finds to do:
/// then tables and store hold what the manifests name and nothing besides.
fn garbage_goes(model: &Content, state: &State) -> bool {
    let rest = model.drained(state.clone());
    let links_named = pairs().all(|(repository, blob)| {
        (rest.links[repository][blob] != Link::Absent) == model.is_named(state, repository, blob)
    });
    let keys_named = rest.keys.iter().all(|key| {
        key.row && (0..REPOSITORIES).any(|repository| model.is_named(state, repository, key.blob))
    });
    links_named && keys_named
}

fn pairs() -> impl Iterator<Item = (usize, usize)> {
    (0..REPOSITORIES).flat_map(|repository| (0..BLOBS).map(move |blob| (repository, blob)))
}
