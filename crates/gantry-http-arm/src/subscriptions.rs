//! The tenant, the subscription, and the locations in it.

use axum::Json;
use axum::response::{IntoResponse, Response};
use gantry_arm::ResourceId;
use http::StatusCode;
use serde_json::{Value, json};

use crate::error::ArmError;
use crate::{Call, page};

/// `GET /tenants`
pub(crate) async fn tenants(call: &Call<'_>) -> Result<Response, ArmError> {
    let tenant = call.app.access.directory().tenant();
    Ok(page::whole(vec![json!({
        "id": format!("/tenants/{}", tenant.id),
        "tenantId": tenant.id,
        "displayName": "Gantry",
        "defaultDomain": tenant.domain,
        "tenantType": "AAD",
        "countryCode": "",
        "domains": [tenant.domain],
    })]))
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
    let of = |name: String| {
        json!({
            "id": format!("{}/locations/{name}", own(call)),
            "subscriptionId": subscription,
            "name": name,
            "displayName": name,
            "regionalDisplayName": name,
            "type": "Region",
            "metadata": { "regionType": "Physical", "regionCategory": "Recommended" },
        })
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

fn subscription(call: &Call<'_>) -> Value {
    let tenant = call.app.access.directory().tenant();
    json!({
        "id": own(call),
        "subscriptionId": tenant.subscription,
        "tenantId": tenant.id,
        "displayName": "Gantry",
        "state": "Enabled",
        "subscriptionPolicies": { "spendingLimit": "Off" },
        "authorizationSource": "RoleBased",
        "managedByTenants": [],
    })
}
