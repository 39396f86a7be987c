//! Values as they were written, and where.

use std::fmt;
use std::path::PathBuf;
use std::rc::Rc;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

/// Where a value was given.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Source {
    Flag(&'static str),
    Environment(String),
    File { path: Rc<PathBuf>, line: usize },
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Flag(flag) => f.write_str(flag),
            Self::Environment(name) => f.write_str(name),
            Self::File { path, line } => write!(f, "{}:{line}", path.display()),
        }
    }
}

/// A value before anyone knows what it should be.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Value {
    /// Text without a type, from a flag or the environment.
    Bare(String),
    Text(String),
    Integer(i64),
    Boolean(bool),
    List(Vec<Located>),
    Table(Vec<(String, Located)>),
    /// A value no setting has: a float, a date.
    Other(&'static str),
}

/// A value and its source.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Located {
    pub(super) value: Value,
    pub(super) source: Source,
}

impl Value {
    /// The kind of value, for people.
    pub(super) fn kind(&self) -> &'static str {
        match self {
            Self::Bare(_) | Self::Text(_) => "a text",
            Self::Integer(_) => "a number",
            Self::Boolean(_) => "true or false",
            Self::List(_) => "a list",
            Self::Table(_) => "a table",
            Self::Other(kind) => kind,
        }
    }
}

/// What could be read of a file.
pub(super) struct Document {
    pub(super) entries: Vec<(String, Located)>,
    /// Syntax errors and where they are.
    pub(super) errors: Vec<(Source, String)>,
}

/// Reads a TOML document; values that are no setting's are kept as such, for a good complaint.
/// A syntax error doesn't hide what could be read beside it.
pub(super) fn parse_file(path: &Rc<PathBuf>, text: &str) -> Document {
    let at = |offset: usize| {
        let line = 1 + text.bytes().take(offset).filter(|&byte| byte == b'\n').count();
        Source::File { path: Rc::clone(path), line }
    };
    let (table, errors) = DeTable::parse_recoverable(text);
    let errors = errors
        .iter()
        .map(|error| (at(error.span().map_or(0, |span| span.start)), error.message().to_owned()))
        .collect();
    Document { entries: entries(table.get_ref(), &at), errors }
}

/// Reads a list of tables from an environment variable, in JSON or TOML.
pub(super) fn parse_inline(text: &str, source: &Source) -> Result<Located, String> {
    if let Ok(json) = serde_json::from_str(text) {
        return Ok(Located { value: from_json(json, source), source: source.clone() });
    }
    match DeValue::parse(text) {
        Ok(value) => Ok(from_toml(&value, &|_| source.clone())),
        Err(error) => Err(format!("neither JSON nor TOML: {}", error.message())),
    }
}

fn entries(table: &DeTable<'_>, at: &dyn Fn(usize) -> Source) -> Vec<(String, Located)> {
    table.iter().map(|(key, value)| (key.get_ref().to_string(), from_toml(value, at))).collect()
}

fn from_toml(value: &Spanned<DeValue<'_>>, at: &dyn Fn(usize) -> Source) -> Located {
    let source = at(value.span().start);
    let value = match value.get_ref() {
        DeValue::String(text) => Value::Text(text.to_string()),
        DeValue::Integer(number) => i64::from_str_radix(number.as_str(), number.radix())
            .map_or(Value::Other("a number beyond 64 bits"), Value::Integer),
        DeValue::Boolean(boolean) => Value::Boolean(*boolean),
        DeValue::Array(list) => Value::List(list.iter().map(|item| from_toml(item, at)).collect()),
        DeValue::Table(table) => Value::Table(entries(table, at)),
        DeValue::Float(_) => Value::Other("a number with a point"),
        DeValue::Datetime(_) => Value::Other("a date"),
    };
    Located { value, source }
}

fn from_json(json: serde_json::Value, source: &Source) -> Value {
    use serde_json::Value as Json;
    let located = |json| Located { value: from_json(json, source), source: source.clone() };
    match json {
        Json::Null => Value::Other("null"),
        Json::Bool(boolean) => Value::Boolean(boolean),
        Json::Number(number) => number
            .as_i64()
            .map_or(Value::Other("a number beyond 64 bits or with a point"), Value::Integer),
        Json::String(text) => Value::Text(text),
        Json::Array(list) => Value::List(list.into_iter().map(located).collect()),
        Json::Object(map) => {
            Value::Table(map.into_iter().map(|(key, value)| (key, located(value))).collect())
        }
    }
}
