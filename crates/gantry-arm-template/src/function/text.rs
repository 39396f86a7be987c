//! Functions on texts. Lengths and places count characters.

use serde_json::Value;

use super::{Arguments, Function, MANY};
use crate::json;
use crate::problem::Problem;

pub(super) const TABLE: &[Function] = &[
    Function::pure("concat", 1..=MANY, concat),
    Function::pure("toLower", 1..=1, |a| Ok(a.text(0)?.to_lowercase().into())),
    Function::pure("toUpper", 1..=1, |a| Ok(a.text(0)?.to_uppercase().into())),
    Function::pure("trim", 1..=1, |a| Ok(a.text(0)?.trim().into())),
    Function::pure("startsWith", 2..=2, starts_with),
    Function::pure("endsWith", 2..=2, ends_with),
    Function::pure("replace", 3..=3, replace),
    Function::pure("substring", 2..=3, substring),
    Function::pure("split", 2..=2, split),
    Function::pure("join", 2..=2, join),
    Function::pure("padLeft", 2..=3, pad_left),
];

/// Joins arrays if the first is one, and else texts.
fn concat(arguments: &Arguments<'_>) -> Result<Value, Problem> {
    if arguments.get(0).is_array() {
        let mut joined = Vec::new();
        for index in 0..arguments.len() {
            joined.extend(arguments.array(index)?.iter().cloned());
        }
        return Ok(joined.into());
    }
    let mut joined = String::new();
    for (index, value) in arguments.iter().enumerate() {
        if value.is_array() || value.is_object() {
            return Err(arguments.wrong(index, "a string, an integer or a boolean"));
        }
        joined.push_str(&json::text(value));
    }
    Ok(joined.into())
}

/// The case of letters doesn't count.
fn starts_with(arguments: &Arguments<'_>) -> Result<Value, Problem> {
    let [text, start] = [arguments.text(0)?, arguments.text(1)?].map(str::to_lowercase);
    Ok(text.starts_with(&start).into())
}

/// The case of letters doesn't count.
fn ends_with(arguments: &Arguments<'_>) -> Result<Value, Problem> {
    let [text, end] = [arguments.text(0)?, arguments.text(1)?].map(str::to_lowercase);
    Ok(text.ends_with(&end).into())
}

fn replace(arguments: &Arguments<'_>) -> Result<Value, Problem> {
    let (text, old, new) = (arguments.text(0)?, arguments.text(1)?, arguments.text(2)?);
    if old.is_empty() {
        return Err(arguments.wrong(1, "a string with characters"));
    }
    arguments.budget.bytes(text.matches(old).count().saturating_mul(new.len()))?;
    Ok(text.replace(old, new).into())
}

fn substring(arguments: &Arguments<'_>) -> Result<Value, Problem> {
    let text: Vec<char> = arguments.text(0)?.chars().collect();
    let start = usize::try_from(arguments.int(1)?).ok().filter(|&start| start <= text.len());
    let rest = start.map(|start| &text[start..]);
    let part = match (rest, arguments.len()) {
        (Some(rest), 3) => usize::try_from(arguments.int(2)?).ok().and_then(|len| rest.get(..len)),
        (rest, _) => rest,
    };
    let wrong = || arguments.expects("a start and a length within the string");
    part.map(|part| part.iter().collect::<String>().into()).ok_or_else(wrong)
}

/// Splits at a text, or at each of several. The longest comes first where two begin alike.
fn split(arguments: &Arguments<'_>) -> Result<Value, Problem> {
    let text = arguments.text(0)?;
    let delimiters = match arguments.get(1) {
        Value::String(delimiter) => vec![delimiter.as_str()],
        Value::Array(delimiters) => {
            let texts = delimiters.iter().map(Value::as_str).collect::<Option<_>>();
            texts.ok_or_else(|| arguments.wrong(1, "a string or an array of strings"))?
        }
        _ => return Err(arguments.wrong(1, "a string or an array of strings")),
    };
    // Each place of the text is compared with each delimiter.
    arguments.budget.bytes(text.len().saturating_mul(delimiters.len()))?;
    let (mut parts, mut part, mut rest) = (Vec::new(), 0, 0);
    while rest < text.len() {
        let here = delimiters.iter().filter(|d| !d.is_empty() && text[rest..].starts_with(**d));
        match here.map(|delimiter| delimiter.len()).max() {
            Some(len) => {
                arguments.budget.step()?;
                parts.push(text[part..rest].into());
                rest += len;
                part = rest;
            }
            None => rest += text[rest..].chars().next().map_or(1, char::len_utf8),
        }
    }
    parts.push(text[part..].into());
    Ok(Value::Array(parts))
}

fn join(arguments: &Arguments<'_>) -> Result<Value, Problem> {
    let (parts, delimiter) = (arguments.array(0)?, arguments.text(1)?);
    arguments.budget.bytes(parts.len().saturating_mul(delimiter.len()))?;
    Ok(parts.iter().map(json::text).collect::<Vec<_>>().join(delimiter).into())
}

fn pad_left(arguments: &Arguments<'_>) -> Result<Value, Problem> {
    let text = match arguments.get(0) {
        Value::String(text) => text.clone(),
        _ => arguments.int(0)?.to_string(),
    };
    let negative = || arguments.wrong(1, "an integer that isn't negative");
    let len = usize::try_from(arguments.int(1)?).map_err(|_| negative())?;
    let padding = if arguments.len() == 3 { arguments.text(2)? } else { " " };
    if padding.chars().count() != 1 {
        return Err(arguments.wrong(2, "a single character"));
    }
    let missing = len.saturating_sub(text.chars().count());
    arguments.budget.bytes(missing.saturating_mul(padding.len()))?;
    Ok((padding.repeat(missing) + &text).into())
}
