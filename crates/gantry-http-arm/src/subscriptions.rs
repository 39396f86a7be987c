//! The tenant, the subscription, and the locations in it.

use axum::Json;
use axum::response::{IntoResponse, Response};
use gantry_arm::ResourceId;
use http::StatusCode;
use schemars::JsonSchema;
use serde::Serialize;

use crate::error::ArmError;
use crate::{Call, page};

/// A tenant.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Tenant {
    id: String,
    tenant_id: String,
    display_name: &'static str,
    default_domain: String,
    tenant_type: &'static str,
    country_code: &'static str,
    domains: [String; 1],
}

/// A subscription.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Subscription {
    id: String,
    subscription_id: String,
    tenant_id: String,
    display_name: &'static str,
    state: &'static str,
    subscription_policies: SubscriptionPolicies,
    authorization_source: &'static str,
    managed_by_tenants: [(); 0],
}

#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct SubscriptionPolicies {
    spending_limit: &'static str,
}

/// A location that registries can be in.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Location {
    id: String,
    subscription_id: String,
    name: String,
    display_name: String,
    regional_display_name: String,
    #[serde(rename = "type")]
    kind: &'static str,
    metadata: LocationMetadata,
}

#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct LocationMetadata {
    region_type: &'static str,
    region_category: &'static str,
}

/// `GET /tenants`
pub(crate) async fn tenants(call: &Call<'_>) -> Result<Response, ArmError> {
    let tenant = call.app.access.directory().tenant();
    let domain = tenant.domain.to_string();
    Ok(page::whole(vec![Tenant {
        id: format!("/tenants/{}", tenant.id),
        tenant_id: tenant.id.to_string(),
        display_name: "Gantry",
        default_domain: domain.clone(),
        tenant_type: "AAD",
        country_code: "",
        domains: [domain],
    }]))
}

/// `GET /subscriptions`: the one there is, to whoever has a role in it.
pub(crate) async fn list(call: &Call<'_>) -> Result<Response, ArmError> {
    let known = call.caller.authority().is_known_at(&own(call));
    Ok(page::whole(known.then(|| subscription(call)).into_iter().collect()))
}

/// `GET /subscriptions/{id}`
pub(crate) async fn show(call: &Call<'_>) -> Result<Response, ArmError> {
    Ok(Json(subscription(call)).into_response())
}

/// `GET /subscriptions/{id}/locations`
pub(crate) async fn locations(call: &Call<'_>) -> Result<Response, ArmError> {
    let subscription = call.app.access.directory().tenant().subscription;
    let of = |name: String| Location {
        id: format!("{}/locations/{name}", own(call)),
        subscription_id: subscription.to_string(),
        name: name.clone(),
        display_name: name.clone(),
        regional_display_name: name,
        kind: "Region",
        metadata: LocationMetadata { region_type: "Physical", region_category: "Recommended" },
    };
    Ok(page::whole(names(call).into_iter().map(of).collect()))
}

/// The locations that there are: the server's own.
pub(crate) fn names(call: &Call<'_>) -> Vec<String> {
    vec![call.app.content.registries().location()]
}

/// The id of the one subscription.
pub(crate) fn own(call: &Call<'_>) -> ResourceId {
    let subscription = call.app.access.directory().tenant().subscription;
    format!("/subscriptions/{subscription}").parse().expect("it is an id")
}

/// Refuses whoever names another subscription, or knows nothing of this one.
pub(crate) fn check(call: &Call<'_>) -> Result<(), ArmError> {
    check_ours(call)?;
    match call.caller.authority().is_known_at(&own(call)) {
        true => Ok(()),
        false => Err(missing(call)),
    }
}

/// Refuses whoever names another subscription.
pub(crate) fn check_ours(call: &Call<'_>) -> Result<(), ArmError> {
    let ours = Some(call.app.access.directory().tenant().subscription);
    match call.asked.resource.subscription() == ours {
        true => Ok(()),
        false => Err(missing(call)),
    }
}

fn missing(call: &Call<'_>) -> ArmError {
    let named = call.asked.resource.subscription().map(|id| id.to_string()).unwrap_or_default();
    let message = format!("The subscription '{named}' could not be found.");
    ArmError::new(StatusCode::NOT_FOUND, "SubscriptionNotFound", message)
}

fn subscription(call: &Call<'_>) -> Subscription {
    let tenant = call.app.access.directory().tenant();
    Subscription {
        id: own(call).to_string(),
        subscription_id: tenant.subscription.to_string(),
        tenant_id: tenant.id.to_string(),
        display_name: "Gantry",
        state: "Enabled",
        subscription_policies: SubscriptionPolicies { spending_limit: "Off" },
        authorization_source: "RoleBased",
        managed_by_tenants: [],
    }
}
