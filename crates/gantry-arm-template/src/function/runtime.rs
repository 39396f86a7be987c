//! Functions that ask for resources as they are: `reference` and `list*`.

use std::borrow::Cow;

use serde_json::Value;

use super::{Arguments, Function};
use crate::evaluate::{Evaluator, Place, Runtime};
use crate::json::member;
use crate::known::{Halt, Needed};
use crate::problem::Problem;

pub(super) const TABLE: &[Function] = &[Function::asking("reference", 1..=3, reference)];

/// `listCredentials`, `listKeys` and any other action that lists.
pub(super) static LIST: Function = Function::asking("list*", 2..=3, list);

type Yield<'a> = Result<Cow<'a, Value>, Halt>;

pub(super) fn is_list(name: &str) -> bool {
    name.split_at_checked(4).is_some_and(|(list, what)| {
        list.eq_ignore_ascii_case("list")
            && what.bytes().next().is_some_and(|b| b.is_ascii_alphabetic())
    })
}

/// `reference(resource, [version], ['Full'])`: the properties, or all of the resource.
fn reference<'a>(evaluator: &Evaluator<'a>, arguments: &Arguments<'a>) -> Yield<'a> {
    let runtime = runtime(evaluator, arguments)?;
    let target = arguments.text(0)?;
    let version = if arguments.len() > 1 { Some(arguments.text(1)?) } else { None };
    let is_full = match arguments.len() {
        3 if arguments.text(2)?.eq_ignore_ascii_case("Full") => true,
        3 => return Err(arguments.wrong(2, "'Full'").into()),
        _ => false,
    };
    let (id, api_version) = resource(runtime, arguments, target, version)?;
    let full = runtime.known.answer(Needed::Reference { id, api_version })?;
    if is_full {
        return Ok(Cow::Borrowed(full));
    }
    let properties = full.as_object().and_then(|full| member(full, "properties"));
    Ok(properties.map_or(Cow::Owned(Value::Null), Cow::Borrowed))
}

/// `list…(resource, version, [body])`
fn list<'a>(evaluator: &Evaluator<'a>, arguments: &Arguments<'a>) -> Yield<'a> {
    let runtime = runtime(evaluator, arguments)?;
    let (id, api_version) =
        resource(runtime, arguments, arguments.text(0)?, Some(arguments.text(1)?))?;
    let body = arguments.values.get(2).map(|body| Value::clone(body));
    let function = arguments.function.to_owned();
    runtime.known.answer(Needed::List { function, id, api_version, body }).map(Cow::Borrowed)
}

fn runtime<'a>(evaluator: &Evaluator<'a>, arguments: &Arguments<'a>) -> Result<Runtime<'a>, Halt> {
    match evaluator.place {
        Place::Runtime(runtime) => Ok(runtime),
        _ => Err(Problem::Misplaced { function: arguments.function.into() }.into()),
    }
}

/// The id of a resource and the version to ask with: that which was given, or the template's.
fn resource(
    runtime: Runtime<'_>,
    arguments: &Arguments<'_>,
    target: &str,
    version: Option<&str>,
) -> Result<(String, String), Problem> {
    let found = runtime.targets.one(target)?;
    let version = version.or(found.as_ref().map(|found| found.api_version.as_str()));
    let missing =
        || Problem::VersionMissing { function: arguments.function.into(), target: target.into() };
    let version = version.ok_or_else(missing)?.to_owned();
    Ok((found.map_or_else(|| target.to_owned(), |found| found.id.clone()), version))
}
