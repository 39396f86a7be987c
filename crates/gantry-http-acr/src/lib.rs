//! ACR's own data-plane surface: everything under `/acr/v1/`.
//!
//! It tells what the distribution-spec has no words for (counts, times, sizes, what is locked), lists in
//! the order of time, and deletes whole repositories (Azure Container Registry data plane,
//! 2021-07-01). It is a registry's, as `/v2/` is: hosts, credentials, challenges and errors are the
//! same. The operator, who has no credential, is served by [`serve_operator`].

mod attributes;
mod caller;
mod catalog;
mod deleted;
mod endpoint;
mod error;
mod manifests;
mod openapi;
mod operator;
mod order;
mod repository;
mod tags;

use axum::body::Body;
use axum::response::{IntoResponse, Response};
use gantry_http_base::{Answered, App, Caller as Client, OciError};
use gantry_model::EndpointKind;
use gantry_model::permission::MetadataRead;
use gantry_oci::EndpointError;
use http::Request;
use http::request::Parts;

use caller::{Caller, Operator};

pub use endpoint::{Endpoint, Verb};
pub use openapi::openapi;
pub use operator::is_for_operator;

/// Whether a request with that path is answered here.
pub fn is_for(path: &str) -> bool {
    path.starts_with("/acr/v1/")
}

/// Answers a request whose path [is for](is_for) this surface.
pub async fn serve(app: &App, request: Request<Body>) -> Answered {
    let (parts, body) = request.into_parts();
    let endpoint = Endpoint::parse(&parts.method, parts.uri.path());
    let label = endpoint.as_ref().map_or("unknown", Endpoint::label);
    let (outcome, caller) = match Client::of(app, &parts).await {
        Ok(client) => {
            let limited = client.check_rate(app, &parts.method, EndpointKind::Other).await;
            let caller = Caller::Client(client);
            let outcome = match limited {
                Ok(()) => dispatch(app, &caller, endpoint, &parts, body).await,
                Err(refusal) => Err(refusal),
            };
            (outcome, Some(caller))
        }
        Err(refusal) => (Err(refusal), None),
    };
    if let (Err(refusal), Some(Caller::Client(client))) = (&outcome, &caller) {
        client.note_denial(app, refusal, parts.uri.path());
    }
    answered(label, outcome, caller.as_ref())
}

/// Answers a request that [is the operator's](is_for_operator), at the registry that its host names. The
/// caller has made sure of the operator: whoever can open the server's own socket.
pub async fn serve_operator(app: &App, request: Request<Body>) -> Answered {
    let (parts, body) = request.into_parts();
    let endpoint = operator::endpoint(&parts.method, parts.uri.path());
    let label = endpoint.as_ref().map_or("unknown", Endpoint::label);
    match Operator::of(app, &parts).await {
        Ok(operator) => {
            let caller = Caller::Operator(operator);
            let outcome = dispatch(app, &caller, endpoint, &parts, body).await;
            answered(label, outcome, Some(&caller))
        }
        Err(refusal) => answered(label, Err(refusal), None),
    }
}

fn answered(
    endpoint: &'static str,
    outcome: Result<Response, OciError>,
    caller: Option<&Caller<'_>>,
) -> Answered {
    Answered {
        response: outcome.unwrap_or_else(IntoResponse::into_response),
        registry: caller.map(|caller| caller.registry().clone()),
        endpoint,
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
        Endpoint::Manifest { verb, name, digest } => match verb {
            Verb::Show => manifests::show(app, caller, &name, &digest).await,
            Verb::Update => manifests::update(app, caller, &name, &digest, body).await,
            Verb::Delete => manifests::delete(app, caller, &name, &digest).await,
        },
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
