//! Connections of private endpoints. The endpoints are the server's (`[[private_endpoint]]`), and
//! connected to each registry unless that decides otherwise.

use std::sync::Arc;

use axum::Json;
use axum::body::Body;
use axum::response::{IntoResponse, Response};
use gantry_model::{PrivateEndpoint, PrivateEndpointState, Registry};
use gantry_registry::registries::Wishes;
use http::StatusCode;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::error::ArmError;
use crate::preconditions::precondition;
use crate::shape::{Common, Provisioned, Shaped};
use crate::{Call, body, page, registries, subscriptions};

/// The only kind of thing that private endpoints reach of a registry.
const GROUP: &str = "registry";
/// The longest description, in bytes.
const MOST_DESCRIPTION: usize = 1024;

/// A private endpoint's connection to a registry.
pub(crate) type Connection = Shaped<Provisioned<Properties>>;

#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(inline, rename = "PrivateEndpointConnection")]
pub(crate) struct Properties {
    private_endpoint: Endpoint,
    private_link_service_connection_state: ConnectionState,
}

#[derive(Serialize, JsonSchema)]
#[schemars(rename = "PrivateEndpoint")]
struct Endpoint {
    id: String,
}

#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "PrivateLinkServiceConnectionState")]
struct ConnectionState {
    status: &'static str,
    description: String,
    actions_required: &'static str,
}

/// What private endpoints reach of a registry.
pub(crate) type LinkResource = Shaped<LinkProperties>;

#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(inline, rename = "PrivateLinkResource")]
pub(crate) struct LinkProperties {
    group_id: &'static str,
    required_members: [String; 2],
    required_zone_names: [String; 1],
}

#[derive(Deserialize, JsonSchema)]
pub(crate) struct Wanted {
    properties: WantedProperties,
}

#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct WantedProperties {
    private_link_service_connection_state: Option<WantedState>,
}

#[derive(Deserialize, JsonSchema)]
struct WantedState {
    status: Option<String>,
    description: Option<String>,
}

/// `GET privateEndpointConnections`
pub(crate) async fn list(call: &Call<'_>) -> Result<Response, ArmError> {
    let registry = registries::find(call)?;
    Ok(page::whole(all(call, &registry)))
}

/// `GET` of one
pub(crate) async fn show(call: &Call<'_>) -> Result<Response, ArmError> {
    let registry = registries::find(call)?;
    let name = find(call)?;
    let shown = render(call, &registry, &name).ok_or_else(|| missing(call))?;
    Ok(Json(shown).into_response())
}

/// `PUT` of one: approves or rejects it.
pub(crate) async fn put(call: &Call<'_>, body: Body) -> Result<Response, ArmError> {
    const STATUS: &str = "properties.privateLinkServiceConnectionState.status";
    let registry = registries::find(call)?;
    let precondition = precondition(&call.parts.headers)?;
    let Wanted { properties } = body::read(call.app, body).await?;
    let state = properties.private_link_service_connection_state;
    let (status, description) = state.map(|one| (one.status, one.description)).unzip();
    let status = status.flatten().unwrap_or_else(|| "Approved".to_owned());
    let state = if status.eq_ignore_ascii_case("Approved") {
        PrivateEndpointState::Approved
    } else if status.eq_ignore_ascii_case("Rejected") {
        PrivateEndpointState::Rejected
    } else {
        let message = format!("{status:?} can't be decided: write Approved or Rejected");
        return Err(ArmError::bad_request(message).about(STATUS));
    };
    let description = description.flatten().unwrap_or_default();
    if description.len() > MOST_DESCRIPTION {
        return Err(ArmError::bad_request("the description is too long"));
    }
    let name = find(call)?;
    let wishes = decide(&name, PrivateEndpoint { state, description });
    let changed = registries::change(call, &registry, precondition, wishes).await?;
    let shown = render(call, &changed, &name).ok_or_else(|| missing(call))?;
    Ok(Json(shown).into_response())
}

/// `DELETE` of one: who comes by that endpoint reaches the registry no more.
pub(crate) async fn remove(call: &Call<'_>) -> Result<Response, ArmError> {
    let registry = registries::find(call)?;
    let precondition = precondition(&call.parts.headers)?;
    let Ok(name) = find(call) else { return Ok(StatusCode::NO_CONTENT.into_response()) };
    if render(call, &registry, &name).is_none() {
        return Ok(StatusCode::NO_CONTENT.into_response());
    }
    let state = PrivateEndpointState::Removed;
    let wishes = decide(&name, PrivateEndpoint { state, description: String::new() });
    registries::change(call, &registry, precondition, wishes).await?;
    Ok(StatusCode::OK.into_response())
}

/// `GET privateLinkResources`
pub(crate) async fn link_resources(call: &Call<'_>) -> Result<Response, ArmError> {
    let registry = registries::find(call)?;
    Ok(page::whole(vec![link(call, &registry)]))
}

/// `GET privateLinkResources/{groupName}`
pub(crate) async fn link_resource(call: &Call<'_>) -> Result<Response, ArmError> {
    let registry = registries::find(call)?;
    let name = call.asked.parameter("groupName");
    match name.eq_ignore_ascii_case(GROUP) {
        true => Ok(Json(link(call, &registry)).into_response()),
        false => Err(ArmError::not_found(format!("there is no private link resource {name}"))),
    }
}

/// The connections that a registry shows. A tier without private endpoints has none.
pub(crate) fn all(call: &Call<'_>, registry: &Registry) -> Vec<Connection> {
    let tiers = call.app.content.registries().tiers();
    let most = tiers.of(registry.settings.tier).private_endpoints;
    let most = usize::try_from(most).unwrap_or(usize::MAX);
    let names = call.app.private_networks.names();
    names.filter_map(|name| render(call, registry, name)).take(most).collect()
}

fn decide(name: &str, decided: PrivateEndpoint) -> Wishes {
    let name = name.to_owned();
    Wishes::of_settings(move |settings| {
        settings.network.private_endpoints.insert(name.clone(), decided.clone());
    })
}

/// The server's endpoint that the path names.
fn find(call: &Call<'_>) -> Result<Arc<str>, ArmError> {
    let name = call.asked.parameter("privateEndpointConnectionName");
    let mut names = call.app.private_networks.names();
    names.find(|known| known.eq_ignore_ascii_case(name)).cloned().ok_or_else(|| missing(call))
}

fn missing(call: &Call<'_>) -> ArmError {
    let name = call.asked.parameter("privateEndpointConnectionName");
    ArmError::not_found(format!(
        "there is no private endpoint connection {name}: private endpoints are those of the server's \
         configuration"
    ))
}

fn render(call: &Call<'_>, registry: &Registry, name: &str) -> Option<Connection> {
    let decided = registry.settings.network.private_endpoints.get(name);
    let (status, description) = match decided {
        None => ("Approved", ""),
        Some(PrivateEndpoint { state, description }) => match state {
            PrivateEndpointState::Approved => ("Approved", description.as_str()),
            PrivateEndpointState::Rejected => ("Rejected", description.as_str()),
            PrivateEndpointState::Removed => return None,
        },
    };
    let own = call.app.access.resource_id(registry);
    let endpoint = format!(
        "{}/resourceGroups/{}/providers/Microsoft.Network/privateEndpoints/{name}",
        subscriptions::own(call),
        Registry::FIRST_GROUP
    );
    Some(Shaped {
        id: format!("{own}/privateEndpointConnections/{name}"),
        name: name.to_owned(),
        kind: "Microsoft.ContainerRegistry/registries/privateEndpointConnections".to_owned(),
        common: Common::default(),
        properties: Provisioned::new(Properties {
            private_endpoint: Endpoint { id: endpoint },
            private_link_service_connection_state: ConnectionState {
                status,
                description: description.to_owned(),
                actions_required: "None",
            },
        }),
    })
}

fn link(call: &Call<'_>, registry: &Registry) -> LinkResource {
    let own = call.app.access.resource_id(registry);
    let location = &registry.location;
    Shaped {
        id: format!("{own}/privateLinkResources/{GROUP}"),
        name: GROUP.to_owned(),
        kind: "Microsoft.ContainerRegistry/registries/privateLinkResources".to_owned(),
        common: Common::default(),
        properties: LinkProperties {
            group_id: GROUP,
            required_members: [GROUP.to_owned(), format!("registry_data_{location}")],
            required_zone_names: [format!(
                "privatelink.{}",
                call.app.content.registries().suffix()
            )],
        },
    }
}
