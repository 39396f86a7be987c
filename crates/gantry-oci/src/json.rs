//! A check of untrusted JSON before anything reads it.
//!
//! Parsers disagree on a repeated key (first wins, last wins) and on how deep is
//! too deep. A document that passes here means the same to all of them: valid
//! UTF-8, bounded size, depth and width, no key twice in one object.

use std::borrow::Cow;
use std::collections::HashSet;
use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};

/// How deep objects and arrays may nest.
pub const MAX_DEPTH: usize = 64;

/// How many members one object may have.
pub const MAX_MEMBERS: usize = 10_000;

/// Why a text is not acceptable as JSON.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum JsonError {
    /// Larger than the caller allows.
    #[error("document is larger than {limit} bytes")]
    TooLarge {
        /// How many bytes there may be.
        limit: usize,
    },
    /// Not UTF-8, as RFC 8259 §8.1 asks.
    #[error("document is not valid UTF-8")]
    NotUtf8,
    /// Deeper than [`MAX_DEPTH`].
    #[error("document nests deeper than {MAX_DEPTH} levels")]
    TooDeep,
    /// An object with more than [`MAX_MEMBERS`].
    #[error("document has an object with more than {MAX_MEMBERS} members")]
    TooManyMembers,
    /// An object has this key twice.
    #[error("document has the key {0:?} twice in one object")]
    DuplicateKey(String),
    /// JSON, but not of the expected form.
    #[error("{0}")]
    Form(String),
    /// No JSON.
    #[error("document is not valid JSON: error at line {line}, column {column}")]
    Syntax {
        /// The line, from 1.
        line: usize,
        /// The column, from 1; 0 if the line had not begun.
        column: usize,
    },
}

/// Checks that `bytes` are one JSON value within the bounds of this module, and
/// at most `max_len` long. Takes time in proportion to the length.
pub fn check(bytes: &[u8], max_len: usize) -> Result<(), JsonError> {
    check_with(bytes, max_len, Free).map(|_| ())
}

/// What a value may be by where it stands in the document.
pub(crate) trait Rule: Copy {
    /// The rule for the member `key` of this object, or why it may not have it.
    fn member(self, key: &str) -> Result<Self, String>;
    /// The rule for the elements of this array, or why there may be no array.
    fn element(self) -> Result<Self, String>;
}

/// As [`check`], under a rule for the whole value; returns the bytes as text.
pub(crate) fn check_with<R: Rule>(
    bytes: &[u8],
    max_len: usize,
    rule: R,
) -> Result<&str, JsonError> {
    if bytes.len() > max_len {
        return Err(JsonError::TooLarge { limit: max_len });
    }
    let text = str::from_utf8(bytes).map_err(|_| JsonError::NotUtf8)?;
    let mut refusal = None;
    let mut parser = serde_json::Deserializer::from_str(text);
    let walk = Walk { depth: 0, rule, refusal: &mut refusal };
    match walk.deserialize(&mut parser).and_then(|()| parser.end()) {
        Ok(()) => Ok(text),
        Err(e) => Err(refusal.unwrap_or(JsonError::Syntax { line: e.line(), column: e.column() })),
    }
}

/// Any JSON is fine.
#[derive(Clone, Copy)]
struct Free;

impl Rule for Free {
    fn member(self, _: &str) -> Result<Self, String> {
        Ok(self)
    }

    fn element(self) -> Result<Self, String> {
        Ok(self)
    }
}

/// Visits every value once and keeps none. The recursion is as deep as the
/// document, which [`MAX_DEPTH`] bounds.
struct Walk<'r, R> {
    depth: usize,
    rule: R,
    /// Where the reason goes if it is one of ours: `serde_json` keeps only texts.
    refusal: &'r mut Option<JsonError>,
}

impl<R: Rule> Walk<'_, R> {
    fn refuse<E: serde::de::Error>(&mut self, reason: JsonError) -> E {
        *self.refusal = Some(reason);
        E::custom("refused")
    }

    fn descend<E: serde::de::Error>(&mut self) -> Result<(), E> {
        self.depth += 1;
        if self.depth > MAX_DEPTH { Err(self.refuse(JsonError::TooDeep)) } else { Ok(()) }
    }
}

impl<'de, R: Rule> DeserializeSeed<'de> for Walk<'_, R> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de, R: Rule> Visitor<'de> for Walk<'_, R> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("any JSON value")
    }

    fn visit_seq<A: SeqAccess<'de>>(mut self, mut elements: A) -> Result<(), A::Error> {
        self.descend()?;
        let rule = self.rule.element().map_err(|why| self.refuse(JsonError::Form(why)))?;
        while elements
            .next_element_seed(Walk { depth: self.depth, rule, refusal: self.refusal })?
            .is_some()
        {}
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(mut self, mut members: A) -> Result<(), A::Error> {
        self.descend()?;
        let mut seen = HashSet::new();
        while let Some(key) = members.next_key_seed(Key)? {
            let rule = self.rule.member(&key).map_err(|why| self.refuse(JsonError::Form(why)))?;
            if let Some(key) = seen.replace(key) {
                return Err(self.refuse(JsonError::DuplicateKey(key.into_owned())));
            }
            if seen.len() > MAX_MEMBERS {
                return Err(self.refuse(JsonError::TooManyMembers));
            }
            members.next_value_seed(Walk { depth: self.depth, rule, refusal: self.refusal })?;
        }
        Ok(())
    }

    fn visit_str<E: serde::de::Error>(self, _: &str) -> Result<(), E> {
        Ok(())
    }

    fn visit_u64<E: serde::de::Error>(self, _: u64) -> Result<(), E> {
        Ok(())
    }

    fn visit_i64<E: serde::de::Error>(self, _: i64) -> Result<(), E> {
        Ok(())
    }

    fn visit_f64<E: serde::de::Error>(self, _: f64) -> Result<(), E> {
        Ok(())
    }

    fn visit_bool<E: serde::de::Error>(self, _: bool) -> Result<(), E> {
        Ok(())
    }

    fn visit_unit<E: serde::de::Error>(self) -> Result<(), E> {
        Ok(())
    }
}

/// Reads an object's key, borrowed where it has no escapes.
struct Key;

impl<'de> DeserializeSeed<'de> for Key {
    type Value = Cow<'de, str>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl<'de> Visitor<'de> for Key {
    type Value = Cow<'de, str>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a key")
    }

    fn visit_borrowed_str<E: serde::de::Error>(self, key: &'de str) -> Result<Self::Value, E> {
        Ok(Cow::Borrowed(key))
    }

    fn visit_str<E: serde::de::Error>(self, key: &str) -> Result<Self::Value, E> {
        Ok(Cow::Owned(key.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn verdict(text: &str) -> Result<(), JsonError> {
        check(text.as_bytes(), 1 << 20)
    }

    #[test]
    fn ordinary_documents_pass() {
        for text in [
            "{}",
            "[]",
            "null",
            "true",
            "-1",
            "1.5e3",
            r#""a""#,
            " {\"a\" : [1, {\"b\": null}]}\n",
            r#"{"a":{"b":1},"c":{"b":1}}"#,
            r#"{"":1,"\u0061":"\ud83d\ude00"}"#,
            "18446744073709551616",
        ] {
            assert_eq!(verdict(text), Ok(()), "{text}");
        }
    }

    #[test]
    fn a_repeated_key_is_refused_however_it_is_written() {
        for text in [r#"{"a":1,"a":1}"#, r#"[{"b":{"a":1,"c":2,"\u0061":3}}]"#] {
            assert_eq!(verdict(text), Err(JsonError::DuplicateKey("a".into())), "{text}");
        }
    }

    #[test]
    fn depth_is_bounded() {
        let nested = |open: &str, close: &str, n: usize| open.repeat(n) + "1" + &close.repeat(n);
        assert_eq!(verdict(&nested("[", "]", MAX_DEPTH)), Ok(()));
        assert_eq!(verdict(&nested("{\"a\":", "}", MAX_DEPTH)), Ok(()));
        assert_eq!(verdict(&nested("[", "]", MAX_DEPTH + 1)), Err(JsonError::TooDeep));
        assert_eq!(verdict(&nested("{\"a\":", "}", MAX_DEPTH + 1)), Err(JsonError::TooDeep));
        // Not closed, and far deeper than any stack.
        assert_eq!(verdict(&"[".repeat(1 << 20)), Err(JsonError::TooDeep));
    }

    #[test]
    fn members_are_bounded() {
        let object = |n: usize| {
            let members: Vec<_> = (0..n).map(|i| format!("\"{i}\":1")).collect();
            format!("[{{{}}}]", members.join(","))
        };
        assert_eq!(verdict(&object(MAX_MEMBERS)), Ok(()));
        assert_eq!(verdict(&object(MAX_MEMBERS + 1)), Err(JsonError::TooManyMembers));
    }

    #[test]
    fn size_and_encoding_are_bounded() {
        assert_eq!(check(b"[1]", 2), Err(JsonError::TooLarge { limit: 2 }));
        assert_eq!(check(b"[1]", 3), Ok(()));
        assert_eq!(check(b"\"\xff\"", 10), Err(JsonError::NotUtf8));
    }

    #[test]
    fn what_is_no_json_is_refused() {
        for text in [
            "",
            "{",
            "{} {}",
            "{'a':1}",
            "{a:1}",
            "[1,]",
            "nul",
            "\"\\ud800\"",
            "\"\n\"",
            "\u{feff}{}",
            "NaN",
            "01",
            "1e999",
            "{\"a\"}",
            "{1:2}",
            "// a\n1",
        ] {
            assert!(
                matches!(verdict(text), Err(JsonError::Syntax { .. })),
                "{text:?}: {:?}",
                verdict(text)
            );
        }
    }
}
