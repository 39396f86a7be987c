//! A deployment is carried out: each of its resources is asked for in its caller's name, in order. The
//! first that is refused ends it, and what was made by then stays, as Azure Resource Manager leaves it.

use axum::body::{Body, to_bytes};
use gantry_arm::ResourceId;
use gantry_arm_template::{Known, Needed, Resource, Unsettled};
use gantry_model::Registry;
use http::header::{CONTENT_LENGTH, CONTENT_TYPE, IF_MATCH, IF_NONE_MATCH};
use http::{Method, Request as HttpRequest, StatusCode};
use percent_encoding::{AsciiSet, CONTROLS, NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::Value;
use tokio::task::spawn_blocking;

use super::record::{Failure, Record, Step, Work};
use super::request::{self, Mode, Request};
use crate::error::ArmError;
use crate::operation::Asked;
use crate::shape::document;
use crate::{Call, audit, later, registries};

/// No answer of ours is longer, in bytes.
const ANSWER_BYTES: usize = 8 << 20;
/// The version that what a deployment asks for itself has.
const VERSION: &str = "2025-11-01";
/// What a path can't have as it is.
const ESCAPED: &AsciiSet =
    &CONTROLS.add(b' ').add(b'"').add(b'#').add(b'%').add(b'?').add(b'<').add(b'>');
/// What may be answered to one evaluation, in bytes.
const MOST_ANSWERED: usize = 16 << 20;

/// Why one request of a deployment failed.
struct Refused {
    status: StatusCode,
    failure: Failure,
}

/// Carries a deployment out, and tells what came of it.
pub(super) async fn carry_out(
    call: &Call<'_>,
    scope: &ResourceId,
    request: &Request,
    begun: Record,
) -> Record {
    let mut steps = Vec::new();
    let mut failed = false;
    for resource in request.deployment.resources().iter().filter(|one| !one.is_existing()) {
        let step = make(call, request, resource).await;
        failed = step.failure.is_some();
        steps.push(step);
        if failed {
            break;
        }
    }
    if !failed && request.mode == Mode::Complete {
        steps.extend(clear(call, scope, request).await);
    }
    let mut record = begun.ended(steps);
    if record.is_good() {
        let deployment = request.deployment.clone();
        let outputs = settle(call, request, move |known| deployment.outputs(known)).await;
        let outputs = outputs.and_then(|outputs| {
            request.nesting.take_kept(outputs.to_string().len())?;
            Ok(outputs)
        });
        record.set_outputs(outputs.map_err(|refused| refused.failure));
    }
    record
}

/// Makes one resource, or brings it to what the template says.
async fn make(call: &Call<'_>, request: &Request, resource: &Resource) -> Step {
    let (deployment, wanted) = (request.deployment.clone(), resource.clone());
    let body = settle(call, request, move |known| deployment.body(&wanted, known)).await;
    let made = match body {
        Ok(body) => {
            let version = resource.api_version();
            ask(call, request, Method::PUT, resource.id(), version, &body).await
        }
        Err(refused) => Err(refused),
    };
    let step = |status: StatusCode, failure| Step {
        id: resource.id().to_owned(),
        kind: resource.resource_type().to_owned(),
        name: resource.name().to_owned(),
        work: Work::Create,
        status: status.as_u16(),
        failure,
        at: call.app.content.catalog().now().to_string(),
    };
    match made {
        Ok((status, answer)) => match Failure::within(&answer) {
            None => step(status, None),
            // A deployment within it, which has failed.
            Some(failure) => step(StatusCode::CONFLICT, Some(failure)),
        },
        Err(refused) => step(refused.status, Some(refused.failure)),
    }
}

/// Deletes the registries of the group that aren't in the template, and that the caller sees.
async fn clear(call: &Call<'_>, scope: &ResourceId, request: &Request) -> Vec<Step> {
    let resources = request.deployment.resources().iter();
    let named: Vec<ResourceId> = resources.filter_map(|one| one.id().parse().ok()).collect();
    let unnamed = |registry: &Registry| {
        registries::id(call, registry).is_some_and(|id| {
            !named.contains(&id) && call.caller.authority().may(registries::READ, &id)
        })
    };
    let group = scope.resource_group().unwrap_or_default();
    let all = call.app.content.registries().page_of_group(group, "", usize::MAX, unnamed);
    let mut steps = Vec::new();
    for registry in &all {
        let id = call.app.access.resource_id(registry);
        let gone = ask(call, request, Method::DELETE, &id, VERSION, &Value::Null).await;
        let (status, failure) = match gone {
            Ok((status, _)) => (status, None),
            Err(refused) => (refused.status, Some(refused.failure)),
        };
        steps.push(Step {
            id,
            kind: registries::TYPE.to_owned(),
            name: registry.name.to_string(),
            work: Work::DeploymentCleanup,
            status: status.as_u16(),
            failure,
            at: call.app.content.catalog().now().to_string(),
        });
    }
    steps
}

/// Evaluates what depends on resources as they are. That is work for a processor, and bounded.
async fn settle(
    call: &Call<'_>,
    request: &Request,
    evaluate: impl Fn(&Known) -> Result<Value, Unsettled> + Clone + Send + 'static,
) -> Result<Value, Refused> {
    let (mut known, mut answered) = (Known::new(), 0);
    loop {
        let (evaluate, so_far) = (evaluate.clone(), known);
        let work = move || (evaluate(&so_far), so_far);
        let (value, so_far) = spawn_blocking(work).await.map_err(ArmError::internal)?;
        known = so_far;
        let needed = match value {
            Ok(value) => return Ok(value),
            Err(Unsettled::Error(error)) => return Err(request::refused(&error).into()),
            Err(Unsettled::Needed(needed)) => needed,
        };
        request.nesting.take_question()?;
        let (_, answer) = match &needed {
            Needed::Reference { id, api_version } => {
                ask(call, request, Method::GET, id, api_version, &Value::Null).await?
            }
            Needed::List { function, id, api_version, body } => {
                let body = body.clone().unwrap_or(Value::Null);
                let path = format!("{id}/{function}");
                ask(call, request, Method::POST, &path, api_version, &body).await?
            }
        };
        answered += answer.to_string().len();
        if answered > MOST_ANSWERED {
            return Err(ArmError::bad_request("what the template refers to is too long").into());
        }
        known.insert(&needed, answer);
    }
}

/// Asks for one thing in the name of the deployment's caller.
async fn ask(
    call: &Call<'_>,
    request: &Request,
    method: Method,
    path: &str,
    version: &str,
    body: &Value,
) -> Result<(StatusCode, Value), Refused> {
    let version = if version.is_empty() { VERSION } else { version };
    let path = escaped(path);
    let version = utf8_percent_encode(version, NON_ALPHANUMERIC);
    let asked = Asked::parse(&method, &path).ok_or_else(|| later::refusal(&method, &path))?;
    let built =
        HttpRequest::builder().method(method).uri(format!("{path}?api-version={version}")).body(());
    let (mut parts, ()) = built.map_err(ArmError::bad_request)?.into_parts();
    // From where it was asked, and what it belongs to, stays the same.
    parts.headers = call.parts.headers.clone();
    for own in [IF_MATCH, IF_NONE_MATCH, CONTENT_LENGTH, CONTENT_TYPE] {
        parts.headers.remove(own);
    }
    parts.extensions = call.parts.extensions.clone();
    parts.extensions.insert(request.nesting.within());
    let body = if body.is_null() { Body::empty() } else { Body::from(body.to_string()) };
    let registry = audit::registry_at(call.app, parts.uri.path());
    let work = crate::answer(call.app, call.caller, call.base, Some(&asked), &parts, body);
    let answer = Box::pin(work).await.unwrap_or_else(axum::response::IntoResponse::into_response);
    audit::note(call.app, &parts, &call.caller.identity(), registry, &answer);
    let status = answer.status();
    let bytes = to_bytes(answer.into_body(), ANSWER_BYTES).await.map_err(ArmError::internal)?;
    let answer: Value = serde_json::from_slice(&bytes).unwrap_or_default();
    match status.is_success() {
        true => Ok((status, answer)),
        false => Err(Refused { status, failure: Failure::said(&answer["error"]) }),
    }
}

/// A resource's id as a path.
pub(super) fn escaped(id: &str) -> String {
    utf8_percent_encode(id, ESCAPED).to_string()
}

impl From<ArmError> for Refused {
    fn from(error: ArmError) -> Self {
        Self {
            status: error.status(),
            failure: Failure::said(&document(&error.response())["error"]),
        }
    }
}
