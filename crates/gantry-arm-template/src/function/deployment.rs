//! What the template, its parameters and the deployment hold.

use std::borrow::Cow;

use serde_json::Value;

use super::{Arguments, Function, date};
use crate::evaluate::{Evaluator, Place};
use crate::known::Halt;
use crate::problem::Problem;

pub(super) const TABLE: &[Function] = &[
    Function::asking("parameters", 1..=1, parameters),
    Function::asking("variables", 1..=1, variables),
    Function::asking("copyIndex", 0..=2, copy_index),
    Function::asking("resourceGroup", 0..=0, |evaluator, arguments| {
        let group = evaluator.context.resource_group().map(Cow::Owned);
        group.ok_or_else(|| misplaced(arguments))
    }),
    Function::asking("subscription", 0..=0, |e, _| Ok(Cow::Owned(e.context.subscription()))),
    Function::asking("tenant", 0..=0, |e, _| Ok(Cow::Owned(e.context.tenant()))),
    Function::asking("deployment", 0..=0, |evaluator, _| {
        Ok(Cow::Owned(evaluator.context.deployment(&evaluator.parts.content_version)))
    }),
    Function::asking("environment", 0..=0, |e, _| Ok(Cow::Borrowed(&e.context.environment))),
    Function::asking("newGuid", 0..=0, new_guid),
    Function::asking("utcNow", 0..=1, utc_now),
];

type Yield<'a> = Result<Cow<'a, Value>, Halt>;

fn misplaced(arguments: &Arguments<'_>) -> Halt {
    Problem::Misplaced { function: arguments.function.into() }.into()
}

fn parameters<'a>(evaluator: &Evaluator<'a>, arguments: &Arguments<'a>) -> Yield<'a> {
    let name = arguments.text(0)?;
    match evaluator.place {
        Place::Default(settling) | Place::Variable(settling) => {
            settling.parameter(name).map(Cow::Owned)
        }
        Place::Plan(settled) => Ok(Cow::Borrowed(settled.parameter(name)?)),
        Place::Runtime(runtime) => Ok(Cow::Borrowed(runtime.settled.parameter(name)?)),
    }
}

fn variables<'a>(evaluator: &Evaluator<'a>, arguments: &Arguments<'a>) -> Yield<'a> {
    let name = arguments.text(0)?;
    match evaluator.place {
        Place::Default(_) => Err(misplaced(arguments)),
        Place::Variable(settling) => settling.variable(name).map(Cow::Owned),
        Place::Plan(settled) => Ok(Cow::Borrowed(settled.variable(name)?)),
        Place::Runtime(runtime) => Ok(Cow::Borrowed(runtime.settled.variable(name)?)),
    }
}

/// `copyIndex([loop], [offset])`
fn copy_index<'a>(evaluator: &Evaluator<'a>, arguments: &Arguments<'a>) -> Yield<'a> {
    let (name, offset) = match (arguments.len(), arguments.get(0)) {
        (2, _) => (Some(arguments.text(0)?), arguments.int(1)?),
        (1, Value::String(name)) => (Some(name.as_str()), 0),
        (1, _) => (None, arguments.int(0)?),
        _ => (None, 0),
    };
    let index = evaluator.turn(name).ok_or_else(|| misplaced(arguments))?;
    let index = index.checked_add(offset);
    Ok(Cow::Owned(index.ok_or_else(|| arguments.expects("a smaller offset"))?.into()))
}

fn new_guid<'a>(evaluator: &Evaluator<'a>, arguments: &Arguments<'a>) -> Yield<'a> {
    match evaluator.place {
        Place::Default(settling) => Ok(Cow::Owned(settling.new_guid().to_string().into())),
        _ => Err(misplaced(arguments)),
    }
}

fn utc_now<'a>(evaluator: &Evaluator<'a>, arguments: &Arguments<'a>) -> Yield<'a> {
    let Place::Default(_) = evaluator.place else { return Err(misplaced(arguments)) };
    let format = if arguments.len() == 1 { arguments.text(0)? } else { date::DEFAULT };
    let written = date::formatted(evaluator.context.utc_now, format);
    let wrong = || arguments.wrong(0, "a format of dates such as 'yyyy-MM-dd'");
    Ok(Cow::Owned(written.ok_or_else(wrong)?.into()))
}
