//! What was deleted and is kept for a while. As long as no registry can have that policy, there is none.

use axum::Json;
use axum::response::{IntoResponse, Response};
use gantry_http_base::OciError;
use gantry_model::permission::MetadataRead;
use gantry_oci::{Digest, ErrorCode, RepositoryName};
use serde_json::json;

use crate::caller::Caller;

/// `GET /acr/v1/_deleted/_catalog`
pub(crate) fn catalog(caller: &Caller<'_>) -> Result<Response, OciError> {
    caller.permit_catalog()?;
    Ok(Json(json!({ "repositories": [] })).into_response())
}

/// `GET /acr/v1/_deleted/<name>/_manifests`
pub(crate) fn manifests(caller: &Caller<'_>, name: &RepositoryName) -> Result<Response, OciError> {
    caller.permit::<MetadataRead>(name)?;
    let registry = caller.login_server();
    Ok(Json(json!({ "registry": registry, "imageName": name, "manifests": [] })).into_response())
}

/// `GET /acr/v1/_deleted/<name>/_tags`
pub(crate) fn tags(caller: &Caller<'_>, name: &RepositoryName) -> Result<Response, OciError> {
    caller.permit::<MetadataRead>(name)?;
    let registry = caller.login_server();
    Ok(Json(json!({ "registry": registry, "imageName": name, "tags": [] })).into_response())
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
