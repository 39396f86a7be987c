//! The tokens of a condition.

use super::ConditionError;
use super::expression::{Attribute, Source};

#[derive(Clone, PartialEq, Eq)]
pub(super) enum Token<'a> {
    Open,
    Close,
    OpenSet,
    CloseSet,
    Comma,
    And,
    Or,
    Not,
    Attribute(Attribute),
    Text(Box<str>),
    /// A function, an operator, a number, a boolean or a GUID.
    Word(&'a str),
}

/// Splits a condition into its tokens, each with the place where it begins.
pub(super) fn tokens(text: &str) -> Result<Vec<(Token<'_>, usize)>, ConditionError> {
    let mut tokens = Vec::new();
    let mut rest = text;
    loop {
        rest = rest.trim_ascii_start();
        let at = text.len() - rest.len();
        let Some(first) = rest.chars().next() else { return Ok(tokens) };
        let (token, len) = match first {
            '(' => (Token::Open, 1),
            ')' => (Token::Close, 1),
            '{' => (Token::OpenSet, 1),
            '}' => (Token::CloseSet, 1),
            ',' => (Token::Comma, 1),
            '!' => (Token::Not, 1),
            '&' if rest.starts_with("&&") => (Token::And, 2),
            '|' if rest.starts_with("||") => (Token::Or, 2),
            '\'' => quoted(rest, at)?,
            '@' => attribute(rest, at)?,
            c if is_word(c) => {
                let word = &rest[..rest.find(|c| !is_word(c)).unwrap_or(rest.len())];
                (keyword(word), word.len())
            }
            character => return Err(ConditionError::Character { character, at }),
        };
        tokens.push((token, at));
        rest = &rest[len..];
    }
}

fn is_word(c: char) -> bool {
    c.is_ascii_alphanumeric() || "_-.:".contains(c)
}

fn keyword(word: &str) -> Token<'_> {
    let is = |keyword: &str| word.eq_ignore_ascii_case(keyword);
    if is("AND") {
        Token::And
    } else if is("OR") {
        Token::Or
    } else if is("NOT") {
        Token::Not
    } else {
        Token::Word(word)
    }
}

/// A text in single quotes, and its length with them. `\'` is a quote in it; other
/// backslashes stay with what follows them.
fn quoted(rest: &str, at: usize) -> Result<(Token<'_>, usize), ConditionError> {
    let mut text = String::new();
    let mut characters = rest.char_indices().skip(1);
    while let Some((index, character)) = characters.next() {
        match character {
            '\'' => return Ok((Token::Text(text.into()), index + 1)),
            '\\' => match characters.next() {
                Some((_, '\'')) => text.push('\''),
                Some((_, other)) => text.extend(['\\', other]),
                None => break,
            },
            other => text.push(other),
        }
    }
    Err(ConditionError::Unterminated { what: "the text", at })
}

/// `@Source[name]`, and its length. A name may have what tags' keys have, such as
/// `tags:Project<$key_case_sensitive$>`.
fn attribute(rest: &str, at: usize) -> Result<(Token<'_>, usize), ConditionError> {
    const FORM: &str = "an attribute such as @Request[Namespace/type:name]";
    let body = &rest[1..];
    let word = &body[..body.find(|c| !is_word(c)).unwrap_or(body.len())];
    let source = Source::EACH.into_iter().find(|s| s.as_str().eq_ignore_ascii_case(word));
    let source = source.ok_or(ConditionError::Expected {
        what: "@Request, @Resource, @Principal or @Environment",
        at,
    })?;
    let opened = at + 1 + word.len();
    let name = body[word.len()..]
        .strip_prefix('[')
        .ok_or(ConditionError::Expected { what: FORM, at: opened })?;
    let end = name
        .find(|c: char| !c.is_ascii_graphic() && c != ' ' || "[]{}()@'\"".contains(c))
        .ok_or(ConditionError::Unterminated { what: "the attribute", at })?;
    let (name, closed) = name.split_at(end);
    if name.is_empty() || !closed.starts_with(']') {
        return Err(ConditionError::Expected { what: FORM, at: opened + 1 + end });
    }
    Ok((Token::Attribute(Attribute { source, name: name.into() }), word.len() + end + 3))
}
