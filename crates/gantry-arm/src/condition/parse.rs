//! From tokens to expressions.

use std::iter::Peekable;
use std::vec::IntoIter;

use super::expression::{Attribute, Comparison, Expression, Sides, Value};
use super::lexer::{Token, tokens};
use super::operator::{Operator, Quantifier, ValueType};
use super::{Condition, ConditionError};

type Result<T> = std::result::Result<T, ConditionError>;

/// Parses a whole condition. Recursion is bounded by its depth.
pub(super) fn expression(text: &str) -> Result<Expression> {
    let mut parser = Parser { tokens: tokens(text)?.into_iter().peekable(), end: text.len() };
    let expression = parser.any(Condition::MAX_DEPTH)?;
    match parser.tokens.next() {
        Some((_, at)) => Err(ConditionError::Expected { what: "AND, OR or the end", at }),
        None => Ok(expression),
    }
}

struct Parser<'a> {
    tokens: Peekable<IntoIter<(Token<'a>, usize)>>,
    end: usize,
}

impl<'a> Parser<'a> {
    /// `all OR all OR …`, with `depth` levels left.
    fn any(&mut self, depth: usize) -> Result<Expression> {
        let mut parts = vec![self.all(depth)?];
        while self.take(&Token::Or) {
            parts.push(self.all(depth)?);
        }
        Ok(one_or(parts, Expression::Any))
    }

    /// `unary AND unary AND …`
    fn all(&mut self, depth: usize) -> Result<Expression> {
        let mut parts = vec![self.unary(depth)?];
        while self.take(&Token::And) {
            parts.push(self.unary(depth)?);
        }
        Ok(one_or(parts, Expression::All))
    }

    fn unary(&mut self, depth: usize) -> Result<Expression> {
        let at = self.at();
        let deeper = || depth.checked_sub(1).ok_or(ConditionError::TooDeep { at });
        if self.take(&Token::Not) {
            let depth = deeper()?;
            // The usual `!(…)` counts once.
            let inner = match self.take(&Token::Open) {
                true => self.closed(depth)?,
                false => self.unary(depth)?,
            };
            return Ok(Expression::Not(Box::new(inner)));
        }
        if self.take(&Token::Open) {
            return self.closed(deeper()?);
        }
        match self.tokens.peek() {
            Some((Token::Word(word), _)) => match function(word) {
                Some(function) => {
                    self.tokens.next();
                    self.function(function)
                }
                None => self.comparison(),
            },
            _ => self.comparison(),
        }
    }

    /// What follows an opening parenthesis.
    fn closed(&mut self, depth: usize) -> Result<Expression> {
        let inner = self.any(depth)?;
        self.expect(&Token::Close, "AND, OR or `)`")?;
        Ok(inner)
    }

    fn function(&mut self, function: Function) -> Result<Expression> {
        match function {
            Function::ActionMatches => {
                let (text, at) = self.braced()?;
                let pattern = text.parse();
                let pattern = pattern.map_err(|reason| ConditionError::Action { reason, at })?;
                Ok(Expression::ActionMatches(pattern))
            }
            Function::SubOperationMatches => Ok(Expression::SubOperationMatches(self.braced()?.0)),
            Function::Exists => Ok(Expression::Exists(self.attribute()?)),
            Function::NotExists => {
                Ok(Expression::Not(Box::new(Expression::Exists(self.attribute()?))))
            }
        }
    }

    /// `{'text'}`
    fn braced(&mut self) -> Result<(Box<str>, usize)> {
        self.expect(&Token::OpenSet, "`{'…'}`")?;
        let text = match self.next() {
            (Some(Token::Text(text)), at) => (text, at),
            (_, at) => return Err(ConditionError::Expected { what: "a text in quotes", at }),
        };
        self.expect(&Token::CloseSet, "`}`")?;
        Ok(text)
    }

    fn attribute(&mut self) -> Result<Attribute> {
        match self.next() {
            (Some(Token::Attribute(attribute)), _) => Ok(attribute),
            (_, at) => Err(ConditionError::Expected { what: "an attribute", at }),
        }
    }

    fn comparison(&mut self) -> Result<Expression> {
        let (left, left_at) = self.operand("an attribute, ActionMatches, Exists, NOT or `(`")?;
        let (quantifier, operator) = match self.next() {
            (Some(Token::Word(word)), at) => operator(word, at)?,
            (_, at) => return Err(ConditionError::Expected { what: OPERATOR, at }),
        };
        let (right, right_at) = self.operand("an attribute or a value")?;
        let left = typed(left, left_at, quantifier, operator)?;
        let right = typed(right, right_at, quantifier, operator)?;
        let sides = match (left, right) {
            (Operand::Attribute(left), Operand::Values(values)) => {
                Sides::AttributeValues(left, values)
            }
            (Operand::Values(values), Operand::Attribute(right)) => {
                Sides::ValuesAttribute(values, right)
            }
            (Operand::Attribute(left), Operand::Attribute(right)) => Sides::Attributes(left, right),
            (Operand::Values(_), Operand::Values(_)) => {
                let what = "an attribute on one side of the operator";
                return Err(ConditionError::Expected { what, at: left_at });
            }
        };
        Ok(Expression::Compare(Comparison { sides, quantifier, operator }))
    }

    /// An attribute, a value, or a set of values.
    fn operand(&mut self, what: &'static str) -> Result<(Operand, usize)> {
        let at = self.at();
        if self.take(&Token::OpenSet) {
            let mut values = vec![self.value("a value")?];
            while self.take(&Token::Comma) {
                values.push(self.value("a value")?);
            }
            self.expect(&Token::CloseSet, "`,` or `}`")?;
            return Ok((Operand::Values(values), at));
        }
        let attribute = |(token, _): &(Token<'a>, usize)| matches!(token, Token::Attribute(_));
        match self.tokens.next_if(attribute) {
            Some((Token::Attribute(attribute), at)) => Ok((Operand::Attribute(attribute), at)),
            _ => Ok((Operand::Values(vec![self.value(what)?]), at)),
        }
    }

    fn value(&mut self, what: &'static str) -> Result<Value> {
        let (token, at) = self.next();
        let value = match token {
            Some(Token::Text(text)) => Some(Value::Text(text)),
            Some(Token::Word(word)) => value(word),
            _ => None,
        };
        value.ok_or(ConditionError::Expected { what, at })
    }

    fn next(&mut self) -> (Option<Token<'a>>, usize) {
        match self.tokens.next() {
            Some((token, at)) => (Some(token), at),
            None => (None, self.end),
        }
    }

    fn at(&mut self) -> usize {
        self.tokens.peek().map_or(self.end, |&(_, at)| at)
    }

    fn take(&mut self, wanted: &Token<'_>) -> bool {
        self.tokens.next_if(|(token, _)| token == wanted).is_some()
    }

    fn expect(&mut self, wanted: &Token<'_>, what: &'static str) -> Result<()> {
        let at = self.at();
        self.take(wanted).then_some(()).ok_or(ConditionError::Expected { what, at })
    }
}

/// One side of an operator.
enum Operand {
    Attribute(Attribute),
    Values(Vec<Value>),
}

const OPERATOR: &str = "an operator such as StringEquals";

#[derive(Clone, Copy)]
enum Function {
    ActionMatches,
    SubOperationMatches,
    Exists,
    NotExists,
}

fn function(word: &str) -> Option<Function> {
    match &*word.to_ascii_lowercase() {
        "actionmatches" => Some(Function::ActionMatches),
        "suboperationmatches" => Some(Function::SubOperationMatches),
        "exists" => Some(Function::Exists),
        "notexists" => Some(Function::NotExists),
        _ => None,
    }
}

fn operator(word: &str, at: usize) -> Result<(Option<Quantifier>, Operator)> {
    let expected = |what| ConditionError::Expected { what, at };
    let (quantifier, operator) = match word.split_once(':') {
        Some((quantifier, operator)) => {
            let quantifier = Quantifier::parse(quantifier)
                .ok_or(expected("a quantifier such as ForAnyOfAnyValues"))?;
            (Some(quantifier), operator)
        }
        None => (None, word),
    };
    Ok((quantifier, Operator::parse(operator).ok_or(expected(OPERATOR))?))
}

fn value(word: &str) -> Option<Value> {
    if word.eq_ignore_ascii_case("true") || word.eq_ignore_ascii_case("false") {
        return Some(Value::Bool(word.eq_ignore_ascii_case("true")));
    }
    let number = word.parse().map(Value::Number);
    number.ok().or_else(|| word.parse().map(Value::Guid).ok())
}

/// An operand whose values are of the operator's type.
fn typed(
    operand: Operand,
    at: usize,
    quantifier: Option<Quantifier>,
    operator: Operator,
) -> Result<Operand> {
    let Operand::Values(values) = operand else { return Ok(operand) };
    if quantifier.is_none() && values.len() > 1 {
        return Err(ConditionError::Set { at });
    }
    let values = values.into_iter().map(|value| match (operator, value) {
        // GUIDs are written with and without quotes.
        (Operator::Other(ValueType::Guid, _), Value::Text(text)) => {
            text.parse().map(Value::Guid).ok()
        }
        (Operator::Text(_) | Operator::Other(ValueType::DateTime, _), v @ Value::Text(_))
        | (Operator::Other(ValueType::Number, _), v @ Value::Number(_))
        | (Operator::Other(ValueType::Bool, _), v @ Value::Bool(_))
        | (Operator::Other(ValueType::Guid, _), v @ Value::Guid(_)) => Some(v),
        _ => None,
    });
    let what = match operator {
        Operator::Text(_) => "a text in quotes",
        Operator::Other(ValueType::Number, _) => "a whole number",
        Operator::Other(ValueType::Bool, _) => "true or false",
        Operator::Other(ValueType::DateTime, _) => "a date and time in quotes",
        Operator::Other(ValueType::Guid, _) => "a GUID",
    };
    let values: Option<Vec<_>> = values.collect();
    values.map(Operand::Values).ok_or(ConditionError::Expected { what, at })
}

fn one_or(mut parts: Vec<Expression>, join: fn(Vec<Expression>) -> Expression) -> Expression {
    match parts.pop() {
        Some(only) if parts.is_empty() => only,
        last => {
            parts.extend(last);
            join(parts)
        }
    }
}
