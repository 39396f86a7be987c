//! Answers about upload sessions and pushed blobs.

use axum::response::{IntoResponse, Response};
use gantry_model::UploadId;
use gantry_oci::{Digest, RepositoryName};
use http::{HeaderName, HeaderValue, StatusCode, header};

/// Chunks smaller than this cost more than they carry. They are taken all the same.
const CHUNK_MIN_LENGTH: u64 = 64 << 10;

/// The bytes a session has, as the distribution-spec writes them: inclusive, and `0-0` for none.
pub(crate) fn range(received: u64) -> HeaderValue {
    let text = format!("0-{}", received.saturating_sub(1));
    HeaderValue::from_str(&text).expect("digits are visible ASCII")
}

/// A session, `received` bytes on.
pub(super) fn session(
    status: StatusCode,
    name: &RepositoryName,
    id: UploadId,
    received: u64,
) -> Response {
    let mut response = status.into_response();
    let headers = response.headers_mut();
    let location = format!("/v2/{name}/blobs/uploads/{id}");
    let location = HeaderValue::from_str(&location).expect("names are visible ASCII");
    headers.insert(header::LOCATION, location);
    headers.insert(header::RANGE, range(received));
    let id = HeaderValue::from_str(&id.to_string()).expect("ids are letters and digits");
    headers.insert(HeaderName::from_static("docker-upload-uuid"), id);
    if status == StatusCode::ACCEPTED {
        let minimum = HeaderName::from_static("oci-chunk-min-length");
        headers.insert(minimum, HeaderValue::from(CHUNK_MIN_LENGTH));
    }
    response
}

/// A blob that the repository holds now.
pub(super) fn created(name: &RepositoryName, digest: &Digest) -> Response {
    let mut response = StatusCode::CREATED.into_response();
    let headers = response.headers_mut();
    let location = format!("/v2/{name}/blobs/{digest}");
    let location = HeaderValue::from_str(&location).expect("names are visible ASCII");
    headers.insert(header::LOCATION, location);
    let digest = HeaderValue::from_str(&digest.to_string()).expect("digests are visible ASCII");
    headers.insert(HeaderName::from_static("docker-content-digest"), digest);
    response
}
