//! The token surface: `/oauth2/token`.
//!
//! `GET` with Basic credentials is Docker's token protocol ("Docker Registry v2 authentication");
//! `POST` with a form is its OAuth 2.0 variant (RFC 6749, 4.3), as ACR offers both. A token is for
//! the registry that the request's host names, and grants of the scopes asked for what its bearer
//! may do.

mod reply;
mod request;

use std::sync::Arc;

use axum::body::Body;
use axum::response::{IntoResponse, Response};
use gantry_http_base::{Answered, App, Caller, OciError, Query};
use gantry_model::Registry;
use gantry_model::permission::Actor;
use gantry_oci::{ErrorCode, Scope};
use http::request::Parts;
use http::{HeaderValue, Method, Request, StatusCode, header};

use reply::{OauthError, TokenReply};
use request::TokenForm;

/// A form is a few parameters and scopes.
const FORM_BYTES: usize = 64 << 10;

/// Answers a request for `/oauth2/token`.
pub async fn serve(app: &App, request: Request<Body>) -> Answered {
    let (parts, body) = request.into_parts();
    let mut asked = Asked::default();
    let reply = match parts.method {
        Method::GET | Method::HEAD => with_basic(app, &parts, &mut asked),
        Method::POST => with_form(app, &parts, body, &mut asked).await,
        _ => Err(Refused::Oci(not_allowed())),
    };
    let Asked { registry, actor } = asked;
    Answered { response: reply.into_response(), registry, endpoint: "token", actor }
}

/// Who asks whom, as far as it got clear.
#[derive(Default)]
struct Asked {
    registry: Option<Arc<Registry>>,
    actor: Option<Arc<Actor>>,
}

/// `GET /oauth2/token?service=…&scope=…`
fn with_basic(app: &App, parts: &Parts, asked: &mut Asked) -> Result<TokenReply, Refused> {
    let caller = Caller::of(app, parts)?;
    *asked =
        Asked { registry: Some(caller.registry().clone()), actor: Some(caller.actor().clone()) };
    let query = Query::of(&parts.uri);
    check_service(app, &caller, query.all("service"))?;
    let scopes = scopes(query.all("scope"))?;
    // Nobody gets a token where nothing is for everyone: an error here is what makes a client ask
    // its user to sign in.
    caller.check_may_have_token()?;
    issue(app, &caller, caller.actor(), &scopes)
}

/// `POST /oauth2/token`
async fn with_form(
    app: &App,
    parts: &Parts,
    body: Body,
    asked: &mut Asked,
) -> Result<TokenReply, Refused> {
    let caller = Caller::unauthenticated(app, parts)?;
    asked.registry = Some(caller.registry().clone());
    let form = TokenForm::read(body, FORM_BYTES, app.body_timeout).await?;
    check_service(app, &caller, form.services.iter())?;
    let scopes = scopes(form.scopes.iter())?;
    let actor = app
        .access
        .sign_in(caller.registry(), &form.username, form.password.expose())
        .map_err(OauthError::refused_credential)?;
    let token = issue(app, &caller, &actor, &scopes);
    asked.actor = Some(Arc::new(actor));
    token
}

fn not_allowed() -> OciError {
    let reason = "tokens are asked for by GET or POST";
    OciError::new(StatusCode::METHOD_NOT_ALLOWED, ErrorCode::Unsupported, reason)
        .with_header(header::ALLOW, HeaderValue::from_static("GET, HEAD, POST"))
}

/// In OAuth's form what is wrong with the question; in the registry's who may not ask it.
enum Refused {
    Oauth(OauthError),
    Oci(OciError),
}

impl IntoResponse for Refused {
    fn into_response(self) -> Response {
        match self {
            Self::Oauth(error) => error.into_response(),
            Self::Oci(error) => error.into_response(),
        }
    }
}

impl From<OauthError> for Refused {
    fn from(error: OauthError) -> Self {
        Self::Oauth(error)
    }
}

impl From<OciError> for Refused {
    fn from(error: OciError) -> Self {
        Self::Oci(error)
    }
}

fn issue(
    app: &App,
    caller: &Caller<'_>,
    actor: &Actor,
    scopes: &[Scope],
) -> Result<TokenReply, Refused> {
    let token = app.access.issue_token(caller.registry(), actor, scopes);
    Ok(TokenReply(token.map_err(OauthError::invalid_scope)?))
}

/// A token is for the registry that the request's host names: one that is wanted for another would
/// be no use there.
fn check_service(
    app: &App,
    caller: &Caller<'_>,
    mut services: impl Iterator<Item = impl AsRef<str>>,
) -> Result<(), OauthError> {
    match services.all(|service| caller.is_for(app, service.as_ref())) {
        true => Ok(()),
        false => Err(OauthError::invalid_request("service is not this registry's login server")),
    }
}

/// The scopes of all `scope` parameters, each of which may hold several.
fn scopes(parameters: impl Iterator<Item = impl AsRef<str>>) -> Result<Vec<Scope>, OauthError> {
    let mut all = Vec::new();
    for text in parameters {
        all.extend(Scope::parse_list(text.as_ref()).map_err(OauthError::invalid_scope)?);
    }
    Ok(all)
}
