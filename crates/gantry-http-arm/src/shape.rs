//! What kinds of resources have in common where they are shown.

use std::collections::BTreeMap;

use gantry_model::{Authors, Identities, Registry, Tags, Timestamp};
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::Value;

use crate::Call;

/// A resource.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "{P}")]
pub(crate) struct Shaped<P> {
    pub(crate) id: String,
    pub(crate) name: String,
    #[serde(rename = "type")]
    pub(crate) kind: String,
    #[serde(flatten)]
    pub(crate) common: Common,
    pub(crate) properties: P,
}

/// What many kinds of resources have.
#[derive(Default, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Common {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) location: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<BTreeMap<String, String>>")]
    pub(crate) tags: Option<Tags>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) sku: Option<Sku>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) identity: Option<Identity>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) system_data: Option<SystemData>,
}

/// Properties of what is in the state that it is to be in, as everything here always is.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(inline, rename = "{P}")]
pub(crate) struct Provisioned<P> {
    #[serde(flatten)]
    properties: P,
    provisioning_state: &'static str,
}

impl<P> Provisioned<P> {
    pub(crate) fn new(properties: P) -> Self {
        Self { properties, provisioning_state: "Succeeded" }
    }
}

/// A service tier.
#[derive(Serialize, JsonSchema)]
pub(crate) struct Sku {
    #[schemars(extend("enum" = ["Basic", "Standard", "Premium"]))]
    name: &'static str,
    tier: &'static str,
}

impl Sku {
    pub(crate) fn of(registry: &Registry) -> Self {
        let name = registry.settings.tier.name();
        Self { name, tier: name }
    }
}

/// The managed identity that a resource has.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Identity {
    #[serde(rename = "type")]
    kind: &'static str,
    principal_id: String,
    tenant_id: String,
}

impl Identity {
    pub(crate) fn of(call: &Call<'_>, identities: &Identities) -> Option<Self> {
        let tenant = call.app.access.directory().tenant().id.to_string();
        let own = identities.own.clone()?;
        Some(Self { kind: "SystemAssigned", principal_id: own, tenant_id: tenant })
    }
}

/// Who made a resource, who changed it last, and when.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct SystemData {
    created_by: String,
    created_by_type: &'static str,
    created_at: String,
    last_modified_by: String,
    last_modified_by_type: &'static str,
    last_modified_at: String,
}

impl SystemData {
    pub(crate) fn of(authors: &Authors, created_at: Timestamp) -> Self {
        let Authors { created_by, changed_by, changed_at } = authors;
        let or_server =
            |who: &String| if who.is_empty() { "gantry".to_owned() } else { who.clone() };
        Self {
            created_by: or_server(created_by),
            created_by_type: "Application",
            created_at: created_at.to_string(),
            last_modified_by: or_server(changed_by),
            last_modified_by_type: "Application",
            last_modified_at: changed_at.unwrap_or(created_at).to_string(),
        }
    }
}

/// `Enabled` and `Disabled`, as most properties have it.
pub(crate) fn enabled(on: bool) -> &'static str {
    if on { "Enabled" } else { "Disabled" }
}

/// `enabled` and `disabled`, as some older properties have it.
pub(crate) fn lowercase_enabled(on: bool) -> &'static str {
    if on { "enabled" } else { "disabled" }
}

/// What is shown, as a document.
///
/// # Panics
/// Never: shapes are structs whose keys are texts.
pub(crate) fn document(shown: &impl Serialize) -> Value {
    serde_json::to_value(shown).expect("a shape is a JSON document")
}
