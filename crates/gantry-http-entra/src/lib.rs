//! The sign-in surface: what Microsoft Entra answers to Azure's clients, for the built-in directory.
//!
//! The token endpoint with its grants (RFC 6749, RFC 8628, RFC 7636), OpenID Connect's documents, the
//! pages on which people sign in, and the endpoints at which workloads get the tokens of managed
//! identities. Addresses in what is answered are those that the client used. Tokens and passwords are
//! neither taken nor given over plain HTTP, except on this machine.

mod call;
mod device_code;
mod discovery;
mod error;
mod graph;
mod managed_identity;
mod pages;
mod path;
mod reply;
mod token;

use axum::body::Body;
use axum::response::{IntoResponse, Response};
use gantry_http_base::{Answered, App, BaseAddress};
use http::request::Parts;
use http::{HeaderValue, Request, StatusCode, header};

use strum::VariantNames;

use call::Call;
use error::EntraError;
use graph::GraphCaller;
use path::Endpoint;

/// Whether the path is one of this surface's.
pub fn is_for(path: &str) -> bool {
    Endpoint::parse(path).is_some()
}

/// What each endpoint is called.
pub const ENDPOINTS: &[&str] = Endpoint::VARIANTS;

/// Which of [`ENDPOINTS`] a path is.
pub fn endpoint(path: &str) -> Option<&'static str> {
    Endpoint::parse(path).map(Into::into)
}

/// Answers a request for a path that [`is_for`] knows.
pub async fn serve(app: &App, request: Request<Body>) -> Answered {
    let (parts, body) = request.into_parts();
    let Some(endpoint) = Endpoint::parse(parts.uri.path()) else {
        return Answered::outside(StatusCode::NOT_FOUND.into_response());
    };
    let response = match BaseAddress::of(app, &parts) {
        Ok(base) => answer(app, &parts, base, endpoint, body).await,
        Err(refusal) => refusal.into_response(),
    };
    Answered { response, registry: None, endpoint: endpoint.into(), actor: None }
}

/// Answers a request for Microsoft Graph by the operator, whom the caller has made sure of: whoever can
/// open the operator's own socket. Other paths aren't there.
pub async fn serve_operator(app: &App, request: Request<Body>) -> Answered {
    let (parts, body) = request.into_parts();
    let Some(endpoint @ Endpoint::Graph(rest)) = Endpoint::parse(parts.uri.path()) else {
        return Answered::outside(StatusCode::NOT_FOUND.into_response());
    };
    let called = BaseAddress::of(app, &parts).map_err(IntoResponse::into_response);
    let response = match called.and_then(|base| Call::new(app, &parts, base, None)) {
        Ok(call) => Box::pin(graph::serve_to(&call, GraphCaller::Operator, rest, body)).await,
        Err(refusal) => refusal,
    };
    Answered { response, registry: None, endpoint: endpoint.into(), actor: None }
}

async fn answer(
    app: &App,
    parts: &Parts,
    base: BaseAddress,
    endpoint: Endpoint<'_>,
    body: Body,
) -> Response {
    let allowed = endpoint.methods();
    if !allowed.split(", ").any(|method| method == parts.method.as_str()) {
        let allow = [(header::ALLOW, HeaderValue::from_static(allowed))];
        return (StatusCode::METHOD_NOT_ALLOWED, allow).into_response();
    }
    let call = match Call::new(app, parts, base, endpoint.tenant()) {
        Ok(call) => call,
        Err(refusal) => return refusal,
    };
    if endpoint.is_secret() && !call.base.is_private() {
        return call.refuse(EntraError::not_private());
    }
    let answered = match endpoint {
        Endpoint::Configuration(_) => Ok(discovery::configuration(&call)),
        Endpoint::Keys(_) => Ok(discovery::keys(&call)),
        Endpoint::UserRealm(_) => Ok(discovery::user_realm(&call)),
        Endpoint::Instance => Ok(discovery::instance(&call)),
        Endpoint::Token(_, version) => token::post(&call, version, body).await,
        Endpoint::DeviceCode(_, version) => device_code::post(&call, version, body).await,
        Endpoint::Authorize(_) => Ok(Box::pin(pages::authorize::serve(&call, body)).await),
        Endpoint::DeviceLogin => Ok(Box::pin(pages::device::serve(&call, body)).await),
        Endpoint::ManagedIdentity(service) => Ok(managed_identity::get(&call, service).await),
        Endpoint::Graph(rest) => Ok(Box::pin(graph::serve(&call, rest, body)).await),
        Endpoint::Logout(_) => Ok(pages::logout::serve(&call).await),
    };
    let mut response = answered.unwrap_or_else(|error| call.refuse(error));
    let headers = response.headers_mut();
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    response
}
