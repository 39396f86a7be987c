//! OCI words: digests, names, references, media types, ranges, manifests. Pure.
//!
//! Every type here is made by parsing what a client sent, and holding one proves
//! that it parsed; nothing here says that content exists or may be read. The
//! grammar is that of the OCI image-spec and distribution-spec 1.1, RFC 9110 for
//! ranges and credentials, and Docker's registry protocol where clients still
//! speak it. No I/O, no clock, no async.

mod authorization;
mod descriptor;
mod digest;
mod endpoint;
mod error;
mod form;
mod hasher;
mod image_config;
pub mod json;
mod manifest;
mod media_type;
mod name;
mod name_pattern;
pub mod path;
mod range;
mod reference;
mod referrers;
mod scope;
mod tag;
mod text;

pub use authorization::{Authorization, AuthorizationError, Secret};
pub use descriptor::{Descriptor, Platform};
pub use digest::{Algorithm, AlgorithmError, Digest, DigestError};
pub use endpoint::{BlobVerb, Endpoint, EndpointError, ManifestVerb, UploadVerb};
pub use error::{ErrorBody, ErrorCode, ErrorCodeError, ErrorEntry};
pub use form::{Form, FormError};
pub use hasher::{HashStateError, Hasher};
pub use image_config::ImagePlatform;
pub use manifest::{
    BlobRef, MAX_ARTIFACT_TYPE, MAX_DESCRIPTORS, MAX_MANIFEST_BYTES, Manifest, ManifestError,
    ManifestKind,
};
pub use media_type::{MediaType, MediaTypeError};
pub use name::{NameError, RepositoryName};
pub use name_pattern::{PatternError, RepositoryPattern};
pub use range::{ByteRange, ContentRange, ContentRangeError, NotOneRange, Unsatisfiable};
pub use reference::{Reference, ReferenceError};
pub use referrers::{ReferrerIndex, referrers_tag};
pub use scope::{Action, ActionSet, OtherResource, Scope, ScopeError, ScopeResource};
pub use tag::{Tag, TagError};
