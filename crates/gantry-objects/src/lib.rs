//! The blob seam on object stores: S3 and what speaks its protocol, Azure Blob Storage, Google Cloud
//! Storage.
//!
//! ```text
//! PREFIX/deployment                         whose storage this is: the deployment's id
//! PREFIX/REGISTRY/UPLOAD/VERSION            a sealed blob; `0` of one that came from a store
//!                                           without versions
//! PREFIX/REGISTRY/UPLOAD/VERSION.parts      a multipart upload is under way: its id at the store
//! PREFIX/REGISTRY/UPLOAD/NONCE.tail         last bytes of a draft, fewer than make a part
//! ```
//!
//! No name is ever written twice, so nodes that go on with the same upload at the same time, or a
//! request that arrives after everyone has given it up, can't spoil each other's bytes. Completing
//! an upload copies nothing. Everything about a draft that the store doesn't tell is in its note,
//! which its caller keeps: any node goes on with it.
//!
//! What a failed step leaves behind is under the upload's own prefix, and goes with it.

mod connect;
mod error;
mod note;
mod parts;
mod paths;
mod store;

pub use connect::{Connection, ConnectionError, Ownership};
pub use store::ObjectBlobStore;
