//! Why there is no token.

use axum::response::{IntoResponse, Response};
use gantry_http_base::OciError;

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
