//! The values of a template, with their expressions parsed.

use serde_json::{Number, Value};

use crate::expression::Text;
use crate::json::{member, same};
use crate::limits;
use crate::problem::Problem;

/// A JSON value of a template. Every expression in it has parsed, and its depth is bounded.
#[derive(Debug)]
pub(crate) enum Node {
    Null,
    Bool(bool),
    Number(Number),
    Text(Text),
    Array(Vec<Self>),
    /// Members in order. Their names can be expressions too.
    Object(Vec<(Text, Self)>),
    Loop(Box<Loop>),
    /// What keeps its brackets: the template of a nested deployment.
    Verbatim(Value),
}

/// An array of what one value yields in each turn ("Property iteration in ARM templates").
#[derive(Debug)]
pub(crate) struct Loop {
    /// What `copyIndex` calls it.
    pub(crate) name: Box<str>,
    pub(crate) count: Node,
    pub(crate) input: Node,
}

impl Node {
    /// Reads a value.
    pub(crate) fn read(value: &Value) -> Result<Self, Problem> {
        Self::nested(value, limits::VALUE_DEPTH)
    }

    fn nested(value: &Value, depth: usize) -> Result<Self, Problem> {
        Ok(match value {
            Value::Null => Self::Null,
            Value::Bool(bool) => Self::Bool(*bool),
            Value::Number(number) => Self::Number(number.clone()),
            Value::String(text) => Self::Text(Text::read(text)?),
            Value::Array(elements) => {
                let depth = depth.checked_sub(1).ok_or(Problem::TooDeep)?;
                let read = |element| Self::nested(element, depth);
                Self::Array(elements.iter().map(read).collect::<Result<_, _>>()?)
            }
            Value::Object(members) => {
                let depth = depth.checked_sub(1).ok_or(Problem::TooDeep)?;
                let mut nodes = Vec::with_capacity(members.len());
                for (name, member) in members {
                    match member {
                        Value::Array(loops) if same(name, "copy") => {
                            for each in loops {
                                let each = Loop::read(each, depth)?;
                                let name = Text::Literal(each.name.clone().into());
                                nodes.push((name, Self::Loop(Box::new(each))));
                            }
                        }
                        member => nodes.push((Text::read(name)?, Self::nested(member, depth)?)),
                    }
                }
                Self::Object(nodes)
            }
        })
    }
}

impl Loop {
    /// Reads `{"name": …, "count": …, "input": …}`.
    pub(crate) fn read_named(value: &Value) -> Result<Self, Problem> {
        Self::read(value, limits::VALUE_DEPTH)
    }

    fn read(value: &Value, depth: usize) -> Result<Self, Problem> {
        const FORM: &str = "an object with a name, a count and an input";
        let wrong = || Problem::Structure { what: "an element of copy".into(), expected: FORM };
        let parts = value.as_object().ok_or_else(wrong)?;
        let part = |name| member(parts, name).ok_or_else(wrong);
        Ok(Self {
            name: part("name")?.as_str().ok_or_else(wrong)?.into(),
            count: Node::nested(part("count")?, depth)?,
            input: Node::nested(part("input")?, depth)?,
        })
    }
}
