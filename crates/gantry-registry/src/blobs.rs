//! Pulling, mounting and deleting blobs.

mod delete;
mod mount;
mod read;

pub use delete::DeleteBlobError;
pub use mount::MountError;
pub use read::{BlobInfo, FindBlobError, ReadBlobError};
