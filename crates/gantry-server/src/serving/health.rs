//! `/healthz`: the process answers. `/readyz`: it can do its work.

use axum::extract::State;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use gantry_edge::Lifecycle;
use gantry_http_base::App;
use http::StatusCode;
use serde_json::json;

/// With less than this free, a write may fail half-way; better to send clients elsewhere before.
const FREE_BYTES: u64 = 16 << 20;

pub(crate) fn routes(life: Lifecycle) -> Router<App> {
    Router::new()
        .route("/healthz", get(async || "ok\n"))
        .route("/readyz", get(move |app| ready(app, life)))
}

async fn ready(State(app): State<App>, life: Lifecycle) -> Response {
    let checks = [
        (
            "draining",
            if life.is_draining() { Err("the server is stopping".to_owned()) } else { Ok(()) },
        ),
        ("catalog", catalog(&app).await),
        ("blobs", blobs(&app).await),
    ];
    let ready = checks.iter().all(|(_, check)| check.is_ok());
    let status = if ready { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    let told: serde_json::Map<_, _> = checks
        .into_iter()
        .map(|(name, check)| {
            (name.to_owned(), check.map_or_else(|why| json!(why), |()| json!("ok")))
        })
        .collect();
    (status, Json(json!({ "ready": ready, "checks": told }))).into_response()
}

async fn catalog(app: &App) -> Result<(), String> {
    app.content.catalog().registry_list().await.map(drop).map_err(|error| error.to_string())
}

async fn blobs(app: &App) -> Result<(), String> {
    let space = app.content.blobs().probe().await.map_err(|error| error.to_string())?;
    if space.free < FREE_BYTES {
        return Err(format!("{} bytes are free on the disk", space.free));
    }
    Ok(())
}
