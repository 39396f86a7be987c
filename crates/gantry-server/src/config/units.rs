//! Sizes and durations as people write them.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use super::setting::{Setting, TextSetting};
use super::source::{Located, Value};

/// A duration such as `24h`, `90s`, `1h30m`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Human(pub(super) Duration);

/// A number of bytes such as `4MiB`, `200GB`, `512`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Bytes(pub(super) u64);

/// Reads a duration from a command line.
pub(crate) fn duration(text: &str) -> Result<Duration, String> {
    text.parse::<Human>().map(|human| human.0).map_err(|error| error.to_string())
}

const DURATIONS: [(&str, u64); 5] =
    [("d", 86_400_000), ("h", 3_600_000), ("m", 60_000), ("s", 1_000), ("ms", 1)];

const SIZES: [(&str, u64); 9] = [
    ("TiB", 1 << 40),
    ("GiB", 1 << 30),
    ("MiB", 1 << 20),
    ("KiB", 1 << 10),
    ("TB", 1_000_000_000_000),
    ("GB", 1_000_000_000),
    ("MB", 1_000_000),
    ("KB", 1_000),
    ("B", 1),
];

#[derive(Debug, thiserror::Error)]
#[error("not a duration; write it like 90s, 10m, 24h or 7d")]
pub(super) struct DurationError;

#[derive(Debug, thiserror::Error)]
#[error("not a size; write it like 512KiB, 4MiB or 200GB")]
pub(super) struct SizeError;

impl FromStr for Human {
    type Err = DurationError;

    fn from_str(text: &str) -> Result<Self, DurationError> {
        let mut rest = text.trim();
        if rest.is_empty() {
            return Err(DurationError);
        }
        let mut millis = 0u64;
        while !rest.is_empty() {
            let (amount, unit, after) = split(rest).ok_or(DurationError)?;
            let each = DURATIONS.iter().find(|(name, _)| *name == unit).ok_or(DurationError)?.1;
            let part = amount.checked_mul(each).ok_or(DurationError)?;
            millis = millis.checked_add(part).ok_or(DurationError)?;
            rest = after;
        }
        Ok(Self(Duration::from_millis(millis)))
    }
}

impl FromStr for Bytes {
    type Err = SizeError;

    fn from_str(text: &str) -> Result<Self, SizeError> {
        if let Ok(bytes) = text.trim().parse() {
            return Ok(Self(bytes));
        }
        let (amount, unit, rest) = split(text.trim()).ok_or(SizeError)?;
        let each = SIZES.iter().find(|(name, _)| *name == unit).ok_or(SizeError)?.1;
        if !rest.is_empty() {
            return Err(SizeError);
        }
        amount.checked_mul(each).map(Self).ok_or(SizeError)
    }
}

/// A number, its unit, and what follows.
fn split(text: &str) -> Option<(u64, &str, &str)> {
    let digits = text.find(|c: char| !c.is_ascii_digit())?;
    let (amount, rest) = text.split_at(digits);
    let rest = rest.trim_start();
    let letters = rest.find(|c: char| !c.is_ascii_alphabetic()).unwrap_or(rest.len());
    let (unit, after) = rest.split_at(letters);
    Some((amount.parse().ok()?, unit, after))
}

impl fmt::Display for Human {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let millis = u64::try_from(self.0.as_millis()).unwrap_or(u64::MAX);
        // 24h reads better than 1d, 7d better than 168h.
        let exact = |(name, each): &&(&str, u64)| {
            millis.is_multiple_of(*each) && (millis / each > 1 || *name != "d") && millis >= *each
        };
        let (name, each) = DURATIONS.iter().find(exact).unwrap_or(&("ms", 1));
        write!(f, "{}{name}", millis / each)
    }
}

impl fmt::Display for Bytes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let binary = &SIZES[..4];
        match binary.iter().find(|(_, each)| self.0 >= *each && self.0.is_multiple_of(*each)) {
            Some((name, each)) => write!(f, "{}{name}", self.0 / each),
            None => write!(f, "{}", self.0),
        }
    }
}

impl TextSetting for Human {
    const WANTED: &'static str = "a duration like \"24h\"";
}

impl Setting for Bytes {
    fn read(located: &Located) -> Result<Self, String> {
        match &located.value {
            Value::Integer(number) => {
                u64::try_from(*number).map(Self).map_err(|_| format!("{number} is negative"))
            }
            Value::Bare(text) | Value::Text(text) => {
                text.parse().map_err(|error| format!("{text:?}: {error}"))
            }
            other => Err(format!("{}, where a size like \"4MiB\" is wanted", other.kind())),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_read_and_printed() {
        let cases = [
            ("24h", 86_400_000, "24h"),
            ("7d", 604_800_000, "7d"),
            ("1h30m", 5_400_000, "90m"),
            ("2s", 2_000, "2s"),
            ("500ms", 500, "500ms"),
            ("0s", 0, "0ms"),
            ("1d", 86_400_000, "24h"),
        ];
        for (text, millis, printed) in cases {
            let read: Human = text.parse().unwrap();
            assert_eq!(read.0, Duration::from_millis(millis), "{text}");
            assert_eq!(read.to_string(), printed);
        }
        for bad in ["", "10", "h", "1x", "-1s", "1.5h", "99999999999999999d", "1h 5"] {
            assert!(bad.parse::<Human>().is_err(), "{bad}");
        }
    }

    #[test]
    fn sizes_are_read_and_printed() {
        let cases = [
            ("512", 512, "512"),
            ("4MiB", 4 << 20, "4MiB"),
            ("200 GiB", 200 << 30, "200GiB"),
            ("1KB", 1000, "1000"),
            ("2TiB", 2 << 40, "2TiB"),
            ("0", 0, "0"),
        ];
        for (text, bytes, printed) in cases {
            let read: Bytes = text.parse().unwrap();
            assert_eq!(read.0, bytes, "{text}");
            assert_eq!(read.to_string(), printed);
        }
        for bad in ["", "MiB", "1mib", "1.5GiB", "-1", "99999999999TiB", "1MiB2KiB"] {
            assert!(bad.parse::<Bytes>().is_err(), "{bad}");
        }
    }
}
