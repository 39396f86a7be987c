//! `DELETE /v2/<name>/blobs/<digest>`

use axum::response::{IntoResponse, Response};
use gantry_http_base::{App, Caller, OciError};
use gantry_model::permission::Delete;
use gantry_oci::{Digest, RepositoryName};
use http::StatusCode;

use crate::error;

pub(crate) async fn delete(
    app: &App,
    caller: &Caller<'_>,
    name: &RepositoryName,
    digest: &Digest,
) -> Result<Response, OciError> {
    let permit = caller.permit::<Delete>(name)?;
    app.content.delete_blob(&permit, digest).await.map_err(error::delete_blob)?;
    Ok(StatusCode::ACCEPTED.into_response())
}
