//! The one file that speaks both languages: what happened, in the use-cases' words, and how the
//! distribution-spec calls it.

use gantry_http_base::{OciError, StoodStill};
use gantry_oci::ErrorCode;
use gantry_registry::Full;
use gantry_registry::blobs::{DeleteBlobError, FindBlobError, MountError, ReadBlobError};
use gantry_registry::manifests::{DeleteManifestError, FindManifestError, PutManifestError};
use gantry_registry::referrers::ListReferrersError;
use gantry_registry::tags::ListTagsError;
use gantry_registry::uploads::{
    AppendError, CancelError, FinishError, PushBlobError, StartError, StatusError,
};
use http::{HeaderValue, Method, StatusCode, header};
use serde_json::json;

pub(crate) fn find_blob(error: FindBlobError) -> OciError {
    match error {
        FindBlobError::Unknown(digest) => OciError::not_found(ErrorCode::BlobUnknown, &error)
            .with_detail("digest", digest.to_string()),
        FindBlobError::Locked(locked) => OciError::locked(&locked),
        FindBlobError::Store(source) => OciError::store(source),
    }
}

pub(crate) fn read_blob(error: ReadBlobError) -> OciError {
    match error {
        ReadBlobError::Unknown(digest) => OciError::not_found(ErrorCode::BlobUnknown, &error)
            .with_detail("digest", digest.to_string()),
        ReadBlobError::Store(source) => OciError::store(source),
    }
}

pub(crate) fn mount(error: MountError) -> OciError {
    match error {
        MountError::Unknown(_) => OciError::not_found(ErrorCode::BlobUnknown, error),
        MountError::Locked(locked) => OciError::locked(&locked),
        MountError::Store(source) => OciError::store(source),
    }
}

pub(crate) fn delete_blob(error: DeleteBlobError) -> OciError {
    match error {
        DeleteBlobError::Unknown(_) => OciError::not_found(ErrorCode::BlobUnknown, error),
        DeleteBlobError::Named { manifest, .. } => {
            OciError::not_allowed(&error, &[Method::GET, Method::HEAD])
                .with_detail("manifest", manifest.to_string())
        }
        DeleteBlobError::Locked(locked) => OciError::locked(&locked),
        DeleteBlobError::Store(source) => OciError::store(source),
    }
}

pub(crate) fn find_manifest(error: FindManifestError) -> OciError {
    match error {
        FindManifestError::Unknown(_) => OciError::not_found(ErrorCode::ManifestUnknown, error),
        FindManifestError::Locked(locked) => OciError::locked(&locked),
        FindManifestError::Store(source) => OciError::store(source),
    }
}

pub(crate) fn put_manifest(error: PutManifestError) -> OciError {
    match error {
        PutManifestError::Invalid(_) => OciError::bad_request(ErrorCode::ManifestInvalid, error),
        PutManifestError::DigestMismatch { .. } => {
            OciError::bad_request(ErrorCode::DigestInvalid, error)
        }
        PutManifestError::Full(full) => full_registry(full),
        PutManifestError::Missing(ref missing) => {
            let digests: Vec<_> = missing.iter().map(|m| m.digest().to_string()).collect();
            OciError::not_found(ErrorCode::ManifestBlobUnknown, &error)
                .with_detail("digests", json!(digests))
        }
        PutManifestError::SizeMismatch { .. } => {
            OciError::bad_request(ErrorCode::SizeInvalid, error)
        }
        PutManifestError::MediaTypeMismatch { .. }
        | PutManifestError::AnnotationsTooLong(_)
        | PutManifestError::HeldAsOther { .. } => {
            OciError::bad_request(ErrorCode::ManifestInvalid, error)
        }
        PutManifestError::Locked(locked) => OciError::locked(&locked),
        PutManifestError::Store(source) => OciError::store(source),
    }
}

pub(crate) fn delete_manifest(error: DeleteManifestError) -> OciError {
    match error {
        DeleteManifestError::Unknown(_) | DeleteManifestError::TagUnknown(_) => {
            OciError::not_found(ErrorCode::ManifestUnknown, error)
        }
        DeleteManifestError::Named { parent, .. } => {
            OciError::not_allowed(&error, &[Method::GET, Method::HEAD, Method::PUT])
                .with_detail("index", parent.to_string())
        }
        DeleteManifestError::Locked(locked) => OciError::locked(&locked),
        DeleteManifestError::Store(source) => OciError::store(source),
    }
}

pub(crate) fn list_tags(error: ListTagsError) -> OciError {
    match error {
        ListTagsError::RepositoryUnknown(_) => OciError::not_found(ErrorCode::NameUnknown, error),
        ListTagsError::Store(source) => OciError::store(source),
    }
}

pub(crate) fn list_referrers(error: ListReferrersError) -> OciError {
    match error {
        ListReferrersError::Store(source) => OciError::store(source),
    }
}

pub(crate) fn start_upload(error: StartError) -> OciError {
    match error {
        StartError::TooMany(_) => {
            OciError::new(StatusCode::TOO_MANY_REQUESTS, ErrorCode::TooManyRequests, error)
                .with_header(header::RETRY_AFTER, HeaderValue::from_static("60"))
        }
        StartError::Locked(locked) => OciError::locked(&locked),
        StartError::Full(full) => full_registry(full),
        StartError::Store(source) => OciError::store(source),
    }
}

pub(crate) fn upload_status(error: StatusError) -> OciError {
    match error {
        StatusError::Unknown => OciError::not_found(ErrorCode::BlobUploadUnknown, error),
        StatusError::Store(source) => OciError::store(source),
    }
}

pub(crate) fn append(error: AppendError) -> OciError {
    match error {
        AppendError::Unknown => OciError::not_found(ErrorCode::BlobUploadUnknown, error),
        AppendError::OutOfOrder { received, .. } => {
            OciError::new(StatusCode::RANGE_NOT_SATISFIABLE, ErrorCode::BlobUploadInvalid, &error)
                .with_header(header::RANGE, crate::uploads::range(received))
        }
        AppendError::TooShort { .. } | AppendError::LongerThanRange(_) => {
            OciError::bad_request(ErrorCode::SizeInvalid, error)
        }
        AppendError::TooLong(_) => {
            OciError::new(StatusCode::PAYLOAD_TOO_LARGE, ErrorCode::SizeInvalid, error)
        }
        AppendError::BrokenOff(cause) if cause.is::<StoodStill>() => {
            OciError::new(StatusCode::REQUEST_TIMEOUT, ErrorCode::BlobUploadInvalid, cause)
        }
        AppendError::BrokenOff(_) => OciError::bad_request(ErrorCode::BlobUploadInvalid, error),
        AppendError::Store(source) => OciError::store(source),
    }
}

pub(crate) fn finish(error: FinishError) -> OciError {
    match error {
        FinishError::Append(error) => append(error),
        FinishError::DigestMismatch { .. } => {
            OciError::bad_request(ErrorCode::DigestInvalid, error)
        }
        FinishError::Full(full) => full_registry(full),
    }
}

/// As ACR answers what goes beyond the tier's storage: clients show the text of a denial.
fn full_registry(full: Full) -> OciError {
    OciError::new(StatusCode::FORBIDDEN, ErrorCode::Denied, full).saying(full)
}

pub(crate) fn push_blob(error: PushBlobError) -> OciError {
    match error {
        PushBlobError::Start(error) => start_upload(error),
        PushBlobError::Finish(error) => finish(error),
    }
}

pub(crate) fn cancel(error: CancelError) -> OciError {
    match error {
        CancelError::Unknown => OciError::not_found(ErrorCode::BlobUploadUnknown, error),
        CancelError::Store(source) => OciError::store(source),
    }
}

#[cfg(test)]
mod tests {
    use axum::response::IntoResponse;
    use gantry_catalog::DbError;
    use gantry_registry::StoreError;

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
