//! Pushing, pulling and deleting manifests.

mod delete;
mod put;
mod read;

pub use delete::DeleteManifestError;
pub use put::{MissingContent, PushedManifest, PutManifestError, UnreadManifest};
pub use read::FindManifestError;
