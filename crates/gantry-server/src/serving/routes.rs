//! All surfaces, on one router.

use axum::Router;
use axum::extract::{Request, State};
use axum::middleware;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use gantry_edge::{Lifecycle, Peers};
use gantry_http_base::{App, OciError, client_address, is_from_this_machine, observe};
use gantry_oci::ErrorCode;
use http::{HeaderValue, StatusCode, header};

use super::health;
use crate::config::Config;

/// What the server answers.
pub(crate) fn all(app: App, config: &Config, life: &Lifecycle) -> Router {
    let readers = config.metrics.networks.clone();
    Router::new()
        .merge(gantry_http_oci::routes())
        .merge(gantry_http_token::routes())
        .route("/", get(front))
        .route("/metrics", get(move |app, request| metrics(app, request, readers)))
        .merge(health::routes(life.clone()))
        .fallback(nothing_here)
        .method_not_allowed_fallback(not_with_this_method)
        .layer(middleware::from_fn_with_state(app.clone(), observe))
        .with_state(app)
}

async fn front() -> &'static str {
    concat!(
        "Gantry ",
        env!("CARGO_PKG_VERSION"),
        ": a container registry. Its API is under /v2/ (OCI distribution-spec 1.1).\n"
    )
}

async fn nothing_here() -> OciError {
    OciError::new(StatusCode::NOT_FOUND, ErrorCode::NameUnknown, "there is nothing at this address")
}

/// The router adds what is allowed.
async fn not_with_this_method() -> OciError {
    let reason = "this address doesn't answer that method";
    OciError::new(StatusCode::METHOD_NOT_ALLOWED, ErrorCode::Unsupported, reason)
}

async fn metrics(State(app): State<App>, request: Request, readers: Peers) -> Response {
    let parts = request.into_parts().0;
    let invited = client_address(&app, &parts).is_some_and(|client| readers.include(client));
    if !invited && !is_from_this_machine(&app, &parts) {
        return OciError::new(
            StatusCode::FORBIDDEN,
            ErrorCode::Denied,
            "metrics are for this machine, and for those in metrics.networks",
        )
        .into_response();
    }
    app.metrics
        .uploads_in_flight
        .set(i64::try_from(app.content.uploads_in_flight()).unwrap_or(i64::MAX));
    let mut response = app.metrics.render().into_response();
    let open_metrics = "application/openmetrics-text; version=1.0.0; charset=utf-8";
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(open_metrics));
    response
}
