//! OCI words: digests, names, references, media types, ranges, manifests. Pure.
//!
//! Every type here is made by parsing what a client sent, and holding one proves
//! that it parsed; nothing here says that content exists or may be read. The
//! grammar is that of the OCI image-spec and distribution-spec 1.1, RFC 9110 for
//! ranges and credentials, and Docker's registry protocol where clients still
//! speak it. No I/O, no clock, no async.

mod digest;
mod media_type;
mod name;
mod reference;
mod tag;
mod text;

pub use digest::{Algorithm, Digest, DigestError};
pub use media_type::{MediaType, MediaTypeError};
pub use name::{NameError, RepositoryName};
pub use reference::{Reference, ReferenceError};
pub use tag::{Tag, TagError};
