//! The identities of a registry: as many as are at work, up to a bound.
//!
//! Only what is as good as new is ever forgotten, so nobody gets a full bucket by making others be
//! remembered in the place of theirs. Who finds no place shares one with all others who don't.

use std::collections::HashMap;
use std::hash::{BuildHasher, RandomState};
use std::sync::{Arc, PoisonError, RwLock};

use crate::counted::Counted;

/// Of which each has a lock.
const SHARDS: usize = 32;
/// The most identities of a registry that have buckets of their own at a time, evenly spread.
const MOST: usize = 64 << 10;
const MOST_IN_SHARD: usize = MOST / SHARDS;
/// From so many on a shard looks for those it can forget.
const FEW: usize = 64;
/// How often one does that is full, in microseconds.
const PAUSE: i64 = 1_000_000;

#[derive(Debug)]
pub(crate) struct Identities {
    hasher: RandomState,
    shards: [RwLock<Shard>; SHARDS],
    /// Of those for whom there is no place.
    others: Arc<Counted>,
}

#[derive(Debug, Default)]
struct Shard {
    identities: HashMap<Box<str>, Arc<Counted>>,
    /// From so many on it looks for those it can forget, and when it last did.
    sweep_from: usize,
    swept_at: i64,
}

impl Identities {
    pub(crate) fn new(others: Counted) -> Self {
        Self {
            hasher: RandomState::new(),
            shards: std::array::from_fn(|_| RwLock::default()),
            others: Arc::new(others),
        }
    }

    /// The identity's buckets; `make` makes them where there are none.
    pub(crate) fn counted(
        &self,
        identity: &str,
        now: i64,
        make: impl FnOnce() -> Counted,
    ) -> Arc<Counted> {
        let hash = self.hasher.hash_one(identity);
        let shard = &self.shards[usize::try_from(hash % SHARDS as u64).unwrap_or(0)];
        let known = shard.read().unwrap_or_else(PoisonError::into_inner);
        if let Some(counted) = known.identities.get(identity) {
            return Arc::clone(counted);
        }
        drop(known);
        let mut shard = shard.write().unwrap_or_else(PoisonError::into_inner);
        // Another request may have been faster.
        if let Some(counted) = shard.identities.get(identity) {
            return Arc::clone(counted);
        }
        if !shard.makes_room(now) {
            return Arc::clone(&self.others);
        }
        let counted = Arc::new(make());
        shard.identities.insert(identity.into(), Arc::clone(&counted));
        counted
    }

    /// How many have buckets of their own.
    pub(crate) fn count(&self) -> usize {
        let count = |shard: &RwLock<Shard>| {
            shard.read().unwrap_or_else(PoisonError::into_inner).identities.len()
        };
        self.shards.iter().map(count).sum()
    }
}

impl Shard {
    /// Forgets those that are as good as new, where it is time for that; so that what it costs is
    /// shared by many who come, and can't be asked for again and again.
    fn makes_room(&mut self, now: i64) -> bool {
        let count = self.identities.len();
        let paused = (0..PAUSE).contains(&now.saturating_sub(self.swept_at));
        if count >= self.sweep_from.max(FEW) && !(count >= MOST_IN_SHARD && paused) {
            self.identities.retain(|_, counted| !counted.is_forgettable(now));
            self.sweep_from = (2 * self.identities.len()).min(MOST_IN_SHARD);
            self.swept_at = now;
        }
        self.identities.len() < MOST_IN_SHARD
    }
}
