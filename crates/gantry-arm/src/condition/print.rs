//! From expressions to their canonical text.

use std::fmt::{Display, Formatter, Result, Write};

use super::expression::{Attribute, Comparison, Expression, Sides, Value};

impl Display for Expression {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        match self {
            Self::Not(inner) => write!(f, "!({inner})"),
            Self::All(parts) => joined(f, parts, " AND "),
            Self::Any(parts) => joined(f, parts, " OR "),
            Self::ActionMatches(pattern) => write!(f, "ActionMatches{{'{pattern}'}}"),
            Self::SubOperationMatches(name) => {
                f.write_str("SubOperationMatches{")?;
                quoted(f, name)?;
                f.write_char('}')
            }
            Self::Exists(attribute) => write!(f, "Exists {attribute}"),
            Self::Compare(comparison) => comparison.fmt(f),
        }
    }
}

/// In parentheses is whatever is joined itself, so that nobody must know what binds closer.
fn joined(f: &mut Formatter<'_>, parts: &[Expression], between: &str) -> Result {
    for (i, part) in parts.iter().enumerate() {
        if i > 0 {
            f.write_str(between)?;
        }
        match part {
            Expression::All(_) | Expression::Any(_) => write!(f, "({part})")?,
            _ => part.fmt(f)?,
        }
    }
    Ok(())
}

impl Display for Comparison {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        let operator = match self.quantifier {
            Some(quantifier) => format!(" {quantifier}:{} ", self.operator),
            None => format!(" {} ", self.operator),
        };
        match &self.sides {
            Sides::AttributeValues(attribute, values) => {
                write!(f, "{attribute}{operator}")?;
                self.values(f, values)
            }
            Sides::ValuesAttribute(values, attribute) => {
                self.values(f, values)?;
                write!(f, "{operator}{attribute}")
            }
            Sides::Attributes(left, right) => write!(f, "{left}{operator}{right}"),
        }
    }
}

impl Comparison {
    /// With a quantifier, in braces.
    fn values(&self, f: &mut Formatter<'_>, values: &[Value]) -> Result {
        let (open, close) = if self.quantifier.is_some() { ("{", "}") } else { ("", "") };
        f.write_str(open)?;
        for (i, value) in values.iter().enumerate() {
            if i > 0 {
                f.write_str(", ")?;
            }
            match value {
                Value::Text(text) => quoted(f, text)?,
                Value::Number(number) => number.fmt(f)?,
                Value::Bool(value) => value.fmt(f)?,
                Value::Guid(guid) => guid.fmt(f)?,
            }
        }
        f.write_str(close)
    }
}

/// A text with its quotes. A backslash goes with what follows it, as it came.
fn quoted(f: &mut Formatter<'_>, text: &str) -> Result {
    f.write_char('\'')?;
    let mut characters = text.chars();
    while let Some(character) = characters.next() {
        match character {
            '\'' => f.write_str("\\'")?,
            '\\' => {
                f.write_char('\\')?;
                characters.next().map_or(Ok(()), |next| f.write_char(next))?;
            }
            other => f.write_char(other)?,
        }
    }
    f.write_char('\'')
}

impl Display for Attribute {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        write!(f, "@{}[{}]", self.source.as_str(), self.name)
    }
}
