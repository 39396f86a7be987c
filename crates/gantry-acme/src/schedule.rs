//! When to ask for a certificate, and when to try again. Pure: the present and chance are given.

use std::time::Duration;

use gantry_catalog::{Certificate, IssuedCertificate};
use gantry_model::Timestamp;

const MINUTE: Duration = Duration::from_secs(60);
const HOUR: Duration = Duration::from_secs(60 * 60);

/// A part of `span`, as much as `chance` says.
pub(crate) fn part_of(span: Duration, chance: u32) -> Duration {
    span.mul_f64(f64::from(chance) / f64::from(u32::MAX))
}

/// The time from one moment to a later one.
pub(crate) fn between(from: Timestamp, to: Timestamp) -> Duration {
    Duration::from_micros(u64::try_from(to.micros() - from.micros()).unwrap_or(0))
}

/// When two thirds of a certificate's life are over, or a little sooner: not all names of a server that
/// was set up at once should come due at once.
pub(crate) fn renew_at(not_before: Timestamp, not_after: Timestamp, chance: u32) -> Timestamp {
    let life = between(not_before, not_after);
    not_before.plus(life / 3 * 2).minus(part_of(life / 20, chance))
}

/// Where the window that the authority suggests (RFC 9773 §4.2) leaves the renewal; `None` where it is
/// already within.
pub(crate) fn into_window(
    renew_at: Timestamp,
    (start, end): (Timestamp, Timestamp),
    now: Timestamp,
    chance: u32,
) -> Option<Timestamp> {
    if start <= renew_at && renew_at <= end {
        return None;
    }
    let start = start.max(now);
    Some(if start < end { start.plus(part_of(between(start, end), chance)) } else { now })
}

/// How often the authority is asked for that window.
pub(crate) fn ask_every(issued: &IssuedCertificate) -> Duration {
    let life = between(issued.not_before, issued.not_after);
    (life / 8).clamp(Duration::from_secs(2), 6 * HOUR)
}

/// Why an attempt failed, as far as the time to the next one depends on it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Setback {
    /// The authority could not be asked, which nobody counts.
    Unreachable,
    /// It said no. Authorities count that: Let's Encrypt five times an hour for each name.
    Refused,
    /// It said that it was too often.
    RateLimit,
}

/// How long to wait after the `count`th failure in a row: twice as long each time, and a quarter more or
/// less.
pub(crate) fn back_off(setback: Setback, count: u64, chance: u32) -> Duration {
    let (first, longest) = match setback {
        Setback::Unreachable => (MINUTE / 2, 15 * MINUTE),
        // A balancer in front that hadn't noticed yet that there is a server.
        Setback::Refused if count <= 1 => (MINUTE, MINUTE),
        Setback::Refused => (5 * MINUTE / 2, 12 * HOUR),
        Setback::RateLimit => (HOUR, 12 * HOUR),
    };
    let doublings = u32::try_from(count.saturating_sub(1)).unwrap_or(u32::MAX).min(16);
    let wait = first.saturating_mul(1 << doublings).min(longest);
    wait / 4 * 3 + part_of(wait / 2, chance)
}

/// When a name's certificate is to be asked for: `None` is at once. `directory` and `by` are with whom
/// that would be, and how.
pub(crate) fn due_at(known: Option<&Certificate>, directory: &str, by: &str) -> Option<Timestamp> {
    let known = known?;
    let wanted = match &known.issued {
        Some(issued) if issued.directory == directory => Some(issued.renew_at),
        Some(_) | None => None,
    };
    // Other settings may do what those could not.
    let waited = known.attempts.as_ref().filter(|attempts| attempts.by == by);
    wanted.max(waited.map(|attempts| attempts.next_at))
}

#[cfg(test)]
mod tests {
    use gantry_catalog::Attempts;

    use super::*;

    const DAY: Duration = Duration::from_secs(24 * 60 * 60);

    fn day(number: u32) -> Timestamp {
        Timestamp::from_micros(0).plus(number * DAY)
    }

    #[test]
    fn renewal_is_at_two_thirds_or_a_little_sooner() {
        assert_eq!(renew_at(day(10), day(100), 0), day(70));
        let sooner = renew_at(day(10), day(100), u32::MAX);
        assert_eq!(between(sooner, day(70)), 90 * DAY / 20);
    }

    #[test]
    fn a_window_moves_a_renewal_only_from_outside() {
        let window = (day(60), day(70));
        assert_eq!(into_window(day(65), window, day(1), 0), None);
        assert_eq!(into_window(day(80), window, day(1), 0), Some(day(60)));
        assert_eq!(into_window(day(80), window, day(1), u32::MAX), Some(day(70)));
        assert_eq!(into_window(day(80), window, day(65), 0), Some(day(65)));
        // A window that is over: the certificate is about to be revoked.
        assert_eq!(into_window(day(80), window, day(75), 7), Some(day(75)));
    }

    #[test]
    fn failures_are_waited_out_longer_each_time() {
        let middle = u32::MAX / 2;
        let minutes = |setback, count| back_off(setback, count, middle).as_secs().div_ceil(60);
        let refused: Vec<_> = (1..=5).map(|count| minutes(Setback::Refused, count)).collect();
        assert_eq!(refused, [1, 5, 10, 20, 40]);
        assert_eq!(minutes(Setback::Refused, 1000), 12 * 60);
        assert_eq!(minutes(Setback::Unreachable, 1000), 15);
        assert_eq!(minutes(Setback::RateLimit, 1), 60);
        let (least, most) =
            (back_off(Setback::Refused, 1, 0), back_off(Setback::Refused, 1, u32::MAX));
        assert_eq!((least, most), (Duration::from_secs(45), Duration::from_secs(75)));
    }

    fn known(issued_by: Option<&str>, attempted_by: Option<&str>) -> Certificate {
        Certificate {
            name: "a.example.com".into(),
            issued: issued_by.map(|directory| IssuedCertificate {
                directory: directory.into(),
                chain: String::new(),
                sealed_key: Vec::new(),
                not_before: day(0),
                not_after: day(90),
                renew_at: day(60),
            }),
            attempts: attempted_by.map(|by| Attempts {
                by: by.into(),
                count: 1,
                failure: "no".into(),
                at: day(61),
                next_at: day(62),
            }),
        }
    }

    #[test]
    fn a_name_is_due_without_a_certificate_and_when_its_time_has_come() {
        let due = |known: &Certificate| due_at(Some(known), "ca", "ca http-01");
        assert_eq!(due_at(None, "ca", "ca http-01"), None);
        assert_eq!(due(&known(None, None)), None);
        assert_eq!(due(&known(Some("ca"), None)), Some(day(60)));
        assert_eq!(due(&known(Some("staging"), None)), None, "another authority's is replaced");
        assert_eq!(due(&known(None, Some("ca http-01"))), Some(day(62)));
        assert_eq!(due(&known(Some("ca"), Some("ca http-01"))), Some(day(62)));
        assert_eq!(due(&known(None, Some("ca dns-01"))), None, "other settings try at once");
    }
}
