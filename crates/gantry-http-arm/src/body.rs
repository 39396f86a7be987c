//! Bodies of requests: JSON, bounded.

use axum::body::Body;
use gantry_http_base::{App, BodyError, read_body};
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::error::ArmError;

/// A scope map of 500 actions is the longest thing that is written here.
const MOST_BYTES: usize = 1 << 20;

/// Reads the body, only after its permit.
pub(crate) async fn read<T: DeserializeOwned>(app: &App, body: Body) -> Result<T, ArmError> {
    read_long(app, body, MOST_BYTES).await
}

/// Reads a body of up to `most` bytes.
pub(crate) async fn read_long<T: DeserializeOwned>(
    app: &App,
    body: Body,
    most: usize,
) -> Result<T, ArmError> {
    let bytes = read_body(body, most, app.body_timeout).await.map_err(|error| match error {
        BodyError::TooLong(_) => ArmError::bad_request("the body is too long"),
        BodyError::TooSlow(_) => ArmError::bad_request("the body was not there in time"),
        BodyError::BrokenOff => ArmError::bad_request("the body broke off"),
    })?;
    serde_json::from_slice(&bytes).map_err(|error| unlike(&error))
}

/// What a body that was read says.
pub(crate) fn of<T: DeserializeOwned>(body: Value) -> Result<T, ArmError> {
    serde_json::from_value(body).map_err(|error| unlike(&error))
}

fn unlike(error: &serde_json::Error) -> ArmError {
    ArmError::bad_request(format!("the body is not what it should be: {error}"))
}
