//! Tags of resource groups and registries, as a resource of their own
//! (`Microsoft.Resources/tags/default`).

use axum::Json;
use axum::body::Body;
use axum::response::{IntoResponse, Response};
use gantry_arm::ResourceId;
use gantry_model::{Precondition, Tags};
use gantry_registry::registries::Wishes;
use http::StatusCode;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::error::ArmError;
use crate::registries::{self, read_tags};
use crate::shape::{Common, Shaped};
use crate::{Call, body, groups};

/// The tags of a resource.
pub(crate) type Shown = Shaped<Properties>;

#[derive(Serialize, JsonSchema)]
#[schemars(inline, rename = "Tags")]
pub(crate) struct Properties {
    #[schemars(with = "std::collections::BTreeMap<String, String>")]
    tags: Tags,
}

#[derive(Deserialize, JsonSchema)]
#[schemars(rename = "WantedTags")]
pub(crate) struct Wanted {
    operation: Option<Operation>,
    properties: WantedProperties,
}

#[derive(Deserialize, JsonSchema)]
struct WantedProperties {
    #[schemars(with = "std::collections::BTreeMap<String, Option<String>>")]
    tags: Value,
}

/// What a `PATCH` does with the tags that it names.
#[derive(Clone, Copy, Deserialize, JsonSchema)]
enum Operation {
    Merge,
    Replace,
    Delete,
}

/// `GET`
pub(crate) async fn show(call: &Call<'_>) -> Result<Response, ArmError> {
    Ok(rendered(&call.asked.scope(), present(call).await?))
}

/// The tags that the scope has.
async fn present(call: &Call<'_>) -> Result<Tags, ArmError> {
    let scope = call.asked.scope();
    match Tagged::at(&scope)? {
        Tagged::Group(name) => {
            let group = call.app.resources.find_group(name).await.map_err(groups::refused)?;
            Ok(group.value.tags)
        }
        Tagged::Registry => Ok(registries::find_at(call, &scope)?.tags.clone()),
    }
}

/// `PUT`: these and no others.
pub(crate) async fn put(call: &Call<'_>, body: Body) -> Result<Response, ArmError> {
    let Wanted { properties, .. } = body::read(call.app, body).await?;
    let wanted = read_tags(&properties.tags)?;
    change(call, move |_| wanted.clone()).await
}

/// `PATCH`: these besides, instead, or no more.
pub(crate) async fn patch(call: &Call<'_>, body: Body) -> Result<Response, ArmError> {
    let Wanted { operation, properties } = body::read(call.app, body).await?;
    let named = read_tags(&properties.tags)?;
    match operation.unwrap_or(Operation::Replace) {
        Operation::Replace => change(call, move |_| named.clone()).await,
        Operation::Delete => change(call, move |present| present.without(&named)).await,
        Operation::Merge => {
            present(call).await?.merged(&named).map_err(registries::bad_tags)?;
            // Of more that came meanwhile than a resource has, none is lost.
            let merged =
                move |present: &Tags| present.merged(&named).unwrap_or_else(|_| present.clone());
            change(call, merged).await
        }
    }
}

/// `DELETE`
pub(crate) async fn remove(call: &Call<'_>) -> Result<Response, ArmError> {
    change(call, |_| Tags::default()).await?;
    Ok(StatusCode::OK.into_response())
}

async fn change(
    call: &Call<'_>,
    change: impl Fn(&Tags) -> Tags + Send + Sync + 'static,
) -> Result<Response, ArmError> {
    let scope = call.asked.scope();
    let tags = match Tagged::at(&scope)? {
        Tagged::Group(name) => {
            let resources = &call.app.resources;
            let changed = resources.change_group_tags(name.to_owned(), Precondition::None, change);
            changed.await.map_err(groups::refused)?.value.tags
        }
        Tagged::Registry => {
            let registry = registries::find_at(call, &scope)?;
            let wishes = Wishes::new(move |registry| registry.tags = change(&registry.tags));
            registries::change(call, &registry, Precondition::None, wishes).await?.tags
        }
    };
    Ok(rendered(&scope, tags))
}

/// What has tags.
enum Tagged<'s> {
    Group(&'s str),
    Registry,
}

impl<'s> Tagged<'s> {
    fn at(scope: &'s ResourceId) -> Result<Self, ArmError> {
        match scope.resource_group() {
            Some(name) if scope.is_type(groups::TYPE) => Ok(Self::Group(name)),
            Some(_) if scope.is_type(registries::TYPE) => Ok(Self::Registry),
            _ => {
                let message = "resource groups and registries have tags";
                Err(ArmError::new(StatusCode::BAD_REQUEST, "OperationNotSupported", message))
            }
        }
    }
}

fn rendered(scope: &ResourceId, tags: Tags) -> Response {
    let scope = scope.as_str();
    let shown = Shaped {
        id: format!("{scope}/providers/Microsoft.Resources/tags/default"),
        name: "default".to_owned(),
        kind: "Microsoft.Resources/tags".to_owned(),
        common: Common::default(),
        properties: Properties { tags },
    };
    Json(shown).into_response()
}
