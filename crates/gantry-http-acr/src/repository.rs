//! `/acr/v1/<name>`

use axum::Json;
use axum::body::Body;
use axum::response::{IntoResponse, Response};
use gantry_catalog::RepositoryRow;
use gantry_http_base::{App, OciError};
use gantry_model::permission::{Delete, MetadataRead, MetadataWrite};
use gantry_oci::{Digest, RepositoryName, Tag};
use http::StatusCode;
use schemars::JsonSchema;
use serde::Serialize;

use crate::attributes::{self, Attributes};
use crate::caller::Caller;
use crate::error;

/// Tells the repository's attributes.
pub(crate) async fn show(
    app: &App,
    caller: &Caller<'_>,
    name: &RepositoryName,
) -> Result<Response, OciError> {
    let permit = caller.permit::<MetadataRead>(name)?;
    let row = app.content.describe_repository(&permit).await.map_err(error::attributes)?;
    Ok(Json(Shown::of(caller, &row)).into_response())
}

/// Locks or unlocks it.
pub(crate) async fn update(
    app: &App,
    caller: &Caller<'_>,
    name: &RepositoryName,
    body: Body,
) -> Result<Response, OciError> {
    let permit = caller.permit::<MetadataWrite>(name)?;
    let change = attributes::read(app, body).await?;
    let row = app.content.lock_repository(&permit, change).await.map_err(error::attributes)?;
    Ok(Json(Shown::of(caller, &row)).into_response())
}

/// Deletes it with all it holds.
pub(crate) async fn delete(
    app: &App,
    caller: &Caller<'_>,
    name: &RepositoryName,
) -> Result<Response, OciError> {
    let permit = caller.permit::<Delete>(name)?;
    let deleted = app.content.delete_repository(&permit).await.map_err(error::delete_repository)?;
    let shown = Deleted { manifests_deleted: deleted.manifests, tags_deleted: deleted.tags };
    Ok((StatusCode::ACCEPTED, Json(shown)).into_response())
}

#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "RepositoryAttributes")]
pub(crate) struct Shown<'a> {
    registry: &'a str,
    #[schemars(with = "String")]
    image_name: &'a RepositoryName,
    created_time: String,
    last_update_time: String,
    manifest_count: u64,
    tag_count: u64,
    changeable_attributes: Attributes,
}

impl<'a> Shown<'a> {
    fn of(caller: &'a Caller<'_>, row: &'a RepositoryRow) -> Self {
        Self {
            registry: caller.login_server(),
            image_name: &row.name,
            created_time: row.created_at.to_string(),
            last_update_time: row.updated_at.to_string(),
            manifest_count: row.manifests,
            tag_count: row.tags,
            changeable_attributes: row.locks.into(),
        }
    }
}

#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "DeletedRepository")]
pub(crate) struct Deleted {
    #[schemars(with = "Vec<String>")]
    manifests_deleted: Vec<Digest>,
    #[schemars(with = "Vec<String>")]
    tags_deleted: Vec<Tag>,
}
