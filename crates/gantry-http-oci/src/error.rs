//! The one file that speaks both languages: what happened, in the use-cases' words, and how the
//! distribution-spec calls it.

use gantry_http_base::{OciError, StoodStill};
use gantry_oci::{EndpointError, ErrorCode};
use gantry_registry::StoreError;
use gantry_registry::blobs::{DeleteBlobError, FindBlobError, MountError, ReadBlobError};
use gantry_registry::manifests::{DeleteManifestError, FindManifestError, PutManifestError};
use gantry_registry::referrers::ListReferrersError;
use gantry_registry::tags::ListTagsError;
use gantry_registry::uploads::{
    AppendError, CancelError, FinishError, PushBlobError, StartError, StatusError,
};
use http::{HeaderValue, Method, StatusCode, header};
use serde_json::json;

fn bad_request(code: ErrorCode, error: impl std::fmt::Display) -> OciError {
    OciError::new(StatusCode::BAD_REQUEST, code, error)
}

fn not_found(code: ErrorCode, error: impl std::fmt::Display) -> OciError {
    OciError::new(StatusCode::NOT_FOUND, code, error)
}

/// A method that the address doesn't answer, or not now: ACR answers 405 to a delete of what
/// something else needs. RFC 9110, 15.5.6: it comes with the methods that are allowed.
fn not_allowed(error: impl std::fmt::Display, allowed: &[Method]) -> OciError {
    let allowed = allowed.iter().map(Method::as_str).collect::<Vec<_>>().join(", ");
    let value = HeaderValue::from_str(&allowed).expect("methods are visible ASCII");
    OciError::new(StatusCode::METHOD_NOT_ALLOWED, ErrorCode::Unsupported, error)
        .with_header(header::ALLOW, value)
}

pub(crate) fn endpoint(error: EndpointError) -> OciError {
    match error {
        EndpointError::UnknownPath | EndpointError::Escape => {
            not_found(ErrorCode::NameUnknown, error)
        }
        EndpointError::MethodNotAllowed { allowed } => not_allowed(error, allowed),
        EndpointError::Name(_) => bad_request(ErrorCode::NameInvalid, error),
        EndpointError::Digest(_) => bad_request(ErrorCode::DigestInvalid, error),
        EndpointError::Tag(_) => bad_request(ErrorCode::TagInvalid, error),
        EndpointError::UploadId => not_found(ErrorCode::BlobUploadUnknown, error),
    }
}

pub(crate) fn store(error: StoreError) -> OciError {
    if error.is_full() {
        OciError::full()
    } else if error.is_temporary() {
        OciError::unavailable(error)
    } else {
        OciError::internal(error)
    }
}

pub(crate) fn find_blob(error: FindBlobError) -> OciError {
    match error {
        FindBlobError::Unknown(digest) => {
            not_found(ErrorCode::BlobUnknown, &error).with_detail("digest", digest.to_string())
        }
        FindBlobError::Store(source) => store(source),
    }
}

pub(crate) fn read_blob(error: ReadBlobError) -> OciError {
    match error {
        ReadBlobError::Unknown(digest) => {
            not_found(ErrorCode::BlobUnknown, &error).with_detail("digest", digest.to_string())
        }
        ReadBlobError::Store(source) => store(source),
    }
}

pub(crate) fn mount(error: MountError) -> OciError {
    match error {
        MountError::Unknown(_) => not_found(ErrorCode::BlobUnknown, error),
        MountError::Store(source) => store(source),
    }
}

pub(crate) fn delete_blob(error: DeleteBlobError) -> OciError {
    match error {
        DeleteBlobError::Unknown(_) => not_found(ErrorCode::BlobUnknown, error),
        DeleteBlobError::Named { manifest, .. } => {
            not_allowed(&error, &[Method::GET, Method::HEAD])
                .with_detail("manifest", manifest.to_string())
        }
        DeleteBlobError::Store(source) => store(source),
    }
}

pub(crate) fn find_manifest(error: FindManifestError) -> OciError {
    match error {
        FindManifestError::Unknown(_) => not_found(ErrorCode::ManifestUnknown, error),
        FindManifestError::Store(source) => store(source),
    }
}

pub(crate) fn put_manifest(error: PutManifestError) -> OciError {
    match error {
        PutManifestError::Invalid(_) => bad_request(ErrorCode::ManifestInvalid, error),
        PutManifestError::DigestMismatch { .. } => bad_request(ErrorCode::DigestInvalid, error),
        PutManifestError::Missing(ref missing) => {
            let digests: Vec<_> = missing.iter().map(|m| m.digest().to_string()).collect();
            not_found(ErrorCode::ManifestBlobUnknown, &error).with_detail("digests", json!(digests))
        }
        PutManifestError::SizeMismatch { .. } => bad_request(ErrorCode::SizeInvalid, error),
        PutManifestError::MediaTypeMismatch { .. }
        | PutManifestError::AnnotationsTooLong(_)
        | PutManifestError::HeldAsOther { .. } => bad_request(ErrorCode::ManifestInvalid, error),
        PutManifestError::Store(source) => store(source),
    }
}

pub(crate) fn delete_manifest(error: DeleteManifestError) -> OciError {
    match error {
        DeleteManifestError::Unknown(_) | DeleteManifestError::TagUnknown(_) => {
            not_found(ErrorCode::ManifestUnknown, error)
        }
        DeleteManifestError::Named { parent, .. } => {
            not_allowed(&error, &[Method::GET, Method::HEAD, Method::PUT])
                .with_detail("index", parent.to_string())
        }
        DeleteManifestError::Store(source) => store(source),
    }
}

pub(crate) fn list_tags(error: ListTagsError) -> OciError {
    match error {
        ListTagsError::RepositoryUnknown(_) => not_found(ErrorCode::NameUnknown, error),
        ListTagsError::Store(source) => store(source),
    }
}

pub(crate) fn list_referrers(error: ListReferrersError) -> OciError {
    match error {
        ListReferrersError::Store(source) => store(source),
    }
}

pub(crate) fn start_upload(error: StartError) -> OciError {
    match error {
        StartError::TooMany(_) => {
            OciError::new(StatusCode::TOO_MANY_REQUESTS, ErrorCode::TooManyRequests, error)
                .with_header(header::RETRY_AFTER, HeaderValue::from_static("60"))
        }
        StartError::Store(source) => store(source),
    }
}

pub(crate) fn upload_status(error: StatusError) -> OciError {
    match error {
        StatusError::Unknown => not_found(ErrorCode::BlobUploadUnknown, error),
        StatusError::Store(source) => store(source),
    }
}

pub(crate) fn append(error: AppendError) -> OciError {
    match error {
        AppendError::Unknown => not_found(ErrorCode::BlobUploadUnknown, error),
        AppendError::OutOfOrder { received, .. } => {
            OciError::new(StatusCode::RANGE_NOT_SATISFIABLE, ErrorCode::BlobUploadInvalid, &error)
                .with_header(header::RANGE, crate::uploads::range(received))
        }
        AppendError::TooShort { .. } | AppendError::LongerThanRange(_) => {
            bad_request(ErrorCode::SizeInvalid, error)
        }
        AppendError::TooLong(_) => {
            OciError::new(StatusCode::PAYLOAD_TOO_LARGE, ErrorCode::SizeInvalid, error)
        }
        AppendError::BrokenOff(cause) if cause.is::<StoodStill>() => {
            OciError::new(StatusCode::REQUEST_TIMEOUT, ErrorCode::BlobUploadInvalid, cause)
        }
        AppendError::BrokenOff(_) => bad_request(ErrorCode::BlobUploadInvalid, error),
        AppendError::Store(source) => store(source),
    }
}

pub(crate) fn finish(error: FinishError) -> OciError {
    match error {
        FinishError::Append(error) => append(error),
        FinishError::DigestMismatch { .. } => bad_request(ErrorCode::DigestInvalid, error),
    }
}

pub(crate) fn push_blob(error: PushBlobError) -> OciError {
    match error {
        PushBlobError::Start(error) => start_upload(error),
        PushBlobError::Finish(error) => finish(error),
    }
}

pub(crate) fn cancel(error: CancelError) -> OciError {
    match error {
        CancelError::Unknown => not_found(ErrorCode::BlobUploadUnknown, error),
        CancelError::Store(source) => store(source),
    }
}

#[cfg(test)]
mod tests {
    use axum::response::IntoResponse;
    use gantry_catalog::DbError;

    use super::*;

    #[test]
    fn a_database_that_is_gone_for_now_is_worth_another_try() {
        for (failure, status) in [
            (DbError::Unavailable("gone".into()), 503),
            (DbError::Contention("busy".into()), 503),
            (DbError::Full, 507),
            (DbError::Corrupt("torn".into()), 500),
            (DbError::Other("mistake".into()), 500),
        ] {
            let shown = failure.to_string();
            let failed = FindManifestError::Store(StoreError::Catalog(failure));
            let response = find_manifest(failed).into_response();
            assert_eq!(response.status(), status, "{shown}");
            let retry = response.headers().get(header::RETRY_AFTER);
            assert_eq!(retry.is_some(), status == 503, "{shown}");
        }
    }
}
