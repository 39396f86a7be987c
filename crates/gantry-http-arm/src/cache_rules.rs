//! Cache rules.

use gantry_arm::ResourceId;
use gantry_model::resource::{self, Resource};
use gantry_model::{Precondition, Registry, Versioned, Written};
use gantry_resources::{At, CacheRuleChange, ResourceError};
use http::StatusCode;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::Call;
use crate::error::ArmError;
use crate::kept::{Kept, refused, wish};

/// A cache rule.
pub(crate) type CacheRule = Resource<resource::CacheRule>;

/// A cache rule's properties.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(inline, rename = "CacheRule")]
pub(crate) struct Properties {
    #[serde(skip_serializing_if = "Option::is_none")]
    credential_set_resource_id: Option<String>,
    source_repository: String,
    target_repository: String,
    creation_date: String,
}

#[derive(Default, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Wanted {
    source_repository: Option<String>,
    target_repository: Option<String>,
    /// `null` is a wish to have none.
    #[serde(default, deserialize_with = "present")]
    #[schemars(with = "Option<String>")]
    credential_set_resource_id: Option<Option<String>>,
}

fn present<'de, D: serde::Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<Option<String>>, D::Error> {
    Option::deserialize(deserializer).map(Some)
}

impl Kept for resource::CacheRule {
    const PARAMETER: &'static str = "cacheRuleName";
    // Clients take 202 or 204, and would wait after the former.
    const DELETED: StatusCode = StatusCode::NO_CONTENT;
    type Properties = Properties;
    type Wanted = Wanted;

    fn properties(resource: &CacheRule, call: &Call<'_>, registry: &Registry) -> Properties {
        let Self { source, target, credential_set } = &resource.value;
        let own = call.app.access.resource_id(registry);
        let set = credential_set.as_ref().map(|name| format!("{own}/credentialSets/{name}"));
        Properties {
            credential_set_resource_id: set,
            source_repository: source.to_string(),
            target_repository: target.to_string(),
            creation_date: resource.created_at.to_string(),
        }
    }

    async fn write(
        call: &Call<'_>,
        registry: &Registry,
        at: At,
        wanted: Value,
    ) -> Result<(Versioned<CacheRule>, Written), ArmError> {
        if wanted["identity"].as_object().is_some_and(|identity| identity["type"] != "None") {
            let what = "cache rules that sign in with an identity";
            return Err(ArmError::not_built("identity", what));
        }
        let wish = wish(call, wanted, |wanted: Wanted| {
            let set = wanted.credential_set_resource_id;
            let named = |id: Option<String>| id.map(|id| set_name(call, registry, &id)).transpose();
            Ok(CacheRuleChange {
                source: wanted.source_repository,
                target: wanted.target_repository,
                credential_set: set.map(named).transpose()?,
            })
        })?;
        call.app.resources.write_cache_rule(at, wish).await.map_err(refused)
    }

    async fn delete(
        call: &Call<'_>,
        registry: &Registry,
        name: &str,
        precondition: Precondition,
    ) -> Result<(), ResourceError> {
        call.app.resources.delete_cache_rule(registry, name, precondition).await
    }
}

/// The name of the credential set of that id, which must be the registry's.
fn set_name(call: &Call<'_>, registry: &Registry, id: &str) -> Result<String, ArmError> {
    let refuse = || {
        ArmError::bad_request("credentialSetResourceId is no credential set of this registry")
            .about("properties.credentialSetResourceId")
    };
    let id: ResourceId = id.parse().map_err(|_| refuse())?;
    let own: ResourceId = call.app.access.resource_id(registry).parse().map_err(|_| refuse())?;
    let is_set = id.is_type("Microsoft.ContainerRegistry/registries/credentialSets");
    let name = id.name().filter(|_| is_set && own.contains(&id));
    name.map(str::to_owned).ok_or_else(refuse)
}
