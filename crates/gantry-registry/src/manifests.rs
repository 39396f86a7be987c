//! Pushing, pulling and deleting manifests.

mod delete;
mod facts;
mod named;
mod put;
mod read;
mod remove;

pub use delete::DeleteManifestError;
pub use named::MissingContent;
pub use put::{PushedManifest, PutManifestError, UnreadManifest};
pub use read::FindManifestError;
pub(crate) use remove::{Removal, RemoveError, Remover};
