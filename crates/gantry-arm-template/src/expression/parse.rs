//! From tokens to expressions.

use std::iter::Peekable;
use std::vec::IntoIter;

use super::lexer::{Token, tokens};
use super::{Call, Expression};
use crate::function::{self, Function};
use crate::limits;
use crate::problem::Problem;

/// Parses a whole expression. Recursion is bounded by its depth.
pub(super) fn expression(text: &str) -> Result<Expression, Problem> {
    let mut parser = Parser { tokens: tokens(text)?.into_iter().peekable(), end: text.len() };
    let (expression, _) = parser.expression(limits::EXPRESSION_DEPTH)?;
    match parser.tokens.next() {
        Some((token, at)) => Err(Problem::Unexpected { found: token.shown(), at }),
        None => Ok(expression),
    }
}

struct Parser<'a> {
    tokens: Peekable<IntoIter<(Token<'a>, usize)>>,
    end: usize,
}

impl<'a> Parser<'a> {
    /// A text, an integer or a call, and the members taken from it, with `depth` levels left;
    /// and the levels that it has. Members in a row are found only behind what they are of,
    /// so levels are counted from the bottom too.
    fn expression(&mut self, depth: usize) -> Result<(Expression, usize), Problem> {
        let depth = depth.checked_sub(1).ok_or(Problem::TooDeep)?;
        let (mut expression, mut height) = match self.next()? {
            (Token::Text(text), _) => (Expression::Text(text), 1),
            (Token::Int(int), _) => (Expression::Int(int), 1),
            (Token::Name(name), _) => self.call(name, depth)?,
            (token @ Token::Symbol(_), at) => {
                return Err(Problem::Unexpected { found: token.shown(), at });
            }
        };
        loop {
            let (key, key_height) = if self.take('.') {
                (Expression::Text(self.name()?.into()), 1)
            } else if self.take('[') {
                let key = self.expression(depth)?;
                self.expect(']')?;
                key
            } else {
                return Ok((expression, height));
            };
            height = 1 + height.max(key_height);
            if height > limits::EXPRESSION_DEPTH {
                return Err(Problem::TooDeep);
            }
            expression = Expression::Member { of: Box::new(expression), key: Box::new(key) };
        }
    }

    fn call(&mut self, name: &'a str, depth: usize) -> Result<(Expression, usize), Problem> {
        let name = self.without_namespace(name)?;
        self.expect('(')?;
        let (mut arguments, mut height) = (Vec::new(), 0);
        if !self.take(')') {
            loop {
                let (argument, argument_height) = self.expression(depth)?;
                arguments.push(argument);
                height = height.max(argument_height);
                if !self.take(',') {
                    break;
                }
            }
            self.expect(')')?;
        }
        Ok((called(name, arguments)?, 1 + height))
    }

    /// The name of a function, behind `sys.` if that is before it.
    fn without_namespace(&mut self, name: &'a str) -> Result<&'a str, Problem> {
        if !self.take('.') {
            return Ok(name);
        }
        let function = self.name()?;
        if name.eq_ignore_ascii_case("sys") {
            Ok(function)
        } else {
            Err(Problem::UnknownFunction(format!("{name}.{function}").into()))
        }
    }

    fn name(&mut self) -> Result<&'a str, Problem> {
        match self.next()? {
            (Token::Name(name), _) => Ok(name),
            (token, at) => Err(Problem::Unexpected { found: token.shown(), at }),
        }
    }

    fn next(&mut self) -> Result<(Token<'a>, usize), Problem> {
        self.tokens.next().ok_or(Problem::Incomplete { at: self.end })
    }

    fn take(&mut self, symbol: char) -> bool {
        self.tokens.next_if(|(token, _)| *token == Token::Symbol(symbol)).is_some()
    }

    fn expect(&mut self, symbol: char) -> Result<(), Problem> {
        match self.next()? {
            (token, _) if token == Token::Symbol(symbol) => Ok(()),
            (token, at) => Err(Problem::Unexpected { found: token.shown(), at }),
        }
    }
}

/// A call of the function with this name, which must take as many arguments.
fn called(name: &str, arguments: Vec<Expression>) -> Result<Expression, Problem> {
    let count = arguments.len();
    let wrong_count = || Problem::ArgumentCount { function: name.into(), count };
    if name.eq_ignore_ascii_case("if") {
        let branches = <[Expression; 3]>::try_from(arguments).map_err(|_| wrong_count())?;
        return Ok(Expression::If(Box::new(branches)));
    }
    let function: &'static Function =
        function::find(name).ok_or_else(|| Problem::UnknownFunction(name.into()))?;
    if !function.takes(count) {
        return Err(wrong_count());
    }
    Ok(Expression::Call(Call { function, name: name.into(), arguments }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_tell_where() {
        for (text, error) in [
            ("", Problem::Incomplete { at: 0 }),
            ("concat('a'", Problem::Incomplete { at: 10 }),
            ("'it''s", Problem::Unterminated { at: 0 }),
            ("parameters('a') 1", Problem::Unexpected { found: "1".into(), at: 16 }),
            ("concat(,)", Problem::Unexpected { found: ",".into(), at: 7 }),
            ("1 + 2", Problem::Unexpected { found: "+ 2".into(), at: 2 }),
            ("99999999999999999999", Problem::Unexpected { found: "99999999".into(), at: 0 }),
            ("parameters('a').1", Problem::Unexpected { found: "1".into(), at: 16 }),
            ("frobnicate(1)", Problem::UnknownFunction("frobnicate".into())),
            ("contoso.name('a')", Problem::UnknownFunction("contoso.name".into())),
            ("if(true())", Problem::ArgumentCount { function: "if".into(), count: 1 }),
            ("Not()", Problem::ArgumentCount { function: "Not".into(), count: 0 }),
        ] {
            assert_eq!(expression(text).unwrap_err(), error, "{text}");
        }
    }

    #[test]
    fn names_are_read_in_either_case_and_from_sys() {
        for text in ["CONCAT('a')", "sys.concat('a')", "If(true(), 1, 2)", "listAnything('a', 'b')"]
        {
            expression(text).unwrap();
        }
    }

    #[test]
    fn nesting_is_bounded() {
        // The array that an index is into is a call with an argument, a level more.
        for (begin, end, deepest) in [
            ("concat(", ")", limits::EXPRESSION_DEPTH - 1),
            ("array('a')[", "]", limits::EXPRESSION_DEPTH - 2),
        ] {
            let nested = |n: usize| format!("{}'a'{}", begin.repeat(n), end.repeat(n));
            assert!(expression(&nested(deepest)).is_ok(), "{begin}");
            assert_eq!(expression(&nested(deepest + 1)).unwrap_err(), Problem::TooDeep);
            assert_eq!(expression(&nested(10_000)).unwrap_err(), Problem::TooDeep);
        }
        let members = format!("array('a'){}", "[0]".repeat(10_000));
        assert_eq!(expression(&members).unwrap_err(), Problem::TooDeep);
    }
}
