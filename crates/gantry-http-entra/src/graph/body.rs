//! What clients send: JSON of known properties. One that isn't known is refused by name, except those
//! that mean nothing here and that clients send anyway.

use axum::body::Body;
use gantry_arm::Guid;
use gantry_http_base::{BodyError, read_body};
use gantry_model::Timestamp;
use serde::de::DeserializeOwned;

use super::Graph;
use super::error::GraphError;

/// The longest is a list of a thousand ids, or of certificates.
const MOST_BYTES: usize = 256 << 10;
/// The longest name or description.
const LONGEST_TEXT: usize = 256;

impl Graph<'_> {
    pub(super) async fn read<T: DeserializeOwned>(&self, body: Body) -> Result<T, GraphError> {
        let patience = self.call.app.body_timeout;
        let bytes = read_body(body, MOST_BYTES, patience).await.map_err(|error| match error {
            BodyError::TooLong(_) => GraphError::too_long(),
            BodyError::TooSlow(_) => GraphError::too_slow(),
            BodyError::BrokenOff => GraphError::bad("The body broke off."),
        })?;
        serde_json::from_slice(&bytes)
            .map_err(|error| GraphError::bad(format!("The body can't be understood: {error}.")))
    }
}

/// A name or description: something, and not too much of it.
pub(super) fn text(property: &str, text: String) -> Result<String, GraphError> {
    let fits = !text.trim().is_empty()
        && text.len() <= LONGEST_TEXT
        && !text.contains(|letter: char| letter.is_control());
    match fits {
        true => Ok(text),
        false => Err(GraphError::bad(format!(
            "Invalid value specified for property '{property}': it has 1 to {LONGEST_TEXT} bytes and \
             no control characters."
        ))),
    }
}

pub(super) fn id(key: &str) -> Result<Guid, GraphError> {
    key.parse().map_err(|_| GraphError::missing(key))
}

/// A moment (RFC 3339).
pub(super) fn time(property: &str, text: &str) -> Result<Timestamp, GraphError> {
    let parsed: Result<jiff::Timestamp, _> = text.parse();
    let parsed = parsed.map_err(|_| {
        GraphError::bad(format!(
            "Invalid value specified for property '{property}': no date and time."
        ))
    })?;
    Ok(Timestamp::from_micros(parsed.as_microsecond()))
}
