//! Conversions between types.

use serde_json::Value;

use super::{Arguments, Function};
use crate::json;
use crate::problem::Problem;

pub(super) const TABLE: &[Function] = &[
    Function::pure("string", 1..=1, |a| Ok(json::text(a.get(0)).into())),
    Function::pure("int", 1..=1, int),
    Function::pure("bool", 1..=1, bool),
    Function::pure("json", 1..=1, parse),
];

fn int(arguments: &Arguments<'_>) -> Result<Value, Problem> {
    match arguments.get(0) {
        Value::String(text) => {
            let int = text.trim().parse::<i64>();
            int.map(Value::from).map_err(|_| arguments.wrong(0, "the text of an integer"))
        }
        _ => arguments.int(0).map(Value::from),
    }
}

fn bool(arguments: &Arguments<'_>) -> Result<Value, Problem> {
    let bool = match arguments.get(0) {
        Value::Bool(bool) => Some(*bool),
        Value::Number(number) => number.as_i64().map(|number| number != 0),
        Value::String(text) if text.eq_ignore_ascii_case("true") || text == "1" => Some(true),
        Value::String(text) if text.eq_ignore_ascii_case("false") || text == "0" => Some(false),
        _ => None,
    };
    bool.map(Value::from).ok_or_else(|| arguments.wrong(0, "a boolean, or one as text or integer"))
}

/// `json('…')`. What it yields is paid for afterwards; it is at most some thirty times as
/// big as the text, which was.
fn parse(arguments: &Arguments<'_>) -> Result<Value, Problem> {
    let text = arguments.text(0)?;
    arguments.budget.bytes(text.len().saturating_mul(8))?;
    serde_json::from_str(text).map_err(|_| arguments.wrong(0, "valid JSON"))
}
