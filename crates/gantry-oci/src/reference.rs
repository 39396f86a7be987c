//! References: what a manifest is asked for by.

use std::fmt;
use std::str::FromStr;

use crate::text::serde_as_text;
use crate::{Digest, DigestError, Tag, TagError};

/// A tag or a digest. The two never meet, as no tag has a `:` and every digest has one.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Reference {
    /// By mutable name.
    Tag(Tag),
    /// By content.
    Digest(Digest),
}

/// Why a text is no [`Reference`].
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum ReferenceError {
    /// It has no `:`, and is no tag.
    #[error(transparent)]
    Tag(#[from] TagError),
    /// It has a `:`, and is no digest.
    #[error(transparent)]
    Digest(#[from] DigestError),
}

impl Reference {
    /// The tag, if it is one.
    pub fn as_tag(&self) -> Option<&Tag> {
        match self {
            Self::Tag(tag) => Some(tag),
            Self::Digest(_) => None,
        }
    }

    /// The digest, if it is one.
    pub fn as_digest(&self) -> Option<&Digest> {
        match self {
            Self::Tag(_) => None,
            Self::Digest(digest) => Some(digest),
        }
    }
}

impl FromStr for Reference {
    type Err = ReferenceError;

    fn from_str(text: &str) -> Result<Self, ReferenceError> {
        if text.contains(':') {
            Ok(Self::Digest(text.parse()?))
        } else {
            Ok(Self::Tag(text.parse()?))
        }
    }
}

impl From<Tag> for Reference {
    fn from(tag: Tag) -> Self {
        Self::Tag(tag)
    }
}

impl From<Digest> for Reference {
    fn from(digest: Digest) -> Self {
        Self::Digest(digest)
    }
}

impl fmt::Display for Reference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tag(tag) => tag.fmt(f),
            Self::Digest(digest) => digest.fmt(f),
        }
    }
}

impl fmt::Debug for Reference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tag(tag) => tag.fmt(f),
            Self::Digest(digest) => digest.fmt(f),
        }
    }
}

serde_as_text!(Reference, "a tag or a digest");

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_colon_makes_it_a_digest() {
        let digest = Digest::sha256(b"").to_string();
        assert_eq!(digest.parse(), Ok(Reference::Digest(Digest::sha256(b""))));
        assert_eq!("v1".parse(), Ok(Reference::Tag("v1".parse().unwrap())));
        // Without the colon the same text is a tag: the referrers fallback schema.
        assert!(matches!(digest.replace(':', "-").parse(), Ok(Reference::Tag(_))));
    }

    #[test]
    fn errors_say_which_it_failed_to_be() {
        let parse = |text: &str| text.parse::<Reference>();
        assert_eq!(parse("sha256:abc"), Err(ReferenceError::Digest(DigestError::Malformed)));
        assert_eq!(parse("a b"), Err(ReferenceError::Tag(TagError::Character(' '))));
        assert_eq!(parse(""), Err(ReferenceError::Tag(TagError::Empty)));
    }
}
