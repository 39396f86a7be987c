//! The values of parameters and variables.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;

use serde_json::Value;
use uuid::Uuid;

use crate::budget::Budget;
use crate::context::Context;
use crate::evaluate::{Evaluator, Place};
use crate::json::member;
use crate::known::Halt;
use crate::node::Node;
use crate::problem::Problem;
use crate::template::{Declaration, Parts};

/// All parameters and variables, by their names in lower case.
#[derive(Debug)]
pub(crate) struct Settled {
    parameters: BTreeMap<String, Value>,
    variables: BTreeMap<String, Value>,
}

/// Parameters and variables of which some have their values, and some need each other's.
pub(crate) struct Settling<'a> {
    parts: &'a Parts,
    context: &'a Context,
    budget: &'a Budget,
    given: BTreeMap<String, &'a Value>,
    parameters: RefCell<BTreeMap<String, Value>>,
    variables: RefCell<BTreeMap<String, Value>>,
    /// What is being evaluated, the outermost first.
    under_way: RefCell<Vec<Box<str>>>,
    /// How many GUIDs were made.
    guids: Cell<u32>,
}

/// Evaluates what the parameters that were given leave open, and all variables.
pub(crate) fn settle(
    parts: &Parts,
    context: &Context,
    given: &Value,
    budget: &Budget,
) -> Result<Settled, Problem> {
    let settling = Settling {
        parts,
        context,
        budget,
        given: read_given(parts, given)?,
        parameters: RefCell::default(),
        variables: RefCell::default(),
        under_way: RefCell::default(),
        guids: Cell::new(0),
    };
    for key in parts.parameters.keys() {
        settling.settle_parameter(key).map_err(Halt::problem)?;
    }
    for key in parts.variables.keys() {
        settling.settle_variable(key).map_err(Halt::problem)?;
    }
    let parameters = settling.parameters.into_inner();
    Ok(Settled { parameters, variables: settling.variables.into_inner() })
}

/// Reads `{"name": {"value": …}, …}`.
fn read_given<'a>(parts: &Parts, given: &'a Value) -> Result<BTreeMap<String, &'a Value>, Problem> {
    let members = match given {
        Value::Null => return Ok(BTreeMap::new()),
        Value::Object(members) => members,
        _ => return Err(Problem::Structure { what: "parameters".into(), expected: "an object" }),
    };
    let unknown = |name: &&String| !parts.parameters.contains_key(&name.to_ascii_lowercase());
    let unknown: Vec<_> = members.keys().filter(unknown).map(String::as_str).take(32).collect();
    if !unknown.is_empty() {
        let known: Vec<_> = parts.parameters.values().map(|known| &*known.name).collect();
        let (given, known) = (unknown.join(", ").into(), known.join(", ").into());
        return Err(Problem::ParametersUnknown { given, known });
    }
    let mut values = BTreeMap::new();
    for (name, value) in members {
        let form = || Problem::Structure {
            what: name.as_str().into(),
            expected: "an object with a value",
        };
        let given = value.as_object().ok_or_else(form)?;
        if member(given, "reference").is_some() {
            return Err(Problem::KeyVault(name.as_str().into()));
        }
        if let Some(value) = member(given, "value") {
            values.insert(name.to_ascii_lowercase(), value);
        }
    }
    Ok(values)
}

impl Settled {
    pub(crate) fn parameter(&self, name: &str) -> Result<&Value, Problem> {
        let undefined = || Problem::ParameterUndefined(name.into());
        self.parameters.get(&name.to_ascii_lowercase()).ok_or_else(undefined)
    }

    pub(crate) fn variable(&self, name: &str) -> Result<&Value, Problem> {
        let undefined = || Problem::VariableUndefined(name.into());
        self.variables.get(&name.to_ascii_lowercase()).ok_or_else(undefined)
    }
}

impl Settling<'_> {
    /// The value of a parameter.
    pub(crate) fn parameter(&self, name: &str) -> Result<Value, Halt> {
        let key = name.to_ascii_lowercase();
        self.settle_parameter(&key)?;
        let parameters = self.parameters.borrow();
        let value = parameters.get(&key).ok_or_else(|| Problem::ParameterUndefined(name.into()))?;
        self.budget.value(value)?;
        Ok(value.clone())
    }

    /// The value of a variable.
    pub(crate) fn variable(&self, name: &str) -> Result<Value, Halt> {
        let key = name.to_ascii_lowercase();
        self.settle_variable(&key)?;
        let variables = self.variables.borrow();
        let value = variables.get(&key).ok_or_else(|| Problem::VariableUndefined(name.into()))?;
        self.budget.value(value)?;
        Ok(value.clone())
    }

    /// The next new GUID: the first is the context's, the others are made from it.
    pub(crate) fn new_guid(&self) -> Uuid {
        let number = self.guids.replace(self.guids.get().saturating_add(1));
        let seed = self.context.new_guid;
        if number == 0 { seed } else { Uuid::new_v5(&seed, &number.to_be_bytes()) }
    }

    fn settle_parameter(&self, key: &str) -> Result<(), Halt> {
        if self.parameters.borrow().contains_key(key) {
            return Ok(());
        }
        let Some(declaration) = self.parts.parameters.get(key) else { return Ok(()) };
        let value = self.decide(key, declaration)?;
        declaration.check(&value, self.budget)?;
        self.parameters.borrow_mut().insert(key.into(), value);
        Ok(())
    }

    fn decide(&self, key: &str, declaration: &Declaration) -> Result<Value, Halt> {
        match (self.given.get(key), &declaration.default) {
            // Null where it can't be one asks for the default.
            (Some(value), default)
                if !value.is_null() || declaration.is_nullable || default.is_none() =>
            {
                self.budget.value(value)?;
                Ok((*value).clone())
            }
            (_, Some(default)) => {
                let name = format!("parameters('{}')", declaration.name);
                self.evaluate(&name, default, Place::Default(self))
            }
            (_, None) if declaration.is_nullable => Ok(Value::Null),
            (_, None) => Err(Problem::ParameterMissing(declaration.name.clone()).into()),
        }
    }

    fn settle_variable(&self, key: &str) -> Result<(), Halt> {
        if self.variables.borrow().contains_key(key) {
            return Ok(());
        }
        let Some(variable) = self.parts.variables.get(key) else { return Ok(()) };
        let name = format!("variables('{}')", variable.name);
        let value = self.evaluate(&name, &variable.value, Place::Variable(self))?;
        self.variables.borrow_mut().insert(key.into(), value);
        Ok(())
    }

    /// Evaluates one, and all that it needs on the way.
    fn evaluate<'s>(&'s self, name: &str, node: &'s Node, place: Place<'s>) -> Result<Value, Halt> {
        let begun = self.under_way.borrow().iter().position(|known| **known == *name);
        if let Some(begun) = begun {
            let mut circle = self.under_way.borrow()[begun..].to_vec();
            circle.push(name.into());
            return Err(Problem::Circular(circle).into());
        }
        self.under_way.borrow_mut().push(name.into());
        let value =
            Evaluator::new(self.parts, self.context, place, self.budget, Vec::new()).node(node)?;
        // A value can't be nested deeper than one that is sent.
        self.budget.value(&value)?;
        self.under_way.borrow_mut().pop();
        Ok(value)
    }
}
