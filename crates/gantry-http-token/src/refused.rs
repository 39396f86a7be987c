//! Why there is no token.

use axum::response::{IntoResponse, Response};
use gantry_http_base::{OciError, UnreadForm};
use gantry_oci::FormError;

use crate::reply::OauthError;

/// In OAuth's form what is wrong with the question; in the registry's who may not ask it.
pub(crate) enum Refused {
    Oauth(OauthError),
    Oci(OciError),
}

impl IntoResponse for Refused {
    fn into_response(self) -> Response {
        match self {
            Self::Oauth(error) => error.into_response(),
            Self::Oci(error) => error.into_response(),
        }
    }
}

impl From<FormError> for Refused {
    fn from(error: FormError) -> Self {
        Self::Oauth(OauthError::invalid_request(error))
    }
}

impl From<UnreadForm> for Refused {
    fn from(error: UnreadForm) -> Self {
        Self::Oauth(match error {
            UnreadForm::TooSlow(_) => OauthError::too_slow(),
            UnreadForm::Form(_) | UnreadForm::BrokenOff => OauthError::invalid_request(error),
        })
    }
}

impl From<OauthError> for Refused {
    fn from(error: OauthError) -> Self {
        Self::Oauth(error)
    }
}

impl From<OciError> for Refused {
    fn from(error: OciError) -> Self {
        Self::Oci(error)
    }
}
