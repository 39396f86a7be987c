//! One writer per key.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::{Mutex as AsyncMutex, OwnedMutexGuard};

use crate::BlobKey;

/// Makes calls that change a blob take turns.
///
/// The guard travels into the blocking job that does the writing. So when a client vanishes and
/// its append is dropped half-way, the write that is still under way ends before the client's
/// next attempt begins, and can't land on top of it.
#[derive(Debug, Default)]
pub(super) struct KeyLocks {
    held: Arc<Mutex<Held>>,
}

type Held = HashMap<BlobKey, Arc<AsyncMutex<()>>>;

/// The turn of one caller; over when dropped.
#[derive(Debug)]
pub(super) struct KeyGuard {
    key: BlobKey,
    guard: Option<OwnedMutexGuard<()>>,
    held: Arc<Mutex<Held>>,
}

impl KeyLocks {
    pub(super) async fn lock(&self, key: &BlobKey) -> KeyGuard {
        let lock = Arc::clone(locked(&self.held).entry(key.clone()).or_default());
        // Made before the wait: a caller that gives up cleans up after itself too.
        let mut turn = KeyGuard { key: key.clone(), guard: None, held: Arc::clone(&self.held) };
        turn.guard = Some(lock.lock_owned().await);
        turn
    }
}

impl Drop for KeyGuard {
    fn drop(&mut self) {
        self.guard = None;
        let mut held = locked(&self.held);
        // Clones are made only under this lock: the map's own is the last one if no one waits.
        if held.get(&self.key).is_some_and(|lock| Arc::strong_count(lock) == 1) {
            held.remove(&self.key);
        }
    }
}

fn locked(held: &Mutex<Held>) -> MutexGuard<'_, Held> {
    held.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn key() -> BlobKey {
        "local/01HZX3V8Q4J5T6W7Y8Z9A0B1C2".parse().unwrap()
    }

    #[tokio::test]
    async fn second_writer_waits_for_the_first() {
        let locks = KeyLocks::default();
        let key = key();
        let first = locks.lock(&key).await;
        let mut second = Box::pin(locks.lock(&key));
        assert!(tokio::time::timeout(Duration::from_millis(5), &mut second).await.is_err());
        drop(first);
        drop(second.await);
        assert!(locked(&locks.held).is_empty());
    }

    #[tokio::test]
    async fn writer_that_gave_up_waiting_leaves_nothing_behind() {
        let locks = KeyLocks::default();
        let first = locks.lock(&key()).await;
        assert!(tokio::time::timeout(Duration::from_millis(5), locks.lock(&key())).await.is_err());
        drop(first);
        assert!(locked(&locks.held).is_empty());
    }
}
