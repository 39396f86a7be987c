//! Simulated time, and the clocks that tell it.

use std::collections::HashSet;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use gantry_model::{Clock, Timestamp};
use tokio::time::Instant;

/// When each simulation begins, in microseconds since 1970.
const BEGINNING: i64 = 1_800_000_000_000_000;

/// The time of one simulation, which the runtime moves when there is nothing left to do.
#[derive(Clone, Debug)]
pub(crate) struct Time {
    began: Instant,
    told: Arc<Mutex<HashSet<i64>>>,
}

impl Time {
    pub(crate) fn begin() -> Self {
        Self { began: Instant::now(), told: Arc::default() }
    }

    /// How long the simulation has gone on.
    pub(crate) fn passed(&self) -> Duration {
        self.began.elapsed()
    }

    /// The present, as the database's clock tells it: microseconds since 1970.
    pub(crate) fn micros(&self) -> i64 {
        BEGINNING + i64::try_from(self.passed().as_micros()).unwrap()
    }

    /// A clock that is wrong by `skew` milliseconds.
    pub(crate) fn clock(&self, skew: i64) -> Arc<dyn Clock> {
        Arc::new(SkewedClock { time: self.clone(), skew })
    }
}

/// A node's clock.
///
/// No two answers, on whichever node, are of the same millisecond. Ids begin with the millisecond
/// they are made in, and the rest of them is the operating system's to draw: this way what sorts by
/// id doesn't sort at random.
#[derive(Debug)]
struct SkewedClock {
    time: Time,
    skew: i64,
}

impl Clock for SkewedClock {
    fn now(&self) -> Timestamp {
        let mut millis = self.time.micros() / 1000 + self.skew;
        let mut told = self.time.told.lock().unwrap();
        while !told.insert(millis) {
            millis += 1;
        }
        Timestamp::from_micros(millis * 1000)
    }
}
