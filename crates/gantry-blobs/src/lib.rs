//! The blob seam: bytes by key, on files or in memory. Object stores have a crate of their own.
//!
//! A [`BlobStore`] holds opaque bytes under a [`BlobKey`] that is made for one upload and never
//! used again. It knows no digests, repositories or permissions: which bytes a digest means is
//! the catalog's row. That is why completing an upload copies and renames nothing, and why two
//! uploads of the same digest never meet.
//!
//! What a caller may rely on is written once, at the [`BlobStore`] trait, and checked by one
//! contract suite that every implementation runs.

mod disk_cache;
mod draft;
mod error;
mod files;
mod key;
mod memory;
mod source;
mod store;

pub use disk_cache::DiskCache;
pub use draft::Draft;
pub use error::{BlobError, BodyError};
pub use files::{FileBlobStore, Placing};
pub use key::{BlobKey, InvalidBlobKey};
pub use memory::MemoryBlobStore;
pub use source::{BlobFile, BlobSource, BlobStream};
pub use store::{Appended, BlobList, BlobStore, BodyStream, Resumed, Sealed, Space, StoredBlob};
