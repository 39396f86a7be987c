//! The form of a `POST`.

use std::time::Duration;

use axum::body::Body;
use gantry_http_base::{BodyError, read_body};
use gantry_oci::Secret;

use crate::reply::OauthError;

/// What a client that signs in with a password sends (RFC 6749, 4.3.2).
#[derive(Debug)]
pub(crate) struct TokenForm {
    pub(crate) username: String,
    pub(crate) password: Secret,
    pub(crate) services: Vec<String>,
    pub(crate) scopes: Vec<String>,
}

impl TokenForm {
    pub(crate) async fn read(
        body: Body,
        most: usize,
        patience: Duration,
    ) -> Result<Self, OauthError> {
        let bytes = read_body(body, most, patience).await.map_err(|error| match error {
            BodyError::TooLong(_) => OauthError::invalid_request("the form is too long"),
            BodyError::TooSlow(_) => OauthError::too_slow(),
            BodyError::BrokenOff => OauthError::invalid_request("the form broke off"),
        })?;
        let (mut grant, mut username, mut password) = (None, None, None);
        let (mut services, mut scopes) = (Vec::new(), Vec::new());
        for (key, value) in form_urlencoded::parse(&bytes) {
            match &*key {
                "grant_type" => grant = Some(value.into_owned()),
                "username" => username = Some(value.into_owned()),
                "password" => password = Some(Secret::new(value)),
                "service" => services.push(value.into_owned()),
                "scope" => scopes.push(value.into_owned()),
                _ => {}
            }
        }
        match grant.as_deref() {
            Some("password") => {}
            Some(_) => return Err(OauthError::unsupported_grant_type()),
            None => return Err(OauthError::invalid_request("grant_type is missing")),
        }
        let missing = || OauthError::invalid_request("username and password are needed");
        Ok(Self {
            username: username.ok_or_else(missing)?,
            password: password.ok_or_else(missing)?,
            services,
            scopes,
        })
    }
}
