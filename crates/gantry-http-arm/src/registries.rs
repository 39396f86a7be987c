//! Registries: found, shown, and the settings that say who gets in.

mod render;
mod update;

use std::sync::Arc;

use axum::Json;
use axum::body::Body;
use axum::response::{IntoResponse, Response};
use gantry_arm::ResourceId;
use gantry_model::{Registry, Version};
use gantry_registry::registries::ChangeError;
use http::StatusCode;
use serde_json::{Value, json};

use crate::error::ArmError;
use crate::preconditions::{precondition, tagged};
use crate::route::RegistryAt;
use crate::{Call, body, page};

pub(crate) use render::sku;

const READ: &str = "Microsoft.ContainerRegistry/registries/read";
const WRITE: &str = "Microsoft.ContainerRegistry/registries/write";

/// The registry at the address, for someone who may do `action` to it. Who may not isn't told whether
/// it is there.
pub(crate) fn find(
    call: &Call<'_>,
    at: &RegistryAt,
    action: &str,
) -> Result<Arc<Registry>, ArmError> {
    call.caller.check(action, &at.id)?;
    let all = call.app.content.registries().all();
    let found = all
        .into_iter()
        .find(|one| call.app.access.resource_id(one).eq_ignore_ascii_case(at.id.as_str()));
    found.ok_or_else(|| {
        ArmError::not_found(format!("The Resource '{}' was not found.", at.id.as_str()))
    })
}

/// Registries that the caller may see, with their ids.
pub(crate) fn visible(call: &Call<'_>) -> Vec<(Arc<Registry>, ResourceId)> {
    let all = call.app.content.registries().all().into_iter();
    let with_id = all.filter_map(|one| Some((id(call, &one)?, one)));
    with_id
        .filter(|(id, _)| call.caller.authority().may(READ, id))
        .map(|(id, one)| (one, id))
        .collect()
}

/// The registry's id.
pub(crate) fn id(call: &Call<'_>, registry: &Registry) -> Option<ResourceId> {
    call.app.access.resource_id(registry).parse().ok()
}

/// The registries of a subscription or a resource group.
pub(crate) async fn list(call: &Call<'_>, scope: &ResourceId) -> Result<Response, ArmError> {
    let within = visible(call).into_iter().filter(|(_, id)| scope.contains(id));
    Ok(page::whole(within.map(|(registry, _)| render::registry(call, &registry)).collect()))
}

/// `GET` of one
pub(crate) async fn show(call: &Call<'_>, at: &RegistryAt) -> Result<Response, ArmError> {
    let registry = find(call, at, READ)?;
    Ok(shown(call, &registry))
}

/// `PATCH` of one
pub(crate) async fn update(
    call: &Call<'_>,
    at: &RegistryAt,
    body: Body,
) -> Result<Response, ArmError> {
    let registry = find(call, at, WRITE)?;
    let precondition = precondition(&call.parts.headers)?;
    let wanted: Value = body::read(call.app, body).await?;
    let wishes = update::read(&render::registry(call, &registry), &wanted)?;
    let (registries, catalog) = (call.app.content.registries(), call.app.content.catalog());
    let changed = registries.change(catalog, registry.id, precondition, wishes).await;
    Ok(shown(call, &changed.map_err(refused)?))
}

fn shown(call: &Call<'_>, registry: &Registry) -> Response {
    let shown = render::registry(call, registry);
    tagged(StatusCode::OK, &Version::of_registry(registry), shown)
}

fn refused(error: ChangeError) -> ArmError {
    match error {
        ChangeError::Missing => ArmError::not_found(error),
        ChangeError::Precondition(error) => error.into(),
        ChangeError::NotInTier { .. } => {
            ArmError::new(StatusCode::BAD_REQUEST, "FeatureNotSupportedForSku", error)
        }
        ChangeError::TooManyRules(_) => {
            ArmError::new(StatusCode::BAD_REQUEST, "IpRulesLimitExceeded", error)
        }
        ChangeError::Catalog(error) => error.into(),
    }
}

/// `GET listUsages`
pub(crate) async fn usages(call: &Call<'_>, at: &RegistryAt) -> Result<Response, ArmError> {
    let registry = find(call, at, READ)?;
    let limits = registry.settings.tier.limits();
    let stored = call.app.content.usage(registry.id).await.map_err(ArmError::internal)?;
    let of = |name: &str, limit: i64, value: i64, unit: &str| json!({ "name": name, "limit": limit, "currentValue": value, "unit": unit });
    let whole = |number: u64| i64::try_from(number).unwrap_or(i64::MAX);
    let count = |number: usize| i64::try_from(number).unwrap_or(i64::MAX);
    let rules = registry.settings.network.allowed.len();
    Ok(Json(json!({ "value": [
        of("Size", whole(limits.included_bytes), stored.bytes, "Bytes"),
        of("IPRules", count(limits.network_rules), count(rules), "Count"),
    ] }))
    .into_response())
}
