//! A deployment is carried out: each of its resources is asked for in its caller's name, in order. The
//! first that is refused ends it, and what was made by then stays, as Azure Resource Manager leaves it.

use axum::body::{Body, to_bytes};
use gantry_arm::ResourceId;
use gantry_arm_template::{Known, Needed, Resource, Unsettled};
use gantry_model::Registry;
use http::{HeaderName, Method, Request as HttpRequest, StatusCode};
use percent_encoding::{AsciiSet, CONTROLS, NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::Value;

use super::record::{Failure, Record, Step};
use super::request::{Mode, Request};
use crate::operation::Asked;
use crate::{Call, audit, error::ArmError, headers, later, registries};

/// No answer of ours is longer, in bytes.
const ANSWER_BYTES: usize = 8 << 20;
/// The version that what a deployment asks for itself has.
const VERSION: &str = "2025-11-01";
/// What a path can't have as it is.
const ESCAPED: &AsciiSet =
    &CONTROLS.add(b' ').add(b'"').add(b'#').add(b'%').add(b'?').add(b'<').add(b'>');
const CORRELATION: HeaderName = HeaderName::from_static("x-ms-correlation-request-id");

/// Why one request of a deployment failed.
struct Refused {
    status: StatusCode,
    failure: Failure,
}

/// Carries a deployment out, and tells what came of it.
pub(super) async fn carry_out(call: &Call<'_>, scope: &ResourceId, request: &Request) -> Record {
    let begun = call.app.content.catalog().now();
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
    let mut record = Record::of(call, request, begun, steps);
    if record.is_good() {
        let outputs = settle(call, request, |known| request.deployment.outputs(known)).await;
        record.set_outputs(outputs.map_err(|refused| refused.failure));
    }
    record
}

/// Makes one resource, or brings it to what the template says.
async fn make(call: &Call<'_>, request: &Request, resource: &Resource) -> Step {
    let body = settle(call, request, |known| request.deployment.body(resource, known)).await;
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
        operation: "Create".to_owned(),
        depends_on: resource.depends_on().to_vec(),
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

/// Deletes the registries of the group that aren't in the template.
async fn clear(call: &Call<'_>, scope: &ResourceId, request: &Request) -> Vec<Step> {
    let named = |registry: &Registry| {
        let id = registries::id(call, registry);
        request.deployment.resources().iter().any(|resource| {
            id.as_ref().is_some_and(|id| resource.id().eq_ignore_ascii_case(id.as_str()))
        })
    };
    let group = scope.resource_group().unwrap_or_default();
    let all = call.app.content.registries().page_of_group(group, "", usize::MAX, |_| true);
    let mut steps = Vec::new();
    for registry in all.iter().filter(|registry| !named(registry)) {
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
            operation: "DeploymentCleanup".to_owned(),
            depends_on: Vec::new(),
            status: status.as_u16(),
            failure,
            at: call.app.content.catalog().now().to_string(),
        });
    }
    steps
}

/// Evaluates what depends on resources as they are.
async fn settle(
    call: &Call<'_>,
    request: &Request,
    evaluate: impl Fn(&Known) -> Result<Value, Unsettled>,
) -> Result<Value, Refused> {
    let mut known = Known::new();
    loop {
        let needed = match evaluate(&known) {
            Ok(value) => return Ok(value),
            Err(Unsettled::Error(error)) => return Err(super::request::refused(&error).into()),
            Err(Unsettled::Needed(needed)) => needed,
        };
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
    let path = utf8_percent_encode(path, ESCAPED).to_string();
    let version = utf8_percent_encode(version, NON_ALPHANUMERIC);
    let asked = Asked::parse(&method, &path).ok_or_else(|| later::refusal(&method, &path))?;
    let built = HttpRequest::builder()
        .method(method)
        .uri(format!("{path}?api-version={version}"))
        .header(CORRELATION, headers::correlation(call.parts))
        .body(());
    let (mut parts, ()) = built.map_err(ArmError::bad_request)?.into_parts();
    parts.extensions = call.parts.extensions.clone();
    parts.extensions.insert(request.nesting.within());
    let body = if body.is_null() { Body::empty() } else { Body::from(body.to_string()) };
    let work = crate::answer(call.app, call.caller, call.base, Some(&asked), &parts, body);
    let answer = Box::pin(work).await.unwrap_or_else(axum::response::IntoResponse::into_response);
    if let Some(identity) = call.caller.identity() {
        audit::note(call.app, &parts, &identity, &answer);
    }
    let status = answer.status();
    let bytes = to_bytes(answer.into_body(), ANSWER_BYTES).await.map_err(ArmError::internal)?;
    let answer: Value = serde_json::from_slice(&bytes).unwrap_or_default();
    match status.is_success() {
        true => Ok((status, answer)),
        false => Err(Refused { status, failure: Failure::said(&answer["error"]) }),
    }
}

impl From<ArmError> for Refused {
    fn from(error: ArmError) -> Self {
        Self { status: error.status(), failure: Failure::said(&error.told()["error"]) }
    }
}
