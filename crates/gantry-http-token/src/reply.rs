//! Answers: a token, or an error in OAuth's form.

use axum::Json;
use axum::response::{IntoResponse, Response};
use gantry_access::{AccessToken, AuthenticationError};
use gantry_oci::ErrorCode;
use http::{HeaderValue, StatusCode, header};
use serde_json::json;

/// A token, under both names that clients look for.
pub(crate) struct TokenReply(pub(crate) AccessToken);

impl IntoResponse for TokenReply {
    fn into_response(self) -> Response {
        let AccessToken { text, issued_at, expires_in } = self.0;
        let mut response = Json(json!({
            "access_token": text.expose(),
            "token": text.expose(),
            "expires_in": expires_in,
            "issued_at": issued_at.to_string(),
        }))
        .into_response();
        // RFC 6749, 5.1.
        response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        response
    }
}

/// RFC 6749, 5.2.
#[derive(Debug)]
pub(crate) struct OauthError {
    status: StatusCode,
    error: &'static str,
    /// The same for clients that read errors in the registry's form, as Docker's do.
    code: ErrorCode,
    description: String,
}

impl OauthError {
    pub(crate) fn invalid_request(description: &str) -> Self {
        Self::bad_request("invalid_request", description)
    }

    pub(crate) fn too_slow() -> Self {
        Self {
            status: StatusCode::REQUEST_TIMEOUT,
            ..Self::invalid_request("the form was not there in time")
        }
    }

    pub(crate) fn invalid_scope(error: impl std::error::Error) -> Self {
        Self::bad_request("invalid_scope", error)
    }

    pub(crate) fn unsupported_grant_type() -> Self {
        Self::bad_request("unsupported_grant_type", "grant_type must be password")
    }

    fn bad_request(error: &'static str, description: impl std::fmt::Display) -> Self {
        Self {
            status: StatusCode::BAD_REQUEST,
            error,
            code: ErrorCode::Unsupported,
            description: description.to_string(),
        }
    }

    pub(crate) fn refused_credential(error: AuthenticationError) -> Self {
        Self {
            status: StatusCode::UNAUTHORIZED,
            error: "invalid_grant",
            code: ErrorCode::Unauthorized,
            description: error.to_string(),
        }
    }
}

impl IntoResponse for OauthError {
    fn into_response(self) -> Response {
        let body = json!({
            "error": self.error,
            "error_description": self.description,
            "errors": [{ "code": self.code, "message": self.description }],
        });
        (self.status, Json(body)).into_response()
    }
}
