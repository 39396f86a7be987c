//! The functions of the template language ("ARM template functions").
//!
//! Each group has its file and its table. What a function yields for its arguments is as
//! the documentation says; where that depends on the culture of a machine, as in comparing
//! texts, it is the invariant one.

mod collection;
mod convert;
mod date;
mod deployment;
mod encode;
mod format;
mod logic;
mod number;
mod resource_id;
mod runtime;
mod set;
mod text;
mod unique;

#[cfg(test)]
mod tests;

use std::borrow::Cow;
use std::fmt;
use std::ops::RangeInclusive;

use serde_json::{Map, Value};

use crate::budget::Budget;
use crate::evaluate::Evaluator;
use crate::known::Halt;
use crate::problem::Problem;

/// A function, by its name in any case.
pub(crate) struct Function {
    name: &'static str,
    /// How many arguments it takes.
    takes: RangeInclusive<usize>,
    pub(crate) body: Body,
}

/// What a function does.
pub(crate) enum Body {
    /// It is about its arguments alone.
    Pure(fn(&Arguments<'_>) -> Result<Value, Problem>),
    /// It asks for what the deployment knows.
    Asking(for<'a> fn(&Evaluator<'a>, &Arguments<'a>) -> Result<Cow<'a, Value>, Halt>),
}

/// What a function is called with. They are paid for; what is made of them may need more.
pub(crate) struct Arguments<'a> {
    /// The function's name as it was written.
    pub(crate) function: &'a str,
    pub(crate) values: Vec<Cow<'a, Value>>,
    pub(crate) budget: &'a Budget,
}

/// For functions that take any number of arguments from some on.
const MANY: usize = usize::MAX;

/// The function of this name.
pub(crate) fn find(name: &str) -> Option<&'static Function> {
    let tables: [&'static [Function]; 12] = [
        collection::TABLE,
        convert::TABLE,
        deployment::TABLE,
        encode::TABLE,
        format::TABLE,
        logic::TABLE,
        number::TABLE,
        resource_id::TABLE,
        runtime::TABLE,
        set::TABLE,
        text::TABLE,
        unique::TABLE,
    ];
    let mut functions = tables.into_iter().flatten();
    let found = functions.find(|function| function.name.eq_ignore_ascii_case(name));
    found.or_else(|| runtime::is_list(name).then_some(&runtime::LIST))
}

impl Function {
    const fn pure(
        name: &'static str,
        takes: RangeInclusive<usize>,
        body: fn(&Arguments<'_>) -> Result<Value, Problem>,
    ) -> Self {
        Self { name, takes, body: Body::Pure(body) }
    }

    const fn asking(
        name: &'static str,
        takes: RangeInclusive<usize>,
        body: for<'a> fn(&Evaluator<'a>, &Arguments<'a>) -> Result<Cow<'a, Value>, Halt>,
    ) -> Self {
        Self { name, takes, body: Body::Asking(body) }
    }

    /// Whether it can be called with so many arguments.
    pub(crate) fn takes(&self, arguments: usize) -> bool {
        self.takes.contains(&arguments)
    }

    /// Whether it asks for resources as they are, so that they must be there first.
    pub(crate) fn is_runtime(&self) -> bool {
        runtime::TABLE.iter().any(|known| known.name == self.name)
            || self.name == runtime::LIST.name
    }
}

impl fmt::Debug for Function {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name)
    }
}

impl Arguments<'_> {
    fn len(&self) -> usize {
        self.values.len()
    }

    /// The argument, or null if there are fewer.
    fn get(&self, index: usize) -> &Value {
        self.values.get(index).map_or(&Value::Null, |value| value)
    }

    fn iter(&self) -> impl Iterator<Item = &Value> {
        self.values.iter().map(|value| &**value)
    }

    fn text(&self, index: usize) -> Result<&str, Problem> {
        self.get(index).as_str().ok_or_else(|| self.wrong(index, "a string"))
    }

    fn int(&self, index: usize) -> Result<i64, Problem> {
        self.get(index).as_i64().ok_or_else(|| self.wrong(index, "an integer"))
    }

    fn bool(&self, index: usize) -> Result<bool, Problem> {
        self.get(index).as_bool().ok_or_else(|| self.wrong(index, "a boolean"))
    }

    fn array(&self, index: usize) -> Result<&Vec<Value>, Problem> {
        self.get(index).as_array().ok_or_else(|| self.wrong(index, "an array"))
    }

    fn object(&self, index: usize) -> Result<&Map<String, Value>, Problem> {
        self.get(index).as_object().ok_or_else(|| self.wrong(index, "an object"))
    }

    /// All arguments, which must be texts.
    fn texts(&self) -> Result<Vec<&str>, Problem> {
        (0..self.len()).map(|index| self.text(index)).collect()
    }

    /// Says that an argument is not what the function takes.
    fn wrong(&self, index: usize, expected: &str) -> Problem {
        self.expects(format!("its parameter {} to be {expected}", index + 1))
    }

    fn expects(&self, expected: impl Into<Box<str>>) -> Problem {
        Problem::Argument { function: self.function.into(), expected: expected.into() }
    }
}
