//! Arrays and objects as sets.

use std::collections::BTreeSet;

use serde_json::{Map, Value};

use super::{Arguments, Function, MANY};
use crate::problem::Problem;

pub(super) const TABLE: &[Function] = &[
    Function::pure("union", 2..=MANY, union),
    Function::pure("intersection", 2..=MANY, intersection),
];

/// All elements once, in order of their first; or all members, of which the last wins.
fn union(arguments: &Arguments<'_>) -> Result<Value, Problem> {
    if arguments.get(0).is_array() {
        let (mut all, mut seen) = (Vec::new(), BTreeSet::new());
        for index in 0..arguments.len() {
            let new = arguments.array(index)?.iter().filter(|e| seen.insert(e.to_string()));
            all.extend(new.cloned());
        }
        return Ok(all.into());
    }
    let mut all = Map::new();
    for index in 0..arguments.len() {
        merge(&mut all, arguments.object(index)?);
    }
    Ok(all.into())
}

/// Objects within are merged too, arrays within are not.
fn merge(into: &mut Map<String, Value>, from: &Map<String, Value>) {
    for (name, value) in from {
        match (into.get_mut(name), value) {
            (Some(Value::Object(into)), Value::Object(from)) => merge(into, from),
            _ => {
                into.insert(name.clone(), value.clone());
            }
        }
    }
}

/// The elements that all have, or the members that all have with the same value.
fn intersection(arguments: &Arguments<'_>) -> Result<Value, Problem> {
    if arguments.get(0).is_array() {
        let mut common = arguments.array(0)?.clone();
        for index in 1..arguments.len() {
            let others = arguments.array(index)?.iter().map(Value::to_string);
            let others: BTreeSet<_> = others.collect();
            common.retain(|element| others.contains(&element.to_string()));
        }
        let mut seen = BTreeSet::new();
        common.retain(|element| seen.insert(element.to_string()));
        return Ok(common.into());
    }
    let mut common = arguments.object(0)?.clone();
    for index in 1..arguments.len() {
        let others = arguments.object(index)?;
        common.retain(|name, value| others.get(name) == Some(value));
    }
    Ok(common.into())
}
