//! Byte ranges: of a blob that is read, and of a chunk that is uploaded.

use std::fmt;
use std::ops::Range;
use std::str::FromStr;

/// One range of a `Range: bytes=…` header (RFC 9110 §14.1.2).
///
/// A header that asks for several ranges, or in another unit, does not parse: a
/// server may ignore any `Range`, so the answer to that is the whole blob.
/// Positions beyond `u64` read as its greatest value, which is beyond any blob.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct ByteRange(Spec);

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
enum Spec {
    /// `first-last`, both included.
    Closed(u64, u64),
    /// `first-`.
    From(u64),
    /// `-length`.
    Suffix(u64),
}

/// The header is no single range of bytes: serve the whole.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[error("not a single byte range: expected `bytes=first-last`, `bytes=first-` or `bytes=-length`")]
pub struct NotOneRange;

/// No byte of the content is in the range: answer 416.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[error("range holds no byte of the {size} there are")]
pub struct Unsatisfiable {
    /// The size of the content.
    pub size: u64,
}

/// The `Content-Range` of an upload's chunk: `start-end`, both included, as the
/// distribution-spec writes it.
///
/// RFC 9110's own form, `bytes start-end/total` or `/*`, is read too, as some
/// clients send it. Positions fit an `i64`, so adding to them cannot overflow.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct ContentRange {
    start: u64,
    end: u64,
}

/// Why a text is no [`ContentRange`].
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum ContentRangeError {
    /// Not of the form `start-end`.
    #[error("Content-Range is not of the form `start-end`")]
    Malformed,
    /// It ends before it starts, or beyond the total it states.
    #[error("Content-Range ends before it starts, or beyond its own total")]
    Contradictory,
    /// A position beyond what content may have.
    #[error("Content-Range has a position that is too large")]
    TooLarge,
}

// === impl ByteRange ===

impl ByteRange {
    /// The bytes it means in content of `size` bytes, never empty.
    ///
    /// A range that ends before it starts holds no byte, so it is unsatisfiable
    /// rather than ignored (RFC 9110 §14.2 allows either; OCI conformance asks for
    /// this one). In empty content every range is.
    pub fn resolve(&self, size: u64) -> Result<Range<u64>, Unsatisfiable> {
        let range = match self.0 {
            Spec::Closed(first, last) => first..last.saturating_add(1).min(size),
            Spec::From(first) => first..size,
            Spec::Suffix(length) => size.saturating_sub(length)..size,
        };
        if range.is_empty() { Err(Unsatisfiable { size }) } else { Ok(range) }
    }
}

impl FromStr for ByteRange {
    type Err = NotOneRange;

    fn from_str(text: &str) -> Result<Self, NotOneRange> {
        let (unit, spec) = text.split_once('=').ok_or(NotOneRange)?;
        let (first, last) = spec.split_once('-').ok_or(NotOneRange)?;
        if !unit.eq_ignore_ascii_case("bytes") {
            return Err(NotOneRange);
        }
        let position = |digits: &str| saturating(digits).ok_or(NotOneRange);
        Ok(Self(match (first, last) {
            ("", length) => Spec::Suffix(position(length)?),
            (first, "") => Spec::From(position(first)?),
            (first, last) => Spec::Closed(position(first)?, position(last)?),
        }))
    }
}

impl fmt::Display for ByteRange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Spec::Closed(first, last) => write!(f, "bytes={first}-{last}"),
            Spec::From(first) => write!(f, "bytes={first}-"),
            Spec::Suffix(length) => write!(f, "bytes=-{length}"),
        }
    }
}

/// Reads one or more digits. `str::parse` would take a sign, and tells overflow as an error.
fn saturating(digits: &str) -> Option<u64> {
    if digits.is_empty() {
        return None;
    }
    digits.bytes().try_fold(0u64, |value, digit| {
        digit
            .is_ascii_digit()
            .then(|| value.saturating_mul(10).saturating_add((digit - b'0').into()))
    })
}

// === impl ContentRange ===

impl ContentRange {
    const MAX_POSITION: u64 = i64::MAX as u64 - 1;

    /// The range of `length` bytes from `start` on; none if that is no byte, or
    /// beyond what content may have.
    pub fn new(start: u64, length: u64) -> Option<Self> {
        let end = start.checked_add(length.checked_sub(1)?)?;
        (end <= Self::MAX_POSITION).then_some(Self { start, end })
    }

    /// The position of the first byte.
    pub fn start(&self) -> u64 {
        self.start
    }

    /// The position of the last byte.
    pub fn end(&self) -> u64 {
        self.end
    }

    /// How many bytes it holds: at least one.
    #[expect(clippy::len_without_is_empty, reason = "it never is")]
    pub fn len(&self) -> u64 {
        self.end - self.start + 1
    }
}

impl FromStr for ContentRange {
    type Err = ContentRangeError;

    fn from_str(text: &str) -> Result<Self, ContentRangeError> {
        use ContentRangeError::{Contradictory, Malformed, TooLarge};
        let (range, total) = match text.split_once(' ') {
            Some((unit, rest)) if unit.eq_ignore_ascii_case("bytes") => {
                let (range, total) = rest.split_once('/').ok_or(Malformed)?;
                (range, if total == "*" { None } else { Some(saturating(total).ok_or(Malformed)?) })
            }
            Some(_) => return Err(Malformed),
            None => (text, None),
        };
        let (start, end) = range.split_once('-').ok_or(Malformed)?;
        let (start, end) = (saturating(start).ok_or(Malformed)?, saturating(end).ok_or(Malformed)?);
        if end < start || total.is_some_and(|total| total <= end) {
            return Err(Contradictory);
        }
        if end > Self::MAX_POSITION {
            return Err(TooLarge);
        }
        Ok(Self { start, end })
    }
}

impl fmt::Display for ContentRange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}", self.start, self.end)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_resolve_to_the_bytes_they_mean() {
        let unsatisfiable = |size| Err(Unsatisfiable { size });
        for (header, size, expected) in [
            ("bytes=0-0", 10, Ok(0..1)),
            ("bytes=500-1499", 2048, Ok(500..1500)),
            ("bytes=500-", 2048, Ok(500..2048)),
            ("bytes=-500", 2048, Ok(1548..2048)),
            ("bytes=2000-5000", 2048, Ok(2000..2048)),
            ("bytes=-5000", 2048, Ok(0..2048)),
            ("BYTES=0-", 1, Ok(0..1)),
            ("bytes=500-0", 2048, unsatisfiable(2048)),
            ("bytes=5000-10000", 2048, unsatisfiable(2048)),
            ("bytes=2048-", 2048, unsatisfiable(2048)),
            ("bytes=-0", 2048, unsatisfiable(2048)),
            ("bytes=0-", 0, unsatisfiable(0)),
            ("bytes=-1", 0, unsatisfiable(0)),
            ("bytes=0-18446744073709551615", 3, Ok(0..3)),
            ("bytes=1-99999999999999999999999999", 3, Ok(1..3)),
            ("bytes=99999999999999999999999999-", 3, unsatisfiable(3)),
            ("bytes=-99999999999999999999999999", 3, Ok(0..3)),
            ("bytes=18446744073709551614-", u64::MAX, Ok(u64::MAX - 1..u64::MAX)),
        ] {
            assert_eq!(
                header.parse::<ByteRange>().unwrap().resolve(size),
                expected,
                "{header} of {size}"
            );
        }
    }

    #[test]
    fn other_headers_are_no_single_range() {
        for header in [
            "",
            "bytes",
            "bytes=",
            "bytes=-",
            "bytes=0",
            "0-1",
            "items=0-1",
            "bytes=0-1,3-4",
            "bytes=0-1,",
            "bytes= 0-1",
            "bytes=0 -1",
            "bytes=+0-1",
            "bytes=0--1",
            "bytes=a-b",
            "bytes=0x1-2",
            "bytes=٣-٤",
        ] {
            assert_eq!(header.parse::<ByteRange>(), Err(NotOneRange), "{header:?}");
        }
    }

    #[test]
    fn chunk_ranges_parse_in_both_forms() {
        for (header, start, end) in [
            ("0-0", 0, 0),
            ("0-1023", 0, 1023),
            ("bytes 5-9/10", 5, 9),
            ("bytes 5-9/*", 5, 9),
            ("Bytes 5-9/10", 5, 9),
            ("9223372036854775806-9223372036854775806", i64::MAX as u64 - 1, i64::MAX as u64 - 1),
        ] {
            let range: ContentRange = header.parse().unwrap();
            assert_eq!(
                (range.start(), range.end(), range.len()),
                (start, end, end - start + 1),
                "{header}"
            );
            assert_eq!(range.to_string(), format!("{start}-{end}"));
            assert_eq!(ContentRange::new(start, end - start + 1), Some(range));
        }
        assert_eq!(ContentRange::new(3, 0), None);
        assert_eq!(ContentRange::new(u64::MAX, 2), None);
    }

    #[test]
    fn other_chunk_ranges_are_refused_with_the_reason() {
        use ContentRangeError::*;
        for (header, reason) in [
            ("", Malformed),
            ("5", Malformed),
            ("-5", Malformed),
            ("5-", Malformed),
            ("+5-6", Malformed),
            ("5-6/10", Malformed),
            ("bytes 5-6", Malformed),
            ("bytes */10", Malformed),
            ("bytes=5-6", Malformed),
            ("items 5-6/7", Malformed),
            ("0-1, 2-3", Malformed),
            ("6-5", Contradictory),
            ("bytes 5-9/9", Contradictory),
            ("0-9223372036854775807", TooLarge),
            ("0-99999999999999999999999", TooLarge),
        ] {
            assert_eq!(header.parse::<ContentRange>(), Err(reason), "{header:?}");
        }
    }
}
