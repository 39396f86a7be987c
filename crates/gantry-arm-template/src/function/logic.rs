//! Logical and comparison functions, and the literals of JSON.

use std::cmp::Ordering;

use serde_json::Value;

use super::{Arguments, Function, MANY};
use crate::problem::Problem;

pub(super) const TABLE: &[Function] = &[
    Function::pure("true", 0..=0, |_| Ok(true.into())),
    Function::pure("false", 0..=0, |_| Ok(false.into())),
    // Old templates write null('…').
    Function::pure("null", 0..=1, |_| Ok(Value::Null)),
    Function::pure("not", 1..=1, |arguments| Ok((!arguments.bool(0)?).into())),
    Function::pure("and", 2..=MANY, and),
    Function::pure("or", 2..=MANY, or),
    Function::pure("equals", 2..=2, |a| Ok((a.get(0) == a.get(1)).into())),
    Function::pure("coalesce", 1..=MANY, coalesce),
    Function::pure("less", 2..=2, |a| Ok(compare(a)?.is_lt().into())),
    Function::pure("lessOrEquals", 2..=2, |a| Ok(compare(a)?.is_le().into())),
    Function::pure("greater", 2..=2, |a| Ok(compare(a)?.is_gt().into())),
    Function::pure("greaterOrEquals", 2..=2, |a| Ok(compare(a)?.is_ge().into())),
];

fn and(arguments: &Arguments<'_>) -> Result<Value, Problem> {
    let mut all = true;
    for index in 0..arguments.len() {
        all &= arguments.bool(index)?;
    }
    Ok(all.into())
}

fn or(arguments: &Arguments<'_>) -> Result<Value, Problem> {
    let mut any = false;
    for index in 0..arguments.len() {
        any |= arguments.bool(index)?;
    }
    Ok(any.into())
}

/// The first that is not null.
fn coalesce(arguments: &Arguments<'_>) -> Result<Value, Problem> {
    Ok(arguments.iter().find(|value| !value.is_null()).cloned().unwrap_or_default())
}

fn compare(arguments: &Arguments<'_>) -> Result<Ordering, Problem> {
    match arguments.get(0) {
        Value::String(a) => Ok(compare_texts(a, arguments.text(1)?)),
        _ => Ok(arguments.int(0)?.cmp(&arguments.int(1)?)),
    }
}

/// As the invariant culture orders: by letters, and only where all are the same, small ones
/// before capitals. The documentation has `greater('A', 'a')` as true.
fn compare_texts(a: &str, b: &str) -> Ordering {
    let by_letter = a.to_lowercase().cmp(&b.to_lowercase());
    let is_capital = |c: char| c.is_uppercase();
    by_letter.then_with(|| a.chars().map(is_capital).cmp(b.chars().map(is_capital)))
}
