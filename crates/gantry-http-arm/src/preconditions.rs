//! Entity tags: which state a resource is in, and which it must be in to be written (RFC 9110, 8.8.3
//! and 13.1).

use axum::Json;
use axum::response::{IntoResponse, Response};
use gantry_model::{Precondition, PreconditionFailed, Version, Written};
use http::header::{ETAG, HeaderName, IF_MATCH, IF_NONE_MATCH};
use http::{HeaderMap, HeaderValue, StatusCode};
use serde::Serialize;

use crate::error::ArmError;

/// What a request asks of the resource that it writes.
pub(crate) fn precondition(headers: &HeaderMap) -> Result<Precondition, ArmError> {
    match (text(headers, &IF_MATCH)?, text(headers, &IF_NONE_MATCH)?) {
        (None, None) => Ok(Precondition::None),
        (Some(tags), None) if tags.trim() == "*" => Ok(Precondition::Present),
        (Some(tags), None) => Ok(Precondition::OneOf(tags.split(',').filter_map(strong).collect())),
        (None, Some(tags)) if tags.trim() == "*" => Ok(Precondition::Absent),
        (None, Some(_)) => Err(ArmError::bad_request("If-None-Match is * for what is written")),
        (Some(_), Some(_)) => {
            Err(ArmError::bad_request("give If-Match or If-None-Match, not both"))
        }
    }
}

/// A resource, with its entity tag.
pub(crate) fn tagged(status: StatusCode, version: &Version, shown: impl Serialize) -> Response {
    let mut response = (status, Json(shown)).into_response();
    let tag = HeaderValue::from_str(&format!("\"{version}\""));
    response.headers_mut().insert(ETAG, tag.expect("a version is visible ASCII without quotes"));
    response
}

/// What a resource that was written is answered with.
pub(crate) fn status(written: Written) -> StatusCode {
    match written {
        Written::Made => StatusCode::CREATED,
        Written::Changed => StatusCode::OK,
    }
}

/// The headers of that name, as one list.
fn text(headers: &HeaderMap, name: &HeaderName) -> Result<Option<String>, ArmError> {
    let refuse = |_| ArmError::bad_request(format!("{name} is not ASCII"));
    let all: Result<Vec<_>, _> = headers.get_all(name).iter().map(HeaderValue::to_str).collect();
    let all = all.map_err(refuse)?;
    Ok((!all.is_empty()).then(|| all.join(",")))
}

/// What a tag says; a weak one is no promise to be the same.
fn strong(tag: &str) -> Option<String> {
    let tag = tag.trim();
    (!tag.starts_with("W/")).then(|| tag.trim_matches('"').to_owned())
}

impl From<PreconditionFailed> for ArmError {
    fn from(error: PreconditionFailed) -> Self {
        Self::new(StatusCode::PRECONDITION_FAILED, "PreconditionFailed", error)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(headers: &[(HeaderName, &'static str)]) -> Option<Precondition> {
        let headers = headers.iter().map(|(n, v)| (n.clone(), HeaderValue::from_static(v)));
        precondition(&headers.collect()).ok()
    }

    #[test]
    fn tags_are_read_as_lists() {
        let one_of = |tags: &[&str]| {
            Some(Precondition::OneOf(tags.iter().map(|&tag| tag.to_owned()).collect()))
        };
        assert_eq!(read(&[]), Some(Precondition::None));
        assert_eq!(read(&[(IF_MATCH, "*")]), Some(Precondition::Present));
        assert_eq!(read(&[(IF_NONE_MATCH, " * ")]), Some(Precondition::Absent));
        assert_eq!(read(&[(IF_MATCH, "\"a.1\", b.2")]), one_of(&["a.1", "b.2"]));
        assert_eq!(read(&[(IF_MATCH, "W/\"a.1\"")]), one_of(&[]));
        assert_eq!(read(&[(IF_MATCH, "")]), one_of(&[""]));
        assert_eq!(read(&[(IF_NONE_MATCH, "\"a\"")]), None);
        assert_eq!(read(&[(IF_MATCH, "*"), (IF_NONE_MATCH, "*")]), None);
    }
}
