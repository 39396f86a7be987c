//! Endpoints: what a request under `/v2/` asks for.

mod route;
mod verb;

#[cfg(test)]
mod tests;

use http::Method;

use crate::path;
use crate::{Digest, DigestError, NameError, Reference, ReferenceError, RepositoryName, TagError};
use route::{Route, route};
pub use verb::{BlobVerb, ManifestVerb, UploadVerb};

/// A request of the distribution-spec, by its method and path. Query and headers
/// are for the one who serves it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Endpoint {
    /// `GET /v2/`: does this speak the protocol, and who am I.
    Base,
    /// `GET /v2/_catalog`: the repositories.
    Catalog,
    /// `GET /v2/<name>/tags/list`.
    TagList {
        /// The repository.
        name: RepositoryName,
    },
    /// `/v2/<name>/manifests/<reference>`.
    Manifest {
        /// What to do with it.
        verb: ManifestVerb,
        /// The repository.
        name: RepositoryName,
        /// The manifest, by tag or digest.
        reference: Reference,
    },
    /// `/v2/<name>/blobs/<digest>`.
    Blob {
        /// What to do with it.
        verb: BlobVerb,
        /// The repository.
        name: RepositoryName,
        /// The blob.
        digest: Digest,
    },
    /// `POST /v2/<name>/blobs/uploads/`: open an upload session, push a small blob, or mount one.
    UploadStart {
        /// The repository.
        name: RepositoryName,
    },
    /// `/v2/<name>/blobs/uploads/<id>`.
    Upload {
        /// What to do with it.
        verb: UploadVerb,
        /// The repository.
        name: RepositoryName,
        /// The session: a letter or digit, then letters, digits and `-._~=`, up to
        /// [`Endpoint::MAX_UPLOAD_ID`].
        id: String,
    },
    /// `GET /v2/<name>/referrers/<digest>`.
    Referrers {
        /// The repository.
        name: RepositoryName,
        /// The subject.
        digest: Digest,
    },
}

/// Why a request is for no [`Endpoint`].
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum EndpointError {
    /// Nothing in the protocol has this path.
    #[error("no endpoint of the registry protocol has this path")]
    UnknownPath,
    /// The path has an escape that is malformed, or stands for a slash, a backslash,
    /// a control character or no UTF-8 text.
    #[error("path has a percent-escape that is not allowed")]
    Escape,
    /// The path is known, but not with this method.
    #[error("method is not allowed here")]
    MethodNotAllowed {
        /// The methods that are: the `Allow` header's content.
        allowed: &'static [Method],
    },
    /// The repository's name is outside the grammar.
    #[error(transparent)]
    Name(#[from] NameError),
    /// The digest does not parse.
    #[error(transparent)]
    Digest(#[from] DigestError),
    /// The tag is outside the grammar.
    #[error(transparent)]
    Tag(#[from] TagError),
    /// The upload session's id is none that was ever given out.
    #[error("not the id of an upload session")]
    UploadId,
}

impl Endpoint {
    /// The length of the longest upload session id.
    pub const MAX_UPLOAD_ID: usize = 128;

    /// Parses a request's method and path (without its query).
    ///
    /// Names hold slashes and may hold words of the protocol, as `a/blobs/uploads`
    /// does, so a path is read from its end. Escapes are decoded once; some clients
    /// send a digest's colon as `%3A`, some a name's slashes as `%2F`. `HEAD` is welcome wherever `GET` is.
    pub fn parse(method: &Method, path: &str) -> Result<Self, EndpointError> {
        let path = path::decode(path)?;
        Ok(match route(&path).ok_or(EndpointError::UnknownPath)? {
            Route::Base => {
                verb::read(method)?;
                Self::Base
            }
            Route::Catalog => {
                verb::read(method)?;
                Self::Catalog
            }
            Route::TagList { name } => {
                verb::read(method)?;
                Self::TagList { name: path::name(name).parse()? }
            }
            Route::Manifest { name, reference } => {
                let verb = ManifestVerb::of(method)?;
                Self::Manifest {
                    verb,
                    name: path::name(name).parse()?,
                    reference: path::part(reference)?.parse()?,
                }
            }
            Route::Blob { name, digest } => {
                let verb = BlobVerb::of(method)?;
                Self::Blob {
                    verb,
                    name: path::name(name).parse()?,
                    digest: path::part(digest)?.parse()?,
                }
            }
            Route::UploadStart { name } => {
                verb::start(method)?;
                Self::UploadStart { name: path::name(name).parse()? }
            }
            Route::Upload { name, id } => {
                let verb = UploadVerb::of(method)?;
                Self::Upload {
                    verb,
                    name: path::name(name).parse()?,
                    id: upload_id(path::part(id)?)?,
                }
            }
            Route::Referrers { name, digest } => {
                verb::read(method)?;
                Self::Referrers {
                    name: path::name(name).parse()?,
                    digest: path::part(digest)?.parse()?,
                }
            }
        })
    }

    /// The repository it is about, if it is about one.
    pub fn repository(&self) -> Option<&RepositoryName> {
        match self {
            Self::Base | Self::Catalog => None,
            Self::TagList { name }
            | Self::Manifest { name, .. }
            | Self::Blob { name, .. }
            | Self::UploadStart { name }
            | Self::Upload { name, .. }
            | Self::Referrers { name, .. } => Some(name),
        }
    }
}

/// The first character is a letter or digit, so that no id is a dot segment, which
/// clients and proxies take out of paths.
fn upload_id(text: &str) -> Result<String, EndpointError> {
    let wanted = |b: u8| b.is_ascii_alphanumeric() || b"-._~=".contains(&b);
    let starts = text.bytes().next().is_some_and(|b| b.is_ascii_alphanumeric());
    if starts && text.len() <= Endpoint::MAX_UPLOAD_ID && text.bytes().all(wanted) {
        Ok(text.to_owned())
    } else {
        Err(EndpointError::UploadId)
    }
}

impl From<ReferenceError> for EndpointError {
    fn from(error: ReferenceError) -> Self {
        match error {
            ReferenceError::Tag(error) => Self::Tag(error),
            ReferenceError::Digest(error) => Self::Digest(error),
        }
    }
}
