//! A bucket that nodes share, as one node uses it.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use gantry_catalog::RateBucketKey;

use crate::books::Books;
use crate::bucket::Bucket;
use crate::rate::Rate;
use crate::slice::{Dry, Slice};

/// Held for some nanoseconds at a time.
#[derive(Debug)]
pub(crate) struct Leased {
    pub(crate) key: RateBucketKey,
    pub(crate) rate: Rate,
    state: Mutex<State>,
    /// Where this node counts by itself, as long as the database can't be asked.
    alone: Bucket,
}

/// Where a token was taken from.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Taken {
    Shared,
    Alone(Rate),
}

#[derive(Debug)]
pub(crate) struct State {
    pub(crate) slice: Slice,
    /// The books have it on their list.
    pub(crate) listed: bool,
}

impl Leased {
    pub(crate) fn new(key: RateBucketKey, rate: Rate, now: i64) -> Self {
        let state = State { slice: Slice::new(now), listed: false };
        Self { key, rate, state: Mutex::new(state), alone: Bucket::full() }
    }

    pub(crate) fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn take(self: &Arc<Self>, books: &Books, now: i64) -> Result<Taken, Dry> {
        let credit = books.credit(self.rate);
        let mut state = self.state();
        let taken = state.slice.take(credit, now);
        let due = state.slice.is_due(credit, now);
        if !state.listed && !state.slice.is_at_rest() {
            state.listed = true;
            books.list(Arc::clone(self));
        }
        drop(state);
        if due {
            books.wake();
        }
        match taken {
            Err(dry) if books.are_unreachable() => self.take_alone(books, now).map_err(|_| dry),
            taken => taken.map(|()| Taken::Shared),
        }
    }

    /// Takes a token of this node's share of the rate, which is counted here and never told.
    pub(crate) fn take_alone(&self, books: &Books, now: i64) -> Result<Taken, Dry> {
        let share = self.rate.share(books.nodes());
        match self.alone.take(share, now) {
            Ok(()) => Ok(Taken::Alone(share)),
            Err(wait) => Err(Dry { wait, may_ask: false }),
        }
    }

    pub(crate) fn put_back(&self, taken: Taken) {
        match taken {
            Taken::Shared => self.state().slice.put_back(),
            Taken::Alone(share) => self.alone.put_back(share),
        }
    }

    pub(crate) fn wait(&self, books: &Books, now: i64) -> Option<Dry> {
        self.state().slice.wait(books.credit(self.rate), now)
    }

    pub(crate) fn is_forgettable(&self, now: i64) -> bool {
        let state = self.state();
        !state.listed && state.slice.is_forgettable(now)
    }
}
