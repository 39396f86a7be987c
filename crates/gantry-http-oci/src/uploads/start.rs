//! `POST /v2/<name>/blobs/uploads/`: opens a session, takes a whole blob, or mounts one.

use axum::body::Body;
use axum::response::Response;
use gantry_http_base::{App, Caller, OciError, Query, upload_body};
use gantry_model::permission::{Permit, Pull, Push};
use gantry_oci::{Algorithm, Digest, ErrorCode, RepositoryName};
use gantry_registry::blobs::MountError;
use http::request::Parts;
use http::{StatusCode, Uri};

use super::reply;
use crate::error;

pub(crate) async fn start(
    app: &App,
    caller: &Caller,
    name: &RepositoryName,
    parts: &Parts,
    body: Body,
) -> Result<Response, OciError> {
    let permit = caller.permit::<Push>(name)?;
    if let Some(digest) = digest_parameter(&parts.uri, "mount")?
        && mount(app, caller, &permit, &digest, &parts.uri).await?
    {
        return Ok(reply::created(name, &digest));
    }
    match digest_parameter(&parts.uri, "digest")? {
        None => {
            let algorithm = announced_algorithm(&parts.uri)?;
            let id =
                app.content.start_upload(&permit, algorithm).await.map_err(error::start_upload)?;
            Ok(reply::session(StatusCode::ACCEPTED, name, id, 0))
        }
        Some(digest) => {
            let id = app
                .content
                .start_upload(&permit, digest.algorithm())
                .await
                .map_err(error::start_upload)?;
            let body = upload_body(body);
            app.content
                .finish_upload(permit, id, digest, None, body)
                .await
                .map_err(error::finish)?;
            Ok(reply::created(name, &digest))
        }
    }
}

/// Mounts the blob if it is to be had: from the repository that is named, or from any that the
/// caller may pull from. Otherwise the client has to upload it, whatever the reason.
async fn mount(
    app: &App,
    caller: &Caller,
    permit: &Permit<Push>,
    digest: &Digest,
    uri: &Uri,
) -> Result<bool, OciError> {
    let from = Query::of(uri).first("from").filter(|from| !from.is_empty());
    let mounted = match from {
        Some(from) => {
            let Ok(source) = from.parse::<RepositoryName>() else { return Ok(false) };
            // Not being allowed to read there answers like the blob not being there.
            let Ok(source) = caller.actor().permit::<Pull>(&source) else { return Ok(false) };
            app.content.mount_blob(permit, &source, digest).await
        }
        None => app.content.mount_blob_from_any(permit, caller.actor(), digest).await.map(drop),
    };
    match mounted {
        Ok(()) => Ok(true),
        Err(MountError::Unknown(_)) => Ok(false),
        Err(failed) => Err(error::mount(failed)),
    }
}

pub(super) fn digest_parameter(uri: &Uri, name: &str) -> Result<Option<Digest>, OciError> {
    let Some(text) = Query::of(uri).first(name) else { return Ok(None) };
    text.parse()
        .map(Some)
        .map_err(|error| OciError::new(StatusCode::BAD_REQUEST, ErrorCode::DigestInvalid, error))
}

fn announced_algorithm(uri: &Uri) -> Result<Algorithm, OciError> {
    match Query::of(uri).first("digest-algorithm").as_deref() {
        None | Some("sha256") => Ok(Algorithm::Sha256),
        Some("sha512") => Ok(Algorithm::Sha512),
        Some(other) => Err(OciError::new(
            StatusCode::BAD_REQUEST,
            ErrorCode::DigestInvalid,
            format!("digest algorithm {other:?} is not sha256 or sha512"),
        )),
    }
}
