//! Outputs as a template declares them ("Outputs in ARM templates").

use serde_json::Value;

use super::{ParameterType, limited, object, structure};
use crate::json::member;
use crate::limits;
use crate::node::{Loop, Node};
use crate::problem::Problem;

/// An output of a template.
#[derive(Debug)]
pub(crate) struct Output {
    pub(crate) name: Box<str>,
    pub(crate) output_type: ParameterType,
    pub(crate) condition: Option<Node>,
    pub(crate) value: Node,
    pub(crate) is_nullable: bool,
}

pub(super) fn read(value: &Value) -> Result<Vec<Output>, Problem> {
    let members = object("outputs", value)?;
    limited("outputs", limits::OUTPUTS, members.len())?;
    members.iter().map(|(name, value)| Output::read(name, value)).collect()
}

impl Output {
    fn read(name: &str, value: &Value) -> Result<Self, Problem> {
        let members = object(name, value)?;
        if members.contains_key("$ref") {
            return Err(Problem::Unsupported("user-defined types"));
        }
        let part = |part| member(members, part);
        let value = match (part("value"), part("copy")) {
            (Some(value), None) => Node::read(value)?,
            (None, Some(copy)) => {
                let copy = object("copy", copy)?;
                let part = |part| member(copy, part).ok_or_else(|| structure(part, "there"));
                let (count, input) = (Node::read(part("count")?)?, Node::read(part("input")?)?);
                Node::Loop(Box::new(Loop { name: name.into(), count, input }))
            }
            _ => return Err(structure(name, "an output with a value or a copy")),
        };
        Ok(Self {
            name: name.into(),
            output_type: ParameterType::read(name, part("type"))?,
            condition: part("condition").map(Node::read).transpose()?,
            value,
            is_nullable: part("nullable").and_then(Value::as_bool).unwrap_or(false),
        })
    }
}
