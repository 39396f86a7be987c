//! Pulling, mounting and deleting blobs.

mod delete;
mod mount;
mod read;

pub use delete::DeleteBlobError;
pub(crate) use delete::let_go;
pub use mount::MountError;
pub use read::{BlobInfo, FindBlobError, ReadBlobError};
