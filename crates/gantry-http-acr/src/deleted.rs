//! What was deleted and is kept for a while. As long as no registry can have that policy, there is none.

use axum::Json;
use axum::response::{IntoResponse, Response};
use gantry_http_base::OciError;
use gantry_model::permission::MetadataRead;
use gantry_oci::{Digest, ErrorCode, RepositoryName};
use schemars::JsonSchema;
use serde::Serialize;

use crate::caller::Caller;
use crate::catalog::Repositories;

#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "DeletedManifestList")]
pub(crate) struct Manifests<'a> {
    registry: &'a str,
    #[schemars(with = "String")]
    image_name: &'a RepositoryName,
    manifests: [(); 0],
}

#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "DeletedTagList")]
pub(crate) struct Tags<'a> {
    registry: &'a str,
    #[schemars(with = "String")]
    image_name: &'a RepositoryName,
    tags: [(); 0],
}

/// `GET /acr/v1/_deleted/_catalog`
pub(crate) fn catalog(caller: &Caller<'_>) -> Result<Response, OciError> {
    caller.permit_catalog()?;
    Ok(Json(Repositories { repositories: Vec::new() }).into_response())
}

/// `GET /acr/v1/_deleted/<name>/_manifests`
pub(crate) fn manifests(caller: &Caller<'_>, name: &RepositoryName) -> Result<Response, OciError> {
    caller.permit::<MetadataRead>(name)?;
    let registry = caller.login_server();
    Ok(Json(Manifests { registry, image_name: name, manifests: [] }).into_response())
}

/// `GET /acr/v1/_deleted/<name>/_tags`
pub(crate) fn tags(caller: &Caller<'_>, name: &RepositoryName) -> Result<Response, OciError> {
    caller.permit::<MetadataRead>(name)?;
    let registry = caller.login_server();
    Ok(Json(Tags { registry, image_name: name, tags: [] }).into_response())
}

/// `POST /acr/v1/_deleted/<name>/_manifests/<digest>`
pub(crate) fn restore(
    caller: &Caller<'_>,
    name: &RepositoryName,
    digest: &Digest,
) -> Result<Response, OciError> {
    caller.permit::<MetadataRead>(name)?;
    let reason = format!("there is no deleted manifest {digest}");
    Err(OciError::not_found(ErrorCode::ManifestUnknown, reason))
}
