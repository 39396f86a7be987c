//! A bucket in this process's memory.
//!
//! Own code instead of the `governor` crate: the same arithmetic serves shared buckets, tokens can be
//! put back, and a period of refusals belongs to it.

use std::sync::atomic::{AtomicI64, Ordering};

use crate::rate::Rate;

/// Two atomic moments, so that nobody waits for anyone.
#[derive(Debug)]
pub(crate) struct Bucket {
    empty_at: AtomicI64,
    refusing_until: AtomicI64,
}

impl Bucket {
    pub(crate) fn full() -> Self {
        Self { empty_at: AtomicI64::new(i64::MIN), refusing_until: AtomicI64::new(i64::MIN) }
    }

    /// Takes a token; an error says how long to wait.
    pub(crate) fn take(&self, rate: Rate, now: i64) -> Result<(), i64> {
        let taken = self.empty_at.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |empty_at| {
            let empty_at = rate.clamp(empty_at, now);
            (rate.level(empty_at, now) > 0).then(|| empty_at + rate.interval())
        });
        taken.map(drop).map_err(|empty_at| self.refuse(rate, empty_at, now))
    }

    /// Puts back a token that was taken.
    pub(crate) fn put_back(&self, rate: Rate) {
        self.empty_at.fetch_sub(rate.interval(), Ordering::Relaxed);
    }

    /// How long one has to wait for a token who finds none.
    pub(crate) fn wait(&self, rate: Rate, now: i64) -> Option<i64> {
        let empty_at = self.empty_at.load(Ordering::Relaxed);
        (rate.level(empty_at, now) == 0).then(|| self.refuse(rate, empty_at, now))
    }

    /// As good as one that was never used.
    pub(crate) fn is_full(&self, rate: Rate, now: i64) -> bool {
        let empty_at = rate.clamp(self.empty_at.load(Ordering::Relaxed), now);
        rate.level(empty_at, now) == rate.burst()
    }

    fn refuse(&self, rate: Rate, empty_at: i64, now: i64) -> i64 {
        let clamped = rate.clamp(empty_at, now);
        if clamped < empty_at {
            // The clock was set back.
            self.empty_at.fetch_min(clamped, Ordering::Relaxed);
        }
        let before = self.refusing_until.load(Ordering::Relaxed);
        let until = rate.refusing_until(before, clamped, now);
        if until != before {
            self.refusing_until.store(until, Ordering::Relaxed);
        }
        until - now
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// The slow, obvious one: a number of tokens, in fractions of which an interval has many.
    struct Reference {
        fractions: i128,
        at: i64,
    }

    impl Reference {
        fn take(&mut self, rate: Rate, now: i64) -> bool {
            let (token, full) = (i128::from(rate.interval()), i128::from(rate.span()));
            self.fractions = (self.fractions + i128::from(now - self.at)).min(full);
            self.at = now;
            let enough = self.fractions >= token;
            if enough {
                self.fractions -= token;
            }
            enough
        }
    }

    const START: i64 = 1_795_000_000_000_000;

    proptest! {
        #[test]
        fn bucket_decides_as_the_reference_does(
            per_minute in 1_u32..200, burst in 1_u32..50,
            pauses in prop::collection::vec(prop_oneof![0_i64..1_000_000, 0_i64..70_000_000], 1..200),
        ) {
            let rate = Rate::per_minute(per_minute).with_burst(burst);
            let bucket = Bucket::full();
            let mut reference = Reference { fractions: rate.span().into(), at: START };
            let mut now = START;
            for pause in pauses {
                now += pause;
                prop_assert_eq!(bucket.take(rate, now).is_ok(), reference.take(rate, now));
            }
        }

        #[test]
        fn whoever_waits_as_told_is_served_and_what_is_told_counts_down(
            per_minute in 1_u32..200, burst in 1_u32..50, pauses in prop::collection::vec(1_i64..3_000_000, 1..100),
        ) {
            let rate = Rate::per_minute(per_minute).with_burst(burst);
            let bucket = Bucket::full();
            let (mut now, mut told) = (START, None);
            for pause in pauses {
                while bucket.take(rate, now).is_ok() {
                    told = None;
                }
                let wait = bucket.take(rate, now).unwrap_err();
                prop_assert!(wait > 0 && wait <= 60_000_000);
                // Nobody was served in between.
                if let Some((then, before)) = told {
                    prop_assert_eq!(wait, before - (now - then));
                }
                let alone = Bucket::full();
                alone.empty_at.store(bucket.empty_at.load(Ordering::Relaxed), Ordering::Relaxed);
                prop_assert!(alone.take(rate, now + wait).is_ok());
                told = Some((now, wait));
                now += pause.min(wait - 1);
            }
        }
    }

    #[test]
    fn a_period_is_a_minute_that_counts_down() {
        let (rate, bucket) = (Rate::per_minute(600), Bucket::full());
        while bucket.take(rate, START).is_ok() {}
        let waits = [0, 10, 59].map(|seconds| {
            let now = START + seconds * 1_000_000;
            while bucket.take(rate, now).is_ok() {}
            bucket.wait(rate, now).unwrap() / 1_000_000
        });
        assert_eq!(waits, [60, 50, 1]);
        let now = START + 61_000_000;
        while bucket.take(rate, now).is_ok() {}
        assert_eq!(bucket.wait(rate, now), Some(60_000_000), "the next period");
    }

    #[test]
    fn small_buckets_tell_when_the_next_token_comes() {
        let (rate, bucket) = (Rate::per_minute(6).with_burst(1), Bucket::full());
        assert_eq!(bucket.take(rate, START), Ok(()));
        assert_eq!(bucket.take(rate, START + 1_000_000), Err(10_000_000));
        assert_eq!(bucket.take(rate, START + 4_000_000), Err(7_000_000));
        assert_eq!(bucket.take(rate, START + 10_000_000), Ok(()));
    }

    #[test]
    fn a_clock_that_is_set_back_locks_nobody_out() {
        let (rate, bucket) = (Rate::per_minute(600), Bucket::full());
        while bucket.take(rate, START).is_ok() {}
        let hour = 3_600_000_000;
        let wait = bucket.take(rate, START - hour).unwrap_err();
        assert!(wait <= 60_000_000, "{wait}");
        assert_eq!(bucket.take(rate, START - hour + wait), Ok(()));
    }

    #[test]
    fn what_is_put_back_can_be_taken_and_no_more() {
        let (rate, bucket) = (Rate::per_minute(2), Bucket::full());
        assert!(bucket.is_full(rate, START));
        bucket.take(rate, START).unwrap();
        assert!(!bucket.is_full(rate, START));
        bucket.put_back(rate);
        assert!(bucket.is_full(rate, START));
        assert_eq!((0..5).filter(|_| bucket.take(rate, START).is_ok()).count(), 2);
    }
}
