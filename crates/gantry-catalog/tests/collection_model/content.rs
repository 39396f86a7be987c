//! The protocol transaction by transaction.
//!
//! Two repositories, one or two blobs, manifests that share them, clients with a bounded number
//! of operations under way (and any number one after another), a collector, readers, crashes.
//! Ages saturate and keys without a trace are forgotten, so the space is finite although time and
//! the number of pushes are not.

mod laws;
mod state;
mod steps;

use crate::{assert_caught, assert_sound};
use laws::{GARBAGE_GOES, MANIFEST_KEEPS, NO_ORPHAN, PROMISE_KEPT, READER_SERVED, ROW_HAS_BYTES};
use state::{Age, Link, REPOSITORIES, State};
use stateright::{Model, Property};
use steps::Step;

/// One run: its size, and which rule is broken.
#[derive(Clone, Debug)]
pub(crate) struct Content {
    blobs: usize,
    /// The blobs each manifest names.
    names: Vec<&'static [usize]>,
    /// Operations of clients between two of their steps, at most.
    clients: usize,
    /// Storage keys of which a trace exists, at most.
    keys: usize,
    grace: Age,
    /// A HEAD renews a stamp older than this.
    renewal: Age,
    flaw: Option<Flaw>,
}

/// One rule of the protocol, broken.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Flaw {
    /// Garbage is read in one transaction and removed in another that doesn't look again.
    CollectsWithoutLookingAgain,
    /// The collector's limit is the grace alone, although HEAD lets a stamp grow old a little.
    CollectsAtTheGrace,
    CollectsNamed,
    RowGoesWithAnyLink,
    RowGoesWithoutTrash,
    BytesGoBeforeRow,
    TrashIsForgottenBeforeBytes,
    KeyIsTheDigest,
    DuplicateIsNotTrashed,
    DuplicateDoesNotStamp,
    MountDoesNotStamp,
    HeadDoesNotRenew,
    HeadAnswersBeforeRenewing,
    HeadIgnoresLostRow,
    DeleteDoesNotStamp,
    DeleteBlobLeavesRow,
}

// === impl Content ===

impl Content {
    /// Past the grace, and past what a HEAD may have left unrenewed when it gave its promise.
    fn limit(&self) -> Age {
        match self.flaw {
            Some(Flaw::CollectsAtTheGrace) => self.grace,
            _ => self.grace + self.renewal,
        }
    }

    fn oldest(&self) -> Age {
        self.grace + self.renewal + 1
    }

    fn is_garbage(&self, state: &State, repository: usize, blob: usize) -> bool {
        let Link::Since(age) = state.links[repository][blob] else { return false };
        age > self.limit() && !self.is_named(state, repository, blob)
    }

    fn is_collectable(&self, state: &State, repository: usize, blob: usize) -> bool {
        match self.flaw {
            Some(Flaw::CollectsWithoutLookingAgain) => state.picked == Some((repository, blob)),
            Some(Flaw::CollectsNamed) => {
                state.links[repository][blob] == Link::Named
                    || self.is_garbage(state, repository, blob)
            }
            _ => self.is_garbage(state, repository, blob),
        }
    }

    fn is_erasable(&self, state: &State, index: usize) -> bool {
        let key = state.keys[index];
        let unlinked = (0..REPOSITORIES).all(|repository| {
            state.links[repository][key.blob] == Link::Absent
                || self.is_garbage(state, repository, key.blob)
        });
        key.bytes
            && (key.trash || (self.flaw == Some(Flaw::BytesGoBeforeRow) && key.row && unlinked))
    }

    fn is_forgettable(&self, state: &State, index: usize) -> bool {
        let key = state.keys[index];
        key.trash && (!key.bytes || self.flaw == Some(Flaw::TrashIsForgottenBeforeBytes))
    }

    fn push_client_steps(&self, state: &State, steps: &mut Vec<Step>) {
        let room = state.in_flight() < self.clients;
        for repository in 0..REPOSITORIES {
            for blob in 0..self.blobs {
                if room && state.keys.len() < self.keys {
                    steps.push(Step::Upload { repository, blob });
                }
                if room && state.links[repository][blob] != Link::Absent {
                    steps.push(Step::Head { repository, blob });
                }
                let to = 1 - repository;
                steps.push(Step::Mount { from: repository, to, blob });
                if state.links[repository][blob] != Link::Absent {
                    steps.push(Step::DeleteBlob { repository, blob });
                }
            }
            for manifest in 0..self.names.len() {
                if !state.manifests[repository][manifest] {
                    steps.push(Step::PutManifest { repository, manifest });
                    continue;
                }
                steps.push(Step::DeleteManifest { repository, manifest });
                for &blob in self.names[manifest] {
                    if room && state.row(blob).is_some_and(|key| key.reader.is_none()) {
                        steps.push(Step::Resolve { repository, manifest, blob });
                    }
                }
            }
        }
        for (key, known) in state.keys.iter().enumerate() {
            if known.completing.is_some() {
                steps.push(Step::Complete { key });
            }
            if known.reader.is_some() {
                steps.push(Step::Read { key });
            }
        }
        steps.extend((0..state.renewals.len()).map(|renewal| Step::Renew { renewal }));
    }

    fn push_collector_steps(&self, state: &State, steps: &mut Vec<Step>) {
        for repository in 0..REPOSITORIES {
            for blob in 0..self.blobs {
                let waits = self.flaw == Some(Flaw::CollectsWithoutLookingAgain);
                if waits && state.picked.is_none() && self.is_garbage(state, repository, blob) {
                    steps.push(Step::Pick { repository, blob });
                }
                if self.is_collectable(state, repository, blob) {
                    steps.push(Step::Collect { repository, blob });
                }
            }
        }
        for (key, known) in state.keys.iter().enumerate() {
            // A session at work is not idle; `sessions` looks closer.
            if known.session && known.completing.is_none() {
                steps.push(Step::SweepSession { key });
            }
            if self.is_erasable(state, key) {
                steps.push(Step::EraseBytes { key });
            }
            if self.is_forgettable(state, key) {
                steps.push(Step::ForgetTrash { key });
            }
        }
    }

    /// The state once every process has died, time has passed and the collector is done.
    fn drained(&self, mut state: State) -> State {
        self.take(&mut state, Step::Crash);
        for _ in 0..self.oldest() {
            self.take(&mut state, Step::Tick);
        }
        let mut steps = Vec::new();
        loop {
            self.push_collector_steps(&state, &mut steps);
            let Some(&step) = steps.first() else { return state };
            self.take(&mut state, step);
            steps.clear();
        }
    }
}

impl Model for Content {
    type State = State;
    type Action = Step;

    fn init_states(&self) -> Vec<State> {
        vec![State::empty()]
    }

    fn actions(&self, state: &State, steps: &mut Vec<Step>) {
        self.push_client_steps(state, steps);
        self.push_collector_steps(state, steps);
        steps.extend([Step::Tick, Step::Crash]);
    }

    fn next_state(&self, last: &State, step: Step) -> Option<State> {
        self.after(last, step)
    }

    fn properties(&self) -> Vec<Property<Self>> {
        laws::laws()
    }
}

fn one_blob() -> Content {
    let names: Vec<&'static [usize]> = vec![&[0]];
    Content { blobs: 1, names, clients: 2, keys: 3, grace: 2, renewal: 1, flaw: None }
}

fn two_blobs() -> Content {
    let names: Vec<&'static [usize]> = vec![&[0, 1], &[1]];
    Content { blobs: 2, names, clients: 1, keys: 2, grace: 1, renewal: 0, flaw: None }
}

#[test]
fn one_shared_blob_is_never_lost() {
    assert_sound("one blob", one_blob());
}

#[test]
fn a_manifest_of_two_blobs_is_never_torn() {
    assert_sound("two blobs", two_blobs());
}

#[test]
fn broken_rules_are_caught() {
    let cases = [
        (Flaw::CollectsWithoutLookingAgain, PROMISE_KEPT),
        (Flaw::CollectsWithoutLookingAgain, MANIFEST_KEEPS),
        (Flaw::CollectsAtTheGrace, PROMISE_KEPT),
        (Flaw::CollectsNamed, MANIFEST_KEEPS),
        (Flaw::RowGoesWithAnyLink, MANIFEST_KEEPS),
        (Flaw::RowGoesWithAnyLink, READER_SERVED),
        (Flaw::RowGoesWithoutTrash, NO_ORPHAN),
        (Flaw::BytesGoBeforeRow, MANIFEST_KEEPS),
        (Flaw::TrashIsForgottenBeforeBytes, GARBAGE_GOES),
        (Flaw::KeyIsTheDigest, ROW_HAS_BYTES),
        (Flaw::KeyIsTheDigest, MANIFEST_KEEPS),
        (Flaw::DuplicateIsNotTrashed, GARBAGE_GOES),
        (Flaw::DuplicateDoesNotStamp, PROMISE_KEPT),
        (Flaw::MountDoesNotStamp, PROMISE_KEPT),
        (Flaw::HeadDoesNotRenew, PROMISE_KEPT),
        (Flaw::HeadAnswersBeforeRenewing, PROMISE_KEPT),
        (Flaw::HeadIgnoresLostRow, PROMISE_KEPT),
        (Flaw::DeleteDoesNotStamp, GARBAGE_GOES),
        (Flaw::DeleteBlobLeavesRow, GARBAGE_GOES),
    ];
    for (flaw, law) in cases {
        let name = format!("{flaw:?} against \"{law}\"");
        assert_caught(&name, Content { flaw: Some(flaw), ..one_blob() }, law);
    }
}
