//! Documents that say where things are (OpenID Connect Discovery 1.0), with addresses as the client
//! used them. They name the tenant by its id, whatever it was called in the request.

use axum::Json;
use axum::response::{IntoResponse, Response};
use http::{HeaderValue, header};
use serde_json::{Value, json};

use crate::call::Call;

/// `GET /{tenant}/v2.0/.well-known/openid-configuration`
pub(crate) fn configuration(call: &Call<'_>) -> Response {
    let (base, issuer) = (&call.base, &call.issuer);
    document(&json!({
        "issuer": format!("{issuer}/v2.0"),
        "authorization_endpoint": format!("{issuer}/oauth2/v2.0/authorize"),
        "token_endpoint": format!("{issuer}/oauth2/v2.0/token"),
        "device_authorization_endpoint": format!("{issuer}/oauth2/v2.0/devicecode"),
        "end_session_endpoint": format!("{issuer}/oauth2/v2.0/logout"),
        "jwks_uri": format!("{issuer}/discovery/v2.0/keys"),
        "msgraph_host": base.authority(),
        "cloud_instance_name": base.authority(),
        "tenant_region_scope": null,
        "response_types_supported": ["code"],
        "response_modes_supported": ["query", "fragment", "form_post"],
        "grant_types_supported": [
            "authorization_code",
            "client_credentials",
            "password",
            "refresh_token",
            "urn:ietf:params:oauth:grant-type:device_code",
        ],
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": ["RS256"],
        "scopes_supported": ["openid", "profile", "email", "offline_access"],
        "claims_supported": [
            "sub", "iss", "aud", "exp", "iat", "nbf", "nonce", "oid", "tid", "name",
            "preferred_username", "upn", "ver",
        ],
        "prompt_values_supported": ["none", "login", "select_account"],
        "code_challenge_methods_supported": ["S256"],
        "token_endpoint_auth_methods_supported": [
            "client_secret_post", "client_secret_basic", "private_key_jwt",
        ],
        "token_endpoint_auth_signing_alg_values_supported": [
            "RS256", "RS384", "RS512", "PS256", "ES256", "ES384",
        ],
        "authorization_response_iss_parameter_supported": true,
        "claims_parameter_supported": false,
        "request_parameter_supported": false,
        "request_uri_parameter_supported": false,
        "frontchannel_logout_supported": false,
    }))
}

/// `GET /{tenant}/discovery/v2.0/keys`: RFC 7517, 5.
pub(crate) fn keys(call: &Call<'_>) -> Response {
    document(&json!({ "keys": call.directory().public_keys() }))
}

/// `GET /common/userrealm/{upn}`: everyone signs in here, whoever they are, so the answer tells
/// nothing of who is there.
pub(crate) fn user_realm(call: &Call<'_>) -> Response {
    document(&json!({
        "ver": "1.0",
        "account_type": "Managed",
        "domain_name": call.directory().tenant().domain,
        "cloud_instance_name": call.base.authority(),
        "cloud_audience_urn": "urn:federation:MicrosoftOnline",
    }))
}

/// `GET /common/discovery/instance`: this server is a cloud of its own, under the host that is asked.
pub(crate) fn instance(call: &Call<'_>) -> Response {
    let host = call.base.authority();
    document(&json!({
        "tenant_discovery_endpoint":
            format!("{}/v2.0/.well-known/openid-configuration", call.issuer),
        "api-version": "1.1",
        "metadata": [{
            "preferred_network": host,
            "preferred_cache": host,
            "aliases": [host],
        }],
    }))
}

/// Their addresses are those of one host, and a cache in between is shared by hosts.
fn document(body: &Value) -> Response {
    let mut response = Json(body).into_response();
    let headers = response.headers_mut();
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("private, max-age=3600"));
    headers.insert(header::VARY, HeaderValue::from_static("Host"));
    response
}
