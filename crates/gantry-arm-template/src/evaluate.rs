//! From expressions to values.

use std::borrow::Cow;
use std::cell::RefCell;

use serde_json::{Map, Value};

use crate::budget::Budget;
use crate::context::Context;
use crate::expression::{Expression, Text};
use crate::function::{Arguments, Body};
use crate::json::{member, type_name};
use crate::known::{Halt, Known};
use crate::limits;
use crate::node::{Loop, Node};
use crate::problem::Problem;
use crate::settle::{Settled, Settling};
use crate::targets::Targets;
use crate::template::Parts;

/// Where in a template an expression is, which says what it can ask for.
#[derive(Clone, Copy)]
pub(crate) enum Place<'a> {
    /// A parameter's default.
    Default(&'a Settling<'a>),
    Variable(&'a Settling<'a>),
    /// What must be known before anything is deployed: names, conditions, loops.
    Plan(&'a Settled),
    /// A resource's body, or an output.
    Runtime(Runtime<'a>),
}

/// What expressions can ask for while a deployment is under way.
#[derive(Clone, Copy)]
pub(crate) struct Runtime<'a> {
    pub(crate) settled: &'a Settled,
    pub(crate) targets: &'a Targets,
    pub(crate) known: &'a Known,
}

/// A turn of a loop.
#[derive(Clone, Debug)]
pub(crate) struct Turn {
    pub(crate) name: Box<str>,
    pub(crate) index: i64,
}

/// Evaluates what is in one place of a template.
///
/// What parameters, variables and answers hold is borrowed for as long as it is only looked
/// into, so `parameters('config').a` doesn't pay for the whole of it.
pub(crate) struct Evaluator<'a> {
    pub(crate) parts: &'a Parts,
    pub(crate) context: &'a Context,
    pub(crate) place: Place<'a>,
    pub(crate) budget: &'a Budget,
    turns: RefCell<Vec<Turn>>,
}

impl<'a> Evaluator<'a> {
    pub(crate) fn new(
        parts: &'a Parts,
        context: &'a Context,
        place: Place<'a>,
        budget: &'a Budget,
        turns: Vec<Turn>,
    ) -> Self {
        Self { parts, context, place, budget, turns: RefCell::new(turns) }
    }

    /// The value of a part of the template.
    pub(crate) fn node(&self, node: &'a Node) -> Result<Value, Halt> {
        self.budget.within(|| {
            Ok(match node {
                Node::Null => Value::Null,
                Node::Bool(bool) => Value::Bool(*bool),
                Node::Number(number) => Value::Number(number.clone()),
                Node::Text(text) => self.text(text)?,
                Node::Array(elements) => {
                    elements.iter().map(|element| self.node(element)).collect::<Result<_, _>>()?
                }
                Node::Object(members) => self.object(members)?,
                Node::Loop(each) => self.elements(each)?,
                Node::Verbatim(value) => {
                    self.budget.value(value)?;
                    value.clone()
                }
            })
        })
    }

    fn text(&self, text: &'a Text) -> Result<Value, Halt> {
        match text {
            Text::Literal(text) => {
                self.budget.bytes(text.len())?;
                Ok(text.as_str().into())
            }
            Text::Expression(expression) => match self.expression(expression)? {
                Cow::Owned(value) => Ok(value),
                Cow::Borrowed(value) => {
                    self.budget.value(value)?;
                    Ok(value.clone())
                }
            },
        }
    }

    fn object(&self, members: &'a [(Text, Node)]) -> Result<Value, Halt> {
        let mut object = Map::new();
        for (name, member) in members {
            let name = match self.text(name)? {
                Value::String(name) => name,
                other => return Err(wrong_type("a property's name", "a string", &other).into()),
            };
            object.insert(name, self.node(member)?);
        }
        Ok(object.into())
    }

    fn elements(&self, each: &'a Loop) -> Result<Value, Halt> {
        let mut elements = Vec::new();
        self.each_turn(each, || {
            elements.push(self.node(&each.input)?);
            Ok(())
        })?;
        Ok(elements.into())
    }

    /// Does something in each turn of a loop.
    pub(crate) fn each_turn(
        &self,
        each: &'a Loop,
        mut work: impl FnMut() -> Result<(), Halt>,
    ) -> Result<(), Halt> {
        for index in 0..self.count(&each.count)? {
            self.turns.borrow_mut().push(Turn { name: each.name.clone(), index });
            let done = work();
            self.turns.borrow_mut().pop();
            done?;
        }
        Ok(())
    }

    /// The turns of a loop.
    pub(crate) fn count(&self, count: &'a Node) -> Result<i64, Halt> {
        let most = i64::try_from(limits::TURNS).expect("a small constant");
        match self.node(count)? {
            Value::Number(count) if count.as_i64().is_some_and(|n| (0..=most).contains(&n)) => {
                Ok(count.as_i64().expect("checked in the line above"))
            }
            other => Err(wrong_type("copy.count", "an integer from 0 to 800", &other).into()),
        }
    }

    /// The value of an expression.
    pub(crate) fn expression(&self, expression: &'a Expression) -> Result<Cow<'a, Value>, Halt> {
        self.budget.within(|| match expression {
            Expression::Text(text) => {
                self.budget.bytes(text.len())?;
                Ok(Cow::Owned(text.as_str().into()))
            }
            Expression::Int(int) => Ok(Cow::Owned((*int).into())),
            Expression::Member { of, key } => {
                let (key, value) = (self.expression(key)?, self.expression(of)?);
                // A name in another case is looked for among all.
                self.budget.bytes(value.as_object().map_or(0, Map::len))?;
                match value {
                    Cow::Borrowed(value) => Ok(Cow::Borrowed(pick(value, &key)?)),
                    Cow::Owned(value) => Ok(Cow::Owned(pick(&value, &key)?.clone())),
                }
            }
            Expression::If(branches) => {
                let [condition, then, otherwise] = &**branches;
                match *self.expression(condition)? {
                    Value::Bool(true) => self.expression(then),
                    Value::Bool(false) => self.expression(otherwise),
                    ref other => Err(wrong_type("the condition of if", "a boolean", other).into()),
                }
            }
            Expression::Call(call) => {
                let arguments = call.arguments.iter().map(|argument| self.expression(argument));
                let values = arguments.collect::<Result<_, _>>()?;
                let arguments = Arguments { function: &call.name, values, budget: self.budget };
                let value = match call.function.body {
                    Body::Pure(body) => {
                        for value in &arguments.values {
                            if let Cow::Borrowed(value) = value {
                                self.budget.value(value)?;
                            }
                        }
                        Cow::Owned(body(&arguments)?)
                    }
                    Body::Asking(body) => body(self, &arguments)?,
                };
                if let Cow::Owned(value) = &value {
                    self.budget.value(value)?;
                }
                Ok(value)
            }
        })
    }

    /// The index of a loop's turn: of the outermost one, or of the one with this name.
    pub(crate) fn turn(&self, name: Option<&str>) -> Option<i64> {
        let turns = self.turns.borrow();
        let named = |turn: &&Turn| name.is_none_or(|name| turn.name.eq_ignore_ascii_case(name));
        turns.iter().find(named).map(|turn| turn.index)
    }
}

/// A value that must be a text: a name, an API version.
pub(crate) fn expect_text(what: &str, value: Value) -> Result<String, Problem> {
    match value {
        Value::String(text) => Ok(text),
        other => Err(wrong_type(what, "a string", &other)),
    }
}

pub(crate) fn wrong_type(what: &str, expected: &'static str, actual: &Value) -> Problem {
    Problem::Type { what: what.into(), expected, actual: type_name(actual) }
}

/// A member of an object, or an element of an array.
fn pick<'v>(value: &'v Value, key: &Value) -> Result<&'v Value, Problem> {
    match (value, key) {
        (Value::Object(members), Value::String(name)) => member(members, name).ok_or_else(|| {
            Problem::PropertyMissing { name: name.as_str().into(), available: listed(members) }
        }),
        (Value::Array(elements), Value::Number(index)) if index.is_i64() => {
            let index = index.as_i64().expect("checked in the line above");
            let element = usize::try_from(index).ok().and_then(|index| elements.get(index));
            element.ok_or(Problem::OutOfBounds { index, len: elements.len() })
        }
        (value, key) => {
            let key = match key {
                Value::String(name) => name.as_str().into(),
                Value::Number(index) => index.to_string().into(),
                other => type_name(other).into(),
            };
            Err(Problem::NoMember { key, of: type_name(value) })
        }
    }
}

/// The names of members, as many as are no burden: errors are not paid for.
fn listed(members: &Map<String, Value>) -> Box<str> {
    const MOST: usize = 512;
    let mut listed = String::new();
    for name in members.keys() {
        let separator = if listed.is_empty() { "" } else { ", " };
        if listed.len() + name.len() > MOST {
            return (listed + separator + "…").into();
        }
        listed = listed + separator + name;
    }
    listed.into()
}
