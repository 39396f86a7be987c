//! When something that the server stands on is known to be out of order.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::time::Instant;

/// While something is out of order the server may answer 5xx, or lose connections; that says
/// nothing about what was done. Nothing excuses it for what was asked after the trouble's end.
#[derive(Debug)]
pub struct Trouble {
    until: Mutex<Until>,
    /// How many answers were 5xx.
    errors: AtomicU64,
    /// How many connections were lost.
    lost: AtomicU64,
}

#[derive(Clone, Copy, Debug)]
enum Until {
    /// It isn't over.
    Now,
    /// What was asked before then may fail.
    Over(Instant),
}

impl Default for Trouble {
    fn default() -> Self {
        Self { until: Mutex::new(Until::Over(Instant::now())), errors: 0.into(), lost: 0.into() }
    }
}

impl Trouble {
    /// Something goes out of order.
    pub fn begin(&self) {
        *self.until() = Until::Now;
    }

    /// All is in order from now on.
    pub fn end(&self) {
        *self.until() = Until::Over(Instant::now());
    }

    /// Whether a 5xx to what was asked at `asked` is excused; if so it is counted.
    pub fn excuses_error(&self, asked: Instant) -> bool {
        self.excuses(asked, &self.errors)
    }

    /// Whether a lost connection is; likewise.
    pub fn excuses_loss(&self, asked: Instant) -> bool {
        self.excuses(asked, &self.lost)
    }

    /// How many answers were 5xx, and how many connections were lost, for a reason.
    pub fn excused(&self) -> (u64, u64) {
        (self.errors.load(Ordering::SeqCst), self.lost.load(Ordering::SeqCst))
    }

    fn excuses(&self, asked: Instant, count: &AtomicU64) -> bool {
        let excused = match *self.until() {
            Until::Now => true,
            Until::Over(end) => asked < end,
        };
        if excused {
            count.fetch_add(1, Ordering::SeqCst);
        }
        excused
    }

    fn until(&self) -> MutexGuard<'_, Until> {
        self.until.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
