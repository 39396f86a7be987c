//! The keys that sign tokens: told, and made anew.

use std::fmt::Display;
use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use gantry_directory::KeptKey;
use gantry_http_base::App;
use http::StatusCode;
use serde::{Deserialize, Serialize};

use super::management::note;

/// A key, without what is secret of it.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct KnownKey {
    /// Whose tokens it is for: `registries` or `directory`.
    pub(crate) tokens_of: String,
    /// Its `kid`.
    pub(crate) id: String,
    /// When it was made.
    pub(crate) created_at: String,
    /// Whether it is the one that signs now.
    pub(crate) signs: bool,
}

pub(super) async fn list(State(app): State<Arc<App>>) -> Json<Vec<KnownKey>> {
    Json(known(&app))
}

pub(super) async fn rotate(State(app): State<Arc<App>>) -> Response {
    let registries = app.access.rotate_keys().await;
    let directory = app.access.directory().rotate_keys().await;
    let refused = |error: &dyn Display| {
        let status = StatusCode::INTERNAL_SERVER_ERROR;
        note(&app, None, status, format!("{} keys rotate", status.as_u16()));
        (status, error.to_string()).into_response()
    };
    match (registries, directory) {
        (Err(error), _) => refused(&error),
        (_, Err(error)) => refused(&error),
        (Ok(()), Ok(())) => {
            note(&app, None, StatusCode::OK, "200 keys rotate".to_owned());
            Json(known(&app)).into_response()
        }
    }
}

fn known(app: &App) -> Vec<KnownKey> {
    let known = |tokens_of: &str, key: KeptKey| KnownKey {
        tokens_of: tokens_of.to_owned(),
        id: key.id,
        created_at: key.made_at.to_string(),
        signs: key.signs,
    };
    let registries = app.access.kept_keys().into_iter().map(|key| known("registries", key));
    let directory = app.access.directory().kept_keys().into_iter();
    registries.chain(directory.map(|key| known("directory", key))).collect()
}
