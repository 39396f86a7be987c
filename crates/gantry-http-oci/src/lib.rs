//! The OCI distribution surface: everything under `/v2/`.
//!
//! One catch-all route and one pure function that reads method and path
//! ([`Endpoint::parse`]), since repository names have slashes in them. A handler
//! parses, asks for its permit, calls one use-case and hands the outcome to a reply type, which
//! owns the headers. A body is read only after the permit.

mod blobs;
mod catalog;
mod error;
mod manifests;
mod referrers;
mod tags;
mod uploads;

use axum::Router;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::response::{IntoResponse, Response};
use axum::routing::any;
use gantry_http_base::{Answered, App, Caller, OciError, with_docker_version};
use gantry_oci::{BlobVerb, Endpoint, ManifestVerb, UploadVerb};
use http::StatusCode;
use http::request::Parts;

/// The routes of this surface.
pub fn routes() -> Router<App> {
    Router::new()
        .route("/v2", any(serve))
        .route("/v2/{*rest}", any(serve))
        .route("/v2/", any(serve))
}

async fn serve(State(app): State<App>, request: Request) -> Response {
    let mut answered = Answered { endpoint: "unknown", ..Answered::default() };
    let outcome = dispatch(&app, request, &mut answered).await;
    let mut response = outcome.unwrap_or_else(IntoResponse::into_response);
    with_docker_version(response.headers_mut());
    response.extensions_mut().insert(answered);
    response
}

async fn dispatch(
    app: &App,
    request: Request,
    answered: &mut Answered,
) -> Result<Response, OciError> {
    let (parts, body) = request.into_parts();
    let endpoint = Endpoint::parse(&parts.method, parts.uri.path());
    answered.endpoint = endpoint.as_ref().map_or("unknown", name);
    let caller = Caller::of(app, &parts)?;
    answered.registry = Some(caller.registry().clone());
    answered.identity = Some(caller.actor().identity().as_str().into());
    // Whoever is nobody here learns nothing about paths either.
    let endpoint = match endpoint {
        Ok(endpoint) => endpoint,
        Err(error) => {
            caller.check_shows_credential()?;
            return Err(error::endpoint(error));
        }
    };
    answer(app, &caller, endpoint, &parts, body).await
}

/// Hands the request to its handler.
async fn answer(
    app: &App,
    caller: &Caller<'_>,
    endpoint: Endpoint,
    parts: &Parts,
    body: Body,
) -> Result<Response, OciError> {
    match endpoint {
        Endpoint::Base => {
            caller.check_shows_credential()?;
            Ok((StatusCode::OK, axum::Json(serde_json::json!({}))).into_response())
        }
        Endpoint::Catalog => catalog::list(app, caller, parts).await,
        Endpoint::TagList { name } => tags::list(app, caller, &name, parts).await,
        Endpoint::Manifest { verb, name, reference } => match verb {
            ManifestVerb::Get | ManifestVerb::Head => {
                manifests::get(app, caller, &name, &reference, parts).await
            }
            ManifestVerb::Put => manifests::put(app, caller, &name, reference, parts, body).await,
            ManifestVerb::Delete => manifests::delete(app, caller, &name, &reference).await,
        },
        Endpoint::Blob { verb, name, digest } => match verb {
            BlobVerb::Get | BlobVerb::Head => blobs::get(app, caller, &name, &digest, parts).await,
            BlobVerb::Delete => blobs::delete(app, caller, &name, &digest).await,
        },
        Endpoint::UploadStart { name } => uploads::start(app, caller, &name, parts, body).await,
        Endpoint::Upload { verb, name, id } => match verb {
            UploadVerb::Get => uploads::status(app, caller, &name, &id).await,
            UploadVerb::Patch => uploads::append(app, caller, &name, &id, parts, body).await,
            UploadVerb::Put => uploads::finish(app, caller, &name, &id, parts, body).await,
            UploadVerb::Delete => uploads::cancel(app, caller, &name, &id).await,
        },
        Endpoint::Referrers { name, digest } => {
            referrers::list(app, caller, &name, &digest, parts).await
        }
    }
}

/// The endpoint's name in metrics and logs.
fn name(endpoint: &Endpoint) -> &'static str {
    match endpoint {
        Endpoint::Base => "base",
        Endpoint::Catalog => "catalog",
        Endpoint::TagList { .. } => "tags",
        Endpoint::Manifest { .. } => "manifest",
        Endpoint::Blob { .. } => "blob",
        Endpoint::UploadStart { .. } | Endpoint::Upload { .. } => "upload",
        Endpoint::Referrers { .. } => "referrers",
    }
}
