//! Repository-scoped tokens.

use axum::Json;
use axum::body::Body;
use axum::response::{IntoResponse, Response};
use gantry_access::tokens::{NewPasswords, TokenChange, TokenError};
use gantry_arm::ResourceId;
use gantry_http_base::made;
pub(crate) use gantry_model::scoped::Token;
use gantry_model::scoped::{ScopedName, TokenPassword, TokenPasswordName};
use gantry_model::{Precondition, Registry, Timestamp, Versioned, Written};
use http::StatusCode;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::children::{Child, WrittenTo};
use crate::error::ArmError;
use crate::shape::{Common, lowercase_enabled};
use crate::{Call, body, registries};

/// A token's properties.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(inline, rename = "Token")]
pub(crate) struct Properties {
    creation_date: String,
    scope_map_id: String,
    #[schemars(extend("enum" = ["enabled", "disabled"]))]
    status: &'static str,
    credentials: Credentials,
}

#[derive(Serialize, JsonSchema)]
#[schemars(rename = "TokenCredentials")]
struct Credentials {
    certificates: [(); 0],
    passwords: Vec<Password>,
}

/// A token's password; its text is shown when it is made.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "TokenPassword")]
struct Password {
    name: &'static str,
    creation_time: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    expiry: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    value: Option<String>,
}

/// What a token signs in with.
#[derive(Serialize, JsonSchema)]
pub(crate) struct GeneratedCredentials {
    username: String,
    passwords: Vec<Password>,
}

#[derive(Deserialize, JsonSchema)]
pub(crate) struct Wanted {
    properties: WantedProperties,
}

#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct WantedProperties {
    scope_map_id: Option<String>,
    status: Option<Status>,
    credentials: Option<WantedCredentials>,
}

#[derive(Default, Deserialize, JsonSchema)]
struct WantedCredentials {
    #[serde(default)]
    passwords: Option<Vec<NamedPassword>>,
    #[serde(default)]
    certificates: Option<Vec<Value>>,
}

#[derive(Deserialize, JsonSchema)]
struct NamedPassword {
    #[schemars(with = "String", extend("enum" = ["password1", "password2"]))]
    name: TokenPasswordName,
}

#[derive(Clone, Copy, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
enum Status {
    Enabled,
    Disabled,
}

#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Generate {
    token_id: String,
    #[schemars(with = "Option<String>")]
    name: Option<TokenPasswordName>,
    expiry: Option<String>,
}

impl Child for Token {
    const KIND: &'static str = "tokens";
    const NAME: &'static str = "tokenName";
    const DELETED: StatusCode = StatusCode::OK;
    type Properties = Properties;
    type Wanted = Wanted;

    fn key(&self) -> String {
        self.name.key().to_owned()
    }

    fn name(&self) -> &str {
        self.name.as_str()
    }

    fn render(&self, call: &Call<'_>, registry: &Registry) -> (Common, Properties) {
        let own = call.app.access.resource_id(registry);
        let properties = Properties {
            creation_date: self.created_at.to_string(),
            scope_map_id: format!("{own}/scopeMaps/{}", self.scope_map),
            status: lowercase_enabled(self.enabled),
            credentials: Credentials {
                certificates: [],
                passwords: self.passwords.iter().map(password).collect(),
            },
        };
        (Common::default(), properties)
    }

    async fn find(
        call: &Call<'_>,
        registry: &Registry,
        name: &str,
    ) -> Result<Versioned<Self>, ArmError> {
        let name = parse(name)?;
        let found = call.app.access.find_token(registry, &name).await?;
        found.ok_or_else(|| refused(TokenError::Missing(name)))
    }

    async fn list(
        call: &Call<'_>,
        registry: &Registry,
        after: &str,
        limit: usize,
    ) -> Result<Vec<Self>, ArmError> {
        Ok(call.app.access.list_tokens(registry, after, limit).await?)
    }

    async fn write(
        call: &Call<'_>,
        registry: &Registry,
        to: WrittenTo,
        wanted: Value,
    ) -> Result<(Versioned<Self>, Written), ArmError> {
        let Wanted { properties } = body::of(wanted)?;
        let wished = wished(call, registry, properties)?;
        let WrittenTo { name, if_absent, precondition } = to;
        let (name, access) = (parse(&name)?, &call.app.access);
        let written = access.write_token(registry, &name, wished, if_absent, precondition);
        written.await.map_err(refused)
    }

    async fn delete(
        call: &Call<'_>,
        registry: &Registry,
        name: &str,
        precondition: Precondition,
    ) -> Result<bool, ArmError> {
        match call.app.access.delete_token(registry, &parse(name)?, precondition).await {
            Ok(()) => Ok(true),
            Err(TokenError::Missing(_)) => Ok(false),
            Err(error) => Err(refused(error)),
        }
    }
}

fn parse(name: &str) -> Result<ScopedName, ArmError> {
    name.parse().map_err(ArmError::bad_name)
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
pub(crate) async fn generate(call: &Call<'_>, body: Body) -> Result<Response, ArmError> {
    let registry = registries::find(call)?;
    let wanted: Generate = body::read(call.app, body).await?;
    let token: ResourceId = wanted.token_id.parse().map_err(ArmError::bad_request)?;
    let own = call.asked.resource.contains(&token)
        && token.is_type("Microsoft.ContainerRegistry/registries/tokens");
    let name = token.name().filter(|_| own);
    let name = name.ok_or_else(|| ArmError::bad_request("tokenId is no token of this registry"))?;
    let name: ScopedName = name.parse().map_err(ArmError::bad_request)?;
    let expiry = wanted.expiry.map(|text| text.parse::<Timestamp>().map_err(ArmError::bad_request));
    let expiry = expiry.transpose()?;
    let generated = call.app.access.generate_passwords(&registry, &name, wanted.name, expiry);
    let NewPasswords { user, passwords: made_passwords } = generated.await.map_err(refused)?;
    let passwords = made_passwords
        .iter()
        .map(|(row, text)| Password { value: Some(text.expose().to_owned()), ..password(row) });
    let names: Vec<_> = made_passwords.iter().map(|(row, _)| row.name.as_str()).collect();
    let passwords = passwords.collect();
    let shown = GeneratedCredentials { username: user.as_str().to_owned(), passwords };
    Ok(made(Json(shown).into_response(), format!("token {user}: {}", names.join(", "))))
}

fn scope_map_name(call: &Call<'_>, registry: &Registry, id: &str) -> Result<ScopedName, ArmError> {
    let refuse = || ArmError::bad_request("scopeMapId is no scope map of this registry");
    let id: ResourceId = id.parse().map_err(|_| refuse())?;
    let own = registries::id(call, registry).is_some_and(|own| own.contains(&id));
    let is_map = id.is_type("Microsoft.ContainerRegistry/registries/scopeMaps");
    let name = id.name().filter(|_| own && is_map).ok_or_else(refuse)?;
    name.parse().map_err(|_| refuse())
}

fn password(password: &TokenPassword) -> Password {
    Password {
        name: password.name.as_str(),
        creation_time: password.created_at.to_string(),
        expiry: password.expires_at.map(|at| at.to_string()),
        value: None,
    }
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
