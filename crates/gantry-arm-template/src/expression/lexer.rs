//! From text to tokens.

use crate::problem::Problem;

/// A token of an expression.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum Token<'a> {
    Name(&'a str),
    Text(String),
    Int(i64),
    /// `(`, `)`, `[`, `]`, `,` or `.`.
    Symbol(char),
}

/// The tokens of an expression, each with the byte it begins at.
pub(super) fn tokens(text: &str) -> Result<Vec<(Token<'_>, usize)>, Problem> {
    let mut tokens = Vec::new();
    let mut rest = text;
    loop {
        rest = rest.trim_ascii_start();
        let at = text.len() - rest.len();
        let Some(first) = rest.chars().next() else { return Ok(tokens) };
        let (token, len) = match first {
            '(' | ')' | '[' | ']' | ',' | '.' => (Token::Symbol(first), 1),
            '\'' => quoted(rest, at)?,
            '-' | '0'..='9' => int(rest, at)?,
            c if is_name(c) => {
                let len = rest.find(|c| !is_name(c)).unwrap_or(rest.len());
                (Token::Name(&rest[..len]), len)
            }
            _ => return Err(unexpected(rest, at)),
        };
        tokens.push((token, at));
        rest = &rest[len..];
    }
}

/// A name of a function or a property. A function's can have the namespace of user-defined
/// ones or the built-in one, `sys`, before it; the dot between is a token.
fn is_name(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '_' || c == '$'
}

fn quoted(rest: &str, at: usize) -> Result<(Token<'_>, usize), Problem> {
    let mut text = String::new();
    let mut end = 1;
    while let Some(len) = rest[end..].find('\'') {
        text.push_str(&rest[end..end + len]);
        end += len + 1;
        if !rest[end..].starts_with('\'') {
            return Ok((Token::Text(text), end));
        }
        text.push('\'');
        end += 1;
    }
    Err(Problem::Unterminated { at })
}

fn int(rest: &str, at: usize) -> Result<(Token<'_>, usize), Problem> {
    let digits = rest[1..].find(|c: char| !c.is_ascii_digit());
    let len = digits.map_or(rest.len(), |digits| digits + 1);
    let int = rest[..len].parse().map_err(|_| unexpected(rest, at))?;
    Ok((Token::Int(int), len))
}

/// Names the first few characters of what was not expected.
fn unexpected(rest: &str, at: usize) -> Problem {
    Problem::Unexpected { found: rest.chars().take(8).collect(), at }
}

impl Token<'_> {
    /// The token as an error shows it.
    pub(super) fn shown(&self) -> Box<str> {
        match self {
            Self::Name(name) => (*name).into(),
            Self::Text(_) => "'".into(),
            Self::Int(int) => int.to_string().into(),
            Self::Symbol(symbol) => symbol.to_string().into(),
        }
    }
}
