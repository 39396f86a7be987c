//! Who guesses too often is made to wait.
//!
//! Failures are counted for an account from one address, for an address, and for an account from
//! addresses it never succeeded from. So someone who guesses slows themselves, and many who guess at
//! one account together slow each other; who signs in from where they did before is never kept out by
//! them. Nothing is ever locked. Each node counts by itself.

use std::net::IpAddr;
use std::time::Duration;

use gantry_model::Timestamp;
use quick_cache::sync::Cache;

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
pub struct Guard {
    pairs: Cache<(Box<str>, IpAddr), Failures>,
    addresses: Cache<IpAddr, Failures>,
    accounts: Cache<Box<str>, Failures>,
    known: Cache<(Box<str>, IpAddr), ()>,
}

#[derive(Clone, Copy, Debug)]
struct Failures {
    count: u32,
    last: Timestamp,
}

impl Default for Guard {
    fn default() -> Self {
        Self {
            pairs: Cache::new(REMEMBERED),
            addresses: Cache::new(REMEMBERED),
            accounts: Cache::new(REMEMBERED),
            known: Cache::new(REMEMBERED),
        }
    }
}

impl Guard {
    /// Whether the attempt may be made now.
    pub fn admit(&self, attempt: Attempt<'_>, now: Timestamp) -> Result<(), TooManyAttempts> {
        let account = name(attempt.account);
        let mut wait = Duration::ZERO;
        let mut look = |failures: Option<Failures>, free| {
            wait = wait.max(failures.map_or(Duration::ZERO, |one| one.wait(free, now)));
        };
        match attempt.address.map(network) {
            None => look(self.accounts.get(&account), FREE_OF_ACCOUNT),
            Some(address) => {
                let pair = (account, address);
                look(self.pairs.get(&pair), FREE);
                if self.known.get(&pair).is_none() {
                    look(self.addresses.get(&address), FREE_OF_ADDRESS);
                    look(self.accounts.get(&pair.0), FREE_OF_ACCOUNT);
                }
            }
        }
        if wait.is_zero() { Ok(()) } else { Err(TooManyAttempts { wait }) }
    }

    /// Notes that the attempt failed.
    pub fn failed(&self, attempt: Attempt<'_>, now: Timestamp) {
        let account = name(attempt.account);
        if let Some(address) = attempt.address.map(network) {
            let pair = (account.clone(), address);
            self.pairs.insert(pair.clone(), Failures::one_more(self.pairs.get(&pair), now));
            let before = self.addresses.get(&address);
            self.addresses.insert(address, Failures::one_more(before, now));
        }
        let before = self.accounts.get(&account);
        self.accounts.insert(account, Failures::one_more(before, now));
    }

    /// Notes that the attempt succeeded.
    pub fn succeeded(&self, attempt: Attempt<'_>) {
        let Some(address) = attempt.address.map(network) else { return };
        let pair = (name(attempt.account), address);
        self.pairs.remove(&pair);
        if self.known.get(&pair).is_none() {
            self.known.insert(pair, ());
        }
    }
}

impl Failures {
    fn one_more(before: Option<Self>, now: Timestamp) -> Self {
        let count = before.map_or(0, |before| before.remembered(now));
        Self { count: count.saturating_add(1), last: now }
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
fn network(address: IpAddr) -> IpAddr {
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
    use super::*;

    const START: Timestamp = Timestamp::from_micros(1_800_000_000_000_000);

    fn attempt(account: &str, address: [u8; 4]) -> Attempt<'_> {
        Attempt { account, address: Some(address.into()) }
    }

    #[test]
    fn guessing_gets_slower_and_is_forgiven() {
        let (guard, guesser) = (Guard::default(), attempt("alice", [192, 0, 2, 1]));
        for _ in 0..FREE {
            assert_eq!(guard.admit(guesser, START), Ok(()));
            guard.failed(guesser, START);
        }
        let mut now = START;
        for seconds in [1, 2, 4, 8, 16, 32, 60, 60] {
            let wait = Duration::from_secs(seconds);
            assert_eq!(guard.admit(guesser, now), Err(TooManyAttempts { wait }));
            now = now.plus(wait);
            assert_eq!(guard.admit(guesser, now), Ok(()));
            guard.failed(guesser, now);
        }
        assert_eq!(guard.admit(guesser, now.plus(FORGIVEN * 10)), Ok(()));
    }

    #[test]
    fn nobody_is_kept_out_by_others_who_guess() {
        let guard = Guard::default();
        let home = attempt("alice", [192, 0, 2, 1]);
        guard.succeeded(home);
        for n in 0..=200_u8 {
            guard.failed(attempt("Alice", [198, 51, 100, n]), START);
        }
        assert_eq!(guard.admit(home, START), Ok(()), "from where she was before");
        let elsewhere = attempt("alice", [203, 0, 113, 9]);
        assert!(guard.admit(elsewhere, START).is_err(), "who guesses with many addresses waits");
        assert_eq!(guard.admit(attempt("bob", [203, 0, 113, 9]), START), Ok(()));
    }

    #[test]
    fn no_more_is_kept_of_a_name_than_names_have() {
        assert_eq!(name("Alice@contoso.example").len(), 21);
        assert_eq!(name(&"é".repeat(1 << 20)).len(), LONGEST_ACCOUNT);
    }

    #[test]
    fn one_address_does_not_try_many_accounts() {
        let guard = Guard::default();
        for n in 0..FREE_OF_ADDRESS {
            let account = format!("user{n}");
            assert_eq!(guard.admit(attempt(&account, [192, 0, 2, 1]), START), Ok(()));
            guard.failed(attempt(&account, [192, 0, 2, 1]), START);
        }
        assert!(guard.admit(attempt("another", [192, 0, 2, 1]), START).is_err());
    }
}
