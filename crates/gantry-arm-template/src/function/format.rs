//! `format`: composite formatting, with the formats of integers that templates use.

use serde_json::Value;

use super::{Arguments, Function, MANY};
use crate::json;
use crate::problem::Problem;

pub(super) const TABLE: &[Function] = &[Function::pure("format", 1..=MANY, format)];

/// `format('{0}-{1:D3}', …)`: `{index[,width][:format]}`, and `{{` and `}}` for braces.
fn format(arguments: &Arguments<'_>) -> Result<Value, Problem> {
    let mut formatted = String::new();
    let mut rest = arguments.text(0)?;
    while let Some(at) = rest.find(['{', '}']) {
        let (before, from) = rest.split_at(at);
        formatted.push_str(before);
        if let Some(after) = from.strip_prefix("{{").or_else(|| from.strip_prefix("}}")) {
            formatted.push_str(&from[..1]);
            rest = after;
            continue;
        }
        let wrong = || arguments.wrong(0, "a composite format string");
        let (item, after) =
            from.strip_prefix('{').and_then(|item| item.split_once('}')).ok_or_else(wrong)?;
        formatted.push_str(&formatted_item(arguments, item)?);
        rest = after;
    }
    formatted.push_str(rest);
    Ok(formatted.into())
}

/// One `index[,width][:format]`. Text of a negative width is to the left.
fn formatted_item(arguments: &Arguments<'_>, item: &str) -> Result<String, Problem> {
    let wrong = || arguments.wrong(0, "a composite format string with indexes of its arguments");
    let (place, spec) = item.split_once(':').unwrap_or((item, ""));
    let (index, width) = place.split_once(',').unwrap_or((place, "0"));
    let index: usize = index.trim().parse().map_err(|_| wrong())?;
    let width: i16 = width.trim().parse().map_err(|_| wrong())?;
    let value = arguments.values.get(index.saturating_add(1)).ok_or_else(wrong)?;
    let text = match value.as_i64().filter(|_| !spec.is_empty()) {
        Some(int) => formatted_int(int, spec).ok_or_else(|| {
            arguments
                .expects(format!("a format of integers such as N0, D3, X2 or 000, not '{spec}'"))
        })?,
        None => json::text(value),
    };
    let columns = usize::from(width.unsigned_abs());
    arguments.budget.bytes(text.len().saturating_add(columns))?;
    Ok(if width < 0 { format!("{text:<columns$}") } else { format!("{text:>columns$}") })
}

/// An integer by a standard format (D, N, X with a precision) or by a run of zeros.
fn formatted_int(int: i64, spec: &str) -> Option<String> {
    if spec.bytes().all(|b| b == b'0') {
        return padded(int, spec.len());
    }
    let (letter, precision) = spec.split_at_checked(1)?;
    let given = if precision.is_empty() { None } else { Some(precision.parse().ok()?) };
    match letter {
        "D" | "d" => padded(int, given.unwrap_or(0)),
        "X" => Some(format!("{int:0len$X}", len = bounded(given.unwrap_or(0))?)),
        "x" => Some(format!("{int:0len$x}", len = bounded(given.unwrap_or(0))?)),
        "N" | "n" => {
            let decimals = bounded(given.unwrap_or(2))?;
            let point = if decimals > 0 { "." } else { "" };
            Some(format!("{}{point}{}", grouped(int), "0".repeat(decimals)))
        }
        _ => None,
    }
}

/// The precision, if it is one that can be meant.
fn bounded(precision: usize) -> Option<usize> {
    (precision <= 99).then_some(precision)
}

/// At least as many digits, and a sign that doesn't count.
fn padded(int: i64, digits: usize) -> Option<String> {
    let sign = if int < 0 { "-" } else { "" };
    Some(format!("{sign}{:0digits$}", int.unsigned_abs(), digits = bounded(digits)?))
}

/// With a comma before each three digits.
fn grouped(int: i64) -> String {
    let digits = int.unsigned_abs().to_string();
    let mut grouped = String::from(if int < 0 { "-" } else { "" });
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped
}
