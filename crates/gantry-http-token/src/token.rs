//! `/oauth2/token`: access tokens.

use std::sync::Arc;

use axum::body::Body;
use gantry_access::{AuthenticationError, SignedIn};
use gantry_http_base::{App, Caller, Query, read_form};
use gantry_model::EndpointKind;
use gantry_model::audit::{AuditAction, AuditOutcome};
use gantry_model::permission::Identity;
use gantry_oci::{Authorization, Form, Scope, Secret};
use http::request::Parts;

use crate::Asked;
use crate::SEVERAL;
use crate::refused::Refused;
use crate::reply::{OauthError, TokenReply};

/// `GET /oauth2/token?service=…&scope=…`
pub(crate) async fn get(
    app: &App,
    parts: &Parts,
    asked: &mut Asked,
) -> Result<TokenReply, Refused> {
    let caller = Caller::unauthenticated(app, parts).await?;
    asked.registry = Some(caller.registry().clone());
    caller.check_rate(app, &parts.method, EndpointKind::Token).await?;
    let query = Query::of(&parts.uri);
    check_service(app, &caller, query.all("service"))?;
    let scopes = scopes(query.all("scope"))?;
    let refuse = |error| caller.refuse_credential(error);
    let signed_in = match caller.authorization(&parts.headers)? {
        None => {
            caller.check_something_is_public()?;
            app.access.nobody(caller.registry()).await.map_err(refuse)?
        }
        Some(header) => match header
            .parse()
            .map_err(|error: gantry_oci::AuthorizationError| refuse(error.into()))?
        {
            Authorization::Basic { user, password } => {
                let (registry, address) = (caller.registry(), caller.address());
                let found = app.access.sign_in(registry, &user, &password, address).await;
                note(app, &caller, || user.clone(), found.as_ref());
                found.map_err(refuse)?
            }
            Authorization::Bearer { .. } => return Err(caller.refuse_renewal().into()),
        },
    };
    issue(app, &caller, &signed_in, &scopes, asked)
}

/// `POST /oauth2/token`
pub(crate) async fn post(
    app: &App,
    parts: &Parts,
    body: Body,
    asked: &mut Asked,
) -> Result<TokenReply, Refused> {
    let caller = Caller::unauthenticated(app, parts).await?;
    asked.registry = Some(caller.registry().clone());
    caller.check_rate(app, &parts.method, EndpointKind::Token).await?;
    let form = read_form(body, app.body_timeout, SEVERAL).await?;
    check_service(app, &caller, form.all("service"))?;
    let scopes = scopes(form.all("scope"))?;
    let registry = caller.registry();
    let grant = form.required("grant_type")?;
    let signed_in = match grant {
        "password" => match (form.get("username"), form.get("password")) {
            (Some(user), Some(password)) => {
                let password = Secret::new(password);
                app.access.sign_in(registry, user, &password, caller.address()).await
            }
            // How the SDKs ask who don't sign in.
            (None, None) => {
                caller.check_something_is_public()?;
                app.access.nobody(registry).await
            }
            _ => {
                let problem = "username and password are given together, or neither";
                return Err(OauthError::invalid_request(problem).into());
            }
        },
        "refresh_token" => {
            let token = form.required("refresh_token")?;
            app.access.sign_in_with_refresh_token(registry, token).await
        }
        "access_token" => {
            let token = form.required("access_token")?;
            app.access.exchange(registry, token).await.map(|(signed_in, _)| signed_in)
        }
        _ => {
            return Err(OauthError::unsupported_grant_type(
                "grant_type must be password, refresh_token or access_token",
            )
            .into());
        }
    };
    note(app, &caller, || claimed(app, &form, grant), signed_in.as_ref());
    let signed_in = signed_in.map_err(|error| OauthError::refused_credential(&error))?;
    issue(app, &caller, &signed_in, &scopes, asked)
}

/// Whom a form that was refused is of: the name that goes with a password, or else whom the token was made
/// for, as far as it is one that was made here; or else the program that asks. A name that comes along with
/// a token says nothing.
pub(crate) fn claimed(app: &App, form: &Form, grant: &str) -> String {
    let text = |name| form.get(name);
    let directory = app.access.directory();
    let person = match grant {
        "password" => text("username").map(str::to_owned),
        "refresh_token" => text("refresh_token")
            .and_then(|token| app.access.subject_of(token))
            .map(|identity| identity.to_string()),
        _ => text("access_token")
            .and_then(|token| directory.subject_of(token))
            .map(|id| Identity::principal(&id.to_string()).to_string()),
    };
    person.or_else(|| text("client_id").map(|id| format!("client:{id}"))).unwrap_or_default()
}

/// Notes in the audit stream who signed in, or wasn't let in as `account`.
pub(crate) fn note(
    app: &App,
    caller: &Caller<'_>,
    account: impl FnOnce() -> String,
    outcome: Result<&SignedIn, &AuthenticationError>,
) {
    let (outcome, identity, detail) = match outcome {
        Ok(signed_in) => {
            (AuditOutcome::Granted, signed_in.actor().identity().to_string(), String::new())
        }
        Err(AuthenticationError::Catalog(_)) => return,
        Err(error) => (AuditOutcome::Refused, account(), error.to_string()),
    };
    caller.note(app, AuditAction::SignIn, outcome, &identity, detail);
}

fn issue(
    app: &App,
    caller: &Caller<'_>,
    signed_in: &SignedIn,
    scopes: &[Scope],
    asked: &mut Asked,
) -> Result<TokenReply, Refused> {
    asked.actor = Some(Arc::clone(signed_in.actor()));
    caller.check_let_in(app, signed_in.actor().identity())?;
    let token = app.access.issue_token(caller.registry(), signed_in, scopes);
    Ok(TokenReply(token.map_err(OauthError::invalid_scope)?))
}

/// A token is for the registry that the request's host names: one that is wanted for another would
/// be no use there.
pub(crate) fn check_service(
    app: &App,
    caller: &Caller<'_>,
    mut services: impl Iterator<Item = impl AsRef<str>>,
) -> Result<(), OauthError> {
    match services.all(|service| caller.is_for(app, service.as_ref())) {
        true => Ok(()),
        false => Err(OauthError::invalid_request("service is not this registry's login server")),
    }
}

/// The scopes of all `scope` parameters, each of which may hold several. `registry:None:*` is what
/// `az acr check-health` asks for, and grants nothing, as any resource that nobody knows.
fn scopes(parameters: impl Iterator<Item = impl AsRef<str>>) -> Result<Vec<Scope>, OauthError> {
    let mut all = Vec::new();
    for text in parameters {
        all.extend(Scope::parse_list(text.as_ref()).map_err(OauthError::invalid_scope)?);
    }
    Ok(all)
}
