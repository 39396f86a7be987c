//! `GET` and `HEAD /v2/<name>/blobs/<digest>`

use std::ops::Range;

use axum::body::Body;
use axum::response::{IntoResponse, Response};
use gantry_blobs::BlobSource;
use gantry_filelane::{FileBody, FileLane};
use gantry_http_base::{App, Caller, OciError, inert};
use gantry_model::permission::Pull;
use gantry_oci::{ByteRange, Digest, ErrorCode, RepositoryName};
use http::request::Parts;
use http::{HeaderMap, HeaderValue, Method, StatusCode, header};

use crate::error;
use crate::manifests::{etag, matches_etag, set_digest};

pub(crate) async fn get(
    app: &App,
    caller: &Caller<'_>,
    name: &RepositoryName,
    digest: &Digest,
    parts: &Parts,
) -> Result<Response, OciError> {
    let permit = caller.permit::<Pull>(name)?;
    let blob = app.content.find_blob(&permit, digest).await.map_err(error::find_blob)?;
    if matches_etag(&parts.headers, digest) {
        let mut response = StatusCode::NOT_MODIFIED.into_response();
        describe(response.headers_mut(), digest);
        return Ok(response);
    }
    let sends = parts.method == Method::GET && blob.size > 0 && !caller.is_downloading();
    if sends {
        // A client of a data endpoint is promised that it needs no other host.
        let address = match caller.download_address(app, name, digest) {
            Some(address) => Some(address),
            None => app.content.blob_address(&permit, &blob).await.map_err(error::read_blob)?,
        };
        if let Some(address) = address {
            return redirect(&address, digest);
        }
    }
    let range = asked_range(parts, digest, blob.size)?;
    let (status, bytes) = match &range {
        Some(range) => (StatusCode::PARTIAL_CONTENT, range.clone()),
        None => (StatusCode::OK, 0..blob.size),
    };
    let length = bytes.end - bytes.start;
    let body = if parts.method == Method::HEAD || length == 0 {
        Body::empty()
    } else {
        match app.content.read_blob(&blob, range.clone()).await.map_err(error::read_blob)? {
            BlobSource::File { file, range } => {
                let lane = FileLane::of(parts.version, &parts.extensions);
                Body::new(FileBody::new(file, range, lane))
            }
            BlobSource::Stream { stream, .. } => Body::from_stream(stream),
        }
    };
    let mut response = (status, body).into_response();
    let headers = response.headers_mut();
    describe(headers, digest);
    headers.insert(header::CONTENT_LENGTH, HeaderValue::from(length));
    if let Some(Range { start, end }) = range {
        let text = format!("bytes {start}-{}/{}", end - 1, blob.size);
        let value = HeaderValue::from_str(&text).expect("digits are visible ASCII");
        headers.insert(header::CONTENT_RANGE, value);
    }
    Ok(response)
}

/// The one range that is asked for, if the client has that version of the blob, which it has:
/// there is only one.
fn asked_range(parts: &Parts, digest: &Digest, size: u64) -> Result<Option<Range<u64>>, OciError> {
    let headers = &parts.headers;
    // RFC 9110, 14.2: a range is for GET alone.
    if parts.method != Method::GET {
        return Ok(None);
    }
    let value = headers.get(header::RANGE).and_then(|value| value.to_str().ok());
    // RFC 9110, 14.2: a range of an unknown form is ignored, and so is one for another version.
    let Some(range) = value.and_then(|text| text.parse::<ByteRange>().ok()) else {
        return Ok(None);
    };
    if headers.get(header::IF_RANGE).is_some_and(|tag| tag != etag(digest)) {
        return Ok(None);
    }
    range.resolve(size).map(Some).map_err(|error| {
        let text = format!("bytes */{size}");
        let value = HeaderValue::from_str(&text).expect("digits are visible ASCII");
        OciError::new(StatusCode::RANGE_NOT_SATISFIABLE, ErrorCode::RangeInvalid, error)
            .with_header(header::CONTENT_RANGE, value)
    })
}

fn redirect(address: &str, digest: &Digest) -> Result<Response, OciError> {
    let location = HeaderValue::from_str(address).map_err(OciError::internal)?;
    let mut response = StatusCode::TEMPORARY_REDIRECT.into_response();
    let headers = response.headers_mut();
    describe(headers, digest);
    headers.insert(header::LOCATION, location);
    // The address is good for a while only, and for whoever has it.
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    Ok(response)
}

fn describe(headers: &mut HeaderMap, digest: &Digest) {
    let octets = HeaderValue::from_static("application/octet-stream");
    headers.insert(header::CONTENT_TYPE, octets);
    headers.insert(header::ACCEPT_RANGES, HeaderValue::from_static("bytes"));
    // What a digest means never changes; whether one may have it does.
    let keep = HeaderValue::from_static("private, max-age=31536000, immutable");
    headers.insert(header::CACHE_CONTROL, keep);
    set_digest(headers, digest);
    inert(headers);
}
