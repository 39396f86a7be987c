//! Tenants, subscriptions, and what is around registries in one: locations, resource groups, the
//! provider, resources by type.

use axum::Json;
use axum::response::{IntoResponse, Response};
use gantry_arm::{Field, Filter, ResourceId, Term};
use gantry_http_base::Query;
use gantry_model::Registry;
use http::{Method, StatusCode};
use serde_json::{Value, json};

use crate::error::ArmError;
use crate::{Call, page, registries};

/// The provider that registries are of.
const PROVIDER: &str = "Microsoft.ContainerRegistry";
const REGISTRIES: &str = "Microsoft.ContainerRegistry/registries";
/// Those that clients in use ask for; any is answered.
const VERSIONS: [&str; 4] = ["2026-09-01-preview", "2025-11-01", "2025-04-01", "2023-07-01"];

/// `GET /tenants`
pub(crate) fn tenants(call: &Call<'_>) -> Response {
    let tenant = call.app.access.directory().tenant();
    page::whole(vec![json!({
        "id": format!("/tenants/{}", tenant.id),
        "tenantId": tenant.id,
        "displayName": "Gantry",
        "defaultDomain": tenant.domain,
        "tenantType": "AAD",
        "countryCode": "",
        "domains": [tenant.domain],
    })])
}

/// `GET /subscriptions`: the one there is, to whoever has a role in it.
pub(crate) async fn list(call: &Call<'_>) -> Result<Response, ArmError> {
    let known = call.caller.authority().is_known_at(&own(call));
    Ok(page::whole(known.then(|| subscription(call)).into_iter().collect()))
}

/// `GET /subscriptions/{id}`
pub(crate) async fn show(call: &Call<'_>, id: &str) -> Result<Response, ArmError> {
    check(call, id)?;
    Ok(Json(subscription(call)).into_response())
}

/// `GET /subscriptions/{id}/locations`
pub(crate) async fn locations(call: &Call<'_>, id: &str) -> Result<Response, ArmError> {
    check(call, id)?;
    let mut names: Vec<String> =
        call.app.content.registries().all().iter().map(|one| one.location.clone()).collect();
    names.sort();
    names.dedup();
    let of = |name: &String| {
        json!({
            "id": format!("{}/locations/{name}", own(call)),
            "subscriptionId": call.app.access.directory().tenant().subscription,
            "name": name,
            "displayName": name,
            "regionalDisplayName": name,
            "type": "Region",
            "metadata": { "regionType": "Physical", "regionCategory": "Recommended" },
        })
    };
    Ok(page::whole(names.iter().map(of).collect()))
}

/// `GET /subscriptions/{id}/resourceGroups`
pub(crate) async fn groups(call: &Call<'_>, id: &str) -> Result<Response, ArmError> {
    check(call, id)?;
    let known = |name: &String| {
        group_id(call, name).is_ok_and(|id| call.caller.authority().is_known_at(&id))
    };
    let names = group_names(call).into_iter().filter(known);
    Ok(page::whole(names.map(|name| resource_group(call, &name)).collect()))
}

/// `GET /subscriptions/{id}/resourceGroups/{name}`, and `HEAD`.
pub(crate) async fn group(call: &Call<'_>, id: &str, name: &str) -> Result<Response, ArmError> {
    check(call, id)?;
    let known = group_names(call).into_iter().find(|known| known.eq_ignore_ascii_case(name));
    let known = known.filter(|name| {
        group_id(call, name).is_ok_and(|id| call.caller.authority().is_known_at(&id))
    });
    let Some(name) = known else {
        let message = format!("Resource group '{name}' could not be found.");
        return Err(ArmError::new(StatusCode::NOT_FOUND, "ResourceGroupNotFound", message));
    };
    Ok(match call.parts.method == Method::HEAD {
        true => StatusCode::NO_CONTENT.into_response(),
        false => Json(resource_group(call, &name)).into_response(),
    })
}

/// `GET /subscriptions/{id}/resources?$filter=resourceType eq '…'`: how `az acr` finds a registry's
/// resource group.
pub(crate) async fn resources(call: &Call<'_>, id: &str) -> Result<Response, ArmError> {
    check(call, id)?;
    let filter = Query::of(&call.parts.uri).first("$filter");
    let filter: Option<Filter> = match filter {
        None => None,
        Some(text) => Some(text.parse().map_err(ArmError::bad_request)?),
    };
    let fits = || {
        let terms = filter.as_ref().map_or(&[][..], Filter::terms);
        terms.iter().all(|term| match term {
            Term::Equals(Field::ResourceType, text) => text.eq_ignore_ascii_case(REGISTRIES),
            _ => false,
        })
    };
    let visible = registries::visible(call).into_iter().filter(|_| fits());
    let of = |(registry, id): (std::sync::Arc<Registry>, ResourceId)| {
        json!({
            "id": id,
            "name": registry.name.as_str(),
            "type": REGISTRIES,
            "location": registry.location,
            "sku": registries::sku(&registry),
            "tags": {},
        })
    };
    Ok(page::whole(visible.map(of).collect()))
}

/// `GET /subscriptions/{id}/providers/{namespace}`, and its registration: it is always registered.
pub(crate) async fn provider(call: &Call<'_>, id: &str, name: &str) -> Result<Response, ArmError> {
    check(call, id)?;
    let types: &[&str] = match name.to_ascii_lowercase().as_str() {
        "microsoft.containerregistry" => {
            &["registries", "registries/tokens", "registries/scopeMaps"]
        }
        "microsoft.authorization" => &["roleAssignments", "roleDefinitions"],
        "microsoft.resources" => &["subscriptions", "resourceGroups", "tenants"],
        _ => {
            let message = format!("The resource namespace '{name}' is invalid.");
            return Err(ArmError::new(StatusCode::NOT_FOUND, "InvalidResourceNamespace", message));
        }
    };
    let name = if name.eq_ignore_ascii_case(PROVIDER) { PROVIDER } else { name };
    let of =
        |kind: &&str| json!({ "resourceType": kind, "locations": [], "apiVersions": VERSIONS });
    Ok(Json(json!({
        "id": format!("{}/providers/{name}", own(call)),
        "namespace": name,
        "registrationState": "Registered",
        "resourceTypes": types.iter().map(of).collect::<Vec<_>>(),
    }))
    .into_response())
}

/// The id of the one subscription.
pub(crate) fn own(call: &Call<'_>) -> ResourceId {
    let subscription = call.app.access.directory().tenant().subscription;
    format!("/subscriptions/{subscription}").parse().expect("it is an id")
}

/// Refuses whoever names another subscription, or knows nothing of this one.
fn check(call: &Call<'_>, id: &str) -> Result<(), ArmError> {
    let subscription = call.app.access.directory().tenant().subscription.to_string();
    match id.eq_ignore_ascii_case(&subscription) && call.caller.authority().is_known_at(&own(call))
    {
        true => Ok(()),
        false => {
            let message = format!("The subscription '{id}' could not be found.");
            Err(ArmError::new(StatusCode::NOT_FOUND, "SubscriptionNotFound", message))
        }
    }
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

fn group_names(call: &Call<'_>) -> Vec<String> {
    let all = call.app.content.registries().all();
    let mut names: Vec<String> = all.iter().map(|one| one.resource_group.clone()).collect();
    names.push(Registry::FIRST_GROUP.to_owned());
    names.sort();
    names.dedup();
    names
}

fn group_id(call: &Call<'_>, name: &str) -> Result<ResourceId, ArmError> {
    let id = format!("{}/resourceGroups/{name}", own(call));
    id.parse().map_err(ArmError::bad_request)
}

fn resource_group(call: &Call<'_>, name: &str) -> Value {
    let default = call.app.content.registries().default_registry();
    json!({
        "id": format!("{}/resourceGroups/{name}", own(call)),
        "name": name,
        "type": "Microsoft.Resources/resourceGroups",
        "location": default.map_or_else(|| "local".to_owned(), |one| one.location.clone()),
        "tags": {},
        "properties": { "provisioningState": "Succeeded" },
    })
}
