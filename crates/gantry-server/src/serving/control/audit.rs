//! The audit stream, read in pages.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use gantry_http_base::App;
use gantry_model::audit::{AuditAction, AuditOutcome};
use gantry_model::{AuditId, Registry, Timestamp};
use http::StatusCode;
use serde::{Deserialize, Serialize};

/// How many rows are read for a page.
const PAGE: usize = 1000;

/// Which events are wanted.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct AuditQuestion {
    /// From then on.
    pub(crate) since: Timestamp,
    /// Behind that row, if one was read.
    pub(crate) after: Option<AuditId>,
    /// About the registry of that name alone.
    pub(crate) registry: Option<String>,
}

/// Some events, oldest first.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct AuditPage {
    /// The events.
    pub(crate) events: Vec<NotedEvent>,
    /// The last row that was read, if there are more.
    pub(crate) next: Option<AuditId>,
}

/// An event.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct NotedEvent {
    /// When.
    pub(crate) at: String,
    /// The registry it is about, if it is about one.
    pub(crate) registry: Option<String>,
    /// What they tried.
    pub(crate) action: AuditAction,
    /// How it went.
    pub(crate) outcome: AuditOutcome,
    /// Whom they are, or say that they are.
    pub(crate) identity: String,
    /// Where they are.
    pub(crate) address: Option<String>,
    /// What it was about.
    pub(crate) detail: String,
}

pub(super) async fn read(
    State(app): State<Arc<App>>,
    Json(question): Json<AuditQuestion>,
) -> Response {
    let all = app.content.registries().all();
    let wanted = match &question.registry {
        None => None,
        Some(name) => match all.iter().find(|one| one.name.as_str().eq_ignore_ascii_case(name)) {
            Some(found) => Some(found.id),
            None => {
                let reason = format!("there is no registry {name}");
                return (StatusCode::NOT_FOUND, reason).into_response();
            }
        },
    };
    // What was noted a moment ago may not be written yet.
    app.access.audit().flush().await;
    let after = question.after.unwrap_or_else(|| AuditId::earliest(question.since));
    let rows = match app.content.catalog().audit_list(after, PAGE).await {
        Ok(rows) => rows,
        Err(error) => {
            return (StatusCode::INTERNAL_SERVER_ERROR, error.to_string()).into_response();
        }
    };
    let next = rows.last().map(|row| row.id).filter(|_| rows.len() == PAGE);
    let fits = rows.into_iter().filter(|row| wanted.is_none() || row.registry == wanted);
    let events = fits.map(|row| {
        let registry = row.registry.map(|id| all.iter().find(|one: &&Arc<Registry>| one.id == id));
        NotedEvent {
            at: row.event.at.to_string(),
            registry: registry.flatten().map(|one| one.name.to_string()),
            action: row.event.action,
            outcome: row.event.outcome,
            identity: row.event.identity,
            address: row.event.address.map(|address| address.to_string()),
            detail: row.event.detail,
        }
    });
    Json(AuditPage { events: events.collect(), next }).into_response()
}
