//! Repository names.

use std::borrow::Borrow;
use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use crate::text::serde_as_text;

/// The name of a repository, such as `library/hello-world`.
///
/// By the distribution-spec's grammar: components parted by `/`, each of lower-case
/// letters and digits, with a period, one or two underscores, or any number of
/// hyphens between them; and at most [`RepositoryName::MAX_LEN`] bytes. So it
/// never starts with `_` (where the protocol has its own words), and holds no `..`.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RepositoryName(Arc<str>);

/// Why a text is no [`RepositoryName`].
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum NameError {
    /// Nothing there.
    #[error("repository name is empty")]
    Empty,
    /// Longer than [`RepositoryName::MAX_LEN`] bytes.
    #[error("repository name is longer than 255 bytes")]
    TooLong,
    /// Two slashes in a row, or one at an end.
    #[error("repository name has an empty component: one `/` between components, none at the ends")]
    EmptyComponent,
    /// A component begins or ends with something else than a letter or digit.
    #[error("a component of a repository name begins and ends with a lower-case letter or a digit")]
    ComponentEdge,
    /// A run of separators that the grammar lacks, such as `..` or `___`.
    #[error("words in a repository name are parted by `.`, `_`, `__` or hyphens, nothing else")]
    Separator,
    /// A character that no repository name has.
    #[error("repository name has {0:?}: use lower-case letters, digits, `.`, `_`, `-` and `/`")]
    Character(char),
}

impl RepositoryName {
    /// The length of the longest name, in bytes: what the distribution-spec says
    /// clients may count on.
    pub const MAX_LEN: usize = 255;

    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether `text` would parse, without making a name of it.
    pub fn check(text: &str) -> Result<(), NameError> {
        if text.is_empty() {
            return Err(NameError::Empty);
        }
        if text.len() > Self::MAX_LEN {
            return Err(NameError::TooLong);
        }
        let bytes = text.as_bytes();
        // A word must follow: at the start, and after `/` or a separator.
        let mut at = 0;
        loop {
            let word = run(&bytes[at..], |b| b.is_ascii_lowercase() || b.is_ascii_digit());
            if word == 0 {
                return Err(missing_word(text, at));
            }
            at += word;
            match bytes.get(at) {
                None => return Ok(()),
                Some(b'/' | b'.') => at += 1,
                Some(b'-') => at += run(&bytes[at..], |b| b == b'-'),
                Some(b'_') => {
                    let underscores = run(&bytes[at..], |b| b == b'_');
                    if underscores > 2 {
                        return Err(NameError::Separator);
                    }
                    at += underscores;
                }
                Some(_) => return Err(NameError::Character(char_at(text, at))),
            }
        }
    }
}

/// The length of the run of bytes at the start of `bytes` that are `wanted`.
fn run(bytes: &[u8], wanted: impl Fn(u8) -> bool) -> usize {
    bytes.iter().position(|&b| !wanted(b)).unwrap_or(bytes.len())
}

/// Says why no word begins at `at`, where one must.
fn missing_word(text: &str, at: usize) -> NameError {
    let before = at.checked_sub(1).map(|i| text.as_bytes()[i]);
    match (before, text.as_bytes().get(at)) {
        (None | Some(b'/'), None | Some(b'/')) => NameError::EmptyComponent,
        (None | Some(b'/'), Some(b'.' | b'_' | b'-')) => NameError::ComponentEdge,
        (Some(_), None | Some(b'/')) => NameError::ComponentEdge,
        (Some(_), Some(b'.' | b'_' | b'-')) => NameError::Separator,
        (_, Some(_)) => NameError::Character(char_at(text, at)),
    }
}

/// The character at a byte offset that is known to be a character's start: all
/// bytes before it were ASCII.
fn char_at(text: &str, at: usize) -> char {
    text[at..].chars().next().unwrap_or(char::REPLACEMENT_CHARACTER)
}

impl FromStr for RepositoryName {
    type Err = NameError;

    fn from_str(text: &str) -> Result<Self, NameError> {
        Self::check(text).map(|()| Self(text.into()))
    }
}

impl AsRef<str> for RepositoryName {
    fn as_ref(&self) -> &str {
        &self.0
    }
}

// Sound because equality, order and hash are those of the text.
impl Borrow<str> for RepositoryName {
    fn borrow(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for RepositoryName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

impl fmt::Debug for RepositoryName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&*self.0, f)
    }
}

serde_as_text!(RepositoryName, "a repository name");

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_the_grammar_parse() {
        let longest = "a".repeat(RepositoryName::MAX_LEN);
        for text in [
            "a",
            "0",
            "hello-world",
            "library/ubuntu",
            "a/b/c/d/e",
            "a.b",
            "a_b",
            "a__b",
            "a-b",
            "a---b",
            "my.team/app_1/x--y",
            "blobs/uploads",
            "manifests/tags/list",
            "v2",
            "1/2/3",
            &longest,
        ] {
            let name: RepositoryName = text.parse().unwrap_or_else(|e| panic!("{text}: {e}"));
            assert_eq!(name.to_string(), text);
        }
    }

    #[test]
    fn other_names_are_refused_with_the_reason() {
        use NameError::*;
        for (text, reason) in [
            ("", Empty),
            ("/", EmptyComponent),
            ("/a", EmptyComponent),
            ("a/", EmptyComponent),
            ("a//b", EmptyComponent),
            (".a", ComponentEdge),
            ("_catalog", ComponentEdge),
            ("-a", ComponentEdge),
            ("a/.b", ComponentEdge),
            ("a-", ComponentEdge),
            ("a./b", ComponentEdge),
            ("..", ComponentEdge),
            ("a/../b", ComponentEdge),
            ("a..b", Separator),
            ("a___b", Separator),
            ("a.-b", Separator),
            ("a-_b", Separator),
            ("A", Character('A')),
            ("a/B", Character('B')),
            ("aé", Character('é')),
            ("é", Character('é')),
            ("a b", Character(' ')),
            ("a:b", Character(':')),
            ("a.\0", Character('\0')),
            ("a%2fb", Character('%')),
        ] {
            assert_eq!(text.parse::<RepositoryName>(), Err(reason), "{text:?}");
        }
        assert_eq!("a".repeat(256).parse::<RepositoryName>(), Err(TooLong));
    }
}
