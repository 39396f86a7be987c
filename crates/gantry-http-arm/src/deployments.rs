//! Deployments of templates (`Microsoft.Resources/deployments`). A deployment asks the API for each of its
//! resources, as its caller would: what they may not do one by one, they may not do at once.

mod nesting;
mod record;
mod request;
mod run;

use axum::Json;
use axum::body::Body;
use axum::response::{IntoResponse, Response};
use gantry_arm::ResourceId;
use gantry_model::Written;
use gantry_model::resource::{TemplateDeployment, name_key};
use http::{HeaderName, HeaderValue, Method, StatusCode};
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::Value;

use crate::error::ArmError;
use crate::page::{self, LIMIT};
use crate::preconditions::status;
use crate::{Call, groups, subscriptions};

pub(crate) use record::{DeploymentOperation, Shown};
pub(crate) use request::Wanted;

use record::Record;

/// The type of deployments.
const TYPE: &str = "Microsoft.Resources/deployments";
/// Where a client looks how it goes.
const ASYNC_OPERATION: HeaderName = HeaderName::from_static("azure-asyncoperation");

/// How a deployment went, as clients that wait for it ask.
#[derive(Serialize, JsonSchema)]
pub(crate) struct OperationStatus {
    status: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<record::Failure>,
}

/// The template of a deployment.
#[derive(Serialize, JsonSchema)]
pub(crate) struct ExportedTemplate {
    template: Value,
}

/// `PUT` of one: carries it out. That it goes on is kept first, so that whoever broke off finds it.
pub(crate) async fn put(call: &Call<'_>, body: Body) -> Result<Response, ArmError> {
    let scope = scope(call).await?;
    let request = request::read(call, &scope, body).await?;
    let template = request.template.to_string();
    request.nesting.take_kept(template.len())?;
    let begun = Record::begun(call, &request);
    let made = keep(call, &scope, &begun, template.clone()).await?.1;
    let record = run::carry_out(call, &scope, &request, begun).await;
    let (kept, _) = keep(call, &scope, &record, template).await?;
    let shown = record.shown(&kept);
    let operation = format!("{}{}/operationStatuses/{}", call.base, shown.id, record.operation());
    let query = call.parts.uri.query().map(|query| format!("?{query}")).unwrap_or_default();
    let mut answer = (status(made), Json(shown)).into_response();
    if let Ok(operation) = HeaderValue::from_str(&format!("{operation}{query}")) {
        answer.headers_mut().insert(ASYNC_OPERATION, operation);
    }
    Ok(answer)
}

/// Keeps what has come of a deployment.
async fn keep(
    call: &Call<'_>,
    scope: &ResourceId,
    record: &Record,
    template: String,
) -> Result<(TemplateDeployment, Written), ArmError> {
    let kept = TemplateDeployment {
        scope: scope.to_string(),
        name: name(call).to_owned(),
        document: record.document(),
        deployed_at: call.app.content.catalog().now(),
    };
    let written = call.app.resources.put_deployment(kept.clone(), template).await;
    Ok((kept, written.map_err(groups::refused)?))
}

/// `POST validate`: what would be refused, without doing it.
pub(crate) async fn validate(call: &Call<'_>, body: Body) -> Result<Response, ArmError> {
    let scope = scope(call).await?;
    let request = request::read(call, &scope, body).await?;
    let kept = TemplateDeployment {
        scope: scope.to_string(),
        name: name(call).to_owned(),
        document: String::new(),
        deployed_at: call.app.content.catalog().now(),
    };
    Ok(Json(Record::validated(call, &request).shown(&kept)).into_response())
}

/// `GET` of one, and `HEAD`.
pub(crate) async fn show(call: &Call<'_>) -> Result<Response, ArmError> {
    let (kept, record) = find(call).await?;
    Ok(match call.parts.method == Method::HEAD {
        true => StatusCode::NO_CONTENT.into_response(),
        false => Json(record.shown(&kept)).into_response(),
    })
}

/// `GET deployments`
pub(crate) async fn list(call: &Call<'_>) -> Result<Response, ArmError> {
    let scope = scope(call).await?;
    let found = call.app.resources.list_deployments(&scope, &page::after(call)?, LIMIT + 1).await?;
    let now = call.app.content.catalog().now();
    let read = |kept: TemplateDeployment| Record::read(&kept, now).map(|record| (kept, record));
    let found: Vec<_> = found.into_iter().map(read).collect::<Result<_, _>>()?;
    let key = |(kept, _): &(TemplateDeployment, Record)| name_key(&kept.name);
    Ok(page::cut(call, found, key, |(kept, record)| record.shown(kept)))
}

/// `DELETE` of one: it is forgotten, and what it made stays.
pub(crate) async fn remove(call: &Call<'_>) -> Result<Response, ArmError> {
    let scope = scope(call).await?;
    call.app.resources.remove_deployment(&scope, name(call)).await?;
    // What else clients take for an answer would have them wait.
    Ok(StatusCode::NO_CONTENT.into_response())
}

/// `POST cancel`: what goes on is over in a moment.
pub(crate) async fn cancel(call: &Call<'_>) -> Result<Response, ArmError> {
    find(call).await?;
    let message = format!("The deployment '{}' isn't running: it has ended.", name(call));
    Err(ArmError::conflict("DeploymentCannotBeCancelled", message))
}

/// `POST exportTemplate`
pub(crate) async fn export(call: &Call<'_>) -> Result<Response, ArmError> {
    let scope = scope(call).await?;
    let found = call.app.resources.deployed_template(&scope, name(call)).await?;
    let template = found.ok_or_else(|| missing(call))?;
    let template = serde_json::from_str(&template).map_err(ArmError::internal)?;
    Ok(Json(ExportedTemplate { template }).into_response())
}

/// `GET operations`: what came of each resource.
pub(crate) async fn operations(call: &Call<'_>) -> Result<Response, ArmError> {
    let (kept, record) = find(call).await?;
    Ok(page::whole(record.operations(&kept)))
}

/// `GET operationStatuses/{operationId}`
pub(crate) async fn operation_status(call: &Call<'_>) -> Result<Response, ArmError> {
    let (_, record) = find(call).await?;
    let operation = call.asked.parameter("operationId");
    if operation != record.operation() {
        return Err(ArmError::not_found(format!("there is no operation {operation}")));
    }
    let (status, error) = record.outcome();
    Ok(Json(OperationStatus { status, error }).into_response())
}

async fn find(call: &Call<'_>) -> Result<(TemplateDeployment, Record), ArmError> {
    let scope = scope(call).await?;
    let found = call.app.resources.find_deployment(&scope, name(call)).await?;
    let kept = found.ok_or_else(|| missing(call))?;
    let record = Record::read(&kept, call.app.content.catalog().now())?;
    Ok((kept, record))
}

fn missing(call: &Call<'_>) -> ArmError {
    let message = format!("Deployment '{}' could not be found.", name(call));
    ArmError::new(StatusCode::NOT_FOUND, "DeploymentNotFound", message)
}

fn name<'c>(call: &Call<'c>) -> &'c str {
    call.asked.parameter("deploymentName")
}

/// What the path's deployment is to: a resource group that is there, or the subscription.
async fn scope(call: &Call<'_>) -> Result<ResourceId, ArmError> {
    let scope = call.asked.scope();
    match scope.resource_group() {
        Some(group) if scope.is_type(groups::TYPE) => {
            call.app.resources.find_group(group).await.map_err(groups::refused)?;
            Ok(scope)
        }
        None if scope == subscriptions::own(call) => Ok(scope),
        _ => {
            let message = "templates are deployed to resource groups and the subscription";
            Err(ArmError::new(StatusCode::BAD_REQUEST, "InvalidDeploymentScope", message))
        }
    }
}
