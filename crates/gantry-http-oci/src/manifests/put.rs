//! `PUT /v2/<name>/manifests/<reference>`

use axum::body::Body;
use axum::response::{IntoResponse, Response};
use gantry_http_base::{App, BodyError, Caller, OciError, Query, RegistryLabel, read_body};
use gantry_model::permission::Push;
use gantry_oci::{ErrorCode, MediaType, Reference, RepositoryName, Tag};
use gantry_registry::manifests::{PushedManifest, UnreadManifest};
use http::request::Parts;
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode, Uri, header};

use super::{DIGEST, digest_value};
use crate::error;

/// How many `tag` parameters a request may have (distribution-spec: at least 10).
const TAGS: usize = 100;

pub(crate) async fn put(
    app: &App,
    caller: &Caller<'_>,
    name: &RepositoryName,
    reference: Reference,
    parts: &Parts,
    body: Body,
) -> Result<Response, OciError> {
    let permit = caller.permit::<Push>(name)?;
    let tags = asked_tags(&parts.uri)?;
    let media_type = announced_type(&parts.headers)?;
    let most = app.content.limits().manifest_bytes;
    let bytes = read_body(body, most, app.body_timeout).await.map_err(refused_body)?;
    let unread = UnreadManifest { reference, tags, media_type, bytes };
    let pushed = app.content.put_manifest(&permit, unread).await.map_err(error::put_manifest)?;
    let label = RegistryLabel::of(Some(caller.registry()));
    app.metrics.pushes.get_or_create(&label).inc();
    Ok(reply(name, &pushed))
}

fn asked_tags(uri: &Uri) -> Result<Vec<Tag>, OciError> {
    let mut tags = Vec::new();
    for text in Query::of(uri).all("tag") {
        if tags.len() == TAGS {
            return Err(OciError::new(
                StatusCode::URI_TOO_LONG,
                ErrorCode::TagInvalid,
                format!("a request may have {TAGS} tag parameters"),
            ));
        }
        tags.push(text.parse().map_err(|error| {
            OciError::new(StatusCode::BAD_REQUEST, ErrorCode::TagInvalid, error)
        })?);
    }
    Ok(tags)
}

fn announced_type(headers: &HeaderMap) -> Result<Option<MediaType>, OciError> {
    let Some(value) = headers.get(header::CONTENT_TYPE) else { return Ok(None) };
    let invalid = |error: &dyn std::fmt::Display| {
        OciError::new(StatusCode::BAD_REQUEST, ErrorCode::ManifestInvalid, error)
    };
    let text = value.to_str().map_err(|error| invalid(&error))?;
    text.parse().map(Some).map_err(|error: gantry_oci::MediaTypeError| invalid(&error))
}

fn refused_body(error: BodyError) -> OciError {
    match error {
        BodyError::TooLong(most) => OciError::new(
            StatusCode::PAYLOAD_TOO_LARGE,
            ErrorCode::ManifestInvalid,
            format!("a manifest may have {most} bytes at most"),
        ),
        BodyError::TooSlow(patience) => OciError::new(
            StatusCode::REQUEST_TIMEOUT,
            ErrorCode::ManifestInvalid,
            format!("the manifest was not there after {patience:?}"),
        ),
        BodyError::BrokenOff => {
            OciError::new(StatusCode::BAD_REQUEST, ErrorCode::ManifestInvalid, "the body broke off")
        }
    }
}

fn reply(name: &RepositoryName, pushed: &PushedManifest) -> Response {
    let mut response = StatusCode::CREATED.into_response();
    let headers = response.headers_mut();
    let location = format!("/v2/{name}/manifests/{}", pushed.digest);
    let location = HeaderValue::from_str(&location).expect("names are visible ASCII");
    headers.insert(header::LOCATION, location);
    headers.insert(DIGEST, digest_value(&pushed.digest));
    if let Some(subject) = &pushed.subject {
        headers.insert(HeaderName::from_static("oci-subject"), digest_value(subject));
    }
    for tag in &pushed.tags {
        let tag = HeaderValue::from_str(tag.as_str()).expect("tags are visible ASCII");
        headers.append(HeaderName::from_static("oci-tag"), tag);
    }
    response
}
