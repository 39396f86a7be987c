//! Why a text is no condition.

use crate::ActionPatternError;

/// Why a text is no [`Condition`](super::Condition). Places are bytes from its start.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum ConditionError {
    /// Longer than [`Condition::MAX_LEN`](super::Condition::MAX_LEN) bytes.
    #[error("condition is longer than 8192 bytes")]
    TooLong,
    /// Nested deeper than [`Condition::MAX_DEPTH`](super::Condition::MAX_DEPTH).
    #[error("more than 64 parentheses and negations within each other at {at}")]
    TooDeep {
        /// Where it got too deep.
        at: usize,
    },
    /// Something else than what the grammar has in this place.
    #[error("expected {what} at {at}")]
    Expected {
        /// What was wanted.
        what: &'static str,
        /// Where.
        at: usize,
    },
    /// A character that begins nothing.
    #[error("unexpected {character:?} at {at}")]
    Character {
        /// The character.
        character: char,
        /// Where it is.
        at: usize,
    },
    /// A text or an attribute without an end.
    #[error("{what} that begins at {at} doesn't end")]
    Unterminated {
        /// What it is.
        what: &'static str,
        /// Where it begins.
        at: usize,
    },
    /// Several values for an operator that compares one.
    #[error(
        "expected one value at {at}, or before it an operator such as ForAnyOfAnyValues:StringEquals"
    )]
    Set {
        /// Where the values begin.
        at: usize,
    },
    /// An action that is no pattern of actions.
    #[error("{reason} at {at}")]
    Action {
        /// What is wrong with it.
        reason: ActionPatternError,
        /// Where it begins.
        at: usize,
    },
}
