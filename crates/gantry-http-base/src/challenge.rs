//! What someone who may not is told: where to get a token, and what it must allow.

use std::fmt;

use gantry_model::permission::{Action, Needed};
use gantry_oci::ErrorCode;
use http::{HeaderValue, StatusCode, header};
use serde_json::json;

use crate::OciError;
use crate::origin::Origin;

/// 401 with a challenge (RFC 6750, 3; Docker token authentication specification). `error` is
/// empty for those who show nothing.
pub(crate) fn challenge(
    origin: &Origin<'_>,
    error: &str,
    needed: &[Needed],
    reason: impl fmt::Display,
) -> OciError {
    let (scheme, server) = (origin.scheme.as_str(), origin.host.authority);
    let mut header =
        format!("Bearer realm=\"{scheme}://{server}/oauth2/token\",service=\"{server}\"");
    if !needed.is_empty() {
        let scopes: Vec<String> = needed.iter().map(scope).collect();
        header.push_str(&format!(",scope=\"{}\"", scopes.join(" ")));
    }
    if !error.is_empty() {
        header.push_str(&format!(",error=\"{error}\""));
    }
    let answer = OciError::new(StatusCode::UNAUTHORIZED, ErrorCode::Unauthorized, reason)
        .with_detail("needed", detail(needed));
    // Hosts and repository names have no character that a header refuses.
    match HeaderValue::from_str(&header) {
        Ok(value) => answer.with_header(header::WWW_AUTHENTICATE, value),
        Err(error) => OciError::internal(error),
    }
}

/// Pushing needs reading too: clients look before they upload.
fn scope(needed: &Needed) -> String {
    match needed {
        Needed::Repository(name, Action::Push) => format!("repository:{name}:pull,push"),
        Needed::Repository(name, action) => format!("repository:{name}:{}", action.as_str()),
        Needed::Catalog => "registry:catalog:*".into(),
        Needed::MountSources => "registry:blobs:pull".into(),
    }
}

/// In the form of ACR and Docker's registry.
pub(crate) fn detail(needed: &[Needed]) -> serde_json::Value {
    needed
        .iter()
        .map(|needed| {
            let (kind, name, action) = match needed {
                Needed::Repository(name, action) => ("repository", name.as_str(), action.as_str()),
                Needed::Catalog => ("registry", "catalog", "*"),
                Needed::MountSources => ("registry", "blobs", "pull"),
            };
            json!({ "Type": kind, "Name": name, "Action": action })
        })
        .collect()
}
