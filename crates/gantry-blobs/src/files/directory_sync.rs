//! Makes file names durable, many at a time.

use std::collections::{HashMap, HashSet};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, OnceLock, PoisonError};

use rustix::fs::{Mode, OFlags};
use rustix::io::Errno;

/// Directories remembered as being durable themselves; forgetting one costs a sync.
const SETTLED_MAX: usize = 1024;

/// Syncs directories for blocking callers. Callers that want the same directory at the same time
/// share one sync, which began after the last of them asked.
#[derive(Debug, Default)]
pub(super) struct DirectorySync {
    groups: Mutex<HashMap<PathBuf, Arc<Group>>>,
    settled: Mutex<HashSet<PathBuf>>,
}

/// Those who wait for one directory.
#[derive(Debug, Default)]
struct Group {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct State {
    running: bool,
    /// Those who asked since the last sync began.
    next: Arc<Round>,
}

/// One sync, and how it went for everyone in it.
type Round = OnceLock<Result<(), Errno>>;

impl DirectorySync {
    /// Returns when every entry that `directory` had at the call is durable.
    pub(super) fn sync(&self, directory: &Path) -> Result<(), Errno> {
        let group = Arc::clone(locked(&self.groups).entry(directory.to_owned()).or_default());
        let outcome = group.take_part(|| {
            let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
            rustix::fs::fsync(rustix::fs::open(directory, flags, Mode::empty())?)
        });
        let mut groups = locked(&self.groups);
        // Clones are made only under this lock: with the map's and ours, no one else takes part.
        if Arc::strong_count(&group) == 2 {
            groups.remove(directory);
        }
        outcome
    }

    /// Returns when `directory` is durable in its parent, and its parent in its own, up to but
    /// not including `root`. Costs nothing when that was so before.
    pub(super) fn settle(&self, directory: &Path, root: &Path) -> Result<(), Errno> {
        if directory == root || locked(&self.settled).contains(directory) {
            return Ok(());
        }
        let parent = directory.parent().expect("a directory under the root has a parent");
        self.sync(parent)?;
        self.settle(parent, root)?;
        let mut settled = locked(&self.settled);
        if settled.len() >= SETTLED_MAX {
            settled.clear();
        }
        settled.insert(directory.to_owned());
        Ok(())
    }

    /// Removes `directory` if it is empty.
    pub(super) fn prune(&self, directory: &Path) {
        // Under the lock, so that no one believes a successor of the directory to be settled.
        let mut settled = locked(&self.settled);
        if std::fs::remove_dir(directory).is_ok() {
            settled.remove(directory);
        }
    }
}

impl Group {
    fn take_part(&self, sync: impl FnOnce() -> Result<(), Errno>) -> Result<(), Errno> {
        let mut state = locked(&self.state);
        let mine = Arc::clone(&state.next);
        loop {
            if let Some(outcome) = mine.get() {
                return *outcome;
            }
            if !state.running {
                break;
            }
            state = self.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
        // No sync is under way and ours hasn't been: this caller does it for the round.
        state.running = true;
        state.next = Arc::default();
        drop(state);
        let outcome = sync();
        mine.get_or_init(|| outcome);
        locked(&self.state).running = false;
        self.changed.notify_all();
        outcome
    }
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::sync::mpsc;
    use std::thread;
    use std::time::{Duration, Instant};

    use super::*;

    /// Starts a sync that holds until told, then `others` callers; returns what each got.
    fn share(
        others: usize,
        outcome: fn(usize) -> Result<(), Errno>,
    ) -> (Vec<Result<(), Errno>>, usize) {
        let (group, syncs) = (Arc::new(Group::default()), Arc::new(AtomicUsize::new(0)));
        let (begun, wait_begun) = mpsc::channel();
        let (release, wait_release) = mpsc::channel::<()>();
        let first = thread::spawn({
            let (group, syncs) = (Arc::clone(&group), Arc::clone(&syncs));
            move || {
                group.take_part(|| {
                    begun.send(()).unwrap();
                    wait_release.recv().unwrap();
                    outcome(syncs.fetch_add(1, Ordering::SeqCst))
                })
            }
        });
        wait_begun.recv().unwrap();
        let waiting: Vec<_> = (0..others)
            .map(|_| {
                let (group, syncs) = (Arc::clone(&group), Arc::clone(&syncs));
                thread::spawn(move || {
                    group.take_part(|| outcome(syncs.fetch_add(1, Ordering::SeqCst)))
                })
            })
            .collect();
        let asked = |group: &Group| Arc::strong_count(&locked(&group.state).next) - 1;
        let patience = Instant::now();
        while asked(&group) < others && patience.elapsed() < Duration::from_secs(30) {
            thread::yield_now();
        }
        release.send(()).unwrap();
        let mut outcomes = vec![first.join().unwrap()];
        outcomes.extend(waiting.into_iter().map(|waiter| waiter.join().unwrap()));
        (outcomes, syncs.load(Ordering::SeqCst))
    }

    #[test]
    fn callers_during_a_sync_share_the_next_one() {
        let (outcomes, syncs) = share(8, |_| Ok(()));
        assert!(outcomes.iter().all(Result::is_ok));
        assert_eq!(syncs, 2, "the running sync covers none of those who came later");
    }

    #[test]
    fn failed_sync_fails_for_everyone_in_it_and_no_one_else() {
        let (outcomes, _) = share(8, |round| match round {
            1 => Err(Errno::IO),
            _ => Ok(()),
        });
        assert!(outcomes[0].is_ok());
        assert!(outcomes[1..].iter().all(Result::is_err));
    }

    #[test]
    fn settled_directory_is_remembered_until_it_is_pruned() {
        let root = tempfile::tempdir().unwrap();
        let bucket = root.path().join("local/01HZX3");
        std::fs::create_dir_all(&bucket).unwrap();
        let names = DirectorySync::default();
        names.settle(&bucket, root.path()).unwrap();
        names.sync(&bucket).unwrap();
        assert_eq!(locked(&names.settled).len(), 2);
        assert!(locked(&names.groups).is_empty());
        names.prune(&bucket);
        assert_eq!(locked(&names.settled).len(), 1);
        assert!(names.sync(&bucket).is_err());
    }
}
