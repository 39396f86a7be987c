//! Patterns over repository names.

use std::fmt;
use std::str::FromStr;

use crate::text::serde_as_text;
use crate::{NameError, RepositoryName};

/// Some of a registry's repositories, also those that aren't there yet: one by its name, all below a
/// path as in `samples/*`, or `*`, which is every one. ACR's rule for wildcards in scope maps: one
/// `*`, and only as the last component.
///
/// `samples/*` has `samples/app` and `samples/team/app`, and neither `samples` nor `samples2/app`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum RepositoryPattern {
    /// `*`
    Every,
    /// `<path>/*`
    Below(RepositoryName),
    /// `<name>`
    Named(RepositoryName),
}

/// Why a text is no [`RepositoryPattern`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PatternError {
    /// A `*` that isn't the last component by itself.
    #[error("a wildcard is the last component by itself, as in `samples/*`, or the whole of it")]
    Wildcard,
    /// What is around the wildcard is no name.
    #[error(transparent)]
    Name(#[from] NameError),
}

impl RepositoryPattern {
    /// Whether the repository is one of them.
    pub fn has(&self, name: &RepositoryName) -> bool {
        match self {
            Self::Every => true,
            Self::Below(path) => is_below(name, path),
            Self::Named(one) => one == name,
        }
    }
}

/// Whether `name` has `path` and a slash before its own part.
fn is_below(name: &RepositoryName, path: &RepositoryName) -> bool {
    name.as_str().strip_prefix(path.as_str()).is_some_and(|rest| rest.starts_with('/'))
}

impl FromStr for RepositoryPattern {
    type Err = PatternError;

    fn from_str(text: &str) -> Result<Self, PatternError> {
        if text == "*" {
            return Ok(Self::Every);
        }
        let (path, below) = match text.strip_suffix("/*") {
            Some(path) => (path, true),
            None => (text, false),
        };
        if path.contains('*') {
            return Err(PatternError::Wildcard);
        }
        let name = path.parse()?;
        Ok(if below { Self::Below(name) } else { Self::Named(name) })
    }
}

impl fmt::Display for RepositoryPattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Every => f.write_str("*"),
            Self::Below(path) => write!(f, "{path}/*"),
            Self::Named(name) => f.write_str(name.as_str()),
        }
    }
}

serde_as_text!(RepositoryPattern, "a repository's name, or a pattern such as samples/*");

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wildcard_is_the_last_component() {
        for text in ["*", "samples/*", "a/b/*", "samples", "a/b"] {
            assert_eq!(text.parse::<RepositoryPattern>().unwrap().to_string(), text);
        }
        for text in ["team*", "a/*/b", "a/*/b/*", "**", "*/*", "a/**", "*/a"] {
            assert_eq!(text.parse::<RepositoryPattern>(), Err(PatternError::Wildcard), "{text}");
        }
        for text in ["", "/*", "a//*", "Team/*", "a/../*"] {
            let refused = text.parse::<RepositoryPattern>();
            assert!(matches!(refused, Err(PatternError::Name(_))), "{text}");
        }
    }

    #[test]
    fn what_is_below_a_path_is_told_by_component() {
        let below: RepositoryPattern = "samples/*".parse().unwrap();
        for (name, has) in
            [("samples/a", true), ("samples/a/b", true), ("samples", false), ("samples2/a", false)]
        {
            assert_eq!(below.has(&name.parse().unwrap()), has, "{name}");
        }
    }
}
