//! The template language: what is written between `[` and `]`.
//!
//! The grammar is that of "Template expressions" in "Understand the structure and syntax of
//! ARM templates": calls, texts in single quotes with `''` for a quote in them, integers,
//! and properties (`.name`) and elements (`[0]`, `['name']`) of what a call yields.

mod lexer;
mod parse;

use crate::function::Function;
use crate::limits;
use crate::problem::Problem;

/// A parsed expression. Its depth is bounded by [`limits::EXPRESSION_DEPTH`].
#[derive(Debug)]
pub(crate) enum Expression {
    Text(String),
    Int(i64),
    Call(Call),
    /// `if(condition, then, otherwise)`, which evaluates one branch alone.
    If(Box<[Self; 3]>),
    /// A property or an element of what another expression yields.
    Member {
        of: Box<Self>,
        key: Box<Self>,
    },
}

/// A function and what it is called with, as many arguments as it takes.
#[derive(Debug)]
pub(crate) struct Call {
    pub(crate) function: &'static Function,
    /// The name as it was written, which tells `listKeys` from `listCredentials`.
    pub(crate) name: Box<str>,
    pub(crate) arguments: Vec<Expression>,
}

impl Expression {
    /// Parses what is between the brackets.
    pub(crate) fn parse(text: &str) -> Result<Self, Problem> {
        let len = text.chars().count();
        if len > limits::EXPRESSION_LEN {
            return Err(Problem::Limit {
                what: "length of a template language expression",
                limit: limits::EXPRESSION_LEN,
                actual: len,
            });
        }
        parse::expression(text)
    }
}

/// A text of a template: what it says, or the expression that yields it.
#[derive(Debug)]
pub(crate) enum Text {
    Literal(String),
    Expression(Expression),
}

impl Text {
    /// Reads a text. It is an expression if it begins with `[` and ends with `]` as a whole.
    /// A text that does and is none begins with `[[`, which stands for one bracket.
    pub(crate) fn read(text: &str) -> Result<Self, Problem> {
        match text.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
            None => Ok(Self::Literal(text.into())),
            Some(inner) if inner.starts_with('[') => Ok(Self::Literal(text[1..].into())),
            Some(inner) => Expression::parse(inner).map(Self::Expression),
        }
    }
}
