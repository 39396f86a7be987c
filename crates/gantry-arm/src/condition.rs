//! Conditions of role assignments: Azure's language, version 2.0.
//!
//! The grammar is that of "Azure role assignment condition format and syntax": actions
//! (`ActionMatches{'…'}`), attributes (`@Request[…]`) compared by operators
//! (`StringEquals`), joined by `AND`, `OR`, `NOT` and parentheses. Words are read in
//! either case. `NOT` binds closest, then `AND`, then `OR`; Azure's portal asks for
//! parentheses where that would matter, and so prints [`Condition`].
//!
//! A request to a registry has two things that a condition can ask for: its data action,
//! and the name of its repository, `Microsoft.ContainerRegistry/registries/repositories:name`
//! from `@Request` or `@Resource`. All else is **unknown**, and so is what it is compared
//! with. Unknown is no answer: neither it nor its negation grants anything. So there are
//! three values:
//!
//! | a | b | a AND b | a OR b | NOT a |
//! | --- | --- | --- | --- | --- |
//! | true | unknown | unknown | true | false |
//! | false | unknown | false | unknown | true |
//! | unknown | unknown | unknown | unknown | unknown |
//!
//! A condition holds if its value is true. To tell people at once instead of refusing all
//! that they try later, [`Condition::check_supported`] names what will never be known.
//!
//! Letters compared "ignoring case" are those of ASCII: repository names have no others.

mod error;
mod evaluate;
mod expression;
mod lexer;
mod like;
mod operator;
mod parse;
mod print;
mod ranges;
mod supported;
mod walk;

use std::fmt::{self, Display};
use std::str::FromStr;

use self::expression::Expression;

pub use self::error::ConditionError;
pub use self::evaluate::Attributes;
pub use self::ranges::{Exactness, Names};
pub use self::supported::Unsupported;

/// A condition of a role assignment.
///
/// Keeps the text that it was parsed from, which is what an answer shows. Two conditions
/// are equal if they have the same structure, however they are written.
#[derive(Clone)]
pub struct Condition {
    source: Box<str>,
    expression: Expression,
}

impl Condition {
    /// The length of the longest condition, in bytes: Azure's limit.
    pub const MAX_LEN: usize = 8 << 10;

    /// The most parentheses and negations within each other.
    pub const MAX_DEPTH: usize = 64;

    /// Parses a condition. The error tells at which byte it stopped, and what it wanted.
    pub fn parse(text: &str) -> Result<Self, ConditionError> {
        if text.len() > Self::MAX_LEN {
            return Err(ConditionError::TooLong);
        }
        Ok(Self { source: text.into(), expression: parse::expression(text)? })
    }

    /// The text that was parsed.
    pub fn as_written(&self) -> &str {
        &self.source
    }
}

impl FromStr for Condition {
    type Err = ConditionError;

    fn from_str(text: &str) -> Result<Self, ConditionError> {
        Self::parse(text)
    }
}

impl PartialEq for Condition {
    fn eq(&self, other: &Self) -> bool {
        self.expression == other.expression
    }
}

impl Eq for Condition {}

/// Prints the structure in one canonical way, on one line. That parses to an equal
/// condition, unless it is beyond the bounds: it can be longer than what was written, and
/// more deeply nested. What must parse again is [`Condition::as_written`].
impl Display for Condition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.expression.fmt(f)
    }
}

impl fmt::Debug for Condition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.expression.fmt(f)
    }
}

#[cfg(test)]
mod tests;
