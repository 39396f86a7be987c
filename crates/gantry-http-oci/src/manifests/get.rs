//! `GET` and `HEAD /v2/<name>/manifests/<reference>`

use std::sync::Arc;

use axum::body::Body;
use axum::response::Response;
use gantry_catalog::StoredManifest;
use gantry_http_base::{App, Caller, OciError, RegistryLabel, inert};
use gantry_model::permission::{Permit, Pull};
use gantry_oci::{ErrorCode, Manifest, Reference, RepositoryName};
use http::request::Parts;
use http::{HeaderValue, Method, StatusCode, header};

use super::accept::Accept;
use super::{matches_etag, set_digest};
use crate::error;

pub(crate) async fn get(
    app: &App,
    caller: &Caller<'_>,
    name: &RepositoryName,
    reference: &Reference,
    parts: &Parts,
) -> Result<Response, OciError> {
    let permit = caller.permit::<Pull>(name)?;
    let found =
        app.content.find_manifest(&permit, reference).await.map_err(error::find_manifest)?;
    let accept = Accept::of(&parts.headers);
    let manifest = if accept.takes(&found.media_type) {
        found
    } else {
        Box::pin(instead(app, &permit, reference, &found, accept)).await?
    };
    if parts.method == Method::GET {
        let label = RegistryLabel::of(Some(caller.registry()));
        app.metrics.pulls.get_or_create(&label).inc();
    }
    Ok(reply(&manifest, parts))
}

/// What a client gets by a tag that names an index, when it only knows manifests for one platform:
/// the one for Linux on amd64, as Docker's registry has always done.
async fn instead(
    app: &App,
    permit: &Permit<Pull>,
    reference: &Reference,
    found: &StoredManifest,
    accept: Accept<'_>,
) -> Result<Arc<StoredManifest>, OciError> {
    let refusal = || {
        OciError::new(
            StatusCode::NOT_FOUND,
            ErrorCode::ManifestUnknown,
            format!("{reference} is {}, which the request's Accept leaves out", found.media_type),
        )
    };
    // Asked once, not for each child: an index may have thousands, and `Accept` be long.
    let taken = accept.image_types();
    if reference.as_tag().is_none() || !found.media_type.is_index() || taken.is_empty() {
        return Err(refusal());
    }
    let index = Manifest::parse(Some(&found.media_type), &found.bytes).map_err(|_| refusal())?;
    let child = index.children.iter().find(|child| {
        let platform = child.platform.as_ref();
        platform.is_some_and(|p| p.os == "linux" && p.architecture == "amd64")
            && taken.contains(&child.media_type)
    });
    let child = Reference::Digest(child.ok_or_else(refusal)?.digest);
    app.content.find_manifest(permit, &child).await.map_err(error::find_manifest)
}

fn reply(manifest: &StoredManifest, parts: &Parts) -> Response {
    let is_known = matches_etag(&parts.headers, &manifest.digest);
    let body = match is_known || parts.method == Method::HEAD {
        true => Body::empty(),
        false => Body::from(manifest.bytes.clone()),
    };
    let mut response = Response::new(body);
    let headers = response.headers_mut();
    // All that are set here and on the way out.
    headers.reserve(16);
    if is_known {
        *response.status_mut() = StatusCode::NOT_MODIFIED;
    } else {
        headers.insert(header::CONTENT_LENGTH, HeaderValue::from(manifest.bytes.len()));
    }
    let headers = response.headers_mut();
    let media_type = HeaderValue::from_str(manifest.media_type.as_str());
    headers.insert(header::CONTENT_TYPE, media_type.expect("media types are visible ASCII"));
    headers.insert(header::VARY, HeaderValue::from_static("accept"));
    set_digest(headers, &manifest.digest);
    inert(headers);
    response
}
