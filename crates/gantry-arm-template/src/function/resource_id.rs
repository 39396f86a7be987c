//! Functions that write resource ids.

use std::borrow::Cow;

use serde_json::Value;
use uuid::Uuid;

use super::{Arguments, Function, MANY};
use crate::evaluate::Evaluator;
use crate::known::Halt;
use crate::problem::Problem;
use crate::resource_name;

pub(super) const TABLE: &[Function] = &[
    Function::asking("resourceId", 2..=MANY, resource_id),
    Function::asking("subscriptionResourceId", 2..=MANY, subscription_resource_id),
    Function::pure("tenantResourceId", 2..=MANY, |arguments| {
        id("", arguments, &arguments.texts()?).map(Value::from)
    }),
    Function::pure("extensionResourceId", 3..=MANY, |arguments| {
        let texts = arguments.texts()?;
        id(texts[0], arguments, &texts[1..]).map(Value::from)
    }),
];

type Yield<'a> = Result<Cow<'a, Value>, Halt>;

/// `resourceId([subscription], [group], type, name, …)`: the type is the first with a slash.
/// One text before it is a group, unless it is a GUID.
fn resource_id<'a>(evaluator: &Evaluator<'a>, arguments: &Arguments<'a>) -> Yield<'a> {
    let texts = arguments.texts()?;
    let at = texts.iter().position(|text| text.contains('/'));
    let Some((given, named)) = at.map(|at| texts.split_at(at)) else {
        return Err(arguments.expects("a type such as 'Microsoft.Network/dnsZones'").into());
    };
    let scope = match given {
        [] => evaluator.context.scope_id(),
        [subscription] if subscription.parse::<Uuid>().is_ok() => {
            format!("/subscriptions/{subscription}")
        }
        [group] => format!("{}/resourceGroups/{group}", evaluator.context.subscription_id()),
        [subscription, group] => format!("/subscriptions/{subscription}/resourceGroups/{group}"),
        _ => {
            return Err(arguments
                .expects("at most a subscription and a group before the type")
                .into());
        }
    };
    Ok(Cow::Owned(id(&scope, arguments, named)?.into()))
}

/// `subscriptionResourceId([subscription], type, name, …)`
fn subscription_resource_id<'a>(evaluator: &Evaluator<'a>, arguments: &Arguments<'a>) -> Yield<'a> {
    let texts = arguments.texts()?;
    let (scope, named) = match texts.split_first() {
        Some((subscription, named)) if !subscription.contains('/') => {
            (format!("/subscriptions/{subscription}"), named)
        }
        _ => (evaluator.context.subscription_id(), &texts[..]),
    };
    Ok(Cow::Owned(id(&scope, arguments, named)?.into()))
}

/// The id of a type and the names for each of its segments.
fn id(scope: &str, arguments: &Arguments<'_>, named: &[&str]) -> Result<String, Problem> {
    let wrong = || arguments.expects("a type and one name for each of its segments");
    let (resource_type, names) = named.split_first().ok_or_else(wrong)?;
    resource_name::id(scope, resource_type, names).ok_or_else(wrong)
}
