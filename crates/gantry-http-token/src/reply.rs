//! Answers: a token, or an error in OAuth's form.

use axum::Json;
use axum::response::{IntoResponse, Response};
use gantry_access::{AccessToken, AuthenticationError, DbError};
use gantry_oci::{ErrorCode, Secret};
use http::{HeaderValue, StatusCode, header};
use serde_json::json;

/// A token, under both names that clients look for.
pub(crate) struct TokenReply(pub(crate) AccessToken);

impl IntoResponse for TokenReply {
    fn into_response(self) -> Response {
        let AccessToken { text, issued_at, expires_in } = self.0;
        not_stored(json!({
            "access_token": text.expose(),
            "token": text.expose(),
            "expires_in": expires_in,
            "issued_at": issued_at.to_string(),
        }))
    }
}

/// A refresh token.
pub(crate) struct RefreshReply(pub(crate) Secret);

impl IntoResponse for RefreshReply {
    fn into_response(self) -> Response {
        not_stored(json!({ "refresh_token": self.0.expose() }))
    }
}

/// RFC 6749, 5.1.
fn not_stored(body: serde_json::Value) -> Response {
    let mut response = Json(body).into_response();
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

/// RFC 6749, 5.2.
#[derive(Debug)]
pub(crate) struct OauthError {
    status: StatusCode,
    error: &'static str,
    /// The same for clients that read errors in the registry's form, as Docker's do.
    code: ErrorCode,
    description: String,
    /// In seconds.
    retry_after: Option<u64>,
}

impl OauthError {
    pub(crate) fn invalid_request(description: impl std::fmt::Display) -> Self {
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

    pub(crate) fn unsupported_grant_type(description: &str) -> Self {
        Self::bad_request("unsupported_grant_type", description)
    }

    fn bad_request(error: &'static str, description: impl std::fmt::Display) -> Self {
        Self {
            status: StatusCode::BAD_REQUEST,
            error,
            code: ErrorCode::Unsupported,
            description: description.to_string(),
            retry_after: None,
        }
    }

    pub(crate) fn refused_credential(error: &AuthenticationError) -> Self {
        let (status, name, code, retry_after) = match error {
            AuthenticationError::TooMany(wait) => (
                StatusCode::TOO_MANY_REQUESTS,
                "slow_down",
                ErrorCode::TooManyRequests,
                Some(wait.wait.as_secs().max(1)),
            ),
            AuthenticationError::Catalog(failure) => {
                tracing::error!(error = %failure, "a sign-in failed");
                return Self::catalog(failure);
            }
            AuthenticationError::Header(_)
            | AuthenticationError::Credentials
            | AuthenticationError::Token(_)
            | AuthenticationError::Directory(_) => {
                (StatusCode::UNAUTHORIZED, "invalid_grant", ErrorCode::Unauthorized, None)
            }
        };
        Self { status, error: name, code, description: error.to_string(), retry_after }
    }

    /// What it was is in the log.
    fn catalog(failure: &DbError) -> Self {
        let unavailable = matches!(failure, DbError::Unavailable(_));
        Self {
            status: match unavailable {
                true => StatusCode::SERVICE_UNAVAILABLE,
                false => StatusCode::INTERNAL_SERVER_ERROR,
            },
            error: "temporarily_unavailable",
            code: if unavailable { ErrorCode::Unavailable } else { ErrorCode::Unknown },
            description: "the registry can't sign anyone in just now".to_owned(),
            retry_after: unavailable.then_some(5),
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
        let mut response = (self.status, Json(body)).into_response();
        if let Some(seconds) = self.retry_after {
            response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        response
    }
}
