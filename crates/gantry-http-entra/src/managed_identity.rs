//! Where workloads get the tokens of managed identities, in the two forms that Azure's clients know:
//! the instance metadata service ("How to use managed identities on a virtual machine"), which knows a
//! workload by where it asks from, and App Service's ("How to use managed identities for App Service"),
//! which knows it by a secret in its environment.
//!
//! Both answer plain HTTP: a workload has nothing to tell whom it talks to by, and what it gets is worth
//! no more than being where it is. Who asks the first for somebody else is refused: a header that no
//! link or form can set is required, and one that proxies add is not allowed.

use axum::Json;
use axum::response::{IntoResponse, Response};
use gantry_directory::TokenWish;
use gantry_directory::sign_in::{SignInError, WhichIdentity, WorkloadProof};
use gantry_model::audit::AuditAction;
use gantry_oci::{Form, Secret};
use http::{HeaderValue, StatusCode, header};
use serde_json::{Value, json};

use crate::call::Call;
use crate::error::EntraError;

/// Which of the two forms a request has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Service {
    Metadata,
    AppService,
}

struct Refused {
    status: StatusCode,
    error: &'static str,
    description: String,
    retry_after: Option<u64>,
}

pub(crate) async fn get(call: &Call<'_>, service: Service) -> Response {
    let mut response = match answer(call, service).await {
        Ok(body) => Json(body).into_response(),
        Err(refused) => refused.into_response(),
    };
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

async fn answer(call: &Call<'_>, service: Service) -> Result<Value, Refused> {
    let proof = proof(call, service)?;
    let query = call.parts.uri.query().unwrap_or_default();
    let form = Form::parse(query.as_bytes(), &[])
        .map_err(|error| Refused::bad(EntraError::from(error).description))?;
    if form.get("api-version").is_none() {
        return Err(Refused::bad("api-version is missing."));
    }
    let resource = form.get("resource").ok_or_else(|| Refused::bad("resource is missing."))?;
    if resource.contains(char::is_whitespace) {
        return Err(Refused::bad("resource has a space in it."));
    }
    let scope = format!("{resource}/.default");
    let directory = call.directory();
    directory.check_scope(&scope, &call.issuer)?;
    let action = AuditAction::DirectorySignIn;
    let tried = directory.sign_in_workload(&proof, which(&form)?).await;
    let principal = tried.inspect_err(|error| {
        if !matches!(error, SignInError::Catalog(_)) {
            call.note_refused(action, "", format!("managed identity: {error}"));
        }
    })?;
    call.note_granted(action, principal.id, "managed identity".to_owned());
    let identity = directory.find_service_principal(principal.id).await;
    let identity = identity.map_err(SignInError::from)?.ok_or(SignInError::Client)?;
    let wish =
        TokenWish { issuer: &call.issuer, client: identity.app_id, scope: &scope, nonce: None };
    let token = directory.issue(principal, &wish);
    let now = call.now().seconds();
    let expires_in = i64::try_from(token.expires_in).unwrap_or(0);
    // All numbers are texts.
    Ok(json!({
        "access_token": token.access.expose(),
        "client_id": identity.app_id,
        "expires_in": expires_in.to_string(),
        "ext_expires_in": expires_in.to_string(),
        "expires_on": (now + expires_in).to_string(),
        "not_before": now.to_string(),
        "resource": resource,
        "token_type": "Bearer",
    }))
}

fn proof(call: &Call<'_>, service: Service) -> Result<WorkloadProof, Refused> {
    let headers = &call.parts.headers;
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    match service {
        Service::Metadata => {
            if text("metadata").is_none_or(|value| !value.eq_ignore_ascii_case("true")) {
                return Err(Refused::bad("The header Metadata: true is required."));
            }
            if headers.contains_key("x-forwarded-for") || headers.contains_key("forwarded") {
                return Err(Refused::bad("Nobody may ask for somebody else: X-Forwarded-For."));
            }
            Ok(WorkloadProof::Address(call.address()))
        }
        Service::AppService => {
            // The second is that of the older form, 2017-09-01.
            let secret = text("x-identity-header").or_else(|| text("secret"));
            let missing = || Refused::bad("The header X-IDENTITY-HEADER is required.");
            Ok(WorkloadProof::Secret(Secret::new(secret.ok_or_else(missing)?), call.address()))
        }
    }
}

/// Which of its identities a workload wants, by whichever name its client has for that.
fn which(form: &Form) -> Result<WhichIdentity<'_>, Refused> {
    let clients = [form.get("client_id"), form.get("clientid")];
    let objects = [form.get("object_id"), form.get("principal_id")];
    let resources = [form.get("mi_res_id"), form.get("msi_res_id")];
    let clients = clients.into_iter().flatten().map(WhichIdentity::Client);
    let objects = objects.into_iter().flatten().map(WhichIdentity::Object);
    let resources = resources.into_iter().flatten().map(WhichIdentity::Resource);
    let mut named = clients.chain(objects).chain(resources);
    match (named.next(), named.next()) {
        (None, _) => Ok(WhichIdentity::Only),
        (Some(one), None) => Ok(one),
        (Some(_), Some(_)) => Err(Refused::bad("The identity is named in more than one way.")),
    }
}

impl Refused {
    fn bad(description: impl Into<String>) -> Self {
        Self {
            status: StatusCode::BAD_REQUEST,
            error: "invalid_request",
            description: description.into(),
            retry_after: None,
        }
    }
}

impl From<SignInError> for Refused {
    fn from(error: SignInError) -> Self {
        use SignInError::*;
        match error {
            TooMany(many) => Self {
                status: StatusCode::TOO_MANY_REQUESTS,
                error: "too_many_requests",
                retry_after: Some(many.wait.as_secs().max(1)),
                ..Self::bad(many.to_string())
            },
            Catalog(failure) => {
                tracing::error!(error = %failure, "a managed identity got no token");
                Self {
                    status: StatusCode::SERVICE_UNAVAILABLE,
                    error: "temporarily_unavailable",
                    retry_after: Some(5),
                    ..Self::bad("The directory can't be asked just now.")
                }
            }
            Grant(_) | Scope(_) | ClientDisabled => {
                Self::bad(crate::error::sentence(&error.to_string()))
            }
            // Clients take 400 for "there is none here", and 404 for "try again".
            Client
            | ClientExpired
            | ClientUnproven
            | Assertion(_)
            | NoFederation
            | Issuer(_)
            | Person
            | PersonDisabled
            | CodeNeeded
            | CodeWrong
            | Pending
            | Declined
            | Expired
            | TooManyDevices { .. }
            | Password(_) => Self::bad("Identity not found."),
        }
    }
}

impl IntoResponse for Refused {
    fn into_response(self) -> Response {
        let body = json!({ "error": self.error, "error_description": self.description });
        let mut response = (self.status, Json(body)).into_response();
        if let Some(seconds) = self.retry_after {
            response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        response
    }
}
