//! `Microsoft.Authorization/locks`

use axum::Json;
use axum::body::Body;
use axum::response::{IntoResponse, Response};
use gantry_arm::ResourceId;
use gantry_model::resource::{LockLevel, ResourceLock};
use http::StatusCode;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::error::ArmError;
use crate::preconditions::status;
use crate::shape::{Common, Shaped};
use crate::{Call, body, page, registries};

/// The longest notes, in bytes.
const MOST_NOTES: usize = 2048;

/// A lock.
pub(crate) type Shown = Shaped<Properties>;

#[derive(Serialize, JsonSchema)]
#[schemars(inline, rename = "Lock")]
pub(crate) struct Properties {
    #[schemars(with = "String", extend("enum" = ["CanNotDelete", "ReadOnly"]))]
    level: LockLevel,
    notes: String,
}

#[derive(Deserialize, JsonSchema)]
#[schemars(rename = "WantedLock")]
pub(crate) struct Wanted {
    properties: WantedProperties,
}

#[derive(Deserialize, JsonSchema)]
struct WantedProperties {
    #[schemars(extend("enum" = ["CanNotDelete", "ReadOnly"]))]
    level: String,
    #[serde(default)]
    notes: Option<String>,
}

/// `GET locks`: at the scope, above it and below.
pub(crate) async fn list(call: &Call<'_>) -> Result<Response, ArmError> {
    let found = call.app.resources.list_locks(&call.asked.scope()).await?;
    Ok(page::whole(found.iter().map(render).collect()))
}

/// `GET` of one
pub(crate) async fn show(call: &Call<'_>) -> Result<Response, ArmError> {
    let name = name(call);
    let found = call.app.resources.find_lock(&call.asked.scope(), name).await?;
    let lock = found.ok_or_else(|| {
        let message = format!("The lock '{name}' could not be found.");
        ArmError::new(StatusCode::NOT_FOUND, "LockNotFound", message)
    })?;
    Ok(Json(render(&lock)).into_response())
}

/// `PUT` of one
pub(crate) async fn put(call: &Call<'_>, body: Body) -> Result<Response, ArmError> {
    let (scope, name) = (call.asked.scope(), name(call).to_owned());
    if name.len() > ResourceId::MAX_NAME_LEN {
        return Err(ArmError::bad_name("the name of the lock is too long"));
    }
    let Wanted { properties } = body::read(call.app, body).await?;
    let level: LockLevel = properties
        .level
        .parse()
        .map_err(|error| ArmError::bad_request(error).about("properties.level"))?;
    let notes = properties.notes.unwrap_or_default();
    if notes.len() > MOST_NOTES {
        return Err(ArmError::bad_request("the notes are too long").about("properties.notes"));
    }
    if scope.is_type(registries::TYPE) {
        registries::find_at(call, &scope)?;
    }
    let lock = ResourceLock { scope: scope.to_string(), name, level, notes };
    let written = call.app.resources.put_lock(lock.clone()).await?;
    Ok((status(written), Json(render(&lock))).into_response())
}

/// `DELETE` of one
pub(crate) async fn remove(call: &Call<'_>) -> Result<Response, ArmError> {
    Ok(match call.app.resources.remove_lock(&call.asked.scope(), name(call)).await? {
        true => StatusCode::OK.into_response(),
        false => StatusCode::NO_CONTENT.into_response(),
    })
}

fn name<'c>(call: &Call<'c>) -> &'c str {
    call.asked.parameter("lockName")
}

fn render(lock: &ResourceLock) -> Shown {
    let ResourceLock { scope, name, level, notes } = lock;
    Shaped {
        id: format!("{scope}/providers/Microsoft.Authorization/locks/{name}"),
        name: name.clone(),
        kind: "Microsoft.Authorization/locks".to_owned(),
        common: Common::default(),
        properties: Properties { level: *level, notes: notes.clone() },
    }
}
