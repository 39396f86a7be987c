//! Repository-scoped tokens.

use axum::Json;
use axum::body::Body;
use axum::response::{IntoResponse, Response};
use gantry_access::tokens::{NewPasswords, TokenChange, TokenError};
use gantry_arm::ResourceId;
use gantry_http_base::made;
use gantry_model::scoped::{ScopedName, Token, TokenPassword, TokenPasswordName};
use gantry_model::{IfAbsent, Registry, Timestamp};
use http::StatusCode;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::error::ArmError;
use crate::page::{self, LIMIT};
use crate::preconditions::{precondition, status, tagged};
use crate::route::{RegistryAt, Verb};
use crate::{Call, body, registries};

const GENERATE: &str = "Microsoft.ContainerRegistry/registries/generateCredentials/action";

#[derive(Deserialize)]
struct Wanted {
    properties: WantedProperties,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct WantedProperties {
    scope_map_id: Option<String>,
    status: Option<Status>,
    credentials: Option<WantedCredentials>,
    // What a client read and sends back.
    #[serde(rename = "creationDate")]
    _creation_date: Option<Value>,
    #[serde(rename = "provisioningState")]
    _provisioning_state: Option<Value>,
}

#[derive(Default, Deserialize)]
struct WantedCredentials {
    #[serde(default)]
    passwords: Option<Vec<NamedPassword>>,
    #[serde(default)]
    certificates: Option<Vec<Value>>,
}

#[derive(Deserialize)]
struct NamedPassword {
    name: TokenPasswordName,
}

#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Status {
    Enabled,
    Disabled,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Generate {
    token_id: String,
    name: Option<TokenPasswordName>,
    expiry: Option<String>,
}

/// `GET tokens`
pub(crate) async fn list(call: &Call<'_>, at: &RegistryAt) -> Result<Response, ArmError> {
    let registry = registries::find(call, at, &action(Verb::Get))?;
    let after = page::after(call)?;
    let tokens = call.app.access.list_tokens(&registry, &after, LIMIT + 1).await?;
    let render = |token: &Token| render(call, &registry, token);
    Ok(page::cut(call, tokens, |token| token.name.key(), render))
}

/// One token: shown, made, changed, deleted.
pub(crate) async fn one(
    call: &Call<'_>,
    at: &RegistryAt,
    name: &str,
    verb: Verb,
    body: Body,
) -> Result<Response, ArmError> {
    let registry = registries::find(call, at, &action(verb))?;
    let name: ScopedName = name.parse().map_err(ArmError::bad_request)?;
    let access = &call.app.access;
    match verb {
        Verb::Get => {
            let found = access.find_token(&registry, &name).await?;
            let found = found.ok_or_else(|| refused(TokenError::Missing(name)))?;
            Ok(tagged(StatusCode::OK, &found.version, render(call, &registry, &found.value)))
        }
        Verb::Put => write(call, &registry, &name, IfAbsent::Make, body).await,
        Verb::Patch => write(call, &registry, &name, IfAbsent::Refuse, body).await,
        Verb::Delete => {
            let precondition = precondition(&call.parts.headers)?;
            match access.delete_token(&registry, &name, precondition).await {
                Ok(()) => Ok(StatusCode::OK.into_response()),
                Err(TokenError::Missing(_)) => Ok(StatusCode::NO_CONTENT.into_response()),
                Err(error) => Err(refused(error)),
            }
        }
    }
}

async fn write(
    call: &Call<'_>,
    registry: &Registry,
    name: &ScopedName,
    if_absent: IfAbsent,
    body: Body,
) -> Result<Response, ArmError> {
    let precondition = precondition(&call.parts.headers)?;
    let Wanted { properties } = body::read(call.app, body).await?;
    let wished = wished(call, registry, properties)?;
    let written = call.app.access.write_token(registry, name, wished, if_absent, precondition);
    let (token, written) = written.await.map_err(refused)?;
    Ok(tagged(status(written), &token.version, render(call, registry, &token.value)))
}

fn wished(
    call: &Call<'_>,
    registry: &Registry,
    wanted: WantedProperties,
) -> Result<TokenChange, ArmError> {
    let WantedCredentials { passwords, certificates } = wanted.credentials.unwrap_or_default();
    if certificates.is_some_and(|some| !some.is_empty()) {
        let message = "tokens with certificates are not supported: generate passwords";
        return Err(ArmError::bad_request(message));
    }
    let scope_map = wanted.scope_map_id.map(|id| scope_map_name(call, registry, &id));
    Ok(TokenChange {
        scope_map: scope_map.transpose()?,
        enabled: wanted.status.map(|status| matches!(status, Status::Enabled)),
        kept_passwords: passwords.map(|kept| kept.iter().map(|one| one.name).collect()),
    })
}

/// `POST generateCredentials`
pub(crate) async fn generate(
    call: &Call<'_>,
    at: &RegistryAt,
    body: Body,
) -> Result<Response, ArmError> {
    let registry = registries::find(call, at, GENERATE)?;
    let wanted: Generate = body::read(call.app, body).await?;
    let token: ResourceId = wanted.token_id.parse().map_err(ArmError::bad_request)?;
    let own =
        at.id.contains(&token) && token.is_type("Microsoft.ContainerRegistry/registries/tokens");
    let name = token.name().filter(|_| own);
    let name = name.ok_or_else(|| ArmError::bad_request("tokenId is no token of this registry"))?;
    let name: ScopedName = name.parse().map_err(ArmError::bad_request)?;
    let expiry = wanted.expiry.map(|text| text.parse::<Timestamp>().map_err(ArmError::bad_request));
    let expiry = expiry.transpose()?;
    let generated = call.app.access.generate_passwords(&registry, &name, wanted.name, expiry);
    let NewPasswords { user, passwords: made_passwords } = generated.await.map_err(refused)?;
    let passwords: Vec<Value> = made_passwords
        .iter()
        .map(|(row, text)| {
            let mut shown = password(row);
            shown["value"] = text.expose().into();
            shown
        })
        .collect();
    let names: Vec<_> = made_passwords.iter().map(|(row, _)| row.name.as_str()).collect();
    let shown = json!({ "username": user.as_str(), "passwords": passwords });
    Ok(made(Json(shown).into_response(), format!("token {user}: {}", names.join(", "))))
}

/// The action that the verb takes.
fn action(verb: Verb) -> String {
    format!("Microsoft.ContainerRegistry/registries/tokens/{}", verb.action())
}

fn scope_map_name(call: &Call<'_>, registry: &Registry, id: &str) -> Result<ScopedName, ArmError> {
    let refuse = || ArmError::bad_request("scopeMapId is no scope map of this registry");
    let id: ResourceId = id.parse().map_err(|_| refuse())?;
    let own = registries::id(call, registry).is_some_and(|own| own.contains(&id));
    let is_map = id.is_type("Microsoft.ContainerRegistry/registries/scopeMaps");
    let name = id.name().filter(|_| own && is_map).ok_or_else(refuse)?;
    name.parse().map_err(|_| refuse())
}

fn render(call: &Call<'_>, registry: &Registry, token: &Token) -> Value {
    let own = call.app.access.resource_id(registry);
    json!({
        "id": format!("{own}/tokens/{}", token.name),
        "name": token.name.as_str(),
        "type": "Microsoft.ContainerRegistry/registries/tokens",
        "properties": {
            "creationDate": token.created_at.to_string(),
            "provisioningState": "Succeeded",
            "scopeMapId": format!("{own}/scopeMaps/{}", token.scope_map),
            "status": if token.enabled { "enabled" } else { "disabled" },
            "credentials": {
                "certificates": [],
                "passwords": token.passwords.iter().map(password).collect::<Vec<_>>(),
            },
        },
    })
}

fn password(password: &TokenPassword) -> Value {
    json!({
        "name": password.name.as_str(),
        "creationTime": password.created_at.to_string(),
        "expiry": password.expires_at.map(|at| at.to_string()),
    })
}

fn refused(error: TokenError) -> ArmError {
    match error {
        TokenError::Missing(_) => ArmError::not_found(error),
        TokenError::Precondition(error) => error.into(),
        TokenError::NoScopeMap
        | TokenError::NoSuchScopeMap(_)
        | TokenError::Reserved
        | TokenError::Expired => ArmError::bad_request(error),
        TokenError::TooMany(_) => ArmError::conflict("TokensLimitExceeded", error),
        TokenError::Catalog(error) => error.into(),
    }
}
