//! How `utcNow` writes a moment: .NET's formats of dates, for the invariant culture.

use jiff::civil::DateTime;
use jiff::{Timestamp, tz::Offset};

/// The format of `utcNow()` without one.
pub(super) const DEFAULT: &str = "yyyyMMddTHHmmssZ";

/// Writes a moment in a custom format, or one of the standard ones that templates use: `d`,
/// `s` and `u`. `None` for a format that is not understood.
pub(super) fn formatted(moment: Timestamp, format: &str) -> Option<String> {
    let format = match format {
        "d" => "M/d/yyyy",
        "s" => "yyyy-MM-ddTHH:mm:ss",
        "u" => "yyyy-MM-dd HH:mm:ssZ",
        custom if custom.chars().count() > 1 => custom,
        _ => return None,
    };
    let moment = Offset::UTC.to_datetime(moment);
    let mut written = String::new();
    let mut rest = format;
    while let Some(letter) = rest.chars().next() {
        let run = rest.len() - rest.trim_start_matches(letter).len();
        let len = match letter {
            '\'' | '"' => {
                let text = &rest[1..];
                let end = text.find(letter)?;
                written.push_str(&text[..end]);
                end + 2
            }
            '\\' => {
                let literal = rest[1..].chars().next()?;
                written.push(literal);
                1 + literal.len_utf8()
            }
            letter if letter.is_ascii_alphabetic() && letter != 'T' && letter != 'Z' => {
                written.push_str(&part(moment, letter, run)?);
                run
            }
            other => {
                written.push(other);
                other.len_utf8()
            }
        };
        rest = &rest[len..];
    }
    Some(written)
}

/// A run of one letter, such as `MM`.
fn part(moment: DateTime, letter: char, run: usize) -> Option<String> {
    let hour_of_12 = (moment.hour() + 11) % 12 + 1;
    let number = match (letter, run) {
        ('y', 4) => return Some(format!("{:04}", moment.year())),
        ('y', 1 | 2) => moment.year() % 100,
        ('M', 3) => return Some(moment.strftime("%b").to_string()),
        ('M', 4) => return Some(moment.strftime("%B").to_string()),
        ('d', 3) => return Some(moment.strftime("%a").to_string()),
        ('d', 4) => return Some(moment.strftime("%A").to_string()),
        ('t', 2) => return Some(moment.strftime("%p").to_string()),
        ('f', 1..=7) => {
            return Some(format!("{:09}", moment.subsec_nanosecond())[..run].to_owned());
        }
        ('K', 1) => return Some("Z".into()),
        ('M', 1 | 2) => moment.month().into(),
        ('d', 1 | 2) => moment.day().into(),
        ('H', 1 | 2) => moment.hour().into(),
        ('h', 1 | 2) => hour_of_12.into(),
        ('m', 1 | 2) => moment.minute().into(),
        ('s', 1 | 2) => moment.second().into(),
        _ => return None,
    };
    Some(format!("{number:0run$}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_are_written_as_asked() {
        let moment: Timestamp = "2019-03-05T14:08:47.123456789Z".parse().unwrap();
        for (format, written) in [
            (DEFAULT, Some("20190305T140847Z")),
            ("d", Some("3/5/2019")),
            ("M d", Some("3 5")),
            ("u", Some("2019-03-05 14:08:47Z")),
            ("s", Some("2019-03-05T14:08:47")),
            ("yyyy-MM-dd", Some("2019-03-05")),
            ("ddd, dd MMM yy hh:mm tt", Some("Tue, 05 Mar 19 02:08 PM")),
            ("HH'h' \\m fff", Some("14h m 123")),
            ("é yyyy", Some("é 2019")),
            ("q", None),
            ("qq", None),
            ("'open", None),
            ("", None),
        ] {
            assert_eq!(formatted(moment, format).as_deref(), written, "{format}");
        }
    }
}
