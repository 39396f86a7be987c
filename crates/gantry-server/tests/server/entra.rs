//! The sign-in surface, as Azure's clients and browsers meet it.

mod authorize;
mod browser;
mod device;
mod grants;
pub(crate) mod graph;
mod log;
mod managed_identity;

use http::Method;
use reqwest::{RequestBuilder, Response};
use serde_json::Value;

use crate::support::Server;

/// Azure's command line.
const CLI: &str = "04b07795-8ddb-461a-bbee-02f9e1bf7b46";
pub(crate) const MANAGEMENT: &str = "https://management.azure.com/.default";

/// What the first start has made.
pub(crate) struct First {
    pub(crate) tenant: String,
    pub(crate) app: String,
    pub(crate) secret: String,
    user: String,
    password: String,
}

impl First {
    pub(crate) fn of(server: &Server) -> Self {
        let text = std::fs::read_to_string(server.data().join("bootstrap.json")).unwrap();
        let made: Value = serde_json::from_str(&text).unwrap();
        let field = |name: &str| made[name].as_str().unwrap().to_owned();
        Self {
            tenant: field("tenantId"),
            app: field("appId"),
            secret: field("password"),
            user: field("user"),
            password: field("userPassword"),
        }
    }

    /// The first application asks for a token by its secret.
    pub(crate) fn app_form<'a>(&'a self, scope: &'a str) -> Vec<(&'a str, &'a str)> {
        vec![
            ("grant_type", "client_credentials"),
            ("client_id", &self.app),
            ("client_secret", &self.secret),
            ("scope", scope),
        ]
    }

    /// The first user signs in with the command line.
    fn user_form<'a>(&'a self, scope: &'a str) -> Vec<(&'a str, &'a str)> {
        vec![
            ("grant_type", "password"),
            ("client_id", CLI),
            ("username", &self.user),
            ("password", &self.password),
            ("scope", scope),
            ("client_info", "1"),
        ]
    }
}

/// A question to the token endpoint.
fn token(server: &Server, tenant: &str, form: &[(&str, &str)]) -> RequestBuilder {
    server.request(Method::POST, &format!("/{tenant}/oauth2/v2.0/token")).form(form)
}

async fn told(answer: Response) -> (u16, Value) {
    (answer.status().as_u16(), answer.json().await.unwrap())
}

pub(crate) async fn ask(server: &Server, tenant: &str, form: &[(&str, &str)]) -> (u16, Value) {
    told(token(server, tenant, form).send().await.unwrap()).await
}

/// The claims of a token.
fn claims(token: &Value) -> Value {
    use base64::Engine;
    let part = token.as_str().unwrap().split('.').nth(1).unwrap();
    let bytes = base64::engine::general_purpose::URL_SAFE_NO_PAD.decode(part).unwrap();
    serde_json::from_slice(&bytes).unwrap()
}

/// The number by which people look the error up.
fn number(body: &Value) -> u64 {
    body["error_codes"][0].as_u64().unwrap_or_else(|| panic!("no error: {body}"))
}
