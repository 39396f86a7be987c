//! Numeric functions. Integers have 64 bits; what would overflow is an error.

use serde_json::Value;

use super::{Arguments, Function, MANY};
use crate::limits;
use crate::problem::Problem;

pub(super) const TABLE: &[Function] = &[
    Function::pure("add", 2..=2, |a| calculate(a, i64::checked_add)),
    Function::pure("sub", 2..=2, |a| calculate(a, i64::checked_sub)),
    Function::pure("mul", 2..=2, |a| calculate(a, i64::checked_mul)),
    Function::pure("div", 2..=2, |a| calculate(a, i64::checked_div)),
    Function::pure("mod", 2..=2, |a| calculate(a, i64::checked_rem)),
    Function::pure("min", 1..=MANY, |a| Ok(ints(a)?.into_iter().min().into())),
    Function::pure("max", 1..=MANY, |a| Ok(ints(a)?.into_iter().max().into())),
    Function::pure("range", 2..=2, range),
];

fn calculate(
    arguments: &Arguments<'_>,
    operation: fn(i64, i64) -> Option<i64>,
) -> Result<Value, Problem> {
    let result = operation(arguments.int(0)?, arguments.int(1)?);
    let wrong = || arguments.expects("a result that is an integer of 64 bits");
    result.map(Value::from).ok_or_else(wrong)
}

/// All arguments, or the elements of the only one.
fn ints(arguments: &Arguments<'_>) -> Result<Vec<i64>, Problem> {
    match arguments.get(0) {
        Value::Array(elements) if arguments.len() == 1 && !elements.is_empty() => {
            let ints = elements.iter().map(Value::as_i64).collect::<Option<_>>();
            ints.ok_or_else(|| arguments.wrong(0, "an array of integers"))
        }
        _ => (0..arguments.len()).map(|index| arguments.int(index)).collect(),
    }
}

/// `range(start, count)`
fn range(arguments: &Arguments<'_>) -> Result<Value, Problem> {
    let (start, count) = (arguments.int(0)?, arguments.int(1)?);
    let end = start.checked_add(count).filter(|&end| end <= i64::from(i32::MAX));
    let within = (0..=limits::RANGE).contains(&count);
    let Some(end) = end.filter(|_| within) else {
        return Err(arguments.expects(
            "a count from 0 to 10000, and the sum of both parameters to be at most 2147483647",
        ));
    };
    Ok((start..end).collect())
}
