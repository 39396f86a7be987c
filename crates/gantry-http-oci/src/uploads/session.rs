//! `GET`, `PATCH`, `PUT` and `DELETE /v2/<name>/blobs/uploads/<id>`

use axum::body::Body;
use axum::response::{IntoResponse, Response};
use gantry_http_base::{App, Caller, OciError, upload_body};
use gantry_model::UploadId;
use gantry_model::permission::Push;
use gantry_oci::{ContentRange, ErrorCode, RepositoryName};
use http::request::Parts;
use http::{HeaderMap, StatusCode, header};

use super::reply;
use super::start::digest_parameter;
use crate::error;

pub(crate) async fn status(
    app: &App,
    caller: &Caller<'_>,
    name: &RepositoryName,
    id: &str,
) -> Result<Response, OciError> {
    let permit = caller.permit::<Push>(name)?;
    let id = session_id(id)?;
    let received = app.content.upload_status(&permit, id).await.map_err(error::upload_status)?;
    Ok(reply::session(StatusCode::NO_CONTENT, name, id, received))
}

pub(crate) async fn append(
    app: &App,
    caller: &Caller<'_>,
    name: &RepositoryName,
    id: &str,
    parts: &Parts,
    body: Body,
) -> Result<Response, OciError> {
    let permit = caller.permit::<Push>(name)?;
    let id = session_id(id)?;
    let range = chunk_range(&parts.headers, &body)?;
    let body = upload_body(body, app.body_timeout);
    let received = app.content.append_upload(permit, id, range, body).await;
    let received = received.map_err(error::append)?;
    Ok(reply::session(StatusCode::ACCEPTED, name, id, received))
}

pub(crate) async fn finish(
    app: &App,
    caller: &Caller<'_>,
    name: &RepositoryName,
    id: &str,
    parts: &Parts,
    body: Body,
) -> Result<Response, OciError> {
    let permit = caller.permit::<Push>(name)?;
    let id = session_id(id)?;
    let digest = digest_parameter(&parts.uri, "digest")?.ok_or_else(|| {
        let reason = "the digest parameter is missing";
        OciError::new(StatusCode::BAD_REQUEST, ErrorCode::DigestInvalid, reason)
    })?;
    let range = chunk_range(&parts.headers, &body)?;
    let body = upload_body(body, app.body_timeout);
    let pushed = app.content.finish_upload(permit, id, digest, range, body).await;
    let pushed = pushed.map_err(error::finish)?;
    Ok(reply::created(name, &pushed.digest))
}

pub(crate) async fn cancel(
    app: &App,
    caller: &Caller<'_>,
    name: &RepositoryName,
    id: &str,
) -> Result<Response, OciError> {
    let permit = caller.permit::<Push>(name)?;
    app.content.cancel_upload(&permit, session_id(id)?).await.map_err(error::cancel)?;
    Ok(StatusCode::NO_CONTENT.into_response())
}

fn session_id(text: &str) -> Result<UploadId, OciError> {
    text.parse().map_err(|_| {
        let reason = "no such upload in this repository";
        OciError::new(StatusCode::NOT_FOUND, ErrorCode::BlobUploadUnknown, reason)
    })
}

/// The chunk that the body is said to be. A body whose length is known is compared before any of
/// it is read; one of unknown length is read no further than the chunk goes.
fn chunk_range(headers: &HeaderMap, body: &Body) -> Result<Option<ContentRange>, OciError> {
    let invalid = |error: &dyn std::fmt::Display| {
        OciError::new(StatusCode::BAD_REQUEST, ErrorCode::BlobUploadInvalid, error)
    };
    let mut values = headers.get_all(header::CONTENT_RANGE).iter();
    let Some(value) = values.next() else { return Ok(None) };
    if values.next().is_some() {
        return Err(invalid(&"there is more than one Content-Range"));
    }
    let text = value.to_str().map_err(|error| invalid(&error))?;
    let range: ContentRange =
        text.parse().map_err(|error: gantry_oci::ContentRangeError| invalid(&error))?;
    match http_body::Body::size_hint(body).exact() {
        Some(length) if length != range.len() => Err(OciError::new(
            StatusCode::BAD_REQUEST,
            ErrorCode::SizeInvalid,
            format!("the chunk's range has {} bytes, the body {length}", range.len()),
        )),
        _ => Ok(Some(range)),
    }
}
