//! What a dedicated data endpoint serves: blobs, to whoever has an address for one.

use axum::body::Body;
use axum::response::{IntoResponse, Response};
use gantry_http_base::{Answered, App, Caller, OciError};
use gantry_model::EndpointKind;
use gantry_oci::{BlobVerb, Digest, Endpoint, ErrorCode, RepositoryName};
use http::request::Parts;
use http::{Method, Request};

use crate::blobs;

/// Answers a request for a host that a registry's blobs are downloaded from.
pub async fn serve_downloads(app: &App, request: Request<Body>) -> Answered {
    let (parts, _) = request.into_parts();
    let nothing = |response: OciError| Answered {
        response: response.into_response(),
        registry: None,
        endpoint: "download",
        actor: None,
    };
    let (name, digest) = match blob(&parts) {
        Ok(blob) => blob,
        Err(refusal) => return nothing(refusal),
    };
    let caller = match Caller::downloading(app, &parts, &name, &digest).await {
        Ok(caller) => caller,
        Err(refusal) => return nothing(refusal),
    };
    let outcome = download(app, &caller, &name, &digest, &parts).await;
    Answered {
        response: outcome.unwrap_or_else(IntoResponse::into_response),
        registry: Some(caller.registry().clone()),
        endpoint: "download",
        actor: Some(caller.actor().clone()),
    }
}

async fn download(
    app: &App,
    caller: &Caller<'_>,
    name: &RepositoryName,
    digest: &Digest,
    parts: &Parts,
) -> Result<Response, OciError> {
    caller.check_rate(app, &parts.method, EndpointKind::Other).await?;
    blobs::get(app, caller, name, digest, parts).await
}

/// The blob that is asked for; nothing else is.
fn blob(parts: &Parts) -> Result<(RepositoryName, Digest), OciError> {
    const READ: &[Method] = &[Method::GET, Method::HEAD];
    match Endpoint::parse(&parts.method, parts.uri.path()) {
        Ok(Endpoint::Blob { verb: BlobVerb::Get | BlobVerb::Head, name, digest }) => {
            Ok((name, digest))
        }
        Ok(Endpoint::Blob { verb: BlobVerb::Delete, .. }) => {
            Err(OciError::not_allowed("blobs are downloaded here, and nothing else", READ))
        }
        _ => {
            let reason = "this host serves downloads of blobs: the registry is at its login server";
            Err(OciError::not_found(ErrorCode::NameUnknown, reason))
        }
    }
}
