//! What is kept in memory of some rows, replaced as a whole.

use std::fmt;
use std::ops::Deref;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use arc_swap::{ArcSwap, Guard};

/// What was read last. Of two readings at once the one that began later stays, whichever ends first:
/// who has changed something and reads it again is sure that nothing older comes back.
pub struct Kept<T> {
    latest: ArcSwap<Reading<T>>,
    begun: AtomicU64,
}

/// A reading that has begun.
#[derive(Debug)]
pub struct Begun(u64);

/// What is kept at the moment of asking.
pub struct Present<T>(Guard<Arc<Reading<T>>>);

struct Reading<T> {
    begun: u64,
    value: T,
}

impl<T> Kept<T> {
    /// Keeps what was read before anyone could read again.
    pub fn new(value: T) -> Self {
        let first = Reading { begun: 0, value };
        Self { latest: ArcSwap::from_pointee(first), begun: AtomicU64::new(0) }
    }

    /// What is kept.
    pub fn load(&self) -> Present<T> {
        Present(self.latest.load())
    }

    /// Begins a reading: to be called before the first row is read.
    pub fn begin(&self) -> Begun {
        Begun(self.begun.fetch_add(1, Ordering::SeqCst) + 1)
    }

    /// Keeps what was read, unless a reading that began later is kept already.
    pub fn store(&self, Begun(begun): Begun, value: T) {
        let new = Arc::new(Reading { begun, value });
        self.latest
            .rcu(|kept| if kept.begun > begun { Arc::clone(kept) } else { Arc::clone(&new) });
    }
}

impl<T> Deref for Present<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.0.value
    }
}

impl<T: fmt::Debug> fmt::Debug for Kept<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.load().fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_older_reading_never_replaces_a_newer() {
        let kept = Kept::new("first");
        let (older, newer) = (kept.begin(), kept.begin());
        kept.store(newer, "newer");
        kept.store(older, "older");
        assert_eq!(*kept.load(), "newer");
        let (older, newer) = (kept.begin(), kept.begin());
        kept.store(older, "in order");
        assert_eq!(*kept.load(), "in order");
        kept.store(newer, "last");
        assert_eq!(*kept.load(), "last");
    }
}
