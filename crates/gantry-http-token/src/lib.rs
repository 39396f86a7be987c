//! The token surface: `/oauth2/token` and `/oauth2/exchange`.
//!
//! `GET` with Basic credentials is Docker's token protocol ("Docker Registry v2 authentication");
//! `POST` with a form is its OAuth 2.0 variant (RFC 6749), as ACR offers both. An exchange makes a
//! refresh token of a token of the directory (`az acr login`). A token is for the registry that the
//! request's host names, and grants of the scopes asked for what its bearer may do.

mod exchange;
mod refused;
mod reply;
mod token;

use std::sync::Arc;

use axum::body::Body;
use axum::response::IntoResponse;
use gantry_http_base::{Answered, App, OciError};
use gantry_model::Registry;
use gantry_model::permission::Actor;
use gantry_oci::ErrorCode;
use http::{HeaderValue, Method, Request, StatusCode, header};

/// The paths that are answered here.
pub const PATHS: [&str; 2] = ["/oauth2/token", "/oauth2/exchange"];

/// The parameters that a form may have several of.
const SEVERAL: &[&str] = &["scope", "service"];

/// Answers a request for one of [`PATHS`].
pub async fn serve(app: &App, request: Request<Body>) -> Answered {
    let (parts, body) = request.into_parts();
    let mut asked = Asked::default();
    let (endpoint, response) = match (parts.uri.path(), &parts.method) {
        ("/oauth2/exchange", &Method::POST) => {
            ("exchange", exchange::post(app, &parts, body, &mut asked).await.into_response())
        }
        ("/oauth2/exchange", _) => ("exchange", not_allowed("POST").into_response()),
        (_, &Method::GET | &Method::HEAD) => {
            ("token", token::get(app, &parts, &mut asked).await.into_response())
        }
        (_, &Method::POST) => {
            ("token", token::post(app, &parts, body, &mut asked).await.into_response())
        }
        _ => ("token", not_allowed("GET, HEAD, POST").into_response()),
    };
    let Asked { registry, actor } = asked;
    Answered { response, registry, endpoint, actor }
}

/// Who asks whom, as far as it got clear.
#[derive(Default)]
struct Asked {
    registry: Option<Arc<Registry>>,
    actor: Option<Arc<Actor>>,
}

fn not_allowed(methods: &'static str) -> OciError {
    let reason = format!("tokens are asked for by {methods}");
    OciError::new(StatusCode::METHOD_NOT_ALLOWED, ErrorCode::Unsupported, reason)
        .with_header(header::ALLOW, HeaderValue::from_static(methods))
}
