//! Microsoft Graph, as `az ad` and `az role assignment` speak it.

mod applications;
mod groups;
mod lists;
mod service_principals;
mod users;

use http::Method;
use serde_json::{Value, json};

use super::{CLI, First, ask};
use crate::support::Server;

pub(crate) const GRAPH: &str = "https://graph.microsoft.com/.default";

/// Someone who asks Graph.
pub(crate) struct Asker<'s> {
    server: &'s Server,
    pub(super) token: String,
}

impl<'s> Asker<'s> {
    pub(crate) async fn app(server: &'s Server, first: &First) -> Self {
        let (status, body) = ask(server, "common", &first.app_form(GRAPH)).await;
        assert_eq!(status, 200, "{body}");
        Self { server, token: body["access_token"].as_str().unwrap().to_owned() }
    }

    pub(super) async fn user(server: &'s Server, user: &str, password: &str) -> Self {
        let (status, body) = sign_in(server, user, password, GRAPH).await;
        assert_eq!(status, 200, "{body}");
        Self { server, token: body["access_token"].as_str().unwrap().to_owned() }
    }

    async fn send(&self, method: Method, path: &str, body: Option<Value>) -> (u16, Value) {
        let request = self.server.request(method, &format!("/graph/{path}"));
        let request = request.bearer_auth(&self.token);
        let request = match body {
            Some(body) => request.json(&body),
            None => request,
        };
        let answer = request.send().await.unwrap();
        let status = answer.status().as_u16();
        let text = answer.text().await.unwrap();
        (status, if text.is_empty() { Value::Null } else { serde_json::from_str(&text).unwrap() })
    }

    pub(crate) async fn get(&self, path: &str) -> (u16, Value) {
        self.send(Method::GET, path, None).await
    }

    pub(crate) async fn post(&self, path: &str, body: Value) -> (u16, Value) {
        self.send(Method::POST, path, Some(body)).await
    }

    pub(crate) async fn patch(&self, path: &str, body: Value) -> (u16, Value) {
        self.send(Method::PATCH, path, Some(body)).await
    }

    pub(crate) async fn delete(&self, path: &str) -> u16 {
        self.send(Method::DELETE, path, None).await.0
    }

    /// What is made, which must be.
    pub(crate) async fn make(&self, path: &str, body: Value) -> Value {
        let (status, made) = self.post(path, body).await;
        assert!(matches!(status, 200 | 201), "{path}: {status} {made}");
        made
    }

    /// The entries that fit the filter.
    async fn find(&self, set: &str, filter: &str) -> Vec<Value> {
        let query = [("$filter", filter)];
        let query = reqwest::Url::parse_with_params("http://x/", query).unwrap();
        let (status, body) = self.get(&format!("v1.0/{set}?{}", query.query().unwrap())).await;
        assert_eq!(status, 200, "{filter}: {body}");
        body["value"].as_array().unwrap().clone()
    }
}

async fn sign_in(server: &Server, user: &str, password: &str, scope: &str) -> (u16, Value) {
    let form = [
        ("grant_type", "password"),
        ("client_id", CLI),
        ("username", user),
        ("password", password),
        ("scope", scope),
    ];
    ask(server, "common", &form).await
}

fn text<'v>(value: &'v Value, name: &str) -> &'v str {
    value[name].as_str().unwrap_or_else(|| panic!("no {name}: {value}"))
}

async fn make_user(asker: &Asker<'_>, name: &str) -> Value {
    let body = json!({
        "accountEnabled": true,
        "displayName": name,
        "mailNickname": name,
        "passwordProfile": {
            "forceChangePasswordNextSignIn": false,
            "password": "a password for tests",
        },
        "userPrincipalName": format!("{name}@gantry.localhost"),
    });
    asker.make("v1.0/users", body).await
}
