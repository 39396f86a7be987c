//! What was asked of the server, and what it answered.
//!
//! Each thing a client can observe (a tag, a manifest's presence, a blob's presence in a
//! repository) is a register that operations write. An operation that was answered took effect
//! between its begin and its end; one that never was may have taken effect at any time since its
//! begin, or never will. So a value may be seen if some operation wrote it and none that began
//! after that one's end, and was itself answered, wrote over it.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// What an operation does if it succeeds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Effect {
    /// The repository holds the blob.
    BlobHeld(&'static str, String),
    /// The repository no longer holds the blob.
    BlobDropped(&'static str, String),
    /// The repository holds the manifest.
    ManifestPut(&'static str, String),
    /// The repository no longer holds the manifest, and no tag of it names it.
    ManifestDeleted(&'static str, String),
    /// The tag names the manifest.
    TagSet(&'static str, &'static str, String),
    /// There is no such tag.
    TagDeleted(&'static str, &'static str),
}

#[derive(Clone, Debug)]
struct Operation {
    effects: Vec<Effect>,
    begin: u64,
    /// `None` as long as it wasn't answered.
    end: Option<u64>,
}

/// An operation's number in the ledger: also the moment of its beginning.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Asked(u64);

/// All operations so far. Clients share it.
#[derive(Debug, Default)]
pub struct Ledger {
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    clock: u64,
    operations: BTreeMap<u64, Operation>,
}

/// The ledger as of one moment.
#[derive(Clone, Debug, Default)]
pub struct History {
    operations: Vec<Operation>,
}

/// A value and when it was written.
#[derive(Clone, Copy, Debug)]
struct Write<T> {
    value: T,
    begin: u64,
    end: Option<u64>,
}

// === impl Ledger ===

impl Ledger {
    /// Notes an operation before it is asked for.
    pub fn begin(&self, effects: Vec<Effect>) -> Asked {
        let mut state = self.lock();
        state.clock += 1;
        let begin = state.clock;
        state.operations.insert(begin, Operation { effects, begin, end: None });
        Asked(begin)
    }

    /// Notes that the operation was answered as done.
    pub fn done(&self, asked: Asked) {
        let mut state = self.lock();
        state.clock += 1;
        let end = state.clock;
        if let Some(operation) = state.operations.get_mut(&asked.0) {
            operation.end = Some(end);
        }
    }

    /// Notes that the operation was refused: it has no effect.
    pub fn refused(&self, asked: Asked) {
        self.lock().operations.remove(&asked.0);
    }

    /// Whether the blob may have been dropped from the repository since `asked`, by a client.
    pub fn may_have_dropped(&self, repository: &str, digest: &str, asked: Asked) -> bool {
        self.lock().operations.values().any(|operation| {
            let drops = operation.effects.iter().any(|effect| {
                matches!(effect, Effect::BlobDropped(r, d) if *r == repository && d == digest)
            });
            drops && operation.end.is_none_or(|end| end > asked.0)
        })
    }

    /// A moment to ask about later.
    pub fn now(&self) -> Asked {
        let mut state = self.lock();
        state.clock += 1;
        Asked(state.clock)
    }

    /// All that was asked until now.
    pub fn history(&self) -> History {
        History { operations: self.lock().operations.values().cloned().collect() }
    }

    /// Starts anew from what was found to be so: what was under way is over.
    pub fn restart_from(&self, found: Vec<Effect>) {
        let mut state = self.lock();
        state.clock += 2;
        let (begin, end) = (state.clock - 1, state.clock);
        let operation = Operation { effects: found, begin, end: Some(end) };
        state.operations = BTreeMap::from([(begin, operation)]);
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

// === impl Asked ===

impl Asked {
    /// The label under which a recording knows the operation's beginning.
    pub fn begin_mark(self) -> String {
        format!("begin {}", self.0)
    }

    /// The label under which a recording knows that the operation was answered.
    pub fn done_mark(self) -> String {
        format!("done {}", self.0)
    }
}

// === impl History ===

impl History {
    /// What had been asked and answered by the moment at which only these marks were set.
    pub fn at(&self, marks: &BTreeSet<&str>) -> Self {
        let began =
            |operation: &&Operation| marks.contains(Asked(operation.begin).begin_mark().as_str());
        let as_of = |operation: &Operation| {
            let done = marks.contains(Asked(operation.begin).done_mark().as_str());
            Operation { end: operation.end.filter(|_| done), ..operation.clone() }
        };
        Self { operations: self.operations.iter().filter(began).map(as_of).collect() }
    }

    /// How many operations were answered.
    pub fn answered(&self) -> usize {
        self.operations.iter().filter(|operation| operation.end.is_some()).count()
    }

    /// Every tag that was ever set.
    pub fn tags(&self) -> BTreeSet<(&'static str, &'static str)> {
        self.collect(|effect| match effect {
            Effect::TagSet(repository, tag, _) => Some((*repository, *tag)),
            _ => None,
        })
    }

    /// Every manifest that was ever put.
    pub fn manifests(&self) -> BTreeSet<(&'static str, String)> {
        self.collect(|effect| match effect {
            Effect::ManifestPut(repository, digest) => Some((*repository, digest.clone())),
            _ => None,
        })
    }

    /// Every blob that a repository ever held.
    pub fn blobs(&self) -> BTreeSet<(&'static str, String)> {
        self.collect(|effect| match effect {
            Effect::BlobHeld(repository, digest) => Some((*repository, digest.clone())),
            _ => None,
        })
    }

    /// Whether the repository may hold, or lack, the blob. Collection isn't considered.
    pub fn blob_may_be(&self, repository: &str, digest: &str, held: bool) -> bool {
        let writes = self.writes(|effect| match effect {
            Effect::BlobHeld(r, d) if *r == repository && d == digest => Some(true),
            Effect::BlobDropped(r, d) if *r == repository && d == digest => Some(false),
            _ => None,
        });
        may_be(&writes, &held, &false)
    }

    /// Whether the repository may hold, or lack, the manifest.
    pub fn manifest_may_be(&self, repository: &str, digest: &str, held: bool) -> bool {
        let writes = self.writes(|effect| match effect {
            Effect::ManifestPut(r, d) if *r == repository && d == digest => Some(true),
            Effect::ManifestDeleted(r, d) if *r == repository && d == digest => Some(false),
            _ => None,
        });
        may_be(&writes, &held, &false)
    }

    /// Whether the tag may name the manifest, or nothing.
    pub fn tag_may_be(&self, repository: &str, tag: &str, target: Option<&str>) -> bool {
        let sets: Vec<Write<Option<&str>>> = self.writes(|effect| match effect {
            Effect::TagSet(r, t, digest) if *r == repository && *t == tag => {
                Some(Some(digest.as_str()))
            }
            Effect::TagDeleted(r, t) if *r == repository && *t == tag => Some(None),
            _ => None,
        });
        // Deleting a manifest is a write of "nothing" to the tags that name it.
        let deletes: Vec<Write<&str>> = self.writes(|effect| match effect {
            Effect::ManifestDeleted(r, digest) if *r == repository => Some(digest.as_str()),
            _ => None,
        });
        let Some(digest) = target else {
            let by_delete = deletes.iter().any(|delete| {
                let named = sets.iter().any(|set| set.value == Some(delete.value));
                named && !is_overwritten(delete, &sets)
            });
            return by_delete || may_be(&sets, &None, &None);
        };
        let own: Vec<_> = deletes.into_iter().filter(|delete| delete.value == digest).collect();
        sets.iter().any(|set| {
            set.value == Some(digest) && !is_overwritten(set, &sets) && !is_overwritten(set, &own)
        })
    }

    fn writes<'a, T>(&'a self, of: impl Fn(&'a Effect) -> Option<T>) -> Vec<Write<T>> {
        let mut writes = Vec::new();
        for Operation { effects, begin, end } in &self.operations {
            let values = effects.iter().filter_map(&of);
            writes.extend(values.map(|value| Write { value, begin: *begin, end: *end }));
        }
        writes
    }

    fn collect<T: Ord>(&self, of: impl Fn(&Effect) -> Option<T>) -> BTreeSet<T> {
        let effects = self.operations.iter().flat_map(|operation| &operation.effects);
        effects.filter_map(of).collect()
    }
}

/// Whether `value` may be seen, given what it was before anyone wrote.
fn may_be<T: PartialEq>(writes: &[Write<T>], value: &T, before: &T) -> bool {
    let untouched = value == before && writes.iter().all(|write| write.end.is_none());
    let written =
        writes.iter().any(|write| write.value == *value && !is_overwritten(write, writes));
    untouched || written
}

fn is_overwritten<T, U>(write: &Write<T>, by: &[Write<U>]) -> bool {
    write.end.is_some_and(|end| by.iter().any(|other| other.end.is_some() && other.begin > end))
}

#[cfg(test)]
mod tests {
    use super::*;

    const R: &str = "repository";
    const T: &str = "tag";

    fn put(ledger: &Ledger, digest: &str) -> Asked {
        let digest = digest.to_owned();
        ledger.begin(vec![Effect::ManifestPut(R, digest.clone()), Effect::TagSet(R, T, digest)])
    }

    #[test]
    fn an_answered_write_must_be_seen() {
        let ledger = Ledger::default();
        ledger.done(put(&ledger, "a"));
        let history = ledger.history();
        assert!(history.tag_may_be(R, T, Some("a")));
        assert!(!history.tag_may_be(R, T, None));
        assert!(!history.manifest_may_be(R, "a", false));
    }

    #[test]
    fn an_unanswered_write_may_be_seen_or_not() {
        let ledger = Ledger::default();
        ledger.done(put(&ledger, "a"));
        put(&ledger, "b");
        let history = ledger.history();
        assert!(history.tag_may_be(R, T, Some("a")));
        assert!(history.tag_may_be(R, T, Some("b")));
        assert!(!history.tag_may_be(R, T, None));
        assert!(history.manifest_may_be(R, "b", true) && history.manifest_may_be(R, "b", false));
    }

    #[test]
    fn a_later_write_hides_an_earlier_and_concurrent_ones_leave_both() {
        let ledger = Ledger::default();
        let (a, b) = (put(&ledger, "a"), put(&ledger, "b"));
        ledger.done(b);
        ledger.done(a);
        let history = ledger.history();
        assert!(history.tag_may_be(R, T, Some("a")) && history.tag_may_be(R, T, Some("b")));
        ledger.done(put(&ledger, "c"));
        let history = ledger.history();
        assert!(!history.tag_may_be(R, T, Some("a")) && history.tag_may_be(R, T, Some("c")));
    }

    #[test]
    fn deleting_a_manifest_takes_its_tags() {
        let ledger = Ledger::default();
        ledger.done(put(&ledger, "a"));
        let delete = ledger.begin(vec![Effect::ManifestDeleted(R, "a".into())]);
        assert!(ledger.history().tag_may_be(R, T, Some("a")));
        assert!(ledger.history().tag_may_be(R, T, None));
        ledger.done(delete);
        assert!(!ledger.history().tag_may_be(R, T, Some("a")));
        assert!(!ledger.history().manifest_may_be(R, "a", true));
        ledger.done(put(&ledger, "b"));
        assert!(!ledger.history().tag_may_be(R, T, None), "the delete came before");
    }

    #[test]
    fn a_refused_operation_never_was() {
        let ledger = Ledger::default();
        let asked = put(&ledger, "a");
        ledger.refused(asked);
        assert!(!ledger.history().tag_may_be(R, T, Some("a")));
    }

    #[test]
    fn a_cut_forgets_answers_and_operations_that_came_after_it() {
        let ledger = Ledger::default();
        let (a, b) = (put(&ledger, "a"), put(&ledger, "b"));
        ledger.done(a);
        ledger.done(b);
        let (begin, done) = (a.begin_mark(), a.done_mark());
        let history = ledger.history();
        let early = history.at(&BTreeSet::from([begin.as_str()]));
        assert!(early.tag_may_be(R, T, None) && early.tag_may_be(R, T, Some("a")));
        assert!(!early.tag_may_be(R, T, Some("b")));
        let late = history.at(&BTreeSet::from([begin.as_str(), done.as_str()]));
        assert!(!late.tag_may_be(R, T, None));
    }
}
