//! Replications: each registry is in its home location. More locations aren't built.

use axum::Json;
use axum::body::Body;
use axum::response::{IntoResponse, Response};
use gantry_model::{NotInTier, Registry, Tags};
use http::StatusCode;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::error::ArmError;
use crate::registries::not_in_tier;
use crate::shape::{Common, Provisioned, Shaped, enabled};
use crate::{Call, body, page, registries};

/// A replication.
pub(crate) type Replication = Shaped<Provisioned<Properties>>;

#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(inline, rename = "Replication")]
pub(crate) struct Properties {
    region_endpoint_enabled: bool,
    zone_redundancy: &'static str,
    status: Status,
}

#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "ReplicationStatus")]
struct Status {
    display_status: &'static str,
    timestamp: String,
}

#[derive(Deserialize, JsonSchema)]
pub(crate) struct Wanted {
    #[serde(default)]
    properties: WantedProperties,
}

#[derive(Default, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct WantedProperties {
    region_endpoint_enabled: Option<bool>,
}

/// `GET replications`
pub(crate) async fn list(call: &Call<'_>) -> Result<Response, ArmError> {
    let registry = registries::find(call)?;
    Ok(page::whole(vec![render(call, &registry)]))
}

/// `GET` of one
pub(crate) async fn show(call: &Call<'_>) -> Result<Response, ArmError> {
    let registry = registries::find(call)?;
    check_home(call, &registry)?;
    Ok(Json(render(call, &registry)).into_response())
}

/// `PUT` and `PATCH` of one
pub(crate) async fn put(call: &Call<'_>, body: Body) -> Result<Response, ArmError> {
    let registry = registries::find(call)?;
    let Wanted { properties } = body::read(call.app, body).await?;
    if check_home(call, &registry).is_err() {
        return Err(refuse_more(call, &registry));
    }
    if properties.region_endpoint_enabled == Some(false) {
        let what = "replications that are left out of routing";
        return Err(ArmError::not_built("properties.regionEndpointEnabled", what));
    }
    Ok(Json(render(call, &registry)).into_response())
}

/// `DELETE` of one
pub(crate) async fn remove(call: &Call<'_>) -> Result<Response, ArmError> {
    let registry = registries::find(call)?;
    match check_home(call, &registry) {
        Err(_) => Ok(StatusCode::NO_CONTENT.into_response()),
        Ok(()) => {
            let message = "the replication in the registry's home location can't be deleted";
            Err(ArmError::new(StatusCode::BAD_REQUEST, "CannotDeleteHomeReplication", message))
        }
    }
}

fn check_home(call: &Call<'_>, registry: &Registry) -> Result<(), ArmError> {
    let name = call.asked.parameter("replicationName");
    match name.eq_ignore_ascii_case(&registry.location) {
        true => Ok(()),
        false => Err(ArmError::not_found(format!("there is no replication {name}"))),
    }
}

/// Why there can't be one somewhere else: the tier hasn't got it, or nobody has.
fn refuse_more(call: &Call<'_>, registry: &Registry) -> ArmError {
    let tiers = call.app.content.registries().tiers();
    let tier = registry.settings.tier;
    if !tiers.of(tier).replications {
        let needed = tiers.first_that(|limits| limits.replications);
        return not_in_tier(&NotInTier { feature: "geo-replication", tier, needed });
    }
    let message = "replications in other locations aren't built into this server yet";
    ArmError::new(StatusCode::BAD_REQUEST, "FeatureNotBuilt", message)
}

fn render(call: &Call<'_>, registry: &Registry) -> Replication {
    let own = call.app.access.resource_id(registry);
    let location = &registry.location;
    Shaped {
        id: format!("{own}/replications/{location}"),
        name: location.clone(),
        kind: "Microsoft.ContainerRegistry/registries/replications".to_owned(),
        common: Common {
            location: Some(location.clone()),
            tags: Some(Tags::default()),
            ..Common::default()
        },
        properties: Provisioned::new(Properties {
            region_endpoint_enabled: true,
            zone_redundancy: enabled(registry.settings.policies.zone_redundancy),
            status: Status { display_status: "Ready", timestamp: registry.created_at.to_string() },
        }),
    }
}
