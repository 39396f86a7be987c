//! The OCI distribution surface: everything under `/v2/`.
//!
//! One pure function reads method and path
//! ([`Endpoint::parse`]), since repository names have slashes in them. A handler
//! parses, asks for its permit, calls one use-case and hands the outcome to a reply type, which
//! owns the headers. A body is read only after the permit.

mod blobs;
mod catalog;
mod download;
mod error;
mod manifests;
mod referrers;
mod tags;
mod uploads;

use axum::body::Body;
use axum::response::{IntoResponse, Response};
use gantry_http_base::{Answered, App, Caller, OciError, with_docker_version};
use gantry_model::EndpointKind;
use gantry_oci::{BlobVerb, Endpoint, EndpointError, ManifestVerb, UploadVerb};
use http::request::Parts;
use http::{Request, StatusCode};

pub use download::serve_downloads;

/// Answers a request whose path is `/v2` or below.
pub async fn serve(app: &App, request: Request<Body>) -> Answered {
    let (parts, body) = request.into_parts();
    let endpoint = Endpoint::parse(&parts.method, parts.uri.path());
    let label = endpoint.as_ref().map_or("unknown", name);
    let (outcome, caller) = match Caller::of(app, &parts).await {
        Ok(caller) => {
            let kind = endpoint.as_ref().map_or(EndpointKind::Other, EndpointKind::from);
            let outcome = match caller.check_rate(app, &parts.method, kind).await {
                Ok(()) => dispatch(app, &caller, endpoint, &parts, body).await,
                Err(refusal) => Err(refusal),
            };
            (outcome, Some(caller))
        }
        Err(refusal) => (Err(refusal), None),
    };
    if let (Err(refusal), Some(caller)) = (&outcome, &caller) {
        caller.note_denial(app, refusal, parts.uri.path());
    }
    let mut response = outcome.unwrap_or_else(IntoResponse::into_response);
    with_docker_version(response.headers_mut());
    Answered {
        response,
        registry: caller.as_ref().map(|caller| caller.registry().clone()),
        endpoint: label,
        actor: caller.map(|caller| caller.actor().clone()),
    }
}

async fn dispatch(
    app: &App,
    caller: &Caller<'_>,
    endpoint: Result<Endpoint, EndpointError>,
    parts: &Parts,
    body: Body,
) -> Result<Response, OciError> {
    match endpoint {
        Ok(endpoint) => answer(app, caller, endpoint, parts, body).await,
        Err(error) => {
            // Whoever is nobody here learns nothing about paths either.
            caller.check_shows_credential()?;
            Err(OciError::endpoint(error))
        }
    }
}

/// Hands the request to its handler. Pulls of manifests come by the thousand; all others are boxed,
/// so that those don't carry room for them from hand to hand.
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
        Endpoint::Catalog => Box::pin(catalog::list(app, caller, parts)).await,
        Endpoint::TagList { name } => Box::pin(tags::list(app, caller, &name, parts)).await,
        Endpoint::Manifest { verb, name, reference } => match verb {
            ManifestVerb::Get | ManifestVerb::Head => {
                manifests::get(app, caller, &name, &reference, parts).await
            }
            ManifestVerb::Put => {
                Box::pin(manifests::put(app, caller, &name, reference, parts, body)).await
            }
            ManifestVerb::Delete => {
                Box::pin(manifests::delete(app, caller, &name, &reference)).await
            }
        },
        Endpoint::Blob { verb, name, digest } => match verb {
            BlobVerb::Get | BlobVerb::Head => {
                Box::pin(blobs::get(app, caller, &name, &digest, parts)).await
            }
            BlobVerb::Delete => Box::pin(blobs::delete(app, caller, &name, &digest)).await,
        },
        Endpoint::UploadStart { name } => {
            Box::pin(uploads::start(app, caller, &name, parts, body)).await
        }
        Endpoint::Upload { verb, name, id } => match verb {
            UploadVerb::Get => Box::pin(uploads::status(app, caller, &name, &id)).await,
            UploadVerb::Patch => {
                Box::pin(uploads::append(app, caller, &name, &id, parts, body)).await
            }
            UploadVerb::Put => {
                Box::pin(uploads::finish(app, caller, &name, &id, parts, body)).await
            }
            UploadVerb::Delete => Box::pin(uploads::cancel(app, caller, &name, &id)).await,
        },
        Endpoint::Referrers { name, digest } => {
            Box::pin(referrers::list(app, caller, &name, &digest, parts)).await
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
