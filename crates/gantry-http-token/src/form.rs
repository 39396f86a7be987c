//! The form of a `POST`.

use std::time::Duration;

use axum::body::Body;
use gantry_http_base::{BodyError, read_body};

use crate::reply::OauthError;

/// A form is a few parameters, tokens and scopes.
const MOST_BYTES: usize = 64 << 10;

/// Parameters, in order.
pub(crate) struct Form(Vec<(String, String)>);

impl Form {
    pub(crate) async fn read(body: Body, patience: Duration) -> Result<Self, OauthError> {
        let bytes = read_body(body, MOST_BYTES, patience).await.map_err(|error| match error {
            BodyError::TooLong(_) => OauthError::invalid_request("the form is too long"),
            BodyError::TooSlow(_) => OauthError::too_slow(),
            BodyError::BrokenOff => OauthError::invalid_request("the form broke off"),
        })?;
        Ok(Self(form_urlencoded::parse(&bytes).into_owned().collect()))
    }

    /// The parameters of that name.
    pub(crate) fn all(&self, name: &str) -> impl Iterator<Item = &str> {
        self.0.iter().filter(move |(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    /// The parameter of that name, of which there must be no second (RFC 6749, 3.2).
    pub(crate) fn one(&self, name: &str) -> Result<Option<&str>, OauthError> {
        let mut all = self.all(name);
        match (all.next(), all.next()) {
            (found, None) => Ok(found),
            (_, Some(_)) => Err(OauthError::invalid_request(format!("{name} is there twice"))),
        }
    }

    /// The parameter of that name, which must be there.
    pub(crate) fn required(&self, name: &str) -> Result<&str, OauthError> {
        let missing = || OauthError::invalid_request(format!("{name} is missing"));
        self.one(name)?.filter(|value| !value.is_empty()).ok_or_else(missing)
    }
}
