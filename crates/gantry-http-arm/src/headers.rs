//! What Azure Resource Manager's answers carry: ids that a request is found again by; and which version of
//! the API a request asks for.

use gantry_http_base::{Query, RequestId};
use http::request::Parts;
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode, Uri, header};

use crate::error::ArmError;

const REQUEST: HeaderName = HeaderName::from_static("x-ms-request-id");
const CORRELATION: HeaderName = HeaderName::from_static("x-ms-correlation-request-id");
const CLIENT: HeaderName = HeaderName::from_static("x-ms-client-request-id");
const RETURN_CLIENT: HeaderName = HeaderName::from_static("x-ms-return-client-request-id");
/// The longest id of a client's that is given back, in bytes.
const LONGEST: usize = 128;

/// What requests that belong together are found by: the client says, or the request's own id does.
pub(crate) fn correlation(parts: &Parts) -> String {
    let id = correlated(parts).and_then(|value| value.to_str().ok());
    id.unwrap_or_default().to_owned()
}

fn correlated(parts: &Parts) -> Option<&HeaderValue> {
    let own = parts.extensions.get::<RequestId>().map(RequestId::as_header);
    parts.headers.get(CORRELATION).filter(|value| value.len() <= LONGEST).or(own)
}

/// Adds them to an answer.
pub(crate) fn add(parts: &Parts, headers: &mut HeaderMap) {
    if let Some(id) = parts.extensions.get::<RequestId>() {
        headers.insert(REQUEST, id.as_header().clone());
    }
    if let Some(id) = correlated(parts) {
        headers.insert(CORRELATION, id.clone());
    }
    let wants = parts.headers.get(RETURN_CLIENT);
    let wants = wants.is_some_and(|value| value.as_bytes().eq_ignore_ascii_case(b"true"));
    let client = parts.headers.get(CLIENT).filter(|value| wants && value.len() <= LONGEST);
    if let Some(client) = client {
        headers.insert(CLIENT, client.clone());
    }
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-cache"));
}

/// Refuses a version that can't be one. Any that could is answered alike; so is none.
pub(crate) fn check_version(uri: &Uri) -> Result<(), ArmError> {
    let Some(version) = Query::of(uri).first("api-version") else { return Ok(()) };
    let (date, rest) = version.split_at_checked(10).unwrap_or((&version, ""));
    let is_date = date.len() == 10
        && date.bytes().enumerate().all(|(at, byte)| match at {
            4 | 7 => byte == b'-',
            _ => byte.is_ascii_digit(),
        });
    let plain = |b: u8| b.is_ascii_alphanumeric() || b == b'-';
    match version.is_empty() || is_date && rest.len() <= 32 && rest.bytes().all(plain) {
        true => Ok(()),
        false => {
            let message = format!("The api-version '{version}' is invalid.");
            let code = "InvalidApiVersionParameter";
            Err(ArmError::new(StatusCode::BAD_REQUEST, code, message))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_version_is_a_date() {
        let check = |version: &str| {
            check_version(&format!("/a?api-version={version}").parse().unwrap()).is_ok()
        };
        for good in ["", "2025-11-01", "2026-09-01-preview", "2019-12-01-preview"] {
            assert!(check(good), "{good}");
        }
        for bad in ["v1", "2025-11", "2025-11-01%20or%201", "20251101", "2025-1-01", "%C3%A4"] {
            assert!(!check(bad), "{bad}");
        }
        assert!(check_version(&"/a".parse().unwrap()).is_ok());
    }
}
