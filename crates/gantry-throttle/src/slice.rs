//! What one node has of a bucket that nodes share: tokens it leased ahead, and what it spent on
//! credit. Pure; who asks the database is [`crate::books`].
//!
//! A node leases about as much as it used in the last second, at most a twentieth of the bucket, and
//! gives back what it hasn't used a second later. While the bucket isn't nearly empty it may also
//! spend a little before it tells; then few requests of whoever makes few cost a statement. Both are
//! what bounds how far all nodes together can be from the rate: see `docs/rate-limits.md`.

use crate::rate::Rate;
use crate::shared::{Answer, Ask};

const SECOND: i64 = 1_000_000;
/// How long leased tokens are kept.
const HOLD: i64 = SECOND;
/// How long a node waits before it tells of little that it spent on credit.
const LATEST_REPORT: i64 = 10 * SECOND;
/// How often a node asks for tokens of a bucket that has run dry.
const PACE: i64 = SECOND / 10;
/// How often it asks a database that can't be reached.
const RETRY: i64 = SECOND;
/// Use is measured over this time at least.
const SHORTEST: i64 = SECOND / 20;
/// After so long nothing that was learnt of a bucket counts.
const STALE: i64 = 60 * SECOND;

/// A node's slice of one bucket.
#[derive(Debug)]
pub(crate) struct Slice {
    /// Leased tokens, and until when they are kept.
    held: i64,
    held_until: i64,
    /// Tokens that were leased and are to be given back.
    back: i64,
    /// Tokens spent on credit, and since when.
    owed: i64,
    owed_since: i64,
    /// Those of them that an ask under way tells of; `None` while none is.
    told: Option<i64>,
    /// The last answer found the bucket full enough for credit, or there was none yet.
    trusted: bool,
    /// Someone needs a token and didn't get one.
    needed: bool,
    /// Not before then is the bucket asked for tokens.
    ask_after: i64,
    /// Until when the bucket refuses, as far as the last answer said so.
    refusing_until: i64,
    /// What was aimed at when tokens were leased last.
    aim: i64,
    /// Tokens used since the last ask began, and when that was.
    used: i64,
    asked_at: i64,
}

/// Why there is no token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Dry {
    /// How long to wait, as far as is known.
    pub(crate) wait: i64,
    /// The database may have one.
    pub(crate) may_ask: bool,
}

impl Slice {
    pub(crate) fn new(now: i64) -> Self {
        Self {
            held: 0,
            held_until: now,
            back: 0,
            owed: 0,
            owed_since: now,
            told: None,
            trusted: true,
            needed: false,
            ask_after: now,
            refusing_until: now,
            aim: 0,
            used: 0,
            asked_at: now,
        }
    }

    /// Takes a token; `credit` is how many this node may spend before it tells.
    pub(crate) fn take(&mut self, credit: i64, now: i64) -> Result<(), Dry> {
        self.expire(now);
        if self.held > 0 {
            self.held -= 1;
        } else if self.trusted && self.owed + self.told.unwrap_or(0) < credit {
            if self.owed == 0 {
                self.owed_since = now;
            }
            self.owed += 1;
        } else {
            return Err(self.dry(now));
        }
        self.used += 1;
        Ok(())
    }

    /// Puts back a token that was taken.
    pub(crate) fn put_back(&mut self) {
        self.used -= 1;
        if self.owed > 0 {
            self.owed -= 1;
        } else {
            self.held += 1;
        }
    }

    /// How long one has to wait for a token who finds none.
    pub(crate) fn wait(&mut self, credit: i64, now: i64) -> Option<Dry> {
        self.expire(now);
        let some = self.held > 0 || self.trusted && self.owed + self.told.unwrap_or(0) < credit;
        (!some).then(|| self.dry(now))
    }

    /// The database is to be told or asked.
    pub(crate) fn is_due(&self, credit: i64, now: i64) -> bool {
        self.told.is_none()
            && (self.back > 0 || self.debt_is_due(credit, now) || self.lacks(credit, now))
    }

    /// Begins to settle, if that is due.
    pub(crate) fn begin(&mut self, rate: Rate, credit: i64, now: i64) -> Option<Ask> {
        self.expire(now);
        self.is_due(credit, now).then(|| self.ask(rate, credit, now))
    }

    /// Begins to give back and to tell all there is.
    pub(crate) fn begin_to_leave(&mut self) -> Option<Ask> {
        let ask = Ask { owed: self.owed, back: self.back + self.held, wanted: 0 };
        (self.held, self.back, self.owed) = (0, 0, 0);
        (ask != Ask::default()).then_some(ask)
    }

    /// Ends what [`Slice::begin`] began at `asked_at`, with the database's answer.
    pub(crate) fn finish(&mut self, rate: Rate, ask: Ask, answer: Answer, now: i64) {
        self.told = None;
        // What was held before is as old as it was, if there is much of it.
        if answer.granted >= self.held && answer.granted > 0 {
            self.held_until = self.asked_at + HOLD;
        }
        self.held += answer.granted;
        self.trusted = answer.left > 0 && answer.left >= rate.credit();
        if let Some(refusing_for) = answer.refusing_for {
            self.refusing_until = now + refusing_for;
            self.ask_after = now + answer.next_token.max(PACE);
        } else if ask.wanted > 0 {
            self.refusing_until = now;
        }
    }

    /// Ends it without an answer. What is owed is told again, which may be once too often; what was
    /// given back is lost, which is right either way.
    pub(crate) fn fail(&mut self, now: i64) {
        self.owed += self.told.take().unwrap_or(0);
        self.ask_after = now + RETRY;
    }

    /// Nothing is left to settle.
    pub(crate) fn is_at_rest(&self) -> bool {
        self.held == 0 && self.back == 0 && self.owed == 0 && self.told.is_none() && !self.needed
    }

    /// As good as one that was just made.
    pub(crate) fn is_forgettable(&self, now: i64) -> bool {
        self.is_at_rest() && (now - self.asked_at).abs() > STALE
    }

    fn dry(&mut self, now: i64) -> Dry {
        let may_ask = self.may_ask(now);
        self.needed |= may_ask;
        Dry { wait: self.refusing_until - now, may_ask }
    }

    /// Leased tokens that nobody used in time are to be given back.
    fn expire(&mut self, now: i64) {
        let kept = now < self.held_until && self.held_until <= now + HOLD;
        if !kept {
            self.back += std::mem::take(&mut self.held);
        }
    }

    /// It isn't too early. A clock that was set back must not make it wait for long.
    fn may_ask(&self, now: i64) -> bool {
        self.ask_after <= now || self.ask_after > now + STALE
    }

    fn debt_is_due(&self, credit: i64, now: i64) -> bool {
        let is_late = !(0..LATEST_REPORT).contains(&(now - self.owed_since));
        self.owed > 0 && (is_late || self.owed * 2 >= credit) && self.may_ask(now)
    }

    /// More tokens are to be leased.
    fn lacks(&self, credit: i64, now: i64) -> bool {
        let runs_out = self.used > 0 && self.aim > 1 && self.held * 2 <= self.aim;
        let borrows = self.owed > 0 && self.owed * 2 >= credit;
        (self.needed || runs_out || borrows) && self.may_ask(now)
    }

    fn ask(&mut self, rate: Rate, credit: i64, now: i64) -> Ask {
        let mut wanted = 0;
        if self.lacks(credit, now) {
            let elapsed = (now - self.asked_at).max(SHORTEST);
            let least = i64::from(self.needed);
            self.aim = (self.used * HOLD / elapsed).clamp(least, rate.slice());
            wanted = (self.aim - self.held).max(0);
        }
        self.needed = false;
        (self.used, self.asked_at) = (0, now);
        self.told = Some(self.owed);
        Ask { owed: std::mem::take(&mut self.owed), back: std::mem::take(&mut self.back), wanted }
    }
}

#[cfg(test)]
mod tests {
    use gantry_catalog::RateBucket;

    use super::*;
    use crate::shared::settle;

    const START: i64 = 1_795_000_000_000_000;

    /// A node's slice beside the row, both by one clock.
    struct Node {
        slice: Slice,
        rate: Rate,
        credit: i64,
        row: RateBucket,
        now: i64,
        settled: usize,
    }

    impl Node {
        fn new(rate: Rate) -> Self {
            let slice = Slice::new(START);
            Self {
                slice,
                rate,
                credit: rate.credit(),
                row: RateBucket::default(),
                now: START,
                settled: 0,
            }
        }

        fn settle(&mut self) -> Option<Ask> {
            let ask = self.slice.begin(self.rate, self.credit, self.now)?;
            let (row, answer) = settle(self.row, self.rate, ask, self.now);
            self.row = row;
            self.slice.finish(self.rate, ask, answer, self.now);
            self.settled += 1;
            Some(ask)
        }

        fn take(&mut self) -> Result<(), Dry> {
            self.slice.take(self.credit, self.now)
        }

        fn passes(&mut self, micros: i64) -> &mut Self {
            self.now += micros;
            self
        }
    }

    #[test]
    fn who_makes_few_requests_causes_few_statements() {
        let mut node = Node::new(Rate::per_minute(5000));
        // One of eight requests, every five seconds.
        for _ in 0..60 {
            for _ in 0..8 {
                assert_eq!(node.take(), Ok(()));
                node.settle();
            }
            for _ in 0..20 {
                node.passes(SECOND / 4).settle();
            }
        }
        assert!(node.settled <= 31, "{} in five minutes", node.settled);
    }

    #[test]
    fn a_burst_is_leased_in_slices_and_what_is_left_given_back() {
        let mut node = Node::new(Rate::per_minute(5000));
        for _ in 0..1000 {
            assert_eq!(node.passes(100).take(), Ok(()));
            node.settle();
        }
        assert!(node.settled <= 12, "{}", node.settled);
        assert!(node.slice.held > 0 && !node.slice.is_at_rest());
        let held = node.slice.held;
        let ask = node.passes(HOLD).settle().unwrap();
        assert_eq!((ask.back, ask.wanted), (held, 0));
        for _ in 0..50 {
            node.passes(SECOND / 4).settle();
        }
        assert!(node.slice.is_at_rest());
        let level = node.rate.level(node.row.empty_at, node.now);
        assert_eq!(level, 5000, "a thousand were refilled");
    }

    #[test]
    fn a_small_bucket_is_asked_for_each_token() {
        let mut node = Node::new(Rate::per_minute(6));
        for _ in 0..6 {
            let dry = node.take().unwrap_err();
            assert!(dry.may_ask);
            assert_eq!(node.settle().unwrap().wanted, 1);
            assert_eq!(node.take(), Ok(()));
        }
        assert!(node.take().unwrap_err().may_ask);
        node.settle().unwrap();
        assert_eq!(node.take(), Err(Dry { wait: 60 * SECOND, may_ask: false }));
        assert_eq!(node.passes(9 * SECOND).take(), Err(Dry { wait: 51 * SECOND, may_ask: false }));
        assert_eq!(node.settle(), None, "there is nothing before the next token");
        assert!(node.passes(SECOND).take().unwrap_err().may_ask);
        node.settle().unwrap();
        assert_eq!(node.take(), Ok(()));
    }

    #[test]
    fn a_dry_bucket_gives_no_credit() {
        let mut node = Node::new(Rate::per_minute(1000));
        let mut served = 0;
        for _ in 0..10_000 {
            served += i64::from(node.passes(100).take().is_ok());
            node.settle();
        }
        // A second has passed.
        assert!((1000..=1017).contains(&served), "{served}");
    }

    #[test]
    fn an_ask_without_an_answer_is_told_again_after_a_while() {
        let mut node = Node::new(Rate::per_minute(1000));
        for _ in 0..30 {
            node.take().unwrap();
        }
        let ask = node.slice.begin(node.rate, node.credit, node.now).unwrap();
        assert_eq!(ask.owed, 30);
        assert_eq!(node.settle(), None, "one at a time");
        node.slice.fail(node.now);
        assert_eq!(node.settle(), None);
        assert_eq!(node.passes(RETRY).settle().unwrap().owed, 30);
    }

    #[test]
    fn a_clock_that_is_set_back_makes_nobody_wait_or_keep_tokens() {
        let mut node = Node::new(Rate::per_minute(1000));
        for _ in 0..50 {
            node.take().unwrap();
            node.settle();
        }
        assert!(node.slice.held > 0);
        node.slice.ask_after = node.now;
        node.passes(-3600 * SECOND);
        assert!(node.settle().unwrap().back > 0);
    }

    #[test]
    fn a_slice_that_rests_for_long_is_as_a_new_one() {
        let mut node = Node::new(Rate::per_minute(1000));
        node.take().unwrap();
        assert!(!node.slice.is_forgettable(node.now + 2 * STALE), "it owes");
        node.passes(LATEST_REPORT).settle().unwrap();
        assert!(node.slice.is_at_rest() && !node.slice.is_forgettable(node.now));
        assert!(node.slice.is_forgettable(node.now + 2 * STALE));
    }
}
