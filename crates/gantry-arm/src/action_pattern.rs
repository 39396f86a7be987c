//! Patterns over actions, as role definitions have them.

use std::fmt;
use std::hash::{Hash, Hasher};
use std::str::FromStr;

use crate::text::serde_as_text;

/// A pattern over actions, such as `Microsoft.ContainerRegistry/registries/*/read`
/// (Azure RBAC, "Understand Azure role definitions").
///
/// A `*` stands for any run of characters, slashes too, and for none. Letters match,
/// compare and hash without their case. Holding one proves that it has
/// 1 to [`ActionPattern::MAX_LEN`] bytes, all of them of actions' characters or `*`.
#[derive(Clone)]
pub struct ActionPattern {
    text: Box<str>,
    folded: Box<str>,
}

/// Why a text is no [`ActionPattern`].
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum ActionPatternError {
    /// Nothing there.
    #[error("action is empty")]
    Empty,
    /// Longer than [`ActionPattern::MAX_LEN`] bytes.
    #[error("action is longer than 512 bytes")]
    TooLong,
    /// A character that no action has.
    #[error("action has {0:?}: use letters, digits, `.`, `_`, `-`, `/` and `*`")]
    Character(char),
}

impl ActionPattern {
    /// The length of the longest pattern, in bytes.
    pub const MAX_LEN: usize = 512;

    /// The pattern as it was written.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Whether `action` is one of the pattern's, in time linear in both.
    pub fn matches(&self, action: &str) -> bool {
        let action = action.to_ascii_lowercase();
        let (first, others) = self.folded.split_once('*').unwrap_or((&self.folded, ""));
        let Some(rest) = action.strip_prefix(first) else { return false };
        if first.len() == self.folded.len() {
            return rest.is_empty();
        }
        let (middle, last) = others.rsplit_once('*').unwrap_or(("", others));
        let Some(mut rest) = rest.strip_suffix(last) else { return false };
        // The first place that fits leaves the most for what follows, so no
        // choice is ever taken back.
        middle.split('*').all(|piece| match rest.find(piece) {
            Some(at) => {
                rest = &rest[at + piece.len()..];
                true
            }
            None => false,
        })
    }
}

impl FromStr for ActionPattern {
    type Err = ActionPatternError;

    fn from_str(text: &str) -> Result<Self, ActionPatternError> {
        let is_allowed = |c: char| c.is_ascii_alphanumeric() || "._-/*".contains(c);
        if text.is_empty() {
            return Err(ActionPatternError::Empty);
        }
        if text.len() > Self::MAX_LEN {
            return Err(ActionPatternError::TooLong);
        }
        match text.chars().find(|&c| !is_allowed(c)) {
            Some(other) => Err(ActionPatternError::Character(other)),
            None => Ok(Self { text: text.into(), folded: text.to_ascii_lowercase().into() }),
        }
    }
}

impl PartialEq for ActionPattern {
    fn eq(&self, other: &Self) -> bool {
        self.folded == other.folded
    }
}

impl Eq for ActionPattern {}

impl Hash for ActionPattern {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.folded.hash(state);
    }
}

impl fmt::Display for ActionPattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.text)
    }
}

impl fmt::Debug for ActionPattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&*self.text, f)
    }
}

serde_as_text!(ActionPattern, "an action, or a pattern over actions");

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stars_stand_for_any_run_of_characters() {
        for (pattern, action, matches) in [
            ("a/b/read", "a/b/read", true),
            ("a/b/read", "A/B/Read", true),
            ("A/B/READ", "a/b/read", true),
            ("a/b/read", "a/b/reader", false),
            ("a/b/read", "a/b/rea", false),
            ("a/b/read", "", false),
            ("*", "a/b/read", true),
            ("*", "", true),
            ("**", "a", true),
            ("*/read", "a/b/read", true),
            ("*/read", "read", false),
            ("a/*", "a/b/read", true),
            ("a/*", "a/", true),
            ("a/*", "a", false),
            ("a/*/read", "a/b/c/read", true),
            ("a/*/read", "a//read", true),
            ("a/*/read", "a/read", false),
            ("ab*bc", "abc", false),
            ("ab*bc", "abbc", true),
            ("*b*b*", "abab", true),
            ("*b*b*", "ab", false),
            ("*ab*ab", "ab", false),
            ("*ab*ab", "abab", true),
            ("a*b*c", "axbxbxc", true),
            ("a*b*c", "axcxb", false),
            ("a**b", "ab", true),
            ("Microsoft.ContainerRegistry/registries/*/read", "é", false),
        ] {
            let parsed: ActionPattern = pattern.parse().unwrap();
            assert_eq!(parsed.matches(action), matches, "{pattern} on {action}");
        }
    }

    #[test]
    fn a_pattern_of_many_stars_is_no_more_work() {
        let pattern: ActionPattern = "*a".repeat(256).parse().unwrap();
        assert!(!pattern.matches(&format!("{}b", "a".repeat(1 << 20))));
        assert!(pattern.matches(&"a".repeat(1 << 20)));
    }

    #[test]
    fn case_is_kept_but_does_not_count() {
        let (a, b): (ActionPattern, ActionPattern) =
            ("Ns/Type/READ".parse().unwrap(), "ns/type/read".parse().unwrap());
        assert_eq!(a, b);
        assert_eq!(a.to_string(), "Ns/Type/READ");
        assert_eq!(serde_json::to_string(&a).unwrap(), "\"Ns/Type/READ\"");
    }

    #[test]
    fn what_is_no_pattern_is_refused() {
        use ActionPatternError::*;
        for (text, reason) in [
            ("", Empty),
            ("a b", Character(' ')),
            ("a?", Character('?')),
            ("a'b", Character('\'')),
            ("a\0", Character('\0')),
            ("é", Character('é')),
        ] {
            assert_eq!(text.parse::<ActionPattern>(), Err(reason), "{text:?}");
        }
        assert_eq!("a".repeat(513).parse::<ActionPattern>(), Err(TooLong));
        assert!("a".repeat(512).parse::<ActionPattern>().is_ok());
    }
}
