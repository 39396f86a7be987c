//! Registries that were deleted and can be brought back. ACR has nothing like it; the form is that of
//! other services' deleted resources.

use axum::Json;
use axum::response::{IntoResponse, Response};
use gantry_arm::ResourceId;
use gantry_catalog::DeletedRegistry;
use gantry_http_base::made;
use gantry_model::{RegistryId, Tags};
use gantry_registry::Registries;
use gantry_registry::registries::ReviveError;
use http::StatusCode;
use schemars::JsonSchema;
use serde::Serialize;

use crate::error::ArmError;
use crate::page::{self, LIMIT};
use crate::shape::{Common, Shaped};
use crate::{Call, registries, subscriptions};

const READ: &str = "Microsoft.ContainerRegistry/registries/read";
const WRITE: &str = "Microsoft.ContainerRegistry/registries/write";
const DELETE: &str = "Microsoft.ContainerRegistry/registries/delete";

/// A deleted registry.
pub(crate) type Shown = Shaped<Properties>;

#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(inline, rename = "DeletedRegistry")]
pub(crate) struct Properties {
    registry_id: String,
    registry_name: String,
    location: String,
    deletion_date: String,
    scheduled_purge_date: String,
    #[schemars(with = "std::collections::BTreeMap<String, String>")]
    tags: Tags,
}

/// `GET deletedRegistries`
pub(crate) async fn list(call: &Call<'_>) -> Result<Response, ArmError> {
    let after = page::after(call)?;
    let after = match after.is_empty() {
        true => RegistryId::NONE,
        false => after.parse().map_err(|_| ArmError::bad_request("$skiptoken is none of ours"))?,
    };
    let (registries, catalog) = (call.app.content.registries(), call.app.content.catalog());
    let found = registries.list_deleted(catalog, after, LIMIT).await?;
    let next = found.last().filter(|_| found.len() == LIMIT).map(|one| one.registry.id.to_string());
    let visible = found
        .iter()
        .filter(|one| id_of(call, one).is_some_and(|id| call.caller.authority().may(READ, &id)));
    let shown = visible.map(|one| render(call, one)).collect();
    Ok(page::page(call, shown, next.as_deref()))
}

/// `GET` of one
pub(crate) async fn show(call: &Call<'_>) -> Result<Response, ArmError> {
    let found = find(call, READ).await?;
    Ok(Json(render(call, &found)).into_response())
}

/// `POST restore`: brings it back, if its name is still free.
pub(crate) async fn restore(call: &Call<'_>) -> Result<Response, ArmError> {
    let found = find(call, WRITE).await?;
    let (all, catalog) = (call.app.content.registries(), call.app.content.catalog());
    let revived = all.revive(catalog, found.registry.id).await.map_err(refused)?;
    let answer = registries::shown(call, StatusCode::OK, &revived);
    Ok(made(answer, revived.name.to_string()))
}

/// `DELETE` of one: clears it away before its time.
pub(crate) async fn purge(call: &Call<'_>) -> Result<Response, ArmError> {
    let found = match find(call, DELETE).await {
        Ok(found) => found,
        Err(error) if error.is_not_found() => return Ok(StatusCode::NO_CONTENT.into_response()),
        Err(error) => return Err(error),
    };
    let (all, catalog) = (call.app.content.registries(), call.app.content.catalog());
    all.expire(catalog, found.registry.id).await.map_err(refused)?;
    Ok(made(StatusCode::OK.into_response(), found.registry.name.to_string()))
}

/// The deleted registry that the path names, for someone who may do `action` where it was. Who may not
/// isn't told whether it is there.
async fn find(call: &Call<'_>, action: &'static str) -> Result<DeletedRegistry, ArmError> {
    let text = call.asked.parameter("deletedRegistryId");
    let missing = || ArmError::not_found(format!("there is no deleted registry {text}"));
    let id: RegistryId = text.parse().map_err(|_| missing())?;
    let (registries, catalog) = (call.app.content.registries(), call.app.content.catalog());
    let found = registries.find_deleted(catalog, id).await?.ok_or_else(missing)?;
    let own = id_of(call, &found).ok_or_else(missing)?;
    match call.caller.authority().may(action, &own) {
        true => Ok(found),
        false => Err(missing()),
    }
}

fn id_of(call: &Call<'_>, deleted: &DeletedRegistry) -> Option<ResourceId> {
    registries::id(call, &deleted.registry)
}

fn render(call: &Call<'_>, deleted: &DeletedRegistry) -> Shown {
    let DeletedRegistry { registry, at } = deleted;
    let id = registry.id;
    Shaped {
        id: format!(
            "{}/providers/Microsoft.ContainerRegistry/deletedRegistries/{id}",
            subscriptions::own(call)
        ),
        name: id.to_string(),
        kind: "Microsoft.ContainerRegistry/deletedRegistries".to_owned(),
        common: Common::default(),
        properties: Properties {
            registry_id: call.app.access.resource_id(registry),
            registry_name: registry.name.to_string(),
            location: registry.location.clone(),
            deletion_date: at.to_string(),
            scheduled_purge_date: at.plus(Registries::RETENTION).to_string(),
            tags: registry.tags.clone(),
        },
    }
}

fn refused(error: ReviveError) -> ArmError {
    match error {
        ReviveError::Missing(_) => ArmError::not_found(error),
        ReviveError::NameTaken(_) => ArmError::conflict("AlreadyExists", error),
        ReviveError::NoSuchGroup(_) => {
            ArmError::new(StatusCode::NOT_FOUND, "ResourceGroupNotFound", error)
        }
        ReviveError::Catalog(error) => error.into(),
    }
}
