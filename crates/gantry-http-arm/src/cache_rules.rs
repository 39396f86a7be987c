//! Cache rules.

use gantry_arm::ResourceId;
use gantry_model::resource::{self, Resource};
use gantry_model::{Precondition, Registry, Versioned, Written};
use gantry_resources::{At, CacheRuleChange, ResourceError};
use http::StatusCode;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::Call;
use crate::error::ArmError;
use crate::kept::{Kept, refused, wish};

/// A cache rule.
pub(crate) type CacheRule = Resource<resource::CacheRule>;

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Properties {
    source_repository: Option<String>,
    target_repository: Option<String>,
    /// `null` is a wish to have none.
    #[serde(default, deserialize_with = "present")]
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

    fn properties(resource: &CacheRule, call: &Call<'_>, registry: &Registry) -> Value {
        let Self { source, target, credential_set } = &resource.value;
        let own = call.app.access.resource_id(registry);
        let set = credential_set.as_ref().map(|name| format!("{own}/credentialSets/{name}"));
        json!({
            "credentialSetResourceId": set,
            "sourceRepository": source,
            "targetRepository": target,
            "creationDate": resource.created_at.to_string(),
        })
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
        let wish = wish(call, wanted, |wanted: Properties| {
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
