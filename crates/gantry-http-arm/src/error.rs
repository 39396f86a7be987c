//! Errors in ARM's form: `{"error":{"code":…,"message":…}}`.

use axum::Json;
use axum::response::{IntoResponse, Response};
use gantry_access::DbError;
use http::{HeaderValue, Method, StatusCode, header};
use schemars::JsonSchema;
use serde::Serialize;

/// The body of an error answer.
#[derive(Serialize, JsonSchema)]
pub(crate) struct ErrorResponse {
    error: ErrorDetail,
}

#[derive(Serialize, JsonSchema)]
struct ErrorDetail {
    code: &'static str,
    message: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    target: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    details: Vec<ErrorDetail>,
}

/// An error answer. Its text goes to the client.
#[derive(Debug)]
pub(crate) struct ArmError(Box<Parts>);

#[derive(Debug)]
struct Parts {
    status: StatusCode,
    code: &'static str,
    message: String,
    /// The property that it is about.
    target: Option<String>,
    /// What is wrong, where it is more than one thing.
    details: Vec<ArmError>,
    challenge: Option<String>,
    retry_after: Option<u64>,
}

impl ArmError {
    pub(crate) fn new(
        status: StatusCode,
        code: &'static str,
        message: impl std::fmt::Display,
    ) -> Self {
        let message = message.to_string();
        Self(Box::new(Parts {
            status,
            code,
            message,
            target: None,
            details: Vec::new(),
            challenge: None,
            retry_after: None,
        }))
    }

    /// The same, about the property of that path.
    pub(crate) fn about(mut self, property: &str) -> Self {
        self.0.target = Some(property.to_owned());
        self
    }

    /// The first of several refusals, which tells of the others too, as far as someone would read.
    pub(crate) fn all(mut refusals: Vec<Self>) -> Option<Self> {
        const MOST: usize = 20;
        refusals.truncate(MOST);
        if refusals.len() < 2 {
            return refusals.pop();
        }
        let (status, code) = (refusals[0].0.status, refusals[0].0.code);
        let texts: Vec<_> = refusals.iter().map(|one| one.0.message.as_str()).collect();
        let mut all = Self::new(status, code, texts.join("; "));
        all.0.details = refusals;
        Some(all)
    }

    /// What has that property isn't built.
    pub(crate) fn not_built(property: &str, feature: &str) -> Self {
        let message = format!("the property '{property}' can't be set: {feature} aren't built yet");
        Self::new(StatusCode::BAD_REQUEST, "PropertyChangeNotSupported", message).about(property)
    }

    pub(crate) fn bad_name(message: impl std::fmt::Display) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "InvalidResourceName", message)
    }

    pub(crate) fn bad_filter(message: impl std::fmt::Display) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "InvalidFilterInQueryString", message)
    }

    pub(crate) fn bad_request(message: impl std::fmt::Display) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "InvalidRequestContent", message)
    }

    pub(crate) fn not_found(message: impl std::fmt::Display) -> Self {
        Self::new(StatusCode::NOT_FOUND, "ResourceNotFound", message)
    }

    /// Whether what was asked for isn't there.
    pub(crate) fn is_not_found(&self) -> bool {
        self.0.status == StatusCode::NOT_FOUND
    }

    pub(crate) fn conflict(code: &'static str, message: impl std::fmt::Display) -> Self {
        Self::new(StatusCode::CONFLICT, code, message)
    }

    pub(crate) fn no_such_operation(method: &Method, path: &str) -> Self {
        let message = format!("there is no operation {method} {path}");
        Self::new(StatusCode::NOT_FOUND, "InvalidResourceType", message)
    }

    /// 401, with where to sign in. No `claims`: they would have clients sign in anew each time.
    pub(crate) fn unauthenticated(authority: &str, message: impl std::fmt::Display) -> Self {
        let mut error = Self::new(StatusCode::UNAUTHORIZED, "InvalidAuthenticationToken", message);
        let challenge =
            format!("Bearer authorization_uri=\"{authority}\", error=\"invalid_token\"");
        error.0.challenge = Some(challenge);
        error
    }

    /// 403, whether or not the resource is there.
    pub(crate) fn forbidden(action: &str, scope: &str) -> Self {
        let message = format!(
            "The client does not have authorization to perform action '{action}' over scope \
             '{scope}', or the scope is invalid."
        );
        Self::new(StatusCode::FORBIDDEN, "AuthorizationFailed", message)
    }

    /// A failure of the server. What it was is logged, the client hears only that it was one.
    pub(crate) fn internal(error: impl std::fmt::Display) -> Self {
        tracing::error!(error = %error, "a management request failed");
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, "InternalServerError", "internal error")
    }
}

impl From<DbError> for ArmError {
    fn from(error: DbError) -> Self {
        match error {
            DbError::Unavailable(reason) => {
                tracing::error!(error = %reason, "a management request failed for now");
                let message = "the server can't do this just now";
                let mut error =
                    Self::new(StatusCode::SERVICE_UNAVAILABLE, "ServiceUnavailable", message);
                error.0.retry_after = Some(5);
                error
            }
            // What is stored nowhere was sent: a text with a NUL in it.
            DbError::Argument { problem, .. } => Self::bad_request(problem),
            error => Self::internal(error),
        }
    }
}

impl ArmError {
    /// Its status.
    pub(crate) fn status(&self) -> StatusCode {
        self.0.status
    }

    /// What its answer's body is.
    pub(crate) fn response(&self) -> ErrorResponse {
        ErrorResponse { error: self.shown() }
    }

    /// What the body says.
    fn shown(&self) -> ErrorDetail {
        let Parts { code, message, target, details, .. } = &*self.0;
        ErrorDetail {
            code,
            message: message.clone(),
            target: target.clone(),
            details: details.iter().map(Self::shown).collect(),
        }
    }
}

impl IntoResponse for ArmError {
    fn into_response(self) -> Response {
        let body = self.response();
        let Parts { status, code, challenge, retry_after, .. } = *self.0;
        let mut response = (status, Json(body)).into_response();
        let headers = response.headers_mut();
        headers.insert("x-ms-error-code", HeaderValue::from_static(code));
        if let Some(challenge) = challenge.and_then(|text| HeaderValue::from_str(&text).ok()) {
            headers.insert(header::WWW_AUTHENTICATE, challenge);
        }
        if let Some(seconds) = retry_after {
            headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        response
    }
}
