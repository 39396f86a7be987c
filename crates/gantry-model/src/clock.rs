//! Time as a parameter.

use std::fmt;
use std::str::FromStr;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use serde::{Deserialize, Serialize};

/// A moment, in microseconds since the Unix epoch.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Timestamp(i64);

impl Timestamp {
    /// Later than any other.
    pub const MAX: Self = Self(i64::MAX);

    /// Takes microseconds since the Unix epoch.
    pub const fn from_micros(micros: i64) -> Self {
        Self(micros)
    }

    /// Microseconds since the Unix epoch.
    pub const fn micros(self) -> i64 {
        self.0
    }

    /// Whole seconds since the Unix epoch, as JWT claims count them.
    pub const fn seconds(self) -> i64 {
        self.0.div_euclid(1_000_000)
    }

    /// This moment plus `duration`, saturating.
    #[must_use]
    pub fn plus(self, duration: Duration) -> Self {
        Self(self.0.saturating_add(micros(duration)))
    }

    /// This moment minus `duration`, saturating.
    #[must_use]
    pub fn minus(self, duration: Duration) -> Self {
        Self(self.0.saturating_sub(micros(duration)))
    }
}

fn micros(duration: Duration) -> i64 {
    i64::try_from(duration.as_micros()).unwrap_or(i64::MAX)
}

/// RFC 3339 in UTC with seven fractional digits, the form ACR answers.
impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match jiff::Timestamp::from_microsecond(self.0) {
            Ok(moment) => write!(f, "{}", moment.strftime("%Y-%m-%dT%H:%M:%S.%7fZ")),
            Err(_) => write!(f, "{}us", self.0),
        }
    }
}

/// A text that is no moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a moment: write it like 2026-11-25T12:00:00Z")]
pub struct TimestampError;

/// RFC 3339, in any zone.
impl FromStr for Timestamp {
    type Err = TimestampError;

    fn from_str(text: &str) -> Result<Self, TimestampError> {
        let moment: jiff::Timestamp = text.parse().map_err(|_| TimestampError)?;
        Ok(Self(moment.as_microsecond()))
    }
}

/// Where the present comes from.
pub trait Clock: fmt::Debug + Send + Sync {
    /// The present moment.
    fn now(&self) -> Timestamp;
}

/// The machine's clock.
#[derive(Debug, Default, Clone, Copy)]
pub struct SystemClock;

impl Clock for SystemClock {
    #[expect(clippy::disallowed_methods, reason = "the one place that reads the machine's clock")]
    fn now(&self) -> Timestamp {
        Timestamp(jiff::Timestamp::now().as_microsecond())
    }
}

/// A clock that moves only when told to, for tests.
#[derive(Debug)]
pub struct ManualClock(AtomicI64);

impl ManualClock {
    /// Starts at `at`.
    pub fn new(at: Timestamp) -> Self {
        Self(AtomicI64::new(at.0))
    }

    /// Moves the clock forward.
    pub fn advance(&self, by: Duration) {
        self.0.fetch_add(micros(by), Ordering::SeqCst);
    }
}

impl Clock for ManualClock {
    fn now(&self) -> Timestamp {
        Timestamp(self.0.load(Ordering::SeqCst))
    }
}

/// A hybrid logical clock reading: orders writes to one name, also across machines whose clocks
/// disagree, because a later write is always stamped after the one it replaces.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Stamp {
    /// Wall-clock part.
    pub at: Timestamp,
    /// Breaks ties within one microsecond, and carries on when the wall clock steps back.
    pub counter: i64,
}

impl Stamp {
    /// The stamp of a first write at `now`.
    pub fn first(now: Timestamp) -> Self {
        Self { at: now, counter: 0 }
    }

    /// A stamp greater than `self`, at `now` where the clock allows.
    #[must_use]
    pub fn next(self, now: Timestamp) -> Self {
        if now > self.at {
            Self::first(now)
        } else {
            Self { at: self.at, counter: self.counter + 1 }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn timestamps_print_like_acr() {
        let moment = Timestamp::from_micros(1_689_177_120_207_586);
        assert_eq!(moment.to_string(), "2023-07-12T15:52:00.2075860Z");
        for text in ["2023-07-12T15:52:00.2075860Z", "2023-07-12T17:52:00.207586+02:00"] {
            assert_eq!(text.parse(), Ok(moment), "{text}");
        }
        assert_eq!("2023-07-12".parse::<Timestamp>(), Err(TimestampError));
    }

    #[test]
    fn stamps_grow_when_the_clock_steps_back() {
        let first = Stamp::first(Timestamp::from_micros(10));
        let second = first.next(Timestamp::from_micros(3));
        let third = second.next(Timestamp::from_micros(11));
        assert!(first < second && second < third);
        assert_eq!(third.counter, 0);
    }
}
