//! Errors in Graph's form ("Microsoft Graph error responses and resource types").

use axum::Json;
use axum::response::{IntoResponse, Response};
use gantry_access::DbError;
use gantry_directory::{ApplicationError, GroupError, IdentityError, UserError};
use http::{HeaderValue, StatusCode, header};
use serde_json::json;

use crate::call::Call;
use crate::error::sentence;

/// Messages quote names and paths that the client sent.
const LONGEST_MESSAGE: usize = 1024;

/// An error answer.
#[derive(Debug)]
pub(super) struct GraphError {
    status: StatusCode,
    code: &'static str,
    message: String,
}

impl GraphError {
    fn new(status: StatusCode, code: &'static str, message: &str) -> Self {
        let mut message = message.to_owned();
        message.truncate(message.floor_char_boundary(LONGEST_MESSAGE));
        Self { status, code, message }
    }

    pub(super) fn bad(message: impl AsRef<str>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "Request_BadRequest", message.as_ref())
    }

    pub(super) fn unsupported(what: &str) -> Self {
        let message = format!("{what} is not supported.");
        Self::new(StatusCode::BAD_REQUEST, "Request_UnsupportedQuery", &message)
    }

    pub(super) fn no_segment(segment: &str) -> Self {
        let message =
            format!("Resource not found for the segment '{segment}', or not by this method.");
        Self::new(StatusCode::BAD_REQUEST, "BadRequest", &message)
    }

    pub(super) fn missing(key: &str) -> Self {
        let message = format!(
            "Resource '{key}' does not exist or one of its queried reference-property objects are not \
             present."
        );
        Self::new(StatusCode::NOT_FOUND, "Request_ResourceNotFound", &message)
    }

    pub(super) fn exists(property: &str) -> Self {
        Self::bad(format!(
            "Another object with the same value for property {property} already exists."
        ))
    }

    pub(super) fn is_member() -> Self {
        Self::bad(
            "One or more added object references already exist for the following modified properties: \
             'members'.",
        )
    }

    pub(super) fn unauthenticated(message: &str) -> Self {
        Self::new(StatusCode::UNAUTHORIZED, "InvalidAuthenticationToken", message)
    }

    pub(super) fn denied() -> Self {
        let message = "Insufficient privileges to complete the operation.";
        Self::new(StatusCode::FORBIDDEN, "Authorization_RequestDenied", message)
    }

    pub(super) fn too_long() -> Self {
        Self::new(StatusCode::PAYLOAD_TOO_LARGE, "RequestEntityTooLarge", "The body is too long.")
    }

    pub(super) fn too_slow() -> Self {
        let message = "The body was not there in time.";
        Self::new(StatusCode::REQUEST_TIMEOUT, "RequestTimeout", message)
    }

    pub(super) fn busy(message: &str) -> Self {
        Self::new(StatusCode::SERVICE_UNAVAILABLE, "ServiceNotAvailable", message)
    }

    pub(super) fn too_many(message: &str) -> Self {
        Self::new(StatusCode::TOO_MANY_REQUESTS, "TooManyRequests", message)
    }

    pub(super) fn answer(self, call: &Call<'_>) -> Response {
        let Self { status, code, message } = self;
        let (now, id) = (call.now().to_string(), gantry_directory::new_id());
        let body = json!({
            "error": {
                "code": code,
                "message": message,
                "innerError": {
                    "date": now.get(..19).unwrap_or(&now),
                    "request-id": id,
                    "client-request-id": call.correlation(),
                },
            },
        });
        let mut response = (status, Json(body)).into_response();
        let headers = response.headers_mut();
        if status == StatusCode::UNAUTHORIZED {
            // RFC 6750, 3.
            let challenge = format!(
                "Bearer realm=\"\", authorization_uri=\"{}/oauth2/v2.0/authorize\"",
                call.issuer
            );
            if let Ok(challenge) = HeaderValue::from_str(&challenge) {
                headers.insert(header::WWW_AUTHENTICATE, challenge);
            }
        }
        if matches!(status, StatusCode::SERVICE_UNAVAILABLE | StatusCode::TOO_MANY_REQUESTS) {
            headers.insert(header::RETRY_AFTER, HeaderValue::from_static("5"));
        }
        response
    }
}

impl From<DbError> for GraphError {
    fn from(failure: DbError) -> Self {
        tracing::error!(error = %failure, "the directory can't be read or changed");
        Self::busy("The directory can't be asked just now.")
    }
}

impl From<UserError> for GraphError {
    fn from(error: UserError) -> Self {
        match error {
            UserError::Taken(_) => Self::exists("userPrincipalName"),
            UserError::Missing => Self::missing("user"),
            UserError::ShortPassword => Self::bad(sentence(&error.to_string())),
            UserError::Password(_) => Self::bad(sentence(&error.to_string())),
            UserError::Catalog(failure) => failure.into(),
        }
    }
}

impl From<GroupError> for GraphError {
    fn from(error: GroupError) -> Self {
        match error {
            GroupError::Missing => Self::missing("group"),
            GroupError::NoSuchMember => Self::missing("member"),
            GroupError::Catalog(failure) => failure.into(),
        }
    }
}

impl From<ApplicationError> for GraphError {
    fn from(error: ApplicationError) -> Self {
        use ApplicationError::*;
        match error {
            Missing => Self::missing("application"),
            NoSuchCredential => Self::missing("credential"),
            HasServicePrincipal => Self::exists("servicePrincipalNames"),
            TooMany | SameFederation | Certificate(_) | Ended => {
                Self::bad(sentence(&error.to_string()))
            }
            Catalog(failure) => failure.into(),
        }
    }
}

impl From<IdentityError> for GraphError {
    fn from(error: IdentityError) -> Self {
        match error {
            IdentityError::Missing => Self::missing("identity"),
            IdentityError::NoSuchWorkload => Self::missing("workload"),
            IdentityError::Catalog(failure) => failure.into(),
        }
    }
}
