//! What can be done at each endpoint, by method.

use http::Method;

use super::EndpointError;

/// What can be done with a manifest.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum ManifestVerb {
    /// Pull it.
    Get,
    /// Ask for its digest, type and size.
    Head,
    /// Push it.
    Put,
    /// Delete it, or the tag.
    Delete,
}

/// What can be done with a blob.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum BlobVerb {
    /// Pull it.
    Get,
    /// Ask whether it is there.
    Head,
    /// Delete it.
    Delete,
}

/// What can be done with an upload session.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum UploadVerb {
    /// Ask how far it is; `HEAD` asks the same.
    Get,
    /// Append bytes.
    Patch,
    /// Append the last bytes, if any, and make a blob of it.
    Put,
    /// Cancel it.
    Delete,
}

impl ManifestVerb {
    pub(super) fn of(method: &Method) -> Result<Self, EndpointError> {
        match *method {
            Method::GET => Ok(Self::Get),
            Method::HEAD => Ok(Self::Head),
            Method::PUT => Ok(Self::Put),
            Method::DELETE => Ok(Self::Delete),
            _ => not_allowed(&[Method::GET, Method::HEAD, Method::PUT, Method::DELETE]),
        }
    }
}

impl BlobVerb {
    pub(super) fn of(method: &Method) -> Result<Self, EndpointError> {
        match *method {
            Method::GET => Ok(Self::Get),
            Method::HEAD => Ok(Self::Head),
            Method::DELETE => Ok(Self::Delete),
            _ => not_allowed(&[Method::GET, Method::HEAD, Method::DELETE]),
        }
    }
}

impl UploadVerb {
    pub(super) fn of(method: &Method) -> Result<Self, EndpointError> {
        match *method {
            Method::GET | Method::HEAD => Ok(Self::Get),
            Method::PATCH => Ok(Self::Patch),
            Method::PUT => Ok(Self::Put),
            Method::DELETE => Ok(Self::Delete),
            _ => not_allowed(&[
                Method::GET,
                Method::HEAD,
                Method::PATCH,
                Method::PUT,
                Method::DELETE,
            ]),
        }
    }
}

/// Allows what only reads.
pub(super) fn read(method: &Method) -> Result<(), EndpointError> {
    match *method {
        Method::GET | Method::HEAD => Ok(()),
        _ => not_allowed(&[Method::GET, Method::HEAD]),
    }
}

/// Allows what opens an upload session.
pub(super) fn start(method: &Method) -> Result<(), EndpointError> {
    match *method {
        Method::POST => Ok(()),
        _ => not_allowed(&[Method::POST]),
    }
}

fn not_allowed<T>(allowed: &'static [Method]) -> Result<T, EndpointError> {
    Err(EndpointError::MethodNotAllowed { allowed })
}
