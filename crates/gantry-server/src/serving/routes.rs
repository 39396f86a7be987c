//! Which surface a request is for.

use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use axum::routing::{any, get};
use gantry_edge::{CertificateSource, Lifecycle, Peers, ServedCertificates};
use gantry_http_base::{
    Answered, App, CertificateLabels, OciError, client_address, is_for_data_endpoint,
    is_for_server, is_from_this_machine, observe,
};
use gantry_oci::ErrorCode;
use http::{HeaderValue, Request, StatusCode, header};
use hyper::body::{Body as _, Incoming};
use tower::ServiceExt;

use super::health;
use crate::config::Config;

/// All surfaces.
#[derive(Clone, Debug)]
pub(crate) struct Routes {
    app: Arc<App>,
    /// What is outside the protocols.
    others: Router,
}

impl Routes {
    pub(crate) fn new(
        app: Arc<App>,
        config: &Config,
        life: &Lifecycle,
        certificates: ServedCertificates,
    ) -> Self {
        let scraped = Scraped { readers: config.metrics.networks.clone(), certificates };
        let others = Router::new()
            .route("/", get(front))
            .route("/metrics", get(move |app, request| metrics(app, request, scraped)))
            .route("/helm/{*rest}", any(no_chart_repository))
            .merge(health::routes(life.clone()))
            .fallback(nothing_here)
            .method_not_allowed_fallback(not_with_this_method)
            .with_state(Arc::clone(&app));
        Self { app, others }
    }

    /// Answers a request.
    pub(crate) async fn answer(self, request: Request<Incoming>) -> Response {
        let request = request.map(|body| match body.is_end_stream() {
            true => Body::empty(),
            false => Body::new(body),
        });
        observe(&self.app, request, |request| self.surface(request)).await
    }

    async fn surface(&self, request: Request<Body>) -> Answered {
        let (parts, body) = request.into_parts();
        let is_download = is_for_data_endpoint(&self.app, &parts);
        let request = Request::from_parts(parts, body);
        if is_download {
            return Box::pin(gantry_http_oci::serve_downloads(&self.app, request)).await;
        }
        let path = request.uri().path();
        if path == "/v2" || path.starts_with("/v2/") {
            gantry_http_oci::serve(&self.app, request).await
        } else if gantry_http_acr::is_for(path) {
            Box::pin(gantry_http_acr::serve(&self.app, request)).await
        } else if gantry_http_token::PATHS.contains(&path) {
            Box::pin(gantry_http_token::serve(&self.app, request)).await
        } else {
            Box::pin(self.other_surface(request)).await
        }
    }

    /// What is not a registry's.
    async fn other_surface(&self, request: Request<Body>) -> Answered {
        let (parts, body) = request.into_parts();
        let is_for_server = is_for_server(&self.app, &parts);
        let request = Request::from_parts(parts, body);
        let path = request.uri().path();
        if is_for_server && gantry_http_entra::is_for(path) {
            gantry_http_entra::serve(&self.app, request).await
        } else if is_for_server && gantry_http_arm::is_for(path) {
            gantry_http_arm::serve(&self.app, request).await
        } else {
            let answer = self.others.clone().oneshot(request).await;
            Answered::outside(answer.into_response())
        }
    }
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

/// Where ACR had it, for clients that still ask.
async fn no_chart_repository() -> OciError {
    let reason =
        "the chart repository of Helm 2 isn't built: push charts as OCI artifacts (helm push)";
    OciError::new(StatusCode::NOT_FOUND, ErrorCode::NameUnknown, reason).saying(reason)
}

/// The router adds what is allowed.
async fn not_with_this_method() -> OciError {
    let reason = "this address doesn't answer that method";
    OciError::new(StatusCode::METHOD_NOT_ALLOWED, ErrorCode::Unsupported, reason)
}

/// Who may scrape, and what is looked at when they do.
#[derive(Clone, Debug)]
struct Scraped {
    readers: Peers,
    certificates: ServedCertificates,
}

async fn metrics(
    State(app): State<Arc<App>>,
    request: Request<Body>,
    scraped: Scraped,
) -> Response {
    let parts = request.into_parts().0;
    let client = client_address(&app, &parts);
    let invited = client.is_some_and(|client| scraped.readers.include(client));
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
    app.metrics.certificates.clear();
    for end in scraped.certificates.ends() {
        let source = match end.source {
            CertificateSource::Configured => "configured",
            CertificateSource::Issued => "issued",
        };
        let labels = CertificateLabels { name: end.name, source };
        app.metrics.certificates.get_or_create(&labels).set(end.not_after.seconds());
    }
    let mut response = app.metrics.render().into_response();
    let open_metrics = "application/openmetrics-text; version=1.0.0; charset=utf-8";
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(open_metrics));
    response
}
