//! `DELETE /v2/<name>/manifests/<reference>`

use axum::response::{IntoResponse, Response};
use gantry_http_base::{App, Caller, OciError};
use gantry_model::permission::Delete;
use gantry_oci::{Reference, RepositoryName};
use http::StatusCode;

use crate::error;

pub(crate) async fn delete(
    app: &App,
    caller: &Caller<'_>,
    name: &RepositoryName,
    reference: &Reference,
) -> Result<Response, OciError> {
    let permit = caller.permit::<Delete>(name)?;
    match reference {
        Reference::Tag(tag) => app.content.delete_tag(&permit, tag).await,
        Reference::Digest(digest) => app.content.delete_manifest(&permit, digest).await,
    }
    .map_err(error::delete_manifest)?;
    Ok(StatusCode::ACCEPTED.into_response())
}
