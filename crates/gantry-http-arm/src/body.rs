//! Bodies of requests: JSON, bounded.

use axum::body::{Body, Bytes};
use gantry_http_base::{App, BodyError, read_body};
use jsonc_parser::{ParseOptions, parse_to_serde_value};
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::error::ArmError;

/// A scope map of 500 actions is the longest thing that is written here.
const MOST_BYTES: usize = 1 << 20;

/// Reads the body, only after its permit.
pub(crate) async fn read<T: DeserializeOwned>(app: &App, body: Body) -> Result<T, ArmError> {
    let bytes = bytes(app, body, MOST_BYTES).await?;
    serde_json::from_slice(&bytes).map_err(|error| unlike(&error))
}

/// Reads a body of up to `most` bytes that a person may have written: with comments, commas at ends, and
/// names without quotes (`az` has one of its own).
pub(crate) async fn read_written<T: DeserializeOwned>(
    app: &App,
    body: Body,
    most: usize,
) -> Result<T, ArmError> {
    let options = ParseOptions {
        allow_missing_commas: false,
        allow_hexadecimal_numbers: false,
        allow_unary_plus_numbers: false,
        ..ParseOptions::default()
    };
    let bytes = bytes(app, body, most).await?;
    let text = str::from_utf8(&bytes).map_err(|error| unlike(&error))?;
    parse_to_serde_value(text, &options).map_err(|error| unlike(&error))
}

async fn bytes(app: &App, body: Body, most: usize) -> Result<Bytes, ArmError> {
    read_body(body, most, app.body_timeout).await.map_err(|error| match error {
        BodyError::TooLong(_) => ArmError::bad_request("the body is too long"),
        BodyError::TooSlow(_) => ArmError::bad_request("the body was not there in time"),
        BodyError::BrokenOff => ArmError::bad_request("the body broke off"),
    })
}

/// What a body that was read says.
pub(crate) fn of<T: DeserializeOwned>(body: Value) -> Result<T, ArmError> {
    serde_json::from_value(body).map_err(|error| unlike(&error))
}

fn unlike(error: &impl std::fmt::Display) -> ArmError {
    ArmError::bad_request(format!("the body is not what it should be: {error}"))
}
