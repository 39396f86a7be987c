//! What the audit stream is told of the management API: every change, and every refusal.

use std::sync::Arc;

use axum::response::Response;
use gantry_access::{Noted, scope_has};
use gantry_http_base::{App, audited, client_address};
use gantry_model::Registry;
use gantry_model::audit::{AuditAction, AuditOutcome};
use http::StatusCode;
use http::request::Parts;

use crate::operation::decoded;

/// The registry that the path is about, if it is about one.
pub fn registry_at(app: &App, path: &str) -> Option<Arc<Registry>> {
    const REGISTRIES: &str = "/providers/microsoft.containerregistry/registries/";
    let path = decoded(path)?.to_ascii_lowercase();
    let name = &path[path.find(REGISTRIES)? + REGISTRIES.len()..];
    let name = name.split('/').next()?.parse().ok()?;
    let found = app.content.registries().by_name(&name);
    found.filter(|one| scope_has(&app.access.resource_id(one).to_ascii_lowercase(), &path))
}

/// Notes how a request went; `identity` is empty for one who hasn't signed in. `registry` is the one that
/// it was about before: it may be gone.
pub(crate) fn note(
    app: &App,
    parts: &Parts,
    identity: &str,
    registry: Option<Arc<Registry>>,
    response: &Response,
) {
    let status = response.status();
    let outcome = match status {
        StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => AuditOutcome::Refused,
        _ if !parts.method.is_safe() && status.is_success() => AuditOutcome::Granted,
        _ => return,
    };
    let path = parts.uri.path();
    let detail = audited(response, &format!("{} {path}", parts.method));
    let noted = Noted { identity, address: client_address(app, parts), detail };
    let registry = registry.or_else(|| registry_at(app, path));
    app.access.audit().note(registry.as_deref(), AuditAction::Manage, outcome, &noted);
}
