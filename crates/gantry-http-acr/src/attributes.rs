//! Changeable attributes on the wire: each lock as what is enabled while it is open.

use axum::body::Body;
use gantry_http_base::{App, BodyError, OciError, read_body};
use gantry_model::{Lock, LockChange, Locks};
use gantry_oci::ErrorCode;
use http::StatusCode;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The longest body, in bytes.
const LONGEST: usize = 64 << 10;

/// What is told of locks.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "ChangeableAttributes")]
pub(crate) struct Attributes {
    delete_enabled: bool,
    write_enabled: bool,
    read_enabled: bool,
    list_enabled: bool,
}

impl From<Locks> for Attributes {
    fn from(locks: Locks) -> Self {
        Self {
            delete_enabled: !locks.has(Lock::Delete),
            write_enabled: !locks.has(Lock::Write),
            read_enabled: !locks.has(Lock::Read),
            list_enabled: !locks.has(Lock::List),
        }
    }
}

/// What a client wants changed. What it leaves out, or gives as null, stays.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Wanted {
    delete_enabled: Option<bool>,
    write_enabled: Option<bool>,
    list_enabled: Option<bool>,
    read_enabled: Option<bool>,
    quarantine_state: Option<serde_json::Value>,
    quarantine_details: Option<serde_json::Value>,
    teleport_enabled: Option<bool>,
}

/// Reads the body of an update.
pub(crate) async fn read(app: &App, body: Body) -> Result<LockChange, OciError> {
    let bytes = read_body(body, LONGEST, app.body_timeout).await.map_err(|error| match error {
        BodyError::TooLong(most) => OciError::new(
            StatusCode::PAYLOAD_TOO_LARGE,
            ErrorCode::SizeInvalid,
            format!("attributes take no more than {most} bytes"),
        ),
        BodyError::TooSlow(_) => {
            OciError::new(StatusCode::REQUEST_TIMEOUT, ErrorCode::Unsupported, "the body is slow")
        }
        BodyError::BrokenOff => refuse("the body broke off"),
    })?;
    parse(&bytes)
}

fn parse(bytes: &[u8]) -> Result<LockChange, OciError> {
    let wanted: Wanted = serde_json::from_slice(bytes)
        .map_err(|error| refuse(format!("the body is no changeable attributes: {error}")))?;
    for (field, is_set) in [
        ("quarantineState", wanted.quarantine_state.is_some()),
        ("quarantineDetails", wanted.quarantine_details.is_some()),
        ("teleportEnabled", wanted.teleport_enabled == Some(true)),
    ] {
        if is_set {
            return Err(refuse(format!("{field} can't be set: this release doesn't have that")));
        }
    }
    let change = |change: LockChange, (lock, enabled): (Lock, Option<bool>)| match enabled {
        None => change,
        Some(enabled) => change.and(lock, !enabled),
    };
    Ok([
        (Lock::Delete, wanted.delete_enabled),
        (Lock::Write, wanted.write_enabled),
        (Lock::List, wanted.list_enabled),
        (Lock::Read, wanted.read_enabled),
    ]
    .into_iter()
    .fold(LockChange::default(), change))
}

fn refuse(reason: impl std::fmt::Display) -> OciError {
    OciError::new(StatusCode::BAD_REQUEST, ErrorCode::Unsupported, reason)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_body_changes_what_it_names() {
        let locked = Locks::NONE.with(Lock::Read, true).with(Lock::List, true);
        let change =
            parse(br#"{"writeEnabled":false,"readEnabled":true,"listEnabled":null}"#).unwrap();
        let after = change.applied_to(locked);
        assert_eq!(after, Locks::NONE.with(Lock::Write, true).with(Lock::List, true));
        assert_eq!(parse(b"{}").unwrap().applied_to(locked), locked);
        // As az echoes it.
        assert_eq!(parse(br#"{"teleportEnabled":false}"#).unwrap().applied_to(locked), locked);
    }

    #[test]
    fn what_is_not_understood_is_refused() {
        for body in [
            "",
            "null",
            r#"{"writeEnabled":"no"}"#,
            r#"{"quarantineState":"Passed"}"#,
            r#"{"teleportEnabled":true}"#,
        ] {
            assert_eq!(parse(body.as_bytes()).unwrap_err().status(), 400, "{body}");
        }
    }
}
