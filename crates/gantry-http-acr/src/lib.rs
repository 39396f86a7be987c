//! ACR's own data-plane surface: everything under `/acr/v1/`.
//!
//! It tells what the distribution-spec has no words for (counts, times, sizes, what is locked), lists in
//! the order of time, and deletes whole repositories (Azure Container Registry data plane,
//! 2021-07-01). It is a registry's, as `/v2/` is: hosts, credentials, challenges and errors are the
//! same.

mod attributes;
mod catalog;
mod deleted;
mod endpoint;
mod error;
mod manifests;
mod order;
mod repository;
mod tags;

use axum::body::Body;
use axum::response::{IntoResponse, Response};
use gantry_http_base::{Answered, App, Caller, OciError};
use gantry_model::EndpointKind;
use gantry_model::permission::MetadataRead;
use gantry_oci::EndpointError;
use http::Request;
use http::request::Parts;

pub use endpoint::{Endpoint, Verb};

/// Whether a request with that path is answered here.
pub fn is_for(path: &str) -> bool {
    path.starts_with("/acr/v1/")
}

/// Answers a request whose path [is for](is_for) this surface.
pub async fn serve(app: &App, request: Request<Body>) -> Answered {
    let (parts, body) = request.into_parts();
    let endpoint = Endpoint::parse(&parts.method, parts.uri.path());
    let label = endpoint.as_ref().map_or("unknown", Endpoint::label);
    let (outcome, caller) = match Caller::of(app, &parts).await {
        Ok(caller) => {
            let outcome = match caller.check_rate(app, &parts.method, EndpointKind::Other).await {
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
    Answered {
        response: outcome.unwrap_or_else(IntoResponse::into_response),
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
    let endpoint = match endpoint {
        Ok(endpoint) => endpoint,
        Err(error) => {
            // Whoever is nobody here learns nothing about paths either.
            caller.check_shows_credential()?;
            return Err(OciError::endpoint(error));
        }
    };
    match endpoint {
        Endpoint::Catalog => catalog::list(app, caller, parts).await,
        Endpoint::Repository { verb, name } => match verb {
            Verb::Show => repository::show(app, caller, &name).await,
            Verb::Update => repository::update(app, caller, &name, body).await,
            Verb::Delete => repository::delete(app, caller, &name).await,
        },
        Endpoint::Tags { name } => tags::list(app, caller, &name, parts).await,
        Endpoint::Tag { verb, name, tag } => match verb {
            Verb::Show => tags::show(app, caller, &name, &tag).await,
            Verb::Update => tags::update(app, caller, &name, &tag, body).await,
            Verb::Delete => tags::delete(app, caller, &name, &tag).await,
        },
        Endpoint::Manifests { name } => manifests::list(app, caller, &name, parts).await,
        Endpoint::Manifest { verb: Verb::Update, name, digest } => {
            manifests::update(app, caller, &name, &digest, body).await
        }
        Endpoint::Manifest { name, digest, .. } => {
            manifests::show(app, caller, &name, &digest).await
        }
        Endpoint::DeletedCatalog => deleted::catalog(caller),
        Endpoint::DeletedManifests { name, digest: None } => deleted::manifests(caller, &name),
        Endpoint::DeletedManifests { name, digest: Some(digest) } => {
            deleted::restore(caller, &name, &digest)
        }
        Endpoint::DeletedTags { name } => deleted::tags(caller, &name),
        Endpoint::Streaming { name } => {
            caller.permit::<MetadataRead>(&name)?;
            let reason = "artifact streaming isn't built into this server yet";
            Err(OciError::not_allowed(reason, &[]).saying(reason))
        }
    }
}
