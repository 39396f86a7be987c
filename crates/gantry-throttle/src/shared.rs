//! A bucket that nodes share, as its row has it, and what a node and it settle.

use gantry_catalog::RateBucket;

use crate::rate::Rate;

/// What a node tells and asks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Ask {
    /// Tokens spent that were never leased.
    pub(crate) owed: i64,
    /// Leased tokens that nobody wanted.
    pub(crate) back: i64,
    /// Tokens to lease.
    pub(crate) wanted: i64,
}

/// What it hears.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Answer {
    pub(crate) granted: i64,
    /// Tokens that are left in the bucket.
    pub(crate) left: i64,
    /// For how long whoever finds none is refused, where fewer were granted than wanted.
    pub(crate) refusing_for: Option<i64>,
    /// How long until the bucket has a token again.
    pub(crate) next_token: i64,
}

/// Settles with a bucket at `now`.
pub(crate) fn settle(row: RateBucket, rate: Rate, ask: Ask, now: i64) -> (RateBucket, Answer) {
    let interval = rate.interval();
    let spent = rate.clamp(row.empty_at, now) + ask.owed * interval;
    // A bucket that became full while its tokens were out takes none back.
    let before = rate.clamp(spent - ask.back * interval, now);
    let granted = ask.wanted.min(rate.level(before, now));
    let empty_at = before + granted * interval;
    let is_dry = granted < ask.wanted;
    let refusing_until = match is_dry {
        true => rate.refusing_until(row.refusing_until, empty_at, now),
        false => row.refusing_until,
    };
    let answer = Answer {
        granted,
        left: rate.level(empty_at, now),
        refusing_for: is_dry.then(|| refusing_until - now),
        next_token: (empty_at + interval - now).max(0),
    };
    (RateBucket { empty_at, refusing_until }, answer)
}

/// From when on the row says no more than its absence.
pub(crate) fn full_at(row: RateBucket, rate: Rate) -> i64 {
    (row.empty_at + rate.span()).max(row.refusing_until)
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: i64 = 1_795_000_000_000_000;
    const SECOND: i64 = 1_000_000;

    fn ask(owed: i64, back: i64, wanted: i64) -> Ask {
        Ask { owed, back, wanted }
    }

    #[test]
    fn no_more_is_granted_than_is_there() {
        let rate = Rate::per_minute(60);
        let (row, answer) = settle(RateBucket::default(), rate, ask(0, 0, 50), NOW);
        assert_eq!((answer.granted, answer.left, answer.refusing_for), (50, 10, None));
        let (row, answer) = settle(row, rate, ask(3, 0, 50), NOW);
        assert_eq!((answer.granted, answer.left), (7, 0));
        assert_eq!((answer.refusing_for, answer.next_token), (Some(60 * SECOND), SECOND));
        let (_, answer) = settle(row, rate, ask(0, 0, 1), NOW + 2 * SECOND);
        assert_eq!((answer.granted, answer.left, answer.refusing_for), (1, 1, None));
    }

    #[test]
    fn what_is_given_back_fills_no_bucket_beyond_its_brim() {
        let rate = Rate::per_minute(60);
        let (row, _) = settle(RateBucket::default(), rate, ask(0, 0, 20), NOW);
        let later = NOW + 5 * SECOND;
        let (_, answer) = settle(row, rate, ask(0, 18, 0), later);
        assert_eq!(answer.left, 60);
        let (_, answer) = settle(row, rate, ask(0, 10, 0), later);
        assert_eq!(answer.left, 55);
    }

    #[test]
    fn debts_are_paid_before_anything_is_granted() {
        let rate = Rate::per_minute(60);
        let (row, _) = settle(RateBucket::default(), rate, ask(0, 0, 60), NOW);
        let (row, answer) = settle(row, rate, ask(2, 0, 1), NOW);
        assert_eq!((answer.granted, answer.next_token), (0, 3 * SECOND));
        let (_, answer) = settle(row, rate, ask(0, 0, 1), NOW + 3 * SECOND);
        assert_eq!(answer.granted, 1);
    }

    #[test]
    fn periods_of_refusals_count_down_for_every_node() {
        let rate = Rate::per_minute(600);
        let (mut row, mut told) = (RateBucket::default(), vec![]);
        for seconds in [0, 10, 59, 60] {
            let (next, answer) = settle(row, rate, ask(0, 0, 1000), NOW + seconds * SECOND);
            told.push(answer.refusing_for.unwrap() / SECOND);
            row = next;
        }
        assert_eq!(told, [60, 50, 1, 60]);
    }

    #[test]
    fn a_row_is_kept_while_it_says_something() {
        let rate = Rate::per_minute(60);
        let (row, _) = settle(RateBucket::default(), rate, ask(1, 0, 0), NOW);
        assert_eq!(full_at(row, rate), NOW + SECOND);
        let (row, _) = settle(row, rate, ask(0, 0, 100), NOW);
        assert_eq!(full_at(row, rate), NOW + 60 * SECOND);
    }
}
