//! What a deployment is asked for with: a template, and its parameters.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::body::Body;
use gantry_arm::ResourceId;
use gantry_arm_template::{
    Context, Deployment, DeploymentScope, Resource, Subscription, Template, TemplateError,
};
use gantry_model::Tags;
use http::{Method, StatusCode};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use tokio::task::spawn_blocking;
use uuid::Uuid;

use super::nesting::Nesting;
use super::run::escaped;
use crate::error::ArmError;
use crate::operation::Asked;
use crate::registries::read_tags;
use crate::{Call, body, groups, later, metadata, shape};

/// The longest body, in bytes ("Template limits").
const MOST_BYTES: usize = 4 << 20;
/// What may be within each other in a template: no more than can be read again.
const MOST_DEPTH: usize = 100;
/// The longest name, in characters.
const LONGEST_NAME: usize = 64;

#[derive(Deserialize, JsonSchema)]
#[schemars(rename = "WantedDeployment")]
pub(crate) struct Wanted {
    location: Option<String>,
    #[schemars(with = "Option<BTreeMap<String, Option<String>>>")]
    tags: Option<Value>,
    properties: WantedProperties,
}

#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "WantedDeploymentProperties")]
struct WantedProperties {
    #[serde(default)]
    mode: Mode,
    #[schemars(with = "Option<BTreeMap<String, Value>>")]
    template: Option<Value>,
    #[schemars(with = "Option<BTreeMap<String, Value>>")]
    parameters: Option<Value>,
    template_link: Option<Value>,
    parameters_link: Option<Value>,
    on_error_deployment: Option<Value>,
}

/// What becomes of what isn't in the template.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "DeploymentMode")]
pub(super) enum Mode {
    /// It stays.
    #[default]
    Incremental,
    /// Registries of the group are deleted.
    Complete,
}

/// A deployment that can be carried out.
pub(super) struct Request {
    pub(super) template: Value,
    pub(super) deployment: Arc<Deployment>,
    pub(super) mode: Mode,
    /// Where its record is, for one to the subscription.
    pub(super) location: Option<String>,
    pub(super) tags: Tags,
    pub(super) nesting: Nesting,
}

/// Reads and checks what is asked for.
pub(super) async fn read(
    call: &Call<'_>,
    scope: &ResourceId,
    body: Body,
) -> Result<Request, ArmError> {
    check_name(call.asked.parameter("deploymentName"))?;
    let Wanted { location, tags, properties } =
        body::read_written(call.app, body, MOST_BYTES).await?;
    let elsewhere = [
        ("templateLink", &properties.template_link),
        ("parametersLink", &properties.parameters_link),
        ("onErrorDeployment", &properties.on_error_deployment),
    ];
    for (name, value) in elsewhere {
        if value.as_ref().is_some_and(|value| !value.is_null()) {
            let message = format!("{name} isn't built: put what it stands for in the request");
            let code = "InvalidDeployment";
            return Err(ArmError::new(StatusCode::BAD_REQUEST, code, message)
                .about(&format!("properties.{name}")));
        }
    }
    let location = location.map(|text| text.to_ascii_lowercase().replace(' ', ""));
    if scope.resource_group().is_none() {
        check_of_subscription(properties.mode, location.as_deref())?;
    }
    let template = properties.template.unwrap_or_default();
    let parameters = properties.parameters.unwrap_or_else(|| json!({}));
    let context = context(call, scope, location.as_deref()).await?;
    if is_deeper(&template, MOST_DEPTH) || is_deeper(&parameters, MOST_DEPTH) {
        return Err(ArmError::bad_request("the template or its parameters are nested too deep"));
    }
    // Reading a template is work for a processor.
    let read = move || {
        let deployment = Template::parse(&template)
            .and_then(|template| template.deploy(&parameters, context))
            .map_err(|error| refused(&error));
        (template, deployment)
    };
    let (template, deployment) = spawn_blocking(read).await.map_err(ArmError::internal)?;
    let deployment = Arc::new(deployment?);
    let nesting = Nesting::of(&call.parts.extensions);
    nesting.take_resources(deployment.resources().len())?;
    nesting.take_kept(deployment.parameters().to_string().len())?;
    for resource in deployment.resources() {
        check_resource(resource)?;
        check_complete(properties.mode, resource, &nesting)?;
    }
    let tags = tags.map_or(Ok(Tags::default()), |tags| read_tags(&tags))?;
    Ok(Request { template, deployment, mode: properties.mode, location, tags, nesting })
}

/// Refuses to delete what a deployment within another makes.
fn check_complete(mode: Mode, resource: &Resource, nesting: &Nesting) -> Result<(), ArmError> {
    let has_others = resource.resource_type().eq_ignore_ascii_case(super::TYPE);
    match mode {
        Mode::Complete if has_others || !nesting.is_outermost() => {
            let message = "The mode 'Complete' is for deployments that are within no other, and have \
                           no other within them.";
            let code = "InvalidDeploymentMode";
            Err(ArmError::new(StatusCode::BAD_REQUEST, code, message).about("properties.mode"))
        }
        Mode::Complete | Mode::Incremental => Ok(()),
    }
}

/// Whether there is more than so much within each other.
fn is_deeper(value: &Value, depth: usize) -> bool {
    let Some(within) = depth.checked_sub(1) else { return true };
    match value {
        Value::Array(values) => values.iter().any(|value| is_deeper(value, within)),
        Value::Object(fields) => fields.values().any(|value| is_deeper(value, within)),
        _ => false,
    }
}

fn check_of_subscription(mode: Mode, location: Option<&str>) -> Result<(), ArmError> {
    if location.is_none() {
        let message = "The 'location' property is required for this deployment.";
        let code = "LocationRequired";
        return Err(ArmError::new(StatusCode::BAD_REQUEST, code, message).about("location"));
    }
    match mode {
        Mode::Incremental => Ok(()),
        Mode::Complete => {
            let message = "Deployment at subscription scope supports the mode 'Incremental' only.";
            let code = "InvalidDeploymentMode";
            Err(ArmError::new(StatusCode::BAD_REQUEST, code, message).about("properties.mode"))
        }
    }
}

/// Up to 64 letters, digits and `-_.()` ("Naming rules").
fn check_name(name: &str) -> Result<(), ArmError> {
    let known = |letter: char| letter.is_ascii_alphanumeric() || "-_.()".contains(letter);
    match (1..=LONGEST_NAME).contains(&name.len()) && name.chars().all(known) {
        true => Ok(()),
        false => {
            let message = format!(
                "The deployment name '{name}' is not valid: it has up to {LONGEST_NAME} letters, \
                 digits, '-', '_', '.', '(' and ')'."
            );
            Err(ArmError::new(StatusCode::BAD_REQUEST, "InvalidDeploymentName", message))
        }
    }
}

/// Refuses what this server has no resources of, before anything is made.
fn check_resource(resource: &Resource) -> Result<(), ArmError> {
    let method = if resource.is_existing() { Method::GET } else { Method::PUT };
    match Asked::parse(&method, &escaped(resource.id())) {
        Some(_) => Ok(()),
        None => {
            let refusal = later::refusal(&method, resource.id());
            let kind = resource.resource_type();
            let unknown = || {
                let message = format!(
                    "The resource type '{kind}' could not be found: this server has registries, and \
                     what is around them."
                );
                ArmError::new(StatusCode::BAD_REQUEST, "InvalidResourceType", message)
            };
            let refusal = if refusal.is_not_found() { unknown() } else { refusal };
            Err(refusal.about(resource.id()))
        }
    }
}

async fn context(
    call: &Call<'_>,
    scope: &ResourceId,
    location: Option<&str>,
) -> Result<Context, ArmError> {
    let scope = match scope.resource_group() {
        None => DeploymentScope::Subscription { location: location.unwrap_or_default().to_owned() },
        Some(name) => {
            let group = call.app.resources.find_group(name).await.map_err(groups::refused)?.value;
            let tags = shape::document(&group.tags);
            DeploymentScope::ResourceGroup { name: group.name, location: group.location, tags }
        }
    };
    let tenant = call.app.access.directory().tenant();
    let uuid = |text: String| text.parse::<Uuid>().map_err(ArmError::internal);
    let now = call.app.content.catalog().now().micros();
    Ok(Context {
        scope,
        subscription: Subscription {
            id: uuid(tenant.subscription.to_string())?,
            display_name: "Gantry".to_owned(),
        },
        tenant_id: uuid(tenant.id.to_string())?,
        deployment_name: call.asked.parameter("deploymentName").to_owned(),
        environment: shape::document(&metadata::cloud(call.app, call.base)),
        new_guid: Uuid::new_v4(),
        utc_now: jiff::Timestamp::from_microsecond(now).map_err(ArmError::internal)?,
    })
}

/// A template that is wrong, in ARM's words.
pub(super) fn refused(error: &TemplateError) -> ArmError {
    ArmError::new(StatusCode::BAD_REQUEST, error.code(), error)
}
