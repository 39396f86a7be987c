//! `POST /{tenant}/oauth2/v2.0/token`: a grant becomes tokens (RFC 6749, 3.2).

use axum::body::Body;
use axum::response::{IntoResponse, Response};
use gantry_arm::Guid;
use gantry_directory::sign_in::{ClientProof, SignInError};
use gantry_directory::{Principal, TokenWish};
use gantry_model::audit::AuditAction;
use gantry_oci::{Authorization, Form, Secret};
use http::HeaderMap;
use http::header::AUTHORIZATION;

use crate::call::Call;
use crate::error::EntraError;
use crate::path::Version;
use crate::reply::TokenReply;
use gantry_http_base::read_form;

/// RFC 7523, 2.2.
const JWT_BEARER: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

pub(crate) async fn post(
    call: &Call<'_>,
    version: Version,
    body: Body,
) -> Result<Response, EntraError> {
    let form = read_form(body, call.app.body_timeout, &[]).await?;
    let grant = form.required("grant_type")?;
    let client = Client::of(&call.parts.headers, &form)?;
    let granted = match grant {
        "client_credentials" => client_credentials(call, &form, version, &client).await,
        "refresh_token" => refresh_token(call, &form, version, &client).await,
        "password" => password(call, &form, version, &client).await,
        "authorization_code" => authorization_code(call, &form, version, &client).await,
        "urn:ietf:params:oauth:grant-type:device_code" | "device_code" => {
            device_code(call, &form, &client).await
        }
        _ => return Err(EntraError::unsupported_grant()),
    };
    let action = AuditAction::DirectorySignIn;
    let how = format!("{grant} by {}", client.app_id);
    let granted = granted.inspect_err(|error| {
        if error.is_refusal() {
            // A name that a grant without one brings along says nothing of who asks.
            let person = form.get("username").filter(|_| grant == "password");
            let account = person.unwrap_or(&client.app_id);
            call.note_refused(action, account, format!("{how}: {}", error.description));
        }
    })?;
    call.note_granted(action, granted.principal.id, how);
    let wish = TokenWish {
        issuer: &call.issuer,
        client: client.id()?,
        scope: &granted.scope,
        nonce: granted.nonce.as_deref(),
    };
    let resource = match version {
        Version::V1 => Some(granted.scope.split("/.default").next().unwrap_or("").to_owned()),
        Version::V2 => None,
    };
    Ok(TokenReply {
        token: call.directory().issue(granted.principal, &wish),
        client: wish.client,
        tenant: call.directory().tenant().id,
        wants_client_info: form.get("client_info") == Some("1"),
        resource,
        now: call.now(),
    }
    .into_response())
}

/// Who gets tokens for what.
struct Granted {
    principal: Principal,
    scope: String,
    nonce: Option<String>,
}

/// The program that asks.
struct Client {
    app_id: String,
    proof: ClientProof,
}

impl Client {
    /// Reads who asks, and their one proof (RFC 6749, 2.3): in the form, or as Basic credentials.
    fn of(headers: &HeaderMap, form: &Form) -> Result<Self, EntraError> {
        let mut proofs = Vec::new();
        let mut app_id = form.get("client_id").map(str::to_owned);
        if let Some(header) = headers.get(AUTHORIZATION) {
            let (user, password) = basic(header)?;
            if app_id.as_ref().is_some_and(|named| *named != user) {
                return Err(EntraError::invalid_request("Two client ids are given."));
            }
            app_id = Some(user);
            proofs.push(ClientProof::Secret(password));
        }
        proofs.extend(form.secret("client_secret").map(ClientProof::Secret));
        if let Some(assertion) = form.secret("client_assertion") {
            if form.required("client_assertion_type")? != JWT_BEARER {
                let problem = format!("client_assertion_type must be {JWT_BEARER}.");
                return Err(EntraError::invalid_request(problem));
            }
            proofs.push(ClientProof::Assertion(assertion));
        }
        if proofs.len() > 1 {
            let problem = "The application proves itself in more than one way.";
            return Err(EntraError::invalid_request(problem));
        }
        Ok(Self {
            app_id: app_id.ok_or_else(|| EntraError::missing("client_id"))?,
            proof: proofs.pop().unwrap_or(ClientProof::Nothing),
        })
    }

    /// Checks that it is the one that the grant was made for, or that may use it.
    async fn check(&self, call: &Call<'_>) -> Result<Guid, EntraError> {
        let checked = call.directory().check_client(&self.app_id, &self.proof, call.context());
        checked.await.map_err(|error| match (&error, &self.proof) {
            (SignInError::Client, ClientProof::Nothing) => EntraError::client_unproven(),
            _ => error.into(),
        })
    }

    fn id(&self) -> Result<Guid, EntraError> {
        self.app_id.parse().map_err(|_| SignInError::Client.into())
    }
}

/// Basic credentials, each part of which is form-encoded (RFC 6749, 2.3.1).
fn basic(header: &http::HeaderValue) -> Result<(String, Secret), EntraError> {
    let malformed = || EntraError::invalid_request("The Authorization header can't be read.");
    let parsed = header.to_str().map_err(|_| malformed())?.parse().map_err(|_| malformed())?;
    let Authorization::Basic { user, password } = parsed else { return Err(malformed()) };
    let decoded = |text: &str| {
        let text = text.replace('=', "%3D").replace('&', "%26");
        form_urlencoded::parse(text.as_bytes())
            .next()
            .map_or(String::new(), |(text, _)| text.into())
    };
    Ok((decoded(&user), Secret::new(decoded(password.expose()))))
}

/// The scope that the form asks for, and whether there was any. `resource` is what the older endpoint
/// is asked for; people who sign in there may always come again.
pub(crate) fn scope_of(form: &Form, version: Version) -> Result<(String, bool), EntraError> {
    match version {
        Version::V2 => {
            let scope = form.get("scope");
            Ok((scope.unwrap_or_default().to_owned(), scope.is_some()))
        }
        Version::V1 => {
            let resource = form.required("resource")?;
            if resource.contains(' ') {
                return Err(EntraError::invalid_request("The resource has a space in it."));
            }
            Ok((format!("{resource}/.default openid offline_access"), true))
        }
    }
}

/// Scopes that are of no resource (OpenID Connect Core, 5.4 and 11).
const OPENID: [&str; 4] = ["openid", "profile", "email", "offline_access"];

/// RFC 6749, 4.4.
async fn client_credentials(
    call: &Call<'_>,
    form: &Form,
    version: Version,
    client: &Client,
) -> Result<Granted, EntraError> {
    // Libraries ask for what OpenID Connect has besides, which means nothing where nobody signs in.
    let (scope, _) = scope_of(form, version)?;
    let of_resources = scope.split(' ').filter(|word| !word.is_empty() && !OPENID.contains(word));
    let scope = of_resources.collect::<Vec<_>>().join(" ");
    if scope.contains(' ') || !scope.ends_with("/.default") {
        return Err(EntraError::not_default_scope());
    }
    call.directory().check_scope(&scope, &call.issuer)?;
    let signed_in =
        call.directory().sign_in_application(&client.app_id, &client.proof, call.context());
    Ok(Granted { principal: signed_in.await?, scope, nonce: None })
}

/// RFC 6749, 6.
async fn refresh_token(
    call: &Call<'_>,
    form: &Form,
    version: Version,
    client: &Client,
) -> Result<Granted, EntraError> {
    let token = form.required("refresh_token")?;
    let (scope, is_there) = scope_of(form, version)?;
    if !is_there {
        // What it was given for isn't known any more.
        return Err(EntraError::missing("scope"));
    }
    call.directory().check_scope(&scope, &call.issuer)?;
    let id = client.check(call).await?;
    let principal = call.directory().sign_in_again(id, token).await?;
    Ok(Granted { principal, scope, nonce: None })
}

/// RFC 6749, 4.3.
async fn password(
    call: &Call<'_>,
    form: &Form,
    version: Version,
    client: &Client,
) -> Result<Granted, EntraError> {
    let name = form.required("username")?;
    let password = form.secret("password").ok_or_else(|| EntraError::missing("password"))?;
    let (scope, _) = scope_of(form, version)?;
    call.directory().check_scope(&scope, &call.issuer)?;
    client.check(call).await?;
    // Nobody is there who could enter a code.
    let signed_in = call.directory().sign_in_person(name, &password, None, call.context());
    Ok(Granted { principal: signed_in.await?, scope, nonce: None })
}

/// RFC 6749, 4.1.3, always with a proof key (RFC 7636, 4.5).
async fn authorization_code(
    call: &Call<'_>,
    form: &Form,
    version: Version,
    client: &Client,
) -> Result<Granted, EntraError> {
    let code = form.required("code")?;
    let redirect_uri = form.required("redirect_uri")?;
    let verifier = form.required("code_verifier")?;
    let asked = match version {
        Version::V1 if form.get("resource").is_none() => None,
        _ => Some(scope_of(form, version)?).filter(|(_, is_there)| *is_there),
    };
    if let Some((scope, _)) = &asked {
        call.directory().check_scope(scope, &call.issuer)?;
    }
    let id = client.check(call).await?;
    let exchanged = call.directory().sign_in_code(id, code, redirect_uri, verifier);
    let (principal, request) = exchanged.await?;
    let scope = asked.map_or(request.scope, |(scope, _)| scope);
    Ok(Granted { principal, scope, nonce: request.nonce })
}

/// RFC 8628, 3.4. Azure's clients send the code under two names.
async fn device_code(call: &Call<'_>, form: &Form, client: &Client) -> Result<Granted, EntraError> {
    let code = form.get("device_code").or_else(|| form.get("code"));
    let code = code.ok_or_else(|| EntraError::missing("device_code"))?;
    let id = client.check(call).await?;
    let (principal, scope) = call.directory().sign_in_device(id, code).await?;
    Ok(Granted { principal, scope, nonce: None })
}
