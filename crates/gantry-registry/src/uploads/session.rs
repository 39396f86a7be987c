//! One request at a time per session, the newest wins.
//!
//! A client that lost its connection retries before the server has noticed; the retry must not
//! wait for the dead request's time-out. So a request that finds the session busy tells the other
//! to stop, waits until it has put its state down, and goes on. Of several that wait, the one that
//! came last goes on.

use std::collections::{HashMap, HashSet};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use gantry_model::UploadId;
use tokio_util::sync::CancellationToken;

/// Which sessions are being written to.
#[derive(Debug, Default, Clone)]
pub(crate) struct Sessions(Arc<Inner>);

#[derive(Debug, Default)]
struct Inner {
    turns: Mutex<HashMap<UploadId, Turn>>,
    /// How many requests have asked for a turn.
    arrivals: AtomicU64,
    /// Sessions whose bytes are known to be there.
    known: Mutex<HashSet<UploadId>>,
}

#[derive(Debug, Clone)]
struct Turn {
    /// The request's place among all that asked.
    arrival: u64,
    /// Tells the request that has the session to stop.
    stop: CancellationToken,
    /// Told by it when it has.
    over: CancellationToken,
}

/// The sole right to write to a session, until dropped.
#[derive(Debug)]
pub(crate) struct SessionTurn {
    sessions: Sessions,
    id: UploadId,
    turn: Turn,
}

impl Sessions {
    /// Takes the session over from whoever has it; `None` when a request that came later has it.
    /// Nothing is known yet of whether the asker may: that comes first.
    pub(crate) async fn take(&self, id: UploadId) -> Option<SessionTurn> {
        let mine = Turn {
            arrival: self.0.arrivals.fetch_add(1, Ordering::Relaxed),
            stop: CancellationToken::new(),
            over: CancellationToken::new(),
        };
        loop {
            let other = {
                let mut turns = self.turns();
                match turns.get(&id) {
                    Some(other) => other.clone(),
                    None => {
                        turns.insert(id, mine.clone());
                        return Some(SessionTurn { sessions: self.clone(), id, turn: mine });
                    }
                }
            };
            if other.arrival > mine.arrival {
                return None;
            }
            other.stop.cancel();
            other.over.cancelled().await;
        }
    }

    /// The sessions that are being written to.
    pub(crate) fn busy_ids(&self) -> HashSet<UploadId> {
        self.turns().keys().copied().collect()
    }

    /// How many sessions are being written to.
    pub(crate) fn busy(&self) -> usize {
        self.turns().len()
    }

    fn turns(&self) -> MutexGuard<'_, HashMap<UploadId, Turn>> {
        self.0.turns.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn known(&self) -> MutexGuard<'_, HashSet<UploadId>> {
        self.0.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether the session's bytes are known to be there.
    pub(crate) fn is_known(&self, id: UploadId) -> bool {
        self.known().contains(&id)
    }

    /// Notes that the session's bytes are there.
    pub(crate) fn know(&self, id: UploadId) {
        self.known().insert(id);
    }

    /// Notes that the session is over.
    pub(crate) fn forget(&self, id: UploadId) {
        self.known().remove(&id);
    }
}

impl SessionTurn {
    /// Resolves when another request has asked for the session.
    pub(crate) fn stop(&self) -> CancellationToken {
        self.turn.stop.clone()
    }
}

impl Drop for SessionTurn {
    fn drop(&mut self) {
        self.sessions.turns().remove(&self.id);
        self.turn.over.cancel();
    }
}

#[cfg(test)]
mod tests {
    use gantry_model::Timestamp;

    use super::*;

    #[tokio::test]
    async fn a_newer_request_takes_the_session_over() {
        let sessions = Sessions::default();
        let id = UploadId::new(Timestamp::from_micros(1));
        let first = sessions.take(id).await.unwrap();
        let second = sessions.take(id);
        let stop = first.stop();
        let holder = async move {
            stop.cancelled().await;
            drop(first);
        };
        let (second, ()) = tokio::join!(second, holder);
        assert_eq!(sessions.busy(), 1);
        drop(second);
        assert_eq!(sessions.busy(), 0);
    }

    #[tokio::test]
    async fn of_several_that_wait_the_last_goes_on() {
        let sessions = Sessions::default();
        let id = UploadId::new(Timestamp::from_micros(1));
        let first = sessions.take(id).await.unwrap();
        let (mut older, mut newer) = (Box::pin(sessions.take(id)), Box::pin(sessions.take(id)));
        // Both have asked, in this order, and both wait.
        assert!(futures_util::poll!(&mut older).is_pending());
        assert!(futures_util::poll!(&mut newer).is_pending());
        drop(first);
        let newer = newer.await;
        assert!(newer.is_some());
        assert!(older.await.is_none());
    }
}
