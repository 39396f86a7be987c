//! The management API, Microsoft Graph and registries' data plane, for the operator. What the operator
//! changes, or is shown of secrets, goes to the audit stream.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use gantry_access::Noted;
use gantry_http_base::{App, audited};
use gantry_model::Registry;
use gantry_model::audit::{AuditAction, AuditOutcome};
use http::{Request, StatusCode};

/// Whom the audit stream names.
const OPERATOR: &str = "operator";
/// A question that is too long for an address; it changes nothing.
const BY_IDS: &str = "/getByIds";

pub(super) async fn answer(State(app): State<Arc<App>>, request: Request<Body>) -> Response {
    let (method, path) = (request.method().clone(), request.uri().path().to_owned());
    // It may be gone afterwards.
    let before = gantry_http_arm::registry_at(&app, &path);
    let answered = if gantry_http_entra::is_for(&path) {
        Box::pin(gantry_http_entra::serve_operator(&app, request)).await
    } else if gantry_http_arm::is_for(&path) {
        Box::pin(gantry_http_arm::serve_operator(&app, request)).await
    } else if gantry_http_acr::is_for_operator(&path) {
        Box::pin(gantry_http_acr::serve_operator(&app, request)).await
    } else {
        let reason = "there is nothing at this address: are server and command of one release?";
        return (StatusCode::NOT_FOUND, reason).into_response();
    };
    if !method.is_safe() && !path.ends_with(BY_IDS) {
        let registry = answered.registry.or(before);
        let registry = registry.or_else(|| gantry_http_arm::registry_at(&app, &path));
        let detail = audited(&answered.response, &format!("{method} {path}"));
        note(&app, registry.as_deref(), answered.response.status(), detail);
    }
    answered.response
}

/// Notes that the operator did something.
pub(super) fn note(app: &App, registry: Option<&Registry>, status: StatusCode, detail: String) {
    let outcome = match status.is_success() {
        true => AuditOutcome::Granted,
        false => AuditOutcome::Refused,
    };
    let noted = Noted { identity: OPERATOR, address: None, detail };
    app.access.audit().note(registry, AuditAction::Manage, outcome, &noted);
}
