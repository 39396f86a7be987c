//! The management surface: Azure Resource Manager's API, as `az` and Azure's SDKs speak it.
//!
//! One table says which operations there are, what each takes of its caller and what answers it
//! (`operations.rs`); paths are the same regardless of case. Whether the caller may, and whether a lock is
//! in the way, is looked at here, before a handler calls its use-case and renders the answer. Every
//! published `api-version` is answered with the union of properties.

mod activity;
mod assignments;
mod audit;
mod body;
mod cache_rules;
mod caller;
mod children;
mod credential_sets;
mod credentials;
mod deleted;
mod deployments;
mod error;
mod generic;
mod groups;
mod headers;
mod identity;
mod kept;
mod later;
mod locks;
mod metadata;
mod names;
mod openapi;
mod operation;
mod operations;
mod page;
mod preconditions;
mod private_endpoints;
mod providers;
mod registries;
mod replications;
mod roles;
mod scope_maps;
mod shape;
mod subscriptions;
mod tags;
mod tokens;
mod webhooks;

use axum::body::Body;
use axum::response::{IntoResponse, Response};
use gantry_catalog::because_of;
use gantry_http_base::{Answered, App, BaseAddress, inert};
use gantry_model::journal::Managed;
use gantry_resources::Attempt;
use http::request::Parts;
use http::{Method, Request};

pub use audit::registry_at;
pub use openapi::openapi;

use caller::Caller;
use error::ArmError;
use operation::{Asked, Right};
use operations::OPERATIONS;

/// Whether the path is one of the management API.
pub fn is_for(path: &str) -> bool {
    let mut segments = path.trim_start_matches('/').split('/');
    let first = segments.next().unwrap_or_default();
    match first.to_ascii_lowercase().as_str() {
        "metadata" => segments.next().is_some_and(|next| next.eq_ignore_ascii_case("endpoints")),
        "tenants" | "subscriptions" | "providers" => true,
        _ => false,
    }
}

/// What each operation is called.
pub fn operations() -> impl Iterator<Item = &'static str> {
    OPERATIONS.iter().map(|operation| operation.id)
}

/// Which of [`operations()`] a method and path ask for.
pub fn operation(method: &Method, path: &str) -> Option<&'static str> {
    Asked::parse(method, path).map(|asked| asked.operation.id)
}

/// Answers a request whose path is one of the management API.
pub async fn serve(app: &App, request: Request<Body>) -> Answered {
    let (parts, body) = request.into_parts();
    let asked = Asked::parse(&parts.method, parts.uri.path());
    // What is only looked at leaves its registry where it is.
    let changes = !parts.method.is_safe();
    let registry = changes.then(|| registry_at(app, parts.uri.path())).flatten();
    let mut identity = String::new();
    let outcome = match base(app, &parts) {
        Ok(base) if asked.as_ref().is_some_and(|one| one.operation.right == Right::Nothing) => {
            answer(app, &Caller::nobody(), &base, asked.as_ref(), &parts, body).await
        }
        Ok(base) => match caller::sign_in(app, &base, &parts.headers).await {
            Ok(principal) => {
                identity = caller::identity(&principal);
                match Caller::of(app, principal).await {
                    Ok(caller) => answer(app, &caller, &base, asked.as_ref(), &parts, body).await,
                    Err(error) => Err(error.into()),
                }
            }
            Err(refusal) => Err(refusal),
        },
        Err(refusal) => Err(refusal),
    };
    let answered = finish(asked.as_ref(), &parts, outcome);
    audit::note(app, &parts, &identity, registry, &answered.response);
    answered
}

/// Answers a request of the operator's, who has the server's own socket.
pub async fn serve_operator(app: &App, request: Request<Body>) -> Answered {
    let (parts, body) = request.into_parts();
    let asked = Asked::parse(&parts.method, parts.uri.path());
    let outcome = match base(app, &parts) {
        Ok(base) => answer(app, &Caller::operator(), &base, asked.as_ref(), &parts, body).await,
        Err(refusal) => Err(refusal),
    };
    finish(asked.as_ref(), &parts, outcome)
}

fn base(app: &App, parts: &Parts) -> Result<BaseAddress, ArmError> {
    BaseAddress::of(app, parts).map_err(|_| ArmError::bad_request("the request names no host"))
}

fn finish(asked: Option<&Asked>, parts: &Parts, outcome: Result<Response, ArmError>) -> Answered {
    let mut response = outcome.unwrap_or_else(IntoResponse::into_response);
    inert(response.headers_mut());
    headers::add(parts, response.headers_mut());
    let endpoint = asked.map_or("arm", |asked| asked.operation.id);
    Answered { response, registry: None, endpoint, actor: None }
}

/// What there is to be done is looked at before whether the caller may, and after who they are.
async fn answer(
    app: &App,
    caller: &Caller,
    base: &BaseAddress,
    asked: Option<&Asked>,
    parts: &Parts,
    body: Body,
) -> Result<Response, ArmError> {
    let Some(asked) = asked else {
        return Err(later::refusal(&parts.method, parts.uri.path()));
    };
    headers::check_version(&parts.uri)?;
    app.content.registries().be_current(app.content.catalog()).await?;
    let call = Call { app, caller, base, asked, parts };
    call.check_right()?;
    call.check_locks().await?;
    let work = (asked.operation.handler)(&call, body);
    match call.managed() {
        Some(managed) => because_of(managed, work).await,
        None => work.await,
    }
}

/// The action that shows which roles there are.
const READ_ROLES: &str = "Microsoft.Authorization/roleDefinitions/read";

/// What a handler answers from.
#[derive(Clone, Copy)]
struct Call<'a> {
    app: &'a App,
    caller: &'a Caller,
    base: &'a BaseAddress,
    asked: &'a Asked,
    parts: &'a Parts,
}

impl Call<'_> {
    /// Refuses a caller who hasn't what the operation takes.
    fn check_right(&self) -> Result<(), ArmError> {
        match self.asked.operation.right {
            Right::Nothing | Right::SignIn => Ok(()),
            Right::AnyRole => subscriptions::check(self),
            // Which roles there are in the tenant is no secret.
            Right::Action(READ_ROLES) if self.asked.scope().as_str() == "/" => Ok(()),
            Right::Action(action) => {
                self.caller.check(action, &self.asked.resource)?;
                subscriptions::check_ours(self)
            }
        }
    }

    /// What the journal is to be told of the operation, if it may change something.
    fn managed(&self) -> Option<Managed> {
        let operation = self.asked.operation;
        let Right::Action(action) = operation.right else { return None };
        (operation.method != Method::GET).then(|| Managed {
            action: action.to_owned(),
            resource: self.asked.resource.to_string(),
            by: self.caller.name(),
            name: self.caller.shown_name(),
            correlation: headers::correlation(self.parts),
        })
    }

    /// Refuses what a lock keeps from being done. Locks themselves can be set and removed.
    async fn check_locks(&self) -> Result<(), ArmError> {
        let operation = self.asked.operation;
        let Right::Action(action) = operation.right else { return Ok(()) };
        let attempt = match operation.method {
            Method::GET => return Ok(()),
            Method::DELETE => Attempt::Delete,
            _ => Attempt::Write,
        };
        if action.starts_with("Microsoft.Authorization/locks/") {
            return Ok(());
        }
        match self.app.resources.lock_in_the_way(&self.asked.resource, attempt).await? {
            None => Ok(()),
            Some(locked) => Err(ArmError::conflict("ScopeLocked", locked)),
        }
    }
}
