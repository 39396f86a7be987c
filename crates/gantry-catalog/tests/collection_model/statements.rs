//! The protocol statement by statement, as PostgreSQL's READ COMMITTED interleaves it.
//!
//! One blob, two repositories, two manifests in the first and one in the second. Up to three
//! transactions run at once, each any of the catalog's; any of them may be undone at any moment
//! (a deadlock's victim, a lost connection). SQLite's single writer allows none of this.

mod rows;
mod work;

use crate::{assert_caught, assert_sound};
use rows::{Row, Slot};
use stateright::{Model, Property};
use work::{Outcome, Transaction, Work};

const REPOSITORIES: usize = 2;
/// The repository of each manifest that may name the blob.
const EDGES: [usize; 3] = [0, 0, 1];
const SLOTS: usize = 3;

/// `unreferenced_since`: null, within the grace, past it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Stamp {
    Null,
    New,
    Old,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Flaw {
    /// The edge doesn't reference the link, so commit and collection don't meet.
    NoForeignKey,
    /// The delete of a link goes by what was read before.
    CollectDoesNotLookAgain,
    /// Insert, and renew in a second statement when the row was there.
    LinkInTwoStatements,
    /// The link isn't locked before its other edges are looked for.
    DeleteDoesNotLock,
    /// The blob's row isn't locked before its other links are looked for.
    DropDoesNotLock,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
struct State {
    blob: Row<()>,
    links: [Row<Stamp>; REPOSITORIES],
    edges: [Row<()>; EDGES.len()],
    /// A client was told within the grace that it needn't upload here.
    promised: [bool; REPOSITORIES],
    transactions: [Option<Transaction>; SLOTS],
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Step {
    Begin(Slot, Work),
    Statement(Slot),
    Abort(Slot),
    /// The grace passes; transactions are short beside it.
    Tick,
}

#[derive(Clone, Debug)]
struct Statements {
    slots: usize,
    flaw: Option<Flaw>,
}

const MANIFEST_KEEPS: &str = "what a manifest names stays as long as it does";
const PROMISE_KEPT: &str = "what a client needn't upload is there for the grace";
const NOTHING_LEAKS: &str = "at rest, what nothing names waits for the collector";
const QUEUE_IS_GARBAGE: &str = "at rest, the collector's queue holds nothing named";

// === impl State ===

impl State {
    fn holds(&self, repository: usize) -> bool {
        self.links[repository].committed().is_some() && self.blob.committed().is_some()
    }

    fn is_named(&self, repository: usize) -> bool {
        let mut edges = self.edges.iter().zip(EDGES);
        edges.any(|(edge, holder)| holder == repository && edge.committed().is_some())
    }

    fn is_at_rest(&self) -> bool {
        self.transactions.iter().all(Option::is_none)
    }

    fn end(&mut self, slot: Slot, commit: bool) {
        let Some(transaction) = self.transactions[slot].take() else { return };
        self.blob.end(slot, commit);
        self.links.iter_mut().for_each(|row| row.end(slot, commit));
        self.edges.iter_mut().for_each(|row| row.end(slot, commit));
        match transaction.work {
            Work::Push(to) | Work::Mount(to) | Work::Head(to) if commit => self.promised[to] = true,
            // Whoever deletes takes back what others were told.
            Work::DeleteBlob(from) if commit => self.promised[from] = false,
            _ => {}
        }
    }
}

impl Model for Statements {
    type State = State;
    type Action = Step;

    fn init_states(&self) -> Vec<State> {
        vec![State::default()]
    }

    fn actions(&self, state: &State, steps: &mut Vec<Step>) {
        let (under_way, free): (Vec<Slot>, Vec<Slot>) =
            (0..self.slots).partition(|&slot| state.transactions[slot].is_some());
        for slot in under_way {
            steps.extend([Step::Statement(slot), Step::Abort(slot)]);
        }
        // Free places are alike: one stands for all.
        if let Some(&slot) = free.first() {
            for to in 0..REPOSITORIES {
                let works = [Work::Push, Work::Mount, Work::Head, Work::DeleteBlob, Work::Collect];
                steps.extend(works.map(|work| Step::Begin(slot, work(to))));
            }
            for (edge, row) in state.edges.iter().enumerate() {
                let stands = row.committed().is_some();
                let work = if stands { Work::DeleteManifest(edge) } else { Work::Commit(edge) };
                steps.push(Step::Begin(slot, work));
            }
        }
        if state.is_at_rest() {
            steps.push(Step::Tick);
        }
    }

    fn next_state(&self, last: &State, step: Step) -> Option<State> {
        let mut next = *last;
        match step {
            Step::Begin(slot, work) => {
                next.transactions[slot] = Some(Transaction { work, next: 0, matched: false });
            }
            Step::Statement(slot) => match self.statement(&mut next, slot) {
                Outcome::Waits => return None,
                Outcome::Done => {
                    if let Some(transaction) = &mut next.transactions[slot] {
                        transaction.next += 1;
                    }
                }
                Outcome::Aborts => next.end(slot, false),
                Outcome::Commits => next.end(slot, true),
            },
            Step::Abort(slot) => next.end(slot, false),
            Step::Tick => {
                next.promised = Default::default();
                for link in &mut next.links {
                    link.age(|stamp| if stamp == Stamp::New { Stamp::Old } else { stamp });
                }
            }
        }
        (next != *last).then_some(next)
    }

    fn properties(&self) -> Vec<Property<Self>> {
        vec![
            Property::always(MANIFEST_KEEPS, |_, state: &State| {
                (0..REPOSITORIES).all(|at| !state.is_named(at) || state.holds(at))
            }),
            Property::always(PROMISE_KEPT, |_, state: &State| {
                (0..REPOSITORIES).all(|at| !state.promised[at] || state.holds(at))
            }),
            Property::always(NOTHING_LEAKS, |_, state: &State| {
                let stamped = |at: usize| {
                    state.links[at].committed() != Some(Stamp::Null) || state.is_named(at)
                };
                let held = state.links.iter().any(|link| link.committed().is_some());
                !state.is_at_rest()
                    || ((0..REPOSITORIES).all(stamped) && held == state.blob.committed().is_some())
            }),
            Property::always(QUEUE_IS_GARBAGE, |_, state: &State| {
                let clean = |at: usize| {
                    !state.is_named(at) || state.links[at].committed() == Some(Stamp::Null)
                };
                !state.is_at_rest() || (0..REPOSITORIES).all(clean)
            }),
        ]
    }
}

/// Two transactions at once in seconds; `GANTRY_MODEL_TRANSACTIONS=3` takes minutes.
#[test]
fn read_committed_keeps_what_a_manifest_names() {
    let slots = std::env::var("GANTRY_MODEL_TRANSACTIONS").map_or(2, |n| n.parse().unwrap());
    assert!((2..=SLOTS).contains(&slots), "GANTRY_MODEL_TRANSACTIONS is 2 or {SLOTS}");
    assert_sound(&format!("statements, {slots} at once"), Statements { slots, flaw: None });
}

#[test]
fn statements_without_their_guard_are_caught() {
    let cases = [
        (Flaw::NoForeignKey, MANIFEST_KEEPS),
        (Flaw::CollectDoesNotLookAgain, PROMISE_KEPT),
        (Flaw::LinkInTwoStatements, PROMISE_KEPT),
        (Flaw::DeleteDoesNotLock, NOTHING_LEAKS),
        (Flaw::DeleteDoesNotLock, QUEUE_IS_GARBAGE),
        (Flaw::DropDoesNotLock, NOTHING_LEAKS),
    ];
    for (flaw, law) in cases {
        let name = format!("{flaw:?} against \"{law}\"");
        assert_caught(&name, Statements { slots: 2, flaw: Some(flaw) }, law);
    }
}
