//! Scope maps of repository-scoped tokens.

use gantry_access::scope_maps::{ScopeMapChange, ScopeMapError};
pub(crate) use gantry_model::scoped::ScopeMap;
use gantry_model::scoped::{ScopeMapAction, ScopedName};
use gantry_model::{Precondition, Registry, Versioned, Written};
use http::StatusCode;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::children::{Child, WrittenTo};
use crate::error::ArmError;
use crate::shape::Common;
use crate::{Call, body};

/// A scope map's properties.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(inline, rename = "ScopeMap")]
pub(crate) struct Properties {
    #[serde(skip_serializing_if = "Option::is_none")]
    description: Option<String>,
    #[serde(rename = "type")]
    #[schemars(extend("enum" = ["UserDefined", "SystemDefined"]))]
    kind: &'static str,
    creation_date: String,
    actions: Vec<String>,
}

#[derive(Deserialize, JsonSchema)]
pub(crate) struct Wanted {
    properties: WantedProperties,
}

#[derive(Deserialize, JsonSchema)]
struct WantedProperties {
    description: Option<String>,
    actions: Option<Vec<String>>,
}

impl Child for ScopeMap {
    const KIND: &'static str = "scopeMaps";
    const NAME: &'static str = "scopeMapName";
    const DELETED: StatusCode = StatusCode::OK;
    type Properties = Properties;
    type Wanted = Wanted;

    fn key(&self) -> String {
        self.name.key().to_owned()
    }

    fn name(&self) -> &str {
        self.name.as_str()
    }

    fn render(&self, _: &Call<'_>, registry: &Registry) -> (Common, Properties) {
        let created = self.created_at.unwrap_or(registry.created_at);
        let properties = Properties {
            description: self.description.clone(),
            kind: if self.is_of_the_system() { "SystemDefined" } else { "UserDefined" },
            creation_date: created.to_string(),
            actions: self.actions.iter().map(ToString::to_string).collect(),
        };
        (Common::default(), properties)
    }

    async fn find(
        call: &Call<'_>,
        registry: &Registry,
        name: &str,
    ) -> Result<Versioned<Self>, ArmError> {
        let name = parse(name)?;
        let found = call.app.access.find_scope_map(registry, &name).await?;
        found.ok_or_else(|| refused(ScopeMapError::Missing(name)))
    }

    async fn list(
        call: &Call<'_>,
        registry: &Registry,
        after: &str,
        limit: usize,
    ) -> Result<Vec<Self>, ArmError> {
        Ok(call.app.access.list_scope_maps(registry, after, limit).await?)
    }

    async fn write(
        call: &Call<'_>,
        registry: &Registry,
        to: WrittenTo,
        wanted: Value,
    ) -> Result<(Versioned<Self>, Written), ArmError> {
        let Wanted { properties } = body::of(wanted)?;
        let actions = properties.actions.map(|actions| parse_actions(&actions)).transpose()?;
        let wished = ScopeMapChange { description: properties.description, actions };
        let WrittenTo { name, if_absent, precondition } = to;
        let (name, access) = (parse(&name)?, &call.app.access);
        let written = access.write_scope_map(registry, &name, wished, if_absent, precondition);
        written.await.map_err(refused)
    }

    async fn delete(
        call: &Call<'_>,
        registry: &Registry,
        name: &str,
        precondition: Precondition,
    ) -> Result<bool, ArmError> {
        match call.app.access.delete_scope_map(registry, &parse(name)?, precondition).await {
            Ok(()) => Ok(true),
            Err(ScopeMapError::Missing(_)) => Ok(false),
            Err(error) => Err(refused(error)),
        }
    }
}

fn parse(name: &str) -> Result<ScopedName, ArmError> {
    name.parse().map_err(ArmError::bad_name)
}

fn parse_actions(actions: &[String]) -> Result<Vec<ScopeMapAction>, ArmError> {
    actions.iter().map(|action| action.parse().map_err(ArmError::bad_request)).collect()
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
