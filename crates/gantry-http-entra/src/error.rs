//! Errors in the form of the Microsoft identity platform: OAuth's (RFC 6749, 5.2), with a number by
//! which people look them up.

use axum::Json;
use axum::response::{IntoResponse, Response};
use gantry_access::DbError;
use gantry_arm::Guid;
use gantry_directory::TooManyAttempts;
use gantry_directory::sign_in::SignInError;
use gantry_http_base::UnreadForm;
use gantry_model::Timestamp;
use gantry_oci::FormError;
use http::{HeaderValue, StatusCode, header};
use serde_json::json;

/// A description quotes scopes and names that the client sent.
const LONGEST_DESCRIPTION: usize = 1024;

/// An error answer. No secret is ever in one.
#[derive(Debug)]
pub(crate) struct EntraError {
    pub(crate) status: StatusCode,
    pub(crate) error: &'static str,
    /// The number behind `AADSTS`.
    pub(crate) number: u32,
    pub(crate) description: String,
    /// In seconds.
    pub(crate) retry_after: Option<u64>,
}

impl EntraError {
    fn new(error: &'static str, number: u32, description: impl std::fmt::Display) -> Self {
        let mut description = description.to_string();
        description.truncate(description.floor_char_boundary(LONGEST_DESCRIPTION));
        let status = match error {
            "invalid_client" => StatusCode::UNAUTHORIZED,
            _ => StatusCode::BAD_REQUEST,
        };
        Self { status, error, number, description, retry_after: None }
    }

    pub(crate) fn invalid_request(description: impl std::fmt::Display) -> Self {
        Self::new("invalid_request", 90_023, description)
    }

    pub(crate) fn too_slow() -> Self {
        let description = "The form was not there in time.";
        Self { status: StatusCode::REQUEST_TIMEOUT, ..Self::invalid_request(description) }
    }

    pub(crate) fn missing(name: &'static str) -> Self {
        let description = format!("The request must contain the following parameter: '{name}'.");
        Self::new("invalid_request", 900_144, description)
    }

    pub(crate) fn duplicate(name: &str) -> Self {
        let description = format!(
            "The request is not properly formatted. The parameter '{}' is duplicated.",
            name.escape_debug()
        );
        Self::new("invalid_request", 9_000_411, description)
    }

    pub(crate) fn no_such_tenant() -> Self {
        let description = "Tenant not found. Check that the tenant is the id or the domain of this \
            server's directory.";
        Self::new("invalid_tenant", 90_002, description)
    }

    pub(crate) fn not_private() -> Self {
        let description = "Tokens are not given over plain HTTP: use https.";
        Self { status: StatusCode::FORBIDDEN, ..Self::new("invalid_request", 900_971, description) }
    }

    pub(crate) fn unsupported_grant() -> Self {
        let description = "The grant type is not supported: use authorization_code, \
            client_credentials, device_code, password or refresh_token.";
        Self::new("unsupported_grant_type", 70_003, description)
    }

    pub(crate) fn unknown_client() -> Self {
        let description = "Application was not found in the directory.";
        Self::new("unauthorized_client", 700_016, description)
    }

    pub(crate) fn not_default_scope() -> Self {
        let description = "The scope is not valid for client credentials: it must be one resource's, \
            with /.default behind it.";
        Self::new("invalid_scope", 1_002_012, description)
    }

    pub(crate) fn wrong_redirect() -> Self {
        let description = "The redirect_uri is not one that is registered for the application.";
        Self::new("invalid_request", 50_011, description)
    }

    pub(crate) fn stale_form() -> Self {
        let description = "The form is out of date, or was not made for this browser. Cookies must be \
            allowed. Go back, load the page again, and try once more.";
        Self::new("invalid_request", 165_000, description)
    }

    /// Who shows nothing is told the same whether the application is there or not.
    pub(crate) fn client_unproven() -> Self {
        SignInError::ClientUnproven.into()
    }

    pub(crate) fn catalog(failure: &DbError) -> Self {
        tracing::error!(error = %failure, "a sign-in failed");
        let description = "The directory can't sign anyone in just now.";
        Self {
            status: StatusCode::SERVICE_UNAVAILABLE,
            retry_after: Some(5),
            ..Self::new("temporarily_unavailable", 90_033, description)
        }
    }

    /// Whether somebody was refused, rather than not understood, told to wait for others, or let down.
    pub(crate) fn is_refusal(&self) -> bool {
        let refuses = ["invalid_client", "invalid_grant", "unauthorized_client"];
        refuses.contains(&self.error) || self.status == StatusCode::TOO_MANY_REQUESTS
    }

    /// The error as its endpoint answers it.
    pub(crate) fn answer(self, now: Timestamp, correlation: Guid) -> ErrorReply {
        ErrorReply { error: self, now, trace: gantry_directory::new_id(), correlation }
    }
}

impl From<FormError> for EntraError {
    fn from(error: FormError) -> Self {
        match error {
            FormError::Twice(name) => Self::duplicate(&name),
            FormError::Missing(name) => Self::missing(name),
            FormError::TooLong => Self::invalid_request(sentence(&error.to_string())),
        }
    }
}

impl From<UnreadForm> for EntraError {
    fn from(error: UnreadForm) -> Self {
        match error {
            UnreadForm::Form(error) => error.into(),
            UnreadForm::TooSlow(_) => Self::too_slow(),
            UnreadForm::BrokenOff => Self::invalid_request(sentence(&error.to_string())),
        }
    }
}

impl From<SignInError> for EntraError {
    fn from(error: SignInError) -> Self {
        use SignInError::*;
        let (code, number) = match &error {
            Client => ("invalid_client", 7_000_215),
            ClientExpired => ("invalid_client", 7_000_222),
            ClientDisabled => ("unauthorized_client", 7_000_112),
            ClientUnproven => ("invalid_client", 7_000_218),
            Assertion(_) => ("invalid_client", 50_027),
            NoFederation => ("invalid_client", 70_021),
            Issuer(_) => ("invalid_client", 50_166),
            Person => ("invalid_grant", 50_126),
            PersonDisabled => ("invalid_grant", 50_057),
            CodeNeeded => ("invalid_grant", 50_076),
            CodeWrong => ("invalid_grant", 500_121),
            Grant(_) => ("invalid_grant", 70_000),
            Pending => ("authorization_pending", 70_016),
            Declined => ("authorization_declined", 70_018),
            Expired => ("expired_token", 70_020),
            Scope(_) => ("invalid_scope", 70_011),
            TooMany(_) => ("temporarily_unavailable", 50_053),
            TooManyDevices { .. } | Password(_) => ("temporarily_unavailable", 90_033),
            Catalog(failure) => return Self::catalog(failure),
        };
        let answer = Self::new(code, number, sentence(&error.to_string()));
        match error {
            TooMany(TooManyAttempts { wait }) | TooManyDevices { wait } => Self {
                status: StatusCode::TOO_MANY_REQUESTS,
                retry_after: Some(wait.as_secs().max(1)),
                ..answer
            },
            Password(_) => {
                Self { status: StatusCode::SERVICE_UNAVAILABLE, retry_after: Some(1), ..answer }
            }
            _ => answer,
        }
    }
}

impl From<DbError> for EntraError {
    fn from(failure: DbError) -> Self {
        Self::catalog(&failure)
    }
}

/// The text as a sentence.
pub(crate) fn sentence(text: &str) -> String {
    let mut letters = text.chars();
    let first = letters.next().into_iter().flat_map(char::to_uppercase);
    first.chain(letters).chain(['.']).collect()
}

/// An error with the ids by which it is found again.
pub(crate) struct ErrorReply {
    error: EntraError,
    now: Timestamp,
    trace: Guid,
    correlation: Guid,
}

impl IntoResponse for ErrorReply {
    fn into_response(self) -> Response {
        let Self { error, now, trace, correlation } = self;
        // Entra writes `2026-01-02 03:04:05Z`.
        let moment: String = now.to_string().replace('T', " ").chars().take(19).collect();
        let moment = format!("{moment}Z");
        let body = json!({
            "error": error.error,
            "error_description": format!(
                "AADSTS{}: {} Trace ID: {trace} Correlation ID: {correlation} Timestamp: {moment}",
                error.number, error.description
            ),
            "error_codes": [error.number],
            "timestamp": moment,
            "trace_id": trace,
            "correlation_id": correlation,
            "error_uri": format!("https://login.microsoftonline.com/error?code={}", error.number),
        });
        let mut response = (error.status, Json(body)).into_response();
        let headers = response.headers_mut();
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        if let Some(seconds) = error.retry_after {
            headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        if error.status == StatusCode::UNAUTHORIZED {
            // RFC 6749, 5.2.
            let challenge = HeaderValue::from_static("Basic realm=\"token endpoint\"");
            headers.insert(header::WWW_AUTHENTICATE, challenge);
        }
        response
    }
}
