//! Scope maps of repository-scoped tokens.

use axum::body::Body;
use axum::response::{IntoResponse, Response};
use gantry_access::scope_maps::{ScopeMapChange, ScopeMapError};
use gantry_model::scoped::{ScopeMap, ScopeMapAction, ScopedName};
use gantry_model::{IfAbsent, Registry};
use http::StatusCode;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::error::ArmError;
use crate::page::{self, LIMIT};
use crate::preconditions::{precondition, status, tagged};
use crate::route::{RegistryAt, Verb};
use crate::{Call, body, registries};

#[derive(Deserialize)]
struct Wanted {
    properties: WantedProperties,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WantedProperties {
    description: Option<String>,
    actions: Option<Vec<String>>,
    // What a client read and sends back.
    #[serde(rename = "type")]
    _type: Option<Value>,
    #[serde(rename = "creationDate")]
    _creation_date: Option<Value>,
    #[serde(rename = "provisioningState")]
    _provisioning_state: Option<Value>,
}

/// `GET scopeMaps`
pub(crate) async fn list(call: &Call<'_>, at: &RegistryAt) -> Result<Response, ArmError> {
    let registry = registries::find(call, at, &action(Verb::Get))?;
    let after = page::after(call)?;
    let maps = call.app.access.list_scope_maps(&registry, &after, LIMIT + 1).await?;
    let render = |map: &ScopeMap| render(call, &registry, map);
    Ok(page::cut(call, maps, |map| map.name.key(), render))
}

/// One scope map: shown, made, changed, deleted.
pub(crate) async fn one(
    call: &Call<'_>,
    at: &RegistryAt,
    name: &str,
    verb: Verb,
    body: Body,
) -> Result<Response, ArmError> {
    let registry = registries::find(call, at, &action(verb))?;
    let name: ScopedName = name.parse().map_err(ArmError::bad_request)?;
    let access = &call.app.access;
    match verb {
        Verb::Get => {
            let found = access.find_scope_map(&registry, &name).await?;
            let found = found.ok_or_else(|| refused(ScopeMapError::Missing(name)))?;
            Ok(tagged(StatusCode::OK, &found.version, render(call, &registry, &found.value)))
        }
        Verb::Put => write(call, &registry, &name, IfAbsent::Make, body).await,
        Verb::Patch => write(call, &registry, &name, IfAbsent::Refuse, body).await,
        Verb::Delete => {
            let precondition = precondition(&call.parts.headers)?;
            match access.delete_scope_map(&registry, &name, precondition).await {
                Ok(()) => Ok(StatusCode::OK.into_response()),
                Err(ScopeMapError::Missing(_)) => Ok(StatusCode::NO_CONTENT.into_response()),
                Err(error) => Err(refused(error)),
            }
        }
    }
}

async fn write(
    call: &Call<'_>,
    registry: &Registry,
    name: &ScopedName,
    if_absent: IfAbsent,
    body: Body,
) -> Result<Response, ArmError> {
    let precondition = precondition(&call.parts.headers)?;
    let Wanted { properties } = body::read(call.app, body).await?;
    let actions = properties.actions.map(|actions| parse(&actions)).transpose()?;
    let wished = ScopeMapChange { description: properties.description, actions };
    let written = call.app.access.write_scope_map(registry, name, wished, if_absent, precondition);
    let (map, written) = written.await.map_err(refused)?;
    Ok(tagged(status(written), &map.version, render(call, registry, &map.value)))
}

fn parse(actions: &[String]) -> Result<Vec<ScopeMapAction>, ArmError> {
    actions.iter().map(|action| action.parse().map_err(ArmError::bad_request)).collect()
}

/// The action that the verb takes.
fn action(verb: Verb) -> String {
    format!("Microsoft.ContainerRegistry/registries/scopeMaps/{}", verb.action())
}

fn render(call: &Call<'_>, registry: &Registry, map: &ScopeMap) -> Value {
    let own = call.app.access.resource_id(registry);
    let created = map.created_at.unwrap_or(registry.created_at);
    json!({
        "id": format!("{own}/scopeMaps/{}", map.name),
        "name": map.name.as_str(),
        "type": "Microsoft.ContainerRegistry/registries/scopeMaps",
        "properties": {
            "description": map.description,
            "type": if map.is_of_the_system() { "SystemDefined" } else { "UserDefined" },
            "creationDate": created.to_string(),
            "provisioningState": "Succeeded",
            "actions": map.actions.iter().map(ToString::to_string).collect::<Vec<_>>(),
        },
    })
}

fn refused(error: ScopeMapError) -> ArmError {
    match error {
        ScopeMapError::Missing(_) => ArmError::not_found(error),
        ScopeMapError::Precondition(error) => error.into(),
        ScopeMapError::OfTheSystem(_) | ScopeMapError::Actions(_) => ArmError::bad_request(error),
        ScopeMapError::TooMany(_) => ArmError::conflict("ScopeMapsLimitExceeded", error),
        ScopeMapError::InUse(_) => ArmError::conflict("ScopeMapInUse", error),
        ScopeMapError::Catalog(error) => error.into(),
    }
}
