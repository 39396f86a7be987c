//! A rate, and the arithmetic of its bucket.
//!
//! A bucket is one moment: `empty_at`, at which it was empty had it always been refilled since. So
//! refilling is the passing of time, to take a token is to move the moment by a token's interval,
//! and a bucket that was never used is as one that was empty long ago.

use std::time::Duration;

const MINUTE: i64 = 60_000_000;

/// So many requests a minute, and so many at once. All moments and spans are in microseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rate {
    per_minute: u32,
    burst: u32,
}

impl Rate {
    /// The highest rate: an interval is whole microseconds, within 1 % up to here.
    pub const MOST: u32 = 1_000_000;

    /// A bucket that holds one minute's worth; between 1 and [`Rate::MOST`].
    pub const fn per_minute(requests: u32) -> Self {
        Self { per_minute: requests, burst: requests }.bounded()
    }

    /// The same with a bucket that holds so many.
    #[must_use]
    pub const fn with_burst(self, burst: u32) -> Self {
        Self { burst, ..self }.bounded()
    }

    const fn bounded(self) -> Self {
        const fn bound(number: u32) -> u32 {
            match number {
                0 => 1,
                1..=Rate::MOST => number,
                _ => Rate::MOST,
            }
        }
        Self { per_minute: bound(self.per_minute), burst: bound(self.burst) }
    }

    /// How many tokens a full bucket has.
    pub(crate) fn burst(self) -> i64 {
        self.burst.into()
    }

    /// From one token to the next.
    pub(crate) fn interval(self) -> i64 {
        let per_minute = i64::from(self.per_minute);
        (MINUTE + per_minute / 2) / per_minute
    }

    /// From an empty bucket to a full one.
    pub(crate) fn span(self) -> i64 {
        self.burst() * self.interval()
    }

    /// How long a period of refusals lasts: until the bucket would be full, a minute at most.
    pub(crate) fn period(self) -> i64 {
        self.span().min(MINUTE)
    }

    /// A minute's worth, or what the bucket holds if that is less: what shares are measured by.
    fn measure(self) -> i64 {
        self.burst().min(self.per_minute.into())
    }

    /// The most tokens that a node takes from a shared bucket at once.
    pub(crate) fn slice(self) -> i64 {
        (self.measure() / 20).max(1)
    }

    /// What all nodes together may spend before they tell of it.
    pub(crate) fn credit(self) -> i64 {
        self.measure() / 20
    }

    /// One node's part of the rate, should it have to count by itself.
    pub(crate) fn share(self, nodes: i64) -> Self {
        let part = |number: u32| {
            let nodes = u32::try_from(nodes).unwrap_or(u32::MAX).max(1);
            number.div_ceil(nodes)
        };
        Self { per_minute: part(self.per_minute), burst: part(self.burst) }
    }

    /// `empty_at` as it counts at `now`: a bucket is never more than full. Nor does it lack more than
    /// was spent on credit, unless the clock was set back.
    pub(crate) fn clamp(self, empty_at: i64, now: i64) -> i64 {
        let debt = self.credit() * self.interval();
        empty_at.clamp(now.saturating_sub(self.span()), now.saturating_add(debt))
    }

    /// How many whole tokens a bucket has.
    pub(crate) fn level(self, empty_at: i64, now: i64) -> i64 {
        (now.saturating_sub(empty_at) / self.interval()).clamp(0, self.burst())
    }

    /// Until when whoever finds no token at `now` is told to wait: to the end of the period of
    /// refusals, which may have begun before and else begins, and at least until there is a token.
    pub(crate) fn refusing_until(self, before: i64, empty_at: i64, now: i64) -> i64 {
        // What is later than any that was told is from before the clock was set back.
        let latest = now.saturating_add(2 * self.period());
        let end = if before > now && before <= latest { before } else { now + self.period() };
        end.max(empty_at.saturating_add(self.interval()))
    }
}

/// What a client is told: whole seconds, a second at least.
pub(crate) fn whole_seconds(wait: i64) -> Duration {
    let seconds = u64::try_from(wait).unwrap_or(0).div_ceil(1_000_000);
    Duration::from_secs(seconds.max(1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn intervals_of_acrs_figures_are_exact() {
        for per_minute in [20_000, 10_000, 5000, 4000, 2000, 1000, 500, 250] {
            let rate = Rate::per_minute(per_minute);
            assert_eq!((rate.span(), rate.period()), (MINUTE, MINUTE), "{per_minute}");
        }
    }

    #[test]
    fn intervals_are_within_a_hundredth() {
        for per_minute in (1..Rate::MOST).step_by(997).chain([Rate::MOST - 1, Rate::MOST]) {
            let rate = Rate::per_minute(per_minute);
            assert!((rate.span() - MINUTE).abs() * 100 <= MINUTE, "{per_minute}");
        }
    }

    #[test]
    fn no_rate_is_nothing_and_none_beyond_bounds() {
        assert_eq!(Rate::per_minute(0), Rate::per_minute(1));
        assert_eq!(Rate::per_minute(u32::MAX), Rate::per_minute(Rate::MOST));
        assert_eq!(Rate::per_minute(6).with_burst(0).burst(), 1);
        assert_eq!(Rate::per_minute(1).interval(), MINUTE);
    }

    #[test]
    fn shares_and_slices_of_small_rates_are_one() {
        let one = Rate::per_minute(1);
        assert_eq!((one.share(5), one.slice(), one.credit()), (one, 1, 0));
        let large = Rate::per_minute(5000);
        assert_eq!(
            (large.share(2), large.slice(), large.credit()),
            (Rate::per_minute(2500), 250, 250)
        );
    }

    #[test]
    fn waits_are_told_in_whole_seconds() {
        for (wait, seconds) in [(-5, 1), (0, 1), (1, 1), (1_000_000, 1), (1_000_001, 2)] {
            assert_eq!(whole_seconds(wait), Duration::from_secs(seconds), "{wait}");
        }
    }
}
