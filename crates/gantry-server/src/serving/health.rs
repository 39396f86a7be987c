//! `/healthz`: the process answers. `/readyz`: it can do its work.
//!
//! Both are for anyone, on any host. What is wrong is told to this machine alone, and however often
//! someone asks, catalog and disk are looked at once a second.

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use gantry_edge::Lifecycle;
use gantry_http_base::{App, is_from_this_machine};
use http::StatusCode;
use serde_json::json;

use super::fresh::Fresh;

/// With less than this free, a write may fail half-way; better to send clients elsewhere before.
const FREE_BYTES: u64 = 16 << 20;
pub(crate) fn routes(life: Lifecycle) -> Router<Arc<App>> {
    let stores = Fresh::new();
    Router::new()
        .route("/healthz", get(async || "ok\n"))
        .route("/readyz", get(move |app, request| ready(app, request, stores, life)))
}

/// How the stores are; `Err` says what is wrong.
#[derive(Clone)]
struct Stores {
    catalog: Result<(), String>,
    blobs: Result<(), String>,
}

async fn ready(
    State(app): State<Arc<App>>,
    request: Request,
    stores: Fresh<Stores>,
    life: Lifecycle,
) -> Response {
    let stopping = life.is_draining().then(|| "the server is stopping".to_owned());
    let found = stores.get(&life, || look(Arc::clone(&app))).await;
    let Stores { catalog, blobs } = found.unwrap_or_else(Stores::silent);
    let checks =
        [("draining", stopping.map_or(Ok(()), Err)), ("catalog", catalog), ("blobs", blobs)];
    let ready = checks.iter().all(|(_, check)| check.is_ok());
    let status = if ready { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    if !is_from_this_machine(&app, &request.into_parts().0) {
        return (status, if ready { "ready\n" } else { "not ready\n" }).into_response();
    }
    let told: serde_json::Map<_, _> = checks
        .into_iter()
        .map(|(name, check)| {
            (name.to_owned(), check.map_or_else(|why| json!(why), |()| json!("ok")))
        })
        .collect();
    (status, Json(json!({ "ready": ready, "checks": told }))).into_response()
}

impl Stores {
    /// Stores that don't answer are as good as gone.
    fn silent() -> Self {
        let late = || Err("no answer yet".to_owned());
        Self { catalog: late(), blobs: late() }
    }
}

async fn look(app: Arc<App>) -> Stores {
    Stores { catalog: catalog(&app).await, blobs: blobs(&app).await }
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
