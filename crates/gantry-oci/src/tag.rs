//! Tags.

use std::borrow::Borrow;
use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use crate::text::serde_as_text;

/// A mutable name for a manifest, such as `v1` or `latest`: a letter, digit or
/// underscore, then up to 127 of those, periods and hyphens (distribution-spec,
/// "Pulling manifests").
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Tag(Arc<str>);

/// Why a text is no [`Tag`].
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum TagError {
    /// Nothing there.
    #[error("tag is empty")]
    Empty,
    /// Longer than [`Tag::MAX_LEN`] bytes.
    #[error("tag is longer than 128 bytes")]
    TooLong,
    /// It begins with a period or a hyphen.
    #[error("a tag begins with a letter, a digit or `_`")]
    Start,
    /// A character that no tag has.
    #[error("tag has {0:?}: use letters, digits, `.`, `_` and `-`")]
    Character(char),
}

impl Tag {
    /// The length of the longest tag, in bytes.
    pub const MAX_LEN: usize = 128;

    /// The tag as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether `text` would parse, without making a tag of it.
    pub fn check(text: &str) -> Result<(), TagError> {
        let first = *text.as_bytes().first().ok_or(TagError::Empty)?;
        if text.len() > Self::MAX_LEN {
            return Err(TagError::TooLong);
        }
        let wanted = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-');
        if let Some(other) = text.chars().find(|&c| !wanted(c)) {
            return Err(TagError::Character(other));
        }
        if matches!(first, b'.' | b'-') {
            return Err(TagError::Start);
        }
        Ok(())
    }
}

impl FromStr for Tag {
    type Err = TagError;

    fn from_str(text: &str) -> Result<Self, TagError> {
        Self::check(text).map(|()| Self(text.into()))
    }
}

impl AsRef<str> for Tag {
    fn as_ref(&self) -> &str {
        &self.0
    }
}

// Sound because equality, order and hash are those of the text.
impl Borrow<str> for Tag {
    fn borrow(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Tag {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

impl fmt::Debug for Tag {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&*self.0, f)
    }
}

serde_as_text!(Tag, "a tag");

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tags_of_the_grammar_parse() {
        let longest = "a".repeat(Tag::MAX_LEN);
        for text in
            ["v1", "latest", "_", "A", "1.2.3-rc.1", "a..b", "a--", "sha256-abc.sig", &longest]
        {
            let tag: Tag = text.parse().unwrap_or_else(|e| panic!("{text}: {e}"));
            assert_eq!(tag.to_string(), text);
        }
    }

    #[test]
    fn other_tags_are_refused_with_the_reason() {
        for (text, reason) in [
            ("", TagError::Empty),
            (".a", TagError::Start),
            ("-a", TagError::Start),
            ("a b", TagError::Character(' ')),
            ("a/b", TagError::Character('/')),
            ("a:b", TagError::Character(':')),
            ("é", TagError::Character('é')),
            ("a\n", TagError::Character('\n')),
        ] {
            assert_eq!(text.parse::<Tag>(), Err(reason), "{text:?}");
        }
        assert_eq!("a".repeat(129).parse::<Tag>(), Err(TagError::TooLong));
    }
}
