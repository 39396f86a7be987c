//! Functions on arrays, objects, and texts as what characters are in.

use serde_json::{Map, Value};

use super::{Arguments, Function, MANY};
use crate::json::{self, member};
use crate::problem::Problem;

pub(super) const TABLE: &[Function] = &[
    Function::pure("array", 1..=1, array),
    Function::pure("createArray", 0..=MANY, |a| Ok(a.iter().cloned().collect())),
    Function::pure("createObject", 0..=MANY, create_object),
    Function::pure("length", 1..=1, length),
    Function::pure("empty", 1..=1, empty),
    Function::pure("contains", 2..=2, contains),
    Function::pure("indexOf", 2..=2, index_of),
    Function::pure("first", 1..=1, first),
    Function::pure("last", 1..=1, last),
    Function::pure("skip", 2..=2, skip),
    Function::pure("take", 2..=2, take),
    Function::pure("tryGet", 2..=MANY, try_get),
];

const CONTAINER: &str = "an array, an object or a string";

fn array(arguments: &Arguments<'_>) -> Result<Value, Problem> {
    Ok(match arguments.get(0) {
        array @ Value::Array(_) => array.clone(),
        other => Value::Array(vec![other.clone()]),
    })
}

/// `createObject('key', value, …)`
fn create_object(arguments: &Arguments<'_>) -> Result<Value, Problem> {
    if !arguments.len().is_multiple_of(2) {
        return Err(arguments.expects("keys and values in pairs"));
    }
    let mut object = Map::new();
    for index in (0..arguments.len()).step_by(2) {
        object.insert(arguments.text(index)?.into(), arguments.get(index + 1).clone());
    }
    Ok(object.into())
}

fn length(arguments: &Arguments<'_>) -> Result<Value, Problem> {
    match arguments.get(0) {
        Value::Array(elements) => Ok(elements.len().into()),
        Value::Object(members) => Ok(members.len().into()),
        Value::String(text) => Ok(text.chars().count().into()),
        _ => Err(arguments.wrong(0, CONTAINER)),
    }
}

fn empty(arguments: &Arguments<'_>) -> Result<Value, Problem> {
    match arguments.get(0) {
        Value::Null => Ok(true.into()),
        Value::Array(elements) => Ok(elements.is_empty().into()),
        Value::Object(members) => Ok(members.is_empty().into()),
        Value::String(text) => Ok(text.is_empty().into()),
        _ => Err(arguments.wrong(0, CONTAINER)),
    }
}

/// Whether an array has an element, an object a key, or a text a text.
fn contains(arguments: &Arguments<'_>) -> Result<Value, Problem> {
    let item = arguments.get(1);
    match arguments.get(0) {
        Value::Array(elements) => Ok(elements.contains(item).into()),
        Value::Object(members) => Ok(member(members, &json::text(item)).is_some().into()),
        Value::String(text) => Ok(text.contains(&json::text(item)).into()),
        _ => Err(arguments.wrong(0, CONTAINER)),
    }
}

/// The place of an element in an array, or, whatever the case of letters, of a text in a
/// text; -1 if it isn't there.
fn index_of(arguments: &Arguments<'_>) -> Result<Value, Problem> {
    let index = match arguments.get(0) {
        Value::Array(elements) => elements.iter().position(|e| e == arguments.get(1)),
        _ => {
            let [text, part] = [arguments.text(0)?, arguments.text(1)?].map(str::to_lowercase);
            text.find(&part).map(|at| text[..at].chars().count())
        }
    };
    Ok(index.map_or_else(|| (-1).into(), Value::from))
}

/// Of an empty array there is none, which is null; of an empty text, the empty text.
fn first(arguments: &Arguments<'_>) -> Result<Value, Problem> {
    match arguments.get(0) {
        Value::Array(elements) => Ok(elements.first().cloned().unwrap_or_default()),
        Value::String(text) => Ok(text.chars().next().map(String::from).unwrap_or_default().into()),
        _ => Err(arguments.wrong(0, "an array or a string")),
    }
}

fn last(arguments: &Arguments<'_>) -> Result<Value, Problem> {
    match arguments.get(0) {
        Value::Array(elements) => Ok(elements.last().cloned().unwrap_or_default()),
        Value::String(text) => {
            Ok(text.chars().next_back().map(String::from).unwrap_or_default().into())
        }
        _ => Err(arguments.wrong(0, "an array or a string")),
    }
}

fn skip(arguments: &Arguments<'_>) -> Result<Value, Problem> {
    let count = count(arguments)?;
    match arguments.get(0) {
        Value::Array(elements) => Ok(elements.iter().skip(count).cloned().collect()),
        Value::String(text) => Ok(text.chars().skip(count).collect::<String>().into()),
        _ => Err(arguments.wrong(0, "an array or a string")),
    }
}

fn take(arguments: &Arguments<'_>) -> Result<Value, Problem> {
    let count = count(arguments)?;
    match arguments.get(0) {
        Value::Array(elements) => Ok(elements.iter().take(count).cloned().collect()),
        Value::String(text) => Ok(text.chars().take(count).collect::<String>().into()),
        _ => Err(arguments.wrong(0, "an array or a string")),
    }
}

/// Less than none is none.
fn count(arguments: &Arguments<'_>) -> Result<usize, Problem> {
    Ok(usize::try_from(arguments.int(1)?.max(0)).unwrap_or(usize::MAX))
}

/// `tryGet(value, key, …)`: what is behind all keys, or null.
fn try_get(arguments: &Arguments<'_>) -> Result<Value, Problem> {
    let mut value = arguments.get(0);
    for index in 1..arguments.len() {
        let key = arguments.get(index);
        let next = match (value, key) {
            (Value::Object(members), Value::String(name)) => member(members, name),
            (Value::Array(elements), Value::Number(index)) => {
                index.as_u64().and_then(|index| elements.get(usize::try_from(index).ok()?))
            }
            (_, Value::String(_) | Value::Number(_)) => None,
            _ => return Err(arguments.wrong(index, "a string or an integer")),
        };
        match next {
            Some(next) => value = next,
            None => return Ok(Value::Null),
        }
    }
    Ok(value.clone())
}
