//! The token surface: `/oauth2/token`.
//!
//! `GET` with Basic credentials is Docker's token protocol ("Docker Registry v2 authentication");
//! `POST` with a form is its OAuth 2.0 variant (RFC 6749, 4.3), as ACR offers both. A token is for
//! the registry that the request's host names, and grants of the scopes asked for what its bearer
//! may do.

mod reply;
mod request;

use axum::Router;
use axum::extract::{Request, State};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use gantry_http_base::{Answered, App, Caller, OciError, Query};
use gantry_model::permission::{Actor, Identity};
use gantry_oci::Scope;
use http::request::Parts;

use reply::{OauthError, TokenReply};
use request::TokenForm;

/// A form is a few parameters and scopes.
const FORM_BYTES: usize = 64 << 10;

/// The routes of this surface.
pub fn routes() -> Router<App> {
    Router::new().route("/oauth2/token", get(with_basic).post(with_form))
}

/// `GET /oauth2/token?service=…&scope=…`
async fn with_basic(State(app): State<App>, request: Request) -> Response {
    let mut answered = Answered { endpoint: "token", ..Answered::default() };
    let (parts, _) = request.into_parts();
    let mut response = answer_basic(&app, &parts, &mut answered).into_response();
    response.extensions_mut().insert(answered);
    response
}

fn answer_basic(app: &App, parts: &Parts, answered: &mut Answered) -> Result<TokenReply, Refused> {
    let caller = Caller::of(app, parts)?;
    note(answered, &caller, caller.actor());
    let query = Query::of(&parts.uri);
    check_service(app, &caller, query.all("service"))?;
    let scopes = scopes(query.all("scope"))?;
    // Nobody gets a token where nothing is for everyone: an error here is what makes a client ask
    // its user to sign in.
    caller.check_may_have_token()?;
    issue(app, &caller, caller.actor(), &scopes)
}

/// `POST /oauth2/token`
async fn with_form(State(app): State<App>, request: Request) -> Response {
    let mut answered = Answered { endpoint: "token", ..Answered::default() };
    let mut response = answer_form(&app, request, &mut answered).await.into_response();
    response.extensions_mut().insert(answered);
    response
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

async fn answer_form(
    app: &App,
    request: Request,
    answered: &mut Answered,
) -> Result<TokenReply, Refused> {
    let (parts, body) = request.into_parts();
    let caller = Caller::unauthenticated(app, &parts)?;
    let form = TokenForm::read(body, FORM_BYTES, app.body_timeout).await?;
    check_service(app, &caller, form.services.iter())?;
    let scopes = scopes(form.scopes.iter())?;
    let actor = app
        .access
        .sign_in(caller.registry(), &form.username, form.password.expose())
        .map_err(OauthError::refused_credential)?;
    note(answered, &caller, &actor);
    issue(app, &caller, &actor, &scopes)
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

fn note(answered: &mut Answered, caller: &Caller<'_>, actor: &Actor) {
    let identity: &Identity = actor.identity();
    answered.registry = Some(caller.registry().clone());
    answered.identity = Some(identity.as_str().into());
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
