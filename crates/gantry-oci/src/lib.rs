//! OCI words: digests, names, references, media types, ranges, manifests. Pure.
//!
//! Every type here is made by parsing what a client sent, and holding one proves
//! that it parsed; nothing here says that content exists or may be read. The
//! grammar is that of the OCI image-spec and distribution-spec 1.1, RFC 9110 for
//! ranges and credentials, and Docker's registry protocol where clients still
//! speak it. No I/O, no clock, no async.

mod descriptor;
mod digest;
mod hasher;
pub mod json;
mod media_type;
mod name;
mod range;
mod reference;
mod tag;
mod text;

pub use descriptor::{Descriptor, Platform};
pub use digest::{Algorithm, AlgorithmError, Digest, DigestError};
pub use hasher::{HashStateError, Hasher};
pub use media_type::{MediaType, MediaTypeError};
pub use name::{NameError, RepositoryName};
pub use range::{ByteRange, ContentRange, ContentRangeError, NotOneRange, Unsatisfiable};
pub use reference::{Reference, ReferenceError};
pub use tag::{Tag, TagError};
