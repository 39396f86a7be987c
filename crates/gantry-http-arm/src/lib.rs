//! The management surface: Azure Resource Manager's API, as `az` and Azure's SDKs speak it.
//!
//! One pure function reads method and path ([`route::Route::parse`]); paths are the same regardless of
//! case. A handler asks what its caller may do by the roles that they have at the resource, calls one
//! use-case and renders the answer. Every published `api-version` is answered with the union of
//! properties.

mod assignments;
mod audit;
mod body;
mod caller;
mod credentials;
mod error;
mod metadata;
mod names;
mod page;
mod preconditions;
mod registries;
mod roles;
mod route;
mod scope_maps;
mod subscriptions;
mod tokens;

use axum::body::Body;
use axum::response::{IntoResponse, Response};
use gantry_directory::Principal;
use gantry_http_base::{Answered, App, BaseAddress, inert};
use http::request::Parts;
use http::{Method, Request};
use strum::VariantNames;

pub use audit::registry_at;

use caller::Caller;
use error::ArmError;
use route::Route;

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
pub const OPERATIONS: &[&str] = Route::VARIANTS;

/// Which of [`OPERATIONS`] a method and path ask for.
pub fn operation(method: &Method, path: &str) -> Option<&'static str> {
    Route::parse(method, path).map(Into::into)
}

/// Answers a request whose path is one of the management API.
pub async fn serve(app: &App, request: Request<Body>) -> Answered {
    let (parts, body) = request.into_parts();
    let route = Route::parse(&parts.method, parts.uri.path());
    let operation = route.as_ref().map_or("arm", Into::into);
    let mut identity = String::new();
    let outcome = match base(app, &parts) {
        // Clients read it before they know where to sign in.
        Ok(base) if route == Some(Route::Metadata) => Ok(metadata::show(app, &base, &parts.uri)),
        Ok(base) => match caller::sign_in(app, &base, &parts.headers).await {
            Ok(principal) => {
                identity = caller::identity(&principal);
                answer_principal(app, principal, &base, route, &parts, body).await
            }
            Err(refusal) => Err(refusal),
        },
        Err(refusal) => Err(refusal),
    };
    let answered = finish(operation, outcome);
    audit::note(app, &parts, &identity, &answered.response);
    answered
}

/// Answers a request of the operator's, who has the server's own socket.
pub async fn serve_operator(app: &App, request: Request<Body>) -> Answered {
    let (parts, body) = request.into_parts();
    let route = Route::parse(&parts.method, parts.uri.path());
    let operation = route.as_ref().map_or("arm", Into::into);
    let outcome = match (base(app, &parts), route) {
        (Ok(base), Some(route)) => {
            answer(app, &Caller::operator(), &base, route, &parts, body).await
        }
        (Ok(_), None) => Err(ArmError::no_such_operation(&parts.method, parts.uri.path())),
        (Err(refusal), _) => Err(refusal),
    };
    finish(operation, outcome)
}

fn base(app: &App, parts: &Parts) -> Result<BaseAddress, ArmError> {
    BaseAddress::of(app, parts).map_err(|_| ArmError::bad_request("the request names no host"))
}

fn finish(endpoint: &'static str, outcome: Result<Response, ArmError>) -> Answered {
    let mut response = outcome.unwrap_or_else(IntoResponse::into_response);
    inert(response.headers_mut());
    Answered { response, registry: None, endpoint, actor: None }
}

/// What there is to be done is looked at before whether the caller may, and after who they are.
async fn answer_principal(
    app: &App,
    principal: Principal,
    base: &BaseAddress,
    route: Option<Route>,
    parts: &Parts,
    body: Body,
) -> Result<Response, ArmError> {
    let missing = || ArmError::no_such_operation(&parts.method, parts.uri.path());
    let route = route.ok_or_else(missing)?;
    let caller = Caller::of(app, principal).await?;
    answer(app, &caller, base, route, parts, body).await
}

async fn answer(
    app: &App,
    caller: &Caller,
    base: &BaseAddress,
    route: Route,
    parts: &Parts,
    body: Body,
) -> Result<Response, ArmError> {
    app.content.registries().be_current(app.content.catalog()).await?;
    let call = Call { app, caller, base, parts };
    match route {
        Route::Metadata => Ok(metadata::show(app, base, &parts.uri)),
        Route::Tenants => Ok(subscriptions::tenants(&call)),
        Route::Subscriptions => subscriptions::list(&call).await,
        Route::Subscription(id) => subscriptions::show(&call, &id).await,
        Route::Locations(id) => subscriptions::locations(&call, &id).await,
        Route::ResourceGroups(id) => subscriptions::groups(&call, &id).await,
        Route::ResourceGroup(id, name) => subscriptions::group(&call, &id, &name).await,
        Route::Resources(id) => subscriptions::resources(&call, &id).await,
        Route::Provider(id, name) => subscriptions::provider(&call, &id, &name).await,
        Route::Registries(scope) => registries::list(&call, &scope).await,
        Route::Registry(at) => registries::show(&call, &at).await,
        Route::RegistryUpdate(at) => registries::update(&call, &at, body).await,
        Route::ListCredentials(at) => credentials::list(&call, &at).await,
        Route::RegenerateCredential(at) => credentials::regenerate(&call, &at, body).await,
        Route::GenerateCredentials(at) => tokens::generate(&call, &at, body).await,
        Route::ListUsages(at) => registries::usages(&call, &at).await,
        Route::Tokens(at) => tokens::list(&call, &at).await,
        Route::Token(at, name, verb) => tokens::one(&call, &at, &name, verb, body).await,
        Route::ScopeMaps(at) => scope_maps::list(&call, &at).await,
        Route::ScopeMap(at, name, verb) => scope_maps::one(&call, &at, &name, verb, body).await,
        Route::RoleDefinitions(scope) => roles::list(&call, &scope).await,
        Route::RoleDefinition(scope, id, verb) => roles::one(&call, &scope, id, verb, body).await,
        Route::RoleAssignments(scope) => assignments::list(&call, &scope).await,
        Route::RoleAssignment(scope, id, verb) => {
            assignments::one(&call, &scope, id, verb, body).await
        }
    }
}

/// What a handler answers from.
#[derive(Clone, Copy)]
struct Call<'a> {
    app: &'a App,
    caller: &'a Caller,
    base: &'a BaseAddress,
    parts: &'a Parts,
}
