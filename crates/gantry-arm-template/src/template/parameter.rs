//! Parameters as a template declares them ("Parameters in ARM templates").

use std::collections::BTreeMap;

use serde_json::Value;

use super::{limited, object, structure, text};
use crate::budget::Budget;
use crate::json::{member, type_name};
use crate::limits;
use crate::node::Node;
use crate::problem::Problem;

/// A parameter that a template takes.
#[derive(Debug)]
pub(crate) struct Declaration {
    pub(crate) name: Box<str>,
    pub(crate) parameter_type: ParameterType,
    pub(crate) default: Option<Node>,
    pub(crate) is_nullable: bool,
    allowed: Option<Vec<Value>>,
    /// `minLength` and `maxLength`.
    length: (Option<i64>, Option<i64>),
    /// `minValue` and `maxValue`.
    value: (Option<i64>, Option<i64>),
}

/// The type of a parameter or an output.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum ParameterType {
    String,
    SecureString,
    Int,
    Bool,
    Object,
    SecureObject,
    Array,
}

pub(super) fn read(value: &Value) -> Result<BTreeMap<String, Declaration>, Problem> {
    let members = object("parameters", value)?;
    limited("parameters", limits::PARAMETERS, members.len())?;
    let mut declarations = BTreeMap::new();
    for (name, value) in members {
        let declaration = Declaration::read(name, value)?;
        if declarations.insert(name.to_ascii_lowercase(), declaration).is_some() {
            return Err(structure(name, "a parameter of its own name"));
        }
    }
    Ok(declarations)
}

impl Declaration {
    fn read(name: &str, value: &Value) -> Result<Self, Problem> {
        let members = object(name, value)?;
        if members.contains_key("$ref") {
            return Err(Problem::Unsupported("user-defined types"));
        }
        let part = |part| member(members, part);
        let int = |of| match part(of) {
            None => Ok(None),
            Some(value) => value.as_i64().map(Some).ok_or_else(|| structure(of, "an integer")),
        };
        let allowed = match part("allowedValues") {
            None => None,
            Some(Value::Array(values)) => Some(values.clone()),
            Some(_) => return Err(structure("allowedValues", "an array")),
        };
        Ok(Self {
            name: name.into(),
            parameter_type: ParameterType::read(name, part("type"))?,
            default: part("defaultValue").map(Node::read).transpose()?,
            is_nullable: part("nullable").and_then(Value::as_bool).unwrap_or(false),
            allowed,
            length: (int("minLength")?, int("maxLength")?),
            value: (int("minValue")?, int("maxValue")?),
        })
    }

    /// Whether the parameter can have the value.
    pub(crate) fn check(&self, value: &Value, budget: &Budget) -> Result<(), Problem> {
        if value.is_null() && self.is_nullable {
            return Ok(());
        }
        if !self.parameter_type.has(value) {
            let (expected, actual) = (self.parameter_type.expected(), type_name(value));
            return Err(Problem::ParameterType { name: self.name.clone(), expected, actual });
        }
        self.check_allowed(value, budget)?;
        let length = match value {
            Value::String(text) => Some(text.chars().count()),
            Value::Array(elements) => Some(elements.len()),
            _ => None,
        };
        let length = length.and_then(|length| i64::try_from(length).ok());
        self.check_bounds("Length of the value", length, self.length)?;
        self.check_bounds("The value", value.as_i64(), self.value)
    }

    /// Each element of an array must be allowed, or the array as a whole.
    fn check_allowed(&self, value: &Value, budget: &Budget) -> Result<(), Problem> {
        let Some(allowed) = &self.allowed else { return Ok(()) };
        let elements = value.as_array().map_or(1, Vec::len);
        budget.bytes(elements.saturating_mul(allowed.len()))?;
        let each_allowed = value.as_array().is_some_and(|e| e.iter().all(|e| allowed.contains(e)));
        if allowed.contains(value) || each_allowed {
            return Ok(());
        }
        let allowed: Vec<_> = allowed.iter().map(crate::json::text).collect();
        let allowed = allowed.join(",");
        Err(self.invalid(if self.parameter_type.is_secure() {
            "The value is not part of the allowed values.".to_owned()
        } else {
            let (value, allowed) = (shortened(crate::json::text(value)), shortened(allowed));
            format!("The value '{value}' is not part of the allowed value(s): '{allowed}'.")
        }))
    }

    fn check_bounds(
        &self,
        what: &str,
        actual: Option<i64>,
        (min, max): (Option<i64>, Option<i64>),
    ) -> Result<(), Problem> {
        let Some(actual) = actual else { return Ok(()) };
        match (min, max) {
            (Some(min), _) if actual < min => {
                Err(self.invalid(format!("{what} should be greater than or equal to '{min}'.")))
            }
            (_, Some(max)) if actual > max => {
                Err(self.invalid(format!("{what} should be less than or equal to '{max}'.")))
            }
            _ => Ok(()),
        }
    }

    fn invalid(&self, reason: String) -> Problem {
        Problem::ParameterValue { name: self.name.clone(), reason: reason.into() }
    }
}

/// As much of a text as someone would read.
fn shortened(text: String) -> String {
    const CHARS: usize = 500;
    match text.char_indices().nth(CHARS) {
        None => text,
        Some((at, _)) => format!("{}…", &text[..at]),
    }
}

impl ParameterType {
    const EACH: [Self; 7] = [
        Self::String,
        Self::SecureString,
        Self::Int,
        Self::Bool,
        Self::Object,
        Self::SecureObject,
        Self::Array,
    ];

    /// The type by its name, in whatever case.
    pub(super) fn read(of: &str, value: Option<&Value>) -> Result<Self, Problem> {
        const TYPES: &str =
            "of type string, securestring, int, bool, object, secureObject or array";
        let name = text(of, value.ok_or_else(|| structure(of, TYPES))?)?;
        let known = Self::EACH.into_iter().find(|t| t.as_str().eq_ignore_ascii_case(name));
        known.ok_or_else(|| structure(of, TYPES))
    }

    /// The name as a deployment shows it.
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::String => "String",
            Self::SecureString => "SecureString",
            Self::Int => "Int",
            Self::Bool => "Bool",
            Self::Object => "Object",
            Self::SecureObject => "SecureObject",
            Self::Array => "Array",
        }
    }

    /// The types of values, as an error names them.
    pub(crate) const fn expected(self) -> &'static str {
        match self {
            Self::String | Self::SecureString => "String, Uri",
            Self::Int => "Integer",
            Self::Bool => "Boolean",
            Self::Object | Self::SecureObject => "Object",
            Self::Array => "Array",
        }
    }

    pub(crate) const fn is_secure(self) -> bool {
        matches!(self, Self::SecureString | Self::SecureObject)
    }

    /// Whether a value is of the type.
    pub(crate) fn has(self, value: &Value) -> bool {
        match self {
            Self::String | Self::SecureString => value.is_string(),
            Self::Int => value.is_i64(),
            Self::Bool => value.is_boolean(),
            Self::Object | Self::SecureObject => value.is_object(),
            Self::Array => value.is_array(),
        }
    }
}
