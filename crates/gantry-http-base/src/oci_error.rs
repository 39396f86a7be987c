//! Errors in the registry protocol's form (distribution-spec, "Error Codes").

use axum::response::{IntoResponse, Response};
use gantry_oci::{EndpointError, ErrorBody, ErrorCode};
use gantry_registry::{Locked, StoreError};
use http::{HeaderName, HeaderValue, Method, StatusCode, header};
use serde_json::{Value, json};

/// Reasons quote what the client sent, which may be a megabyte between two quotation marks.
const LONGEST_REASON: usize = 2048;
/// Long enough for a database to come back, short enough for a client that waits.
const RETRY_AFTER_SECONDS: &str = "5";

/// An error answer. Its text goes to the client: what a client must not see is logged where the
/// error is made.
#[derive(Debug)]
pub struct OciError(Box<Parts>);

#[derive(Debug)]
struct Parts {
    status: StatusCode,
    code: ErrorCode,
    message: String,
    detail: Option<Value>,
    headers: Vec<(HeaderName, HeaderValue)>,
}

impl OciError {
    /// An error whose message is the code's usual one and whose detail says what it is about.
    pub fn new(status: StatusCode, code: ErrorCode, reason: impl std::fmt::Display) -> Self {
        let mut reason = reason.to_string();
        reason.truncate(reason.floor_char_boundary(LONGEST_REASON));
        Self(Box::new(Parts {
            status,
            code,
            message: code.message().to_owned(),
            detail: Some(json!({ "reason": reason })),
            headers: Vec::new(),
        }))
    }

    /// Adds a field to the detail.
    #[must_use]
    pub fn with_detail(mut self, key: &str, value: impl Into<Value>) -> Self {
        if let Some(Value::Object(fields)) = &mut self.0.detail {
            fields.insert(key.to_owned(), value.into());
        }
        self
    }

    /// Adds a header.
    #[must_use]
    pub fn with_header(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.0.headers.push((name, value));
        self
    }

    /// The same, and its message says this rather than what the code usually does: for what clients
    /// show to people.
    #[must_use]
    pub fn saying(mut self, message: impl std::fmt::Display) -> Self {
        self.0.message = message.to_string();
        self
    }

    /// A request that can't be understood.
    pub fn bad_request(code: ErrorCode, error: impl std::fmt::Display) -> Self {
        Self::new(StatusCode::BAD_REQUEST, code, error)
    }

    /// Something that isn't there.
    pub fn not_found(code: ErrorCode, error: impl std::fmt::Display) -> Self {
        Self::new(StatusCode::NOT_FOUND, code, error)
    }

    /// A method that the address doesn't answer, or not now: ACR answers 405 to a delete of what
    /// something else needs. RFC 9110, 15.5.6: it comes with the methods that are allowed.
    pub fn not_allowed(error: impl std::fmt::Display, allowed: &[Method]) -> Self {
        let allowed = allowed.iter().map(Method::as_str).collect::<Vec<_>>().join(", ");
        let value = HeaderValue::from_str(&allowed).expect("methods are visible ASCII");
        Self::new(StatusCode::METHOD_NOT_ALLOWED, ErrorCode::Unsupported, error)
            .with_header(header::ALLOW, value)
    }

    /// A request for no endpoint of a registry.
    pub fn endpoint(error: EndpointError) -> Self {
        match error {
            EndpointError::UnknownPath | EndpointError::Escape => {
                Self::not_found(ErrorCode::NameUnknown, error)
            }
            EndpointError::MethodNotAllowed { allowed } => Self::not_allowed(error, allowed),
            EndpointError::Name(_) => Self::bad_request(ErrorCode::NameInvalid, error),
            EndpointError::Digest(_) => Self::bad_request(ErrorCode::DigestInvalid, error),
            EndpointError::Tag(_) => Self::bad_request(ErrorCode::TagInvalid, error),
            EndpointError::UploadId => Self::not_found(ErrorCode::BlobUploadUnknown, error),
        }
    }

    /// A lock is in the way, whoever asks: ACR answers as to a method that isn't there. Docker shows
    /// the message.
    pub fn locked(locked: &Locked) -> Self {
        Self::not_allowed(locked, &[]).saying(locked)
    }

    /// A store failed.
    pub fn store(error: StoreError) -> Self {
        if error.is_full() {
            Self::full()
        } else if error.is_temporary() {
            Self::unavailable(error)
        } else {
            Self::internal(error)
        }
    }

    /// A failure of the server. What it was is logged, the client hears only that it was one.
    pub fn internal(error: impl std::fmt::Display) -> Self {
        tracing::error!(error = %error, "request failed");
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, ErrorCode::Unknown, "internal error")
    }

    /// A store can't be reached, or is too busy: the same request may succeed later.
    pub fn unavailable(error: impl std::fmt::Display) -> Self {
        tracing::error!(error = %error, "request failed for now");
        Self::new(
            StatusCode::SERVICE_UNAVAILABLE,
            ErrorCode::Unavailable,
            "the registry can't do this just now",
        )
        .with_header(header::RETRY_AFTER, HeaderValue::from_static(RETRY_AFTER_SECONDS))
    }

    /// There is no room left to store what the client sent.
    pub fn full() -> Self {
        tracing::error!("request failed: no room left on the disk");
        Self::new(
            StatusCode::INSUFFICIENT_STORAGE,
            ErrorCode::Unavailable,
            "the registry has no room left on its disk; nothing was stored",
        )
    }

    /// The status of the answer.
    pub fn status(&self) -> StatusCode {
        self.0.status
    }
}

impl IntoResponse for OciError {
    fn into_response(self) -> Response {
        let Parts { status, code, message, detail, headers } = *self.0;
        let body = serde_json::to_vec(&ErrorBody::new(code, message, detail)).unwrap_or_default();
        let mut response = (status, body).into_response();
        let json = HeaderValue::from_static("application/json");
        response.headers_mut().insert(header::CONTENT_TYPE, json);
        response.headers_mut().extend(headers);
        response
    }
}

#[cfg(test)]
mod tests {
    use http_body_util::BodyExt;

    use super::*;

    #[tokio::test]
    async fn an_error_is_short_whatever_it_quotes() {
        let quoted = "é".repeat(1 << 20);
        let error = OciError::new(StatusCode::BAD_REQUEST, ErrorCode::ManifestInvalid, quoted);
        let body = error.into_response().into_body().collect().await.unwrap().to_bytes();
        assert!(body.len() < 4096, "{} bytes", body.len());
        let told: ErrorBody = serde_json::from_slice(&body).unwrap();
        assert_eq!(told.errors[0].detail.as_ref().unwrap()["reason"], "é".repeat(1024));
    }
}
