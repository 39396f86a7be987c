//! Tokens of a real issuer, and what attackers make of them.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod attacks;
mod issuer;
mod keys;
mod tenants;
mod tokens;

use gantry_issuers::VerifyError;
use issuer::Issuer;
use serde_json::{Map, Value, json};

const AUDIENCE: &str = "https://registry.example";

/// The claims of a token that is good for five minutes.
fn claims(issuer: &Issuer) -> Value {
    let now = issuer.now();
    json!({
        "iss": issuer.url(),
        "sub": "alice",
        "aud": AUDIENCE,
        "iat": now,
        "nbf": now,
        "exp": now + 300,
    })
}

fn with(mut claims: Value, more: Value) -> Value {
    let Value::Object(more) = more else { panic!("an object") };
    claims.as_object_mut().unwrap().extend(more);
    claims
}

async fn verify(issuer: &Issuer, token: &str) -> Result<Map<String, Value>, VerifyError> {
    issuer.issuers.verify(&issuer.url(), token, &["other", AUDIENCE]).await
}
