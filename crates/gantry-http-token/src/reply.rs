//! Answers: a token, or an error in OAuth's form.

use axum::Json;
use axum::response::{IntoResponse, Response};
use gantry_access::{AccessToken, AuthenticationError};
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
    description: String,
}

impl OauthError {
    pub(crate) fn invalid_request(description: &str) -> Self {
        let description = description.to_owned();
        Self { status: StatusCode::BAD_REQUEST, error: "invalid_request", description }
    }

    pub(crate) fn unsupported_grant_type() -> Self {
        Self {
            status: StatusCode::BAD_REQUEST,
            error: "unsupported_grant_type",
            description: "grant_type must be password".into(),
        }
    }

    pub(crate) fn refused_credential(error: AuthenticationError) -> Self {
        Self {
            status: StatusCode::UNAUTHORIZED,
            error: "invalid_grant",
            description: error.to_string(),
        }
    }
}

impl IntoResponse for OauthError {
    fn into_response(self) -> Response {
        let body = json!({
            "error": self.error,
            "error_description": self.description,
            // Docker clients read errors in the registry's form.
            "errors": [{ "code": "UNAUTHORIZED", "message": self.description }],
        });
        (self.status, Json(body)).into_response()
    }
}
