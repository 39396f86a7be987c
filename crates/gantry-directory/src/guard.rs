//! Who guesses too often is made to wait.
//!
//! Failures are counted for an account from one address, for an address, and for an account from
//! addresses it never succeeded from. So someone who guesses slows themselves, and many who guess at
//! one account together slow each other; who signs in from where they did before is never kept out by
//! them. Nothing is ever locked. Each node counts by itself.
//!
//! An attempt takes a place before anything is looked at, and until it is known how it went it counts
//! as if it had failed. Guesses that are made all at once are no more than those made one after the
//! other; and one whose client hangs up has failed. Who finds no place, since others don't know yet,
//! isn't refused but waits for them: a hundred jobs that begin at once with one right password get
//! through a few at a time.
//!
//! A failure takes the same time whether there is such an account or not.

use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use gantry_model::{Clock, Timestamp};
use quick_cache::sync::Cache;
use tokio::sync::{Notify, Semaphore};
use tokio::time::{Instant, sleep_until, timeout_at};

/// How many of each are remembered; each takes some hundred bytes.
const REMEMBERED: usize = 32 << 10;
/// No account has a longer name; of what somebody says instead, no more is kept.
const LONGEST_ACCOUNT: usize = 128;
/// Failures that cost no wait.
const FREE: u32 = 5;
/// The same from one address at any accounts: a company may be behind one.
const FREE_OF_ADDRESS: u32 = 100;
/// The same at one account from anywhere.
const FREE_OF_ACCOUNT: u32 = 50;
/// The first wait; it doubles with each failure.
const FIRST_WAIT: Duration = Duration::from_secs(1);
const LONGEST_WAIT: Duration = Duration::from_secs(60);
/// After so long without a failure one is forgotten.
const FORGIVEN: Duration = Duration::from_secs(15 * 60);
/// How long a failure takes at least: many times what looking things up does.
const SOONEST: Duration = Duration::from_millis(30);
/// How many wait for the same places, and for how long.
const QUEUE: usize = 1024;
const PATIENCE: Duration = Duration::from_secs(20);

/// Who tries to sign in as whom.
#[derive(Clone, Copy, Debug)]
pub struct Attempt<'a> {
    /// Whom they say they are.
    pub account: &'a str,
    /// Where they are; `None` where nobody can tell.
    pub address: Option<IpAddr>,
}

/// Someone has to wait.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("too many failed attempts to sign in: try again in {} s", wait.as_secs().max(1))]
pub struct TooManyAttempts {
    /// For how long.
    pub wait: Duration,
}

/// Counts failures.
#[derive(Debug)]
pub(crate) struct Guard {
    pairs: Cache<Pair, Arc<Tally>>,
    addresses: Cache<IpAddr, Arc<Tally>>,
    accounts: Cache<Box<str>, Arc<Tally>>,
    known: Arc<Cache<Pair, ()>>,
}

/// An account from one address.
type Pair = (Box<str>, IpAddr);

/// The places that an attempt has taken. Dropped, it has failed.
#[derive(Debug)]
#[must_use = "an attempt that is dropped has failed"]
pub struct Permit {
    tallies: Vec<Arc<Tally>>,
    /// Whose success is to be remembered, and where.
    pair: Option<(Pair, Arc<Cache<Pair, ()>>)>,
    at: Timestamp,
    begun: Instant,
}

/// Attempts that failed, and those of which it isn't known yet.
#[derive(Debug)]
struct Tally {
    free: u32,
    count: Mutex<Count>,
    resolved: Notify,
    queue: Semaphore,
}

#[derive(Debug, Default)]
struct Count {
    failures: Option<Failures>,
    outstanding: u32,
}

#[derive(Clone, Copy, Debug)]
struct Failures {
    count: u32,
    last: Timestamp,
}

/// What stands between an attempt and its place.
enum Obstacle {
    /// So many have failed.
    Failures(Duration),
    /// Others may fail: they are the tally's of that place in the list.
    Others(usize),
}

impl Default for Guard {
    fn default() -> Self {
        Self {
            pairs: Cache::new(REMEMBERED),
            addresses: Cache::new(REMEMBERED),
            accounts: Cache::new(REMEMBERED),
            known: Arc::new(Cache::new(REMEMBERED)),
        }
    }
}

impl Guard {
    /// Takes a place for an attempt, once those before it that may fail have left one. The account's
    /// failures count from the moment of `clock` at which it was taken.
    ///
    /// Cancel-safe: whoever waits has taken nothing.
    pub(crate) async fn admit(
        &self,
        attempt: Attempt<'_>,
        clock: &dyn Clock,
    ) -> Result<Permit, TooManyAttempts> {
        let deadline = Instant::now() + PATIENCE;
        let too_long = TooManyAttempts { wait: FIRST_WAIT };
        loop {
            let (tallies, looked_at, pair) = self.tallies(attempt);
            // Asked for before anyone looks, so that nothing is missed in between.
            let resolved: Vec<_> = tallies.iter().map(|tally| tally.resolved.notified()).collect();
            let at = clock.now();
            match take(&tallies, looked_at, at) {
                Ok(()) => {
                    drop(resolved);
                    let pair = pair.map(|pair| (pair, Arc::clone(&self.known)));
                    return Ok(Permit { tallies, pair, at, begun: Instant::now() });
                }
                Err(Obstacle::Failures(wait)) => return Err(TooManyAttempts { wait }),
                Err(Obstacle::Others(n)) => {
                    let _queued = tallies[n].queue.try_acquire().map_err(|_| too_long)?;
                    let resolved = resolved.into_iter().nth(n).into_iter();
                    for resolved in resolved {
                        timeout_at(deadline, resolved).await.map_err(|_| too_long)?;
                    }
                }
            }
        }
    }

    /// Those that the attempt is counted in, how many of them may refuse it, and whose it is. From
    /// where an account signed in before, only its own failures do.
    fn tallies(&self, attempt: Attempt<'_>) -> (Vec<Arc<Tally>>, usize, Option<Pair>) {
        let account = name(attempt.account);
        let of_account = || tally(&self.accounts, &account, FREE_OF_ACCOUNT);
        let Some(address) = attempt.address.map(network) else {
            return (vec![of_account()], 1, None);
        };
        let pair = (account.clone(), address);
        let tallies = vec![
            tally(&self.pairs, &pair, FREE),
            tally(&self.addresses, &address, FREE_OF_ADDRESS),
            of_account(),
        ];
        let looked_at = if self.known.get(&pair).is_some() { 1 } else { tallies.len() };
        (tallies, looked_at, Some(pair))
    }
}

/// Takes a place in each, or none in any. All who take several take them in one order.
fn take(tallies: &[Arc<Tally>], looked_at: usize, now: Timestamp) -> Result<(), Obstacle> {
    let mut counts: Vec<_> = tallies.iter().map(|tally| tally.count()).collect();
    let wait = |n: usize| counts[n].wait(tallies[n].free, now);
    let wait = (0..looked_at).map(wait).max().unwrap_or_default();
    if !wait.is_zero() {
        return Err(Obstacle::Failures(wait));
    }
    let is_full = |n: &usize| counts[*n].is_full(tallies[*n].free, now);
    if let Some(full) = (0..looked_at).find(is_full) {
        return Err(Obstacle::Others(full));
    }
    counts.iter_mut().for_each(|count| count.outstanding += 1);
    Ok(())
}

fn tally<K: Clone + Eq + std::hash::Hash>(
    cache: &Cache<K, Arc<Tally>>,
    key: &K,
    free: u32,
) -> Arc<Tally> {
    let made = || Ok::<_, std::convert::Infallible>(Arc::new(Tally::new(free)));
    let Ok(tally) = cache.get_or_insert_with(key, made);
    tally
}

impl Permit {
    /// The attempt succeeded: the account's failures from there are forgotten.
    pub fn succeed(mut self) {
        let Some((pair, known)) = self.pair.take() else { return self.leave() };
        self.tallies[0].count().failures = None;
        if known.get(&pair).is_none() {
            known.insert(pair, ());
        }
        self.leave();
    }

    /// The attempt failed. Tells so no sooner than a while after it began, however quickly it was known:
    /// that there is no such account is found out sooner than that the password isn't its own.
    pub async fn fail(self) {
        sleep_until(self.begun + SOONEST).await;
    }

    /// It says nothing of whether somebody guesses.
    pub fn leave(mut self) {
        self.end(|_| {});
    }

    fn end(&mut self, note: impl Fn(&mut Count)) {
        for tally in self.tallies.drain(..) {
            let mut count = tally.count();
            count.outstanding -= 1;
            note(&mut count);
            drop(count);
            tally.resolved.notify_waiters();
        }
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        let at = self.at;
        self.end(|count| count.failures = Some(Failures::one_more(count.failures, at)));
    }
}

impl Tally {
    fn new(free: u32) -> Self {
        let count = Mutex::default();
        Self { free, count, resolved: Notify::new(), queue: Semaphore::new(QUEUE) }
    }

    fn count(&self) -> MutexGuard<'_, Count> {
        self.count.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Count {
    fn wait(&self, free: u32, now: Timestamp) -> Duration {
        self.failures.map_or(Duration::ZERO, |failures| failures.wait(free, now))
    }

    /// Should all others fail, there would be a wait. Beyond what is free, it is one's turn at a time.
    fn is_full(&self, free: u32, now: Timestamp) -> bool {
        let failed = self.failures.map_or(0, |failures| failures.remembered(now));
        self.outstanding > 0 && failed.saturating_add(self.outstanding) >= free
    }
}

impl Failures {
    fn one_more(before: Option<Self>, now: Timestamp) -> Self {
        let count = before.map_or(0, |before| before.remembered(now));
        let last = before.map_or(now, |before| before.last.max(now));
        Self { count: count.saturating_add(1), last }
    }

    /// One is forgotten for each while without any.
    fn remembered(self, now: Timestamp) -> u32 {
        let rest = now.micros().saturating_sub(self.last.micros());
        let forgiven = rest / i64::try_from(FORGIVEN.as_micros()).unwrap_or(i64::MAX);
        self.count.saturating_sub(u32::try_from(forgiven).unwrap_or(u32::MAX))
    }

    /// How long to wait from now.
    fn wait(self, free: u32, now: Timestamp) -> Duration {
        let Some(beyond) = self.remembered(now).checked_sub(free) else { return Duration::ZERO };
        let wait = FIRST_WAIT.saturating_mul(1 << beyond.min(16)).min(LONGEST_WAIT);
        let until = self.last.plus(wait).micros();
        Duration::from_micros(u64::try_from(until.saturating_sub(now.micros())).unwrap_or(0))
    }
}

fn name(account: &str) -> Box<str> {
    account[..account.floor_char_boundary(LONGEST_ACCOUNT)].to_ascii_lowercase().into()
}

/// Someone who has one address of IPv6 has the whole of its network.
pub(crate) fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(address) => {
            let [a, b, c, d, ..] = address.segments();
            IpAddr::V6([a, b, c, d, 0, 0, 0, 0].into())
        }
        v4 => v4,
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicI64, AtomicU32, Ordering};

    use super::*;

    const START: Timestamp = Timestamp::from_micros(1_800_000_000_000_000);

    #[derive(Debug)]
    struct At(AtomicI64);

    impl At {
        fn start() -> Self {
            Self(AtomicI64::new(START.micros()))
        }

        fn passes(&self, time: Duration) {
            self.0.store(self.now().plus(time).micros(), Ordering::Relaxed);
        }
    }

    impl Clock for At {
        fn now(&self) -> Timestamp {
            Timestamp::from_micros(self.0.load(Ordering::Relaxed))
        }
    }

    fn attempt(account: &str, address: [u8; 4]) -> Attempt<'_> {
        Attempt { account, address: Some(address.into()) }
    }

    #[tokio::test]
    async fn guessing_gets_slower_and_is_forgiven() {
        let (guard, clock) = (Guard::default(), At::start());
        let guesser = attempt("alice", [192, 0, 2, 1]);
        for _ in 0..FREE {
            drop(guard.admit(guesser, &clock).await.unwrap());
        }
        for seconds in [1, 2, 4, 8, 16, 32, 60, 60] {
            let wait = Duration::from_secs(seconds);
            let refused = guard.admit(guesser, &clock).await.unwrap_err();
            assert_eq!(refused, TooManyAttempts { wait });
            clock.passes(wait);
            drop(guard.admit(guesser, &clock).await.unwrap());
        }
        clock.passes(FORGIVEN * 10);
        guard.admit(guesser, &clock).await.unwrap().succeed();
    }

    #[tokio::test]
    async fn nobody_is_kept_out_by_others_who_guess() {
        let (guard, clock) = (Guard::default(), At::start());
        let home = attempt("alice", [192, 0, 2, 1]);
        guard.admit(home, &clock).await.unwrap().succeed();
        let mut admitted = 0;
        for n in 0..=200_u8 {
            let guess = guard.admit(attempt("Alice", [198, 51, 100, n]), &clock).await;
            admitted += guess.map_or(0, |guess| {
                drop(guess);
                1
            });
        }
        assert_eq!(admitted, FREE_OF_ACCOUNT, "who guesses with many addresses waits");
        guard.admit(home, &clock).await.expect("from where she was before").succeed();
        assert!(guard.admit(attempt("alice", [203, 0, 113, 9]), &clock).await.is_err());
        guard.admit(attempt("bob", [203, 0, 113, 9]), &clock).await.unwrap().succeed();
    }

    #[tokio::test]
    async fn one_address_does_not_try_many_accounts() {
        let (guard, clock) = (Guard::default(), At::start());
        for n in 0..FREE_OF_ADDRESS {
            let account = format!("user{n}");
            drop(guard.admit(attempt(&account, [192, 0, 2, 1]), &clock).await.unwrap());
        }
        assert!(guard.admit(attempt("another", [192, 0, 2, 1]), &clock).await.is_err());
    }

    /// How many of 200 that begin at once are let through, where each ends so.
    async fn at_once(end: fn(Permit)) -> u32 {
        let guard = Arc::new(Guard::default());
        let clock = Arc::new(At::start());
        let admitted = Arc::new(AtomicU32::new(0));
        let mut all = tokio::task::JoinSet::new();
        for _ in 0..200 {
            let (guard, clock) = (Arc::clone(&guard), Arc::clone(&clock));
            let admitted = Arc::clone(&admitted);
            all.spawn(async move {
                let who = attempt("alice", [192, 0, 2, 1]);
                let Ok(permit) = guard.admit(who, &*clock).await else { return };
                admitted.fetch_add(1, Ordering::Relaxed);
                tokio::task::yield_now().await;
                end(permit);
            });
        }
        all.join_all().await;
        admitted.load(Ordering::Relaxed)
    }

    #[tokio::test(start_paused = true)]
    async fn a_failure_takes_its_time_and_a_success_does_not() {
        let (guard, clock) = (Guard::default(), At::start());
        let attempt = attempt("someone", [192, 0, 2, 1]);
        for known_after in [0, 1, 29] {
            let began = Instant::now();
            let permit = guard.admit(attempt, &clock).await.unwrap();
            sleep_until(began + Duration::from_millis(known_after)).await;
            permit.fail().await;
            assert_eq!(began.elapsed(), SOONEST, "known after {known_after} ms");
        }
        let began = Instant::now();
        guard.admit(attempt, &clock).await.unwrap().succeed();
        assert_eq!(began.elapsed(), Duration::ZERO);
    }

    #[tokio::test]
    async fn guesses_at_once_are_no_more_than_one_after_the_other() {
        assert_eq!(at_once(drop).await, FREE);
    }

    #[tokio::test]
    async fn who_is_right_at_once_waits_and_is_let_in() {
        assert_eq!(at_once(Permit::succeed).await, 200);
        assert_eq!(at_once(Permit::leave).await, 200);
    }

    #[tokio::test(start_paused = true)]
    async fn waiting_has_an_end() {
        let (guard, clock) = (Guard::default(), At::start());
        let who = attempt("alice", [192, 0, 2, 1]);
        let mut stuck = Vec::new();
        for _ in 0..FREE {
            stuck.push(guard.admit(who, &clock).await.unwrap());
        }
        assert!(guard.admit(who, &clock).await.is_err(), "none of them ends");
        drop(stuck);
        assert!(guard.admit(who, &clock).await.is_err(), "who hangs up has failed");
    }

    #[tokio::test]
    async fn many_who_come_take_bounded_memory() {
        let (guard, clock) = (Guard::default(), At::start());
        for n in 0..2 * u32::try_from(REMEMBERED).unwrap() {
            let (account, address) = (n.to_string(), n.to_be_bytes());
            drop(guard.admit(attempt(&account, address), &clock).await.unwrap());
        }
        for kept in [guard.pairs.len(), guard.addresses.len(), guard.accounts.len()] {
            assert!(kept <= REMEMBERED, "{kept}");
        }
    }

    #[test]
    fn no_more_is_kept_of_a_name_than_names_have() {
        assert_eq!(name("Alice@contoso.example").len(), 21);
        assert_eq!(name(&"é".repeat(1 << 20)).len(), LONGEST_ACCOUNT);
    }
}
