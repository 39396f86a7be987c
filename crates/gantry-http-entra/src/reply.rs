//! The token endpoint's answer (RFC 6749, 5.1), with what Entra adds.

use axum::Json;
use axum::response::{IntoResponse, Response};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use gantry_arm::Guid;
use gantry_directory::sign_in::AZURE_CLI;
use gantry_directory::{DirectoryToken, PrincipalKind};
use gantry_model::Timestamp;
use http::{HeaderValue, header};
use serde_json::{Map, Value, json};

/// Tokens, and what a client wants to hear with them.
pub(crate) struct TokenReply {
    pub(crate) token: DirectoryToken,
    pub(crate) client: Guid,
    pub(crate) tenant: Guid,
    /// The client wants to know who signed in, by ids that it keeps its tokens under.
    pub(crate) wants_client_info: bool,
    /// The older endpoint's answer says what it was asked for.
    pub(crate) resource: Option<String>,
    pub(crate) now: Timestamp,
}

impl IntoResponse for TokenReply {
    fn into_response(self) -> Response {
        let Self { token, client, tenant, wants_client_info, resource, now } = self;
        let mut body = Map::new();
        let mut put = |name: &str, value: Value| body.insert(name.to_owned(), value);
        put("token_type", json!("Bearer"));
        let is_person = token.principal.kind == PrincipalKind::User;
        if is_person {
            put("scope", json!(token.scope));
        }
        match resource {
            None => {
                put("expires_in", json!(token.expires_in));
                put("ext_expires_in", json!(token.expires_in));
            }
            // Numbers are texts there.
            Some(resource) => {
                let now = now.seconds();
                let expires_in = i64::try_from(token.expires_in).unwrap_or(0);
                put("expires_in", json!(expires_in.to_string()));
                put("ext_expires_in", json!(expires_in.to_string()));
                put("expires_on", json!((now + expires_in).to_string()));
                put("not_before", json!(now.to_string()));
                put("resource", json!(resource));
            }
        }
        put("access_token", json!(token.access.expose()));
        if let Some(refresh) = &token.refresh {
            put("refresh_token", json!(refresh.expose()));
            if client.to_string() == AZURE_CLI {
                put("foci", json!("1"));
            }
        }
        if let Some(id) = &token.id {
            put("id_token", json!(id.expose()));
        }
        if is_person && wants_client_info {
            let info = json!({ "uid": token.principal.id, "utid": tenant }).to_string();
            put("client_info", json!(URL_SAFE_NO_PAD.encode(info)));
        }
        let mut response = Json(Value::Object(body)).into_response();
        let headers = response.headers_mut();
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        headers.insert(header::PRAGMA, HeaderValue::from_static("no-cache"));
        response
    }
}
