//! JSON as templates see it.

use serde_json::{Map, Value};

/// A member by its name, in whatever case: ARM's names ignore it. The exact name wins.
pub(crate) fn member<'a>(members: &'a Map<String, Value>, name: &str) -> Option<&'a Value> {
    let folded = || members.iter().find(|(known, _)| same(known, name)).map(|(_, value)| value);
    members.get(name).or_else(folded)
}

/// Whether two names are one.
pub(crate) fn same(a: &str, b: &str) -> bool {
    a.eq_ignore_ascii_case(b)
}

/// The type of a value, by the name that ARM's messages have for it.
pub(crate) fn type_name(value: &Value) -> &'static str {
    match value {
        Value::Null => "Null",
        Value::Bool(_) => "Boolean",
        Value::Number(number) if number.is_f64() => "Float",
        Value::Number(_) => "Integer",
        Value::String(_) => "String",
        Value::Array(_) => "Array",
        Value::Object(_) => "Object",
    }
}

/// A text, number or truth value as `string`, `concat` and `format` write it, and other
/// values as JSON on one line.
pub(crate) fn text(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Bool(true) => "True".into(),
        Value::Bool(false) => "False".into(),
        Value::Null => String::new(),
        other => other.to_string(),
    }
}
