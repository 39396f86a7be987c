//! Resources of whichever type: how `az acr` finds a registry's resource group by its name.

use axum::response::Response;
use gantry_arm::{Field, Filter, Term};
use gantry_model::Registry;
use schemars::JsonSchema;
use serde::Serialize;

use crate::error::ArmError;
use crate::registries::{self, TYPE};
use crate::shape::{Common, Sku};
use crate::{Call, page};

/// A resource of whichever type.
#[derive(Serialize, JsonSchema)]
pub(crate) struct GenericResource {
    id: String,
    name: String,
    #[serde(rename = "type")]
    kind: &'static str,
    #[serde(flatten)]
    common: Common,
}

/// `GET resources`
pub(crate) async fn list(call: &Call<'_>) -> Result<Response, ArmError> {
    list_in(call, None)
}

/// `GET resourcegroups/{name}/resources`
pub(crate) async fn list_of_group(call: &Call<'_>) -> Result<Response, ArmError> {
    list_in(call, Some(call.asked.parameter("resourceGroupName").to_owned()))
}

fn list_in(call: &Call<'_>, mut group: Option<String>) -> Result<Response, ArmError> {
    let filter = page::filter(call)?;
    let (mut fits, mut name, mut tag) = (true, None, (None, None));
    for term in filter.iter().flat_map(Filter::terms) {
        match term {
            Term::Equals(Field::ResourceType, text) => fits &= text.eq_ignore_ascii_case(TYPE),
            Term::Equals(Field::Name, text) => name = Some(text.clone()),
            Term::Equals(Field::ResourceGroup, text) => group = Some(text.to_string()),
            Term::Equals(Field::Location, text) => {
                fits &= text.eq_ignore_ascii_case(&call.app.content.registries().location());
            }
            Term::Equals(Field::TagName, text) => tag.0 = Some(text.clone()),
            Term::Equals(Field::TagValue, text) => tag.1 = Some(text.clone()),
            _ => return Err(ArmError::bad_filter("resources can't be filtered by that")),
        }
    }
    let wanted = |registry: &Registry| {
        let named =
            name.as_ref().is_none_or(|name| name.eq_ignore_ascii_case(registry.name.as_str()));
        let value = tag.0.as_ref().map(|name| registry.tags.value(name));
        let tagged = value.is_none_or(|value| {
            value.is_some_and(|value| tag.1.as_ref().is_none_or(|wanted| **wanted == *value))
        });
        fits && named && tagged
    };
    let found = registries::page(call, group.as_deref(), wanted)?;
    Ok(page::cut(call, found, |one| one.name.to_string(), |one| render(call, one)))
}

fn render(call: &Call<'_>, registry: &Registry) -> GenericResource {
    GenericResource {
        id: call.app.access.resource_id(registry),
        name: registry.name.to_string(),
        kind: TYPE,
        common: Common {
            location: Some(registry.location.clone()),
            sku: Some(Sku::of(registry)),
            tags: Some(registry.tags.clone()),
            ..Common::default()
        },
    }
}
