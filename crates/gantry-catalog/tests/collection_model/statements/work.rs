//! The catalog's transactions, a statement a step.

use super::rows::Slot;
use super::{EDGES, Flaw, Stamp, State, Statements};

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Work {
    /// Complete an upload into the repository.
    Push(usize),
    /// Mount from the other repository into this one.
    Mount(usize),
    Head(usize),
    /// Commit the manifest whose edge this is.
    Commit(usize),
    DeleteManifest(usize),
    DeleteBlob(usize),
    Collect(usize),
}

/// A transaction under way: which statement is next, and what the last one's snapshot showed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Transaction {
    pub(crate) work: Work,
    pub(crate) next: u8,
    pub(crate) matched: bool,
}

/// How a statement ended.
pub(super) enum Outcome {
    Done,
    Waits,
    /// A constraint or a failed check undoes the whole transaction.
    Aborts,
    Commits,
}

use Outcome::{Aborts, Commits, Done, Waits};

impl Statements {
    pub(super) fn statement(&self, state: &mut State, slot: Slot) -> Outcome {
        let Some(Transaction { work, next, .. }) = state.transactions[slot] else { return Waits };
        match (work, next) {
            (Work::Push(_), 0) => insert_blob(state, slot),
            (Work::Push(repository), step) => self.link(state, slot, repository, step - 1),
            (Work::Mount(repository), 0) => check_link(state, slot, 1 - repository),
            (Work::Mount(repository), step) => self.link(state, slot, repository, step - 1),
            (Work::Head(repository), step) => head(state, slot, repository, step),
            (Work::Commit(edge), step) => self.commit_manifest(state, slot, edge, step),
            (Work::DeleteManifest(edge), step) => self.delete_manifest(state, slot, edge, step),
            (Work::DeleteBlob(repository), 0) => {
                if has_edges(state, slot, repository) {
                    Aborts
                } else {
                    Done
                }
            }
            (Work::DeleteBlob(repository), 1) => self.unlink(state, slot, repository, true),
            (Work::Collect(repository), 0) => scan_garbage(state, slot, repository),
            (Work::Collect(repository), 1) => {
                let again = self.flaw != Some(Flaw::CollectDoesNotLookAgain);
                let held = state.links[repository].seen_by(slot);
                let matches = matched(state, slot) && (held == Some(Stamp::Old) || !again);
                self.unlink(state, slot, repository, matches)
            }
            (Work::DeleteBlob(_) | Work::Collect(_), step) => self.drop_blob(state, slot, step - 2),
        }
    }

    /// `insert … on conflict do update`: one statement, which ends with the row locked and there.
    fn link(&self, state: &mut State, slot: Slot, repository: usize, step: u8) -> Outcome {
        let split = self.flaw == Some(Flaw::LinkInTwoStatements);
        match step {
            0 => {
                let link = &mut state.links[repository];
                // The row's fate is known only when whoever deletes or inserts it is done. One
                // that is only being updated will still be there: DO NOTHING doesn't wait for it.
                if link.is_held_by_another(slot) {
                    return Waits;
                }
                let there = link.seen_by(slot).is_some();
                remember(state, slot, there);
                match (there, split) {
                    (true, true) => Done,
                    (true, false) => hold(state, slot, repository),
                    (false, _) => self.insert_link(state, slot, repository),
                }
            }
            1 if split && matched(state, slot) => renew(state, slot, repository),
            1 => Done,
            _ => Commits,
        }
    }

    fn insert_link(&self, state: &mut State, slot: Slot, repository: usize) -> Outcome {
        if !state.blob.share(slot) {
            return Waits;
        }
        if state.blob.seen_by(slot).is_none() {
            return Aborts;
        }
        if state.links[repository].write(slot, Some(Stamp::New)) { Done } else { Waits }
    }

    fn commit_manifest(&self, state: &mut State, slot: Slot, edge: usize, step: u8) -> Outcome {
        let repository = EDGES[edge];
        match step {
            0 => check_link(state, slot, repository),
            1 => {
                if self.flaw != Some(Flaw::NoForeignKey) {
                    if !state.links[repository].share(slot) {
                        return Waits;
                    }
                    if state.links[repository].seen_by(slot).is_none() {
                        return Aborts;
                    }
                }
                if state.edges[edge].write(slot, Some(())) { Done } else { Waits }
            }
            2 => {
                let link = &mut state.links[repository];
                match link.seen_by(slot) {
                    // Another's uncommitted update may be about to set the stamp: its effect is
                    // not seen, and a row that doesn't match is not waited for.
                    None | Some(Stamp::Null) => Done,
                    Some(_) if link.write(slot, Some(Stamp::Null)) => Done,
                    Some(_) => Waits,
                }
            }
            _ => Commits,
        }
    }

    fn delete_manifest(&self, state: &mut State, slot: Slot, edge: usize, step: u8) -> Outcome {
        let repository = EDGES[edge];
        match step {
            0 if state.edges[edge].seen_by(slot).is_none() => Aborts,
            0 => {
                if state.edges[edge].write(slot, None) {
                    Done
                } else {
                    Waits
                }
            }
            1 if self.flaw == Some(Flaw::DeleteDoesNotLock) => Done,
            1 => {
                if state.links[repository].lock_for_update(slot) {
                    Done
                } else {
                    Waits
                }
            }
            2 => {
                let free = !has_edges(state, slot, repository);
                remember(state, slot, free);
                Done
            }
            3 if !matched(state, slot) || state.links[repository].seen_by(slot).is_none() => Done,
            3 => {
                if state.links[repository].write(slot, Some(Stamp::New)) {
                    Done
                } else {
                    Waits
                }
            }
            _ => Commits,
        }
    }

    /// Deletes the link; the edges' foreign key refuses while one is there.
    fn unlink(&self, state: &mut State, slot: Slot, repository: usize, matches: bool) -> Outcome {
        if !matches || state.links[repository].seen_by(slot).is_none() {
            return Aborts;
        }
        if !state.links[repository].write(slot, None) {
            return Waits;
        }
        let refused = self.flaw != Some(Flaw::NoForeignKey) && has_edges(state, slot, repository);
        if refused { Aborts } else { Done }
    }

    /// Deletes the digest's row, and trashes its key, if no repository holds it any more.
    fn drop_blob(&self, state: &mut State, slot: Slot, step: u8) -> Outcome {
        match step {
            0 if self.flaw == Some(Flaw::DropDoesNotLock) => Done,
            0 => {
                if state.blob.lock_for_update(slot) {
                    Done
                } else {
                    Waits
                }
            }
            1 => {
                let unheld = !has_links(state, slot);
                remember(state, slot, unheld);
                Done
            }
            2 if !matched(state, slot) || state.blob.seen_by(slot).is_none() => Done,
            2 if !state.blob.write(slot, None) => Waits,
            2 => {
                if has_links(state, slot) {
                    Aborts
                } else {
                    Done
                }
            }
            _ => Commits,
        }
    }
}

/// `insert into blob … on conflict do nothing`.
fn insert_blob(state: &mut State, slot: Slot) -> Outcome {
    if state.blob.is_held_by_another(slot) {
        return Waits;
    }
    if state.blob.seen_by(slot).is_some() || state.blob.write(slot, Some(())) {
        Done
    } else {
        Waits
    }
}

fn check_link(state: &State, slot: Slot, repository: usize) -> Outcome {
    if state.links[repository].seen_by(slot).is_some() { Done } else { Aborts }
}

fn head(state: &mut State, slot: Slot, repository: usize, step: u8) -> Outcome {
    let link = &mut state.links[repository];
    match (step, link.seen_by(slot)) {
        (_, None) => Aborts,
        // Young enough, or named: the answer is given from the read.
        (0, Some(Stamp::Old)) => Done,
        (0, Some(_)) => Commits,
        (1, Some(_)) => renew(state, slot, repository),
        _ => Commits,
    }
}

/// Sets the stamp of an unreferenced link to now, and locks the row either way: DO UPDATE does,
/// also where its condition doesn't match.
fn hold(state: &mut State, slot: Slot, repository: usize) -> Outcome {
    let link = &mut state.links[repository];
    let named = link.seen_by(slot) == Some(Stamp::Null);
    let stamp = if named { Stamp::Null } else { Stamp::New };
    if link.write(slot, Some(stamp)) { Done } else { Waits }
}

/// Sets the stamp of an unreferenced link to now.
fn renew(state: &mut State, slot: Slot, repository: usize) -> Outcome {
    let link = &mut state.links[repository];
    match link.seen_by(slot) {
        // Zero rows, or one that a manifest names.
        None | Some(Stamp::Null) => Done,
        Some(_) if link.write(slot, Some(Stamp::New)) => Done,
        Some(_) => Waits,
    }
}

/// The delete's snapshot: the whole condition, sub-query and all.
fn scan_garbage(state: &mut State, slot: Slot, repository: usize) -> Outcome {
    let garbage = state.links[repository].seen_by(slot) == Some(Stamp::Old)
        && !has_edges(state, slot, repository);
    remember(state, slot, garbage);
    Done
}

fn has_edges(state: &State, slot: Slot, repository: usize) -> bool {
    let here = state.edges.iter().zip(EDGES).filter(|(_, holder)| *holder == repository);
    here.into_iter().any(|(edge, _)| edge.seen_by(slot).is_some())
}

fn has_links(state: &State, slot: Slot) -> bool {
    state.links.iter().any(|link| link.seen_by(slot).is_some())
}

fn matched(state: &State, slot: Slot) -> bool {
    state.transactions[slot].is_some_and(|transaction| transaction.matched)
}

fn remember(state: &mut State, slot: Slot, matched: bool) {
    if let Some(transaction) = &mut state.transactions[slot] {
        transaction.matched = matched;
    }
}
