//! `POST /v2/<name>/blobs/uploads/`: opens a session, takes a whole blob, or mounts one.

use axum::body::Body;
use axum::response::Response;
use gantry_http_base::{App, Caller, OciError, Query, upload_body};
use gantry_model::permission::{Permit, Push};
use gantry_oci::{Algorithm, Digest, ErrorCode, RepositoryName};
use gantry_registry::blobs::MountError;
use http::request::Parts;
use http::{StatusCode, Uri};

use super::reply;
use crate::error;

pub(crate) async fn start(
    app: &App,
    caller: &Caller<'_>,
    name: &RepositoryName,
    parts: &Parts,
    body: Body,
) -> Result<Response, OciError> {
    let permit = match Mount::of(&parts.uri)? {
        None => caller.permit::<Push>(name)?,
        Some(mount) => {
            let permit = caller.permit_mount(name, mount.from.as_ref())?;
            if mount.run(app, caller, &permit).await? {
                return Ok(reply::created(name, &mount.digest));
            }
            permit
        }
    };
    match digest_parameter(&parts.uri, "digest")? {
        None => {
            let algorithm = announced_algorithm(&parts.uri)?;
            let id =
                app.content.start_upload(&permit, algorithm).await.map_err(error::start_upload)?;
            Ok(reply::session(StatusCode::ACCEPTED, name, id, 0))
        }
        Some(digest) => {
            let body = upload_body(body, app.body_timeout);
            app.content.push_blob(permit, digest, body).await.map_err(error::push_blob)?;
            Ok(reply::created(name, &digest))
        }
    }
}

/// The wish to mount a blob rather than upload it.
struct Mount {
    digest: Digest,
    /// The repository that has it; any, where none is named.
    from: Option<RepositoryName>,
}

impl Mount {
    /// What the query says; a `from` that can't be a repository's name has nothing to mount.
    fn of(uri: &Uri) -> Result<Option<Self>, OciError> {
        let Some(digest) = digest_parameter(uri, "mount")? else { return Ok(None) };
        match Query::of(uri).first("from").filter(|from| !from.is_empty()) {
            None => Ok(Some(Self { digest, from: None })),
            Some(from) => Ok(from.parse().ok().map(|from| Self { digest, from: Some(from) })),
        }
    }

    /// True if the repository holds the blob now; otherwise the client has to upload it. Not being
    /// allowed to read the source answers like the blob not being there.
    async fn run(
        &self,
        app: &App,
        caller: &Caller<'_>,
        permit: &Permit<Push>,
    ) -> Result<bool, OciError> {
        let mounted = match &self.from {
            Some(from) => {
                let Some(source) = caller.actor().permit_source(from) else { return Ok(false) };
                app.content.mount_blob(permit, &source, &self.digest).await
            }
            None => {
                let any = app.content.mount_blob_from_any(permit, caller.actor(), &self.digest);
                any.await.map(drop)
            }
        };
        match mounted {
            Ok(()) => Ok(true),
            Err(MountError::Unknown(_)) => Ok(false),
            Err(failed) => Err(error::mount(failed)),
        }
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
