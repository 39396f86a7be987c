//! Patterns over repository names, as scope maps have them.

use std::fmt;
use std::str::FromStr;

use crate::NameRanges;
use crate::text::serde_as_text;

/// A repository's name, `prefix/*` for all below a prefix, or `*` for all (ACR,
/// "Create a token with repository-scoped permissions", on wildcards).
///
/// There is one `*` at most, at the end, as a whole component: neither `team*` nor
/// `a/*/b` parses. What is before it, or the whole, has the grammar of repository
/// names (distribution-spec, "Pulling manifests"), 255 bytes at most. `team/*` is not
/// about `team` itself. Whether the repositories exist doesn't matter.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RepositoryPattern(Box<str>);

/// Why a text is no [`RepositoryPattern`].
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum RepositoryPatternError {
    /// A `*` that is not the last component, or not the whole of it.
    #[error("`*` stands alone or at the end behind a slash, as in `samples/*`")]
    Wildcard,
    /// No name of a repository.
    #[error("not a repository name: components of lower-case letters and digits, parted by `/`")]
    Name,
    /// A name or prefix longer than [`RepositoryPattern::MAX_LEN`] bytes.
    #[error("repository name is longer than 255 bytes")]
    TooLong,
}

impl RepositoryPattern {
    /// The length of the longest name or prefix, in bytes, without a `/*` behind it.
    pub const MAX_LEN: usize = 255;

    /// The pattern as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether a repository's name is one of the pattern's.
    pub fn matches(&self, name: &str) -> bool {
        match self.0.strip_suffix('*') {
            Some(prefix) => name.starts_with(prefix),
            None => name == &*self.0,
        }
    }

    /// The pattern's names.
    pub fn names(&self) -> NameRanges {
        match self.0.strip_suffix('*') {
            Some(prefix) => NameRanges::prefix(prefix),
            None => NameRanges::exact(&self.0),
        }
    }
}

impl FromStr for RepositoryPattern {
    type Err = RepositoryPatternError;

    fn from_str(text: &str) -> Result<Self, RepositoryPatternError> {
        if text == "*" {
            return Ok(Self(text.into()));
        }
        let name = text.strip_suffix("/*").unwrap_or(text);
        if name.len() > Self::MAX_LEN {
            return Err(RepositoryPatternError::TooLong);
        }
        if name.contains('*') {
            return Err(RepositoryPatternError::Wildcard);
        }
        match name.split('/').all(is_component) {
            true => Ok(Self(text.into())),
            false => Err(RepositoryPatternError::Name),
        }
    }
}

/// The distribution-spec's component: words of `[a-z0-9]+` with `.`, `_`, `__` or hyphens
/// between them. A crate of words names no other, so this is said here once more.
fn is_component(text: &str) -> bool {
    let is_word = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit();
    let is_separator = |run: &[u8]| match run {
        [b'.'] | [b'_'] | [b'_', b'_'] => true,
        hyphens => hyphens.iter().all(|&b| b == b'-'),
    };
    let bytes = text.as_bytes();
    bytes.first().copied().is_some_and(is_word)
        && bytes.last().copied().is_some_and(is_word)
        && bytes.split(|&b| is_word(b)).all(is_separator)
}

impl fmt::Display for RepositoryPattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

impl fmt::Debug for RepositoryPattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&*self.0, f)
    }
}

serde_as_text!(RepositoryPattern, "a repository name, `prefix/*` or `*`");

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_match_names() {
        for (text, matching, others) in [
            ("hello", "hello", "hello/x hello-world hell"),
            ("a/b", "a/b", "a a/b/c a/bc"),
            ("samples/*", "samples/a samples/a/b", "samples sample/a samples2/a"),
            ("a/b/*", "a/b/c", "a/b a/c"),
            ("*", "a a/b samples", ""),
        ] {
            let pattern: RepositoryPattern = text.parse().unwrap();
            assert_eq!(pattern.to_string(), text);
            let names = pattern.names();
            for name in matching.split_whitespace() {
                assert!(pattern.matches(name) && names.contains(name), "{text} on {name}");
            }
            for name in others.split_whitespace() {
                assert!(!pattern.matches(name) && !names.contains(name), "{text} on {name}");
            }
        }
    }

    #[test]
    fn names_of_the_grammar_are_patterns() {
        for text in ["a", "0", "a.b_c__d-e---f", "a/b/c", "my.team/app_1/x--y", "v2/*"] {
            assert!(text.parse::<RepositoryPattern>().is_ok(), "{text}");
        }
        let longest = "a".repeat(255);
        assert!(longest.parse::<RepositoryPattern>().is_ok());
        assert!(format!("{longest}/*").parse::<RepositoryPattern>().is_ok());
    }

    #[test]
    fn other_texts_are_refused_with_the_reason() {
        use RepositoryPatternError::*;
        for (text, reason) in [
            ("a/*/b", Wildcard),
            ("team*", Wildcard),
            ("a/*/b/*", Wildcard),
            ("*/a", Wildcard),
            ("**", Wildcard),
            ("*/*", Wildcard),
            ("a/**", Wildcard),
            ("", Name),
            ("/*", Name),
            ("/", Name),
            ("a/", Name),
            ("a//*", Name),
            ("A", Name),
            ("a..b", Name),
            ("a.-b", Name),
            ("a___b", Name),
            ("_a", Name),
            ("a-", Name),
            ("../a", Name),
            ("a b", Name),
            ("é", Name),
        ] {
            assert_eq!(text.parse::<RepositoryPattern>(), Err(reason), "{text:?}");
        }
        assert_eq!("a".repeat(256).parse::<RepositoryPattern>(), Err(TooLong));
    }
}
