//! What happened, in the use-cases' words, and how the data-plane API calls it.

use gantry_http_base::OciError;
use gantry_oci::ErrorCode;
use gantry_registry::attributes::AttributesError;
use gantry_registry::manifests::DeleteManifestError;
use gantry_registry::repositories::DeleteRepositoryError;

pub(crate) fn attributes(error: AttributesError) -> OciError {
    match error {
        AttributesError::RepositoryUnknown(_) => {
            OciError::not_found(ErrorCode::NameUnknown, &error).saying(error)
        }
        AttributesError::TagUnknown(_) => OciError::not_found(ErrorCode::TagUnknown, error),
        AttributesError::ManifestUnknown(_) => {
            OciError::not_found(ErrorCode::ManifestUnknown, error)
        }
        AttributesError::Store(error) => OciError::store(error),
    }
}

pub(crate) fn delete_manifest(error: DeleteManifestError) -> OciError {
    match error {
        DeleteManifestError::TagUnknown(_) => OciError::not_found(ErrorCode::TagUnknown, error),
        DeleteManifestError::Unknown(_) => OciError::not_found(ErrorCode::ManifestUnknown, error),
        DeleteManifestError::Named { .. } => {
            OciError::not_allowed(error, &[http::Method::GET, http::Method::HEAD])
        }
        DeleteManifestError::Locked(locked) => OciError::locked(&locked),
        DeleteManifestError::Store(error) => OciError::store(error),
    }
}

pub(crate) fn delete_repository(error: DeleteRepositoryError) -> OciError {
    match error {
        DeleteRepositoryError::Unknown(_) => {
            OciError::not_found(ErrorCode::NameUnknown, &error).saying(error)
        }
        DeleteRepositoryError::Locked(locked) => OciError::locked(&locked),
        DeleteRepositoryError::Store(error) => OciError::store(error),
    }
}
