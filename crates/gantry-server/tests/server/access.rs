//! Who may do what, by every kind of credential, through the front door.

mod attacks;
mod audit;
mod callers;
mod data_endpoint;
mod deployments;
mod input;
mod leaks;
mod limits;
mod network;
mod nodes;
mod people;
mod role_writes;
mod roles;
mod tokens;
mod writes;

use http::Method;
use reqwest::RequestBuilder;
use serde_json::{Value, json};

use crate::contract;
use crate::support::Server;

/// The first application, signed in to the management API.
pub(crate) struct Manager<'a> {
    server: &'a Server,
    token: String,
    pub(crate) subscription: String,
    /// The resource id of the default registry.
    pub(crate) registry: String,
}

impl<'a> Manager<'a> {
    pub(crate) async fn of(server: &'a Server) -> Self {
        let text = std::fs::read_to_string(server.data().join("bootstrap.json")).unwrap();
        let made: Value = serde_json::from_str(&text).unwrap();
        let field = |name: &str| made[name].as_str().unwrap().to_owned();
        let form = [
            ("grant_type", "client_credentials"),
            ("client_id", &field("appId")),
            ("client_secret", &field("password")),
            ("scope", "https://management.azure.com/.default"),
        ];
        let path = format!("/{}/oauth2/v2.0/token", field("tenantId"));
        let answer = server.request(Method::POST, &path).form(&form).send().await.unwrap();
        let answer: Value = answer.json().await.unwrap();
        let subscription = field("subscriptionId");
        Self {
            server,
            token: answer["access_token"].as_str().unwrap().to_owned(),
            registry: format!(
                "/subscriptions/{subscription}/resourceGroups/default/providers/\
                 Microsoft.ContainerRegistry/registries/local"
            ),
            subscription: format!("/subscriptions/{subscription}"),
        }
    }

    /// The same, at another node.
    pub(crate) fn on<'b>(&self, server: &'b Server) -> Manager<'b> {
        Manager {
            server,
            token: self.token.clone(),
            subscription: self.subscription.clone(),
            registry: self.registry.clone(),
        }
    }

    /// A request below the default registry's resource id.
    pub(crate) fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.request_at(method, &format!("{}{path}", self.registry))
    }

    /// A request anywhere.
    pub(crate) fn request_at(&self, method: Method, path: &str) -> RequestBuilder {
        self.plain(method, &format!("{path}?api-version=2025-11-01"))
    }

    /// A request to exactly that address.
    pub(crate) fn plain(&self, method: Method, path: &str) -> RequestBuilder {
        self.server.request(method, path).bearer_auth(&self.token)
    }

    /// The assignments by which somebody owns the subscription.
    pub(crate) async fn owners(&self) -> Vec<Value> {
        const OWNER: &str = "8e3af657-a8ff-443c-a75c-2fe8c4bcb635";
        let path =
            format!("{}/providers/Microsoft.Authorization/roleAssignments", self.subscription);
        let (_, mut all) = self.call_at(Method::GET, &path, Value::Null).await;
        let is_owner = |one: &Value| {
            let properties = &one["properties"];
            properties["roleDefinitionId"].as_str().unwrap().ends_with(OWNER)
                && properties["scope"] == self.subscription
        };
        let Value::Array(all) = all["value"].take() else { panic!("{all}") };
        all.into_iter().filter(is_owner).collect()
    }

    /// A call below the default registry's resource id; an empty path is the registry itself.
    pub(crate) async fn call(&self, method: Method, path: &str, body: Value) -> (u16, Value) {
        self.call_at(method, &format!("{}{path}", self.registry), body).await
    }

    /// A call anywhere.
    pub(crate) async fn call_at(&self, method: Method, path: &str, body: Value) -> (u16, Value) {
        let request = self.request_at(method.clone(), path);
        let request = if body.is_null() { request } else { request.json(&body) };
        let answer = request.send().await.unwrap();
        let status = answer.status().as_u16();
        let bytes = answer.bytes().await.unwrap();
        let answer = serde_json::from_slice(&bytes).unwrap_or(Value::Null);
        contract::check(&method, path, &body, status, &answer);
        (status, answer)
    }

    /// Gives a principal a role; answers the assignment's path.
    pub(crate) async fn assign(
        &self,
        role: &str,
        scope: &str,
        principal: &str,
        condition: Option<&str>,
    ) -> String {
        let id = uuid::Uuid::new_v4();
        let path = format!("{scope}/providers/Microsoft.Authorization/roleAssignments/{id}");
        let role = format!("/providers/Microsoft.Authorization/roleDefinitions/{role}");
        let mut properties = json!({ "principalId": principal, "roleDefinitionId": role });
        if let Some(condition) = condition {
            properties["condition"] = condition.into();
            properties["conditionVersion"] = "2.0".into();
        }
        let wanted = json!({ "properties": properties });
        let (status, answer) = self.call_at(Method::PUT, &path, wanted).await;
        assert_eq!(status, 201, "{answer}");
        path
    }

    /// The same, which must succeed.
    pub(crate) async fn done(&self, method: Method, path: &str, body: Value) -> Value {
        let (status, answer) = self.call(method.clone(), path, body).await;
        assert!((200..300).contains(&status), "{method} {path}: {status} {answer}");
        answer
    }

    /// Makes a scope map of these actions, and a token that has it; answers its first password.
    pub(crate) async fn make_token(&self, name: &str, actions: &[&str]) -> String {
        let map = json!({ "properties": { "actions": actions } });
        self.done(Method::PUT, &format!("/scopeMaps/{name}-map"), map).await;
        let map = format!("{}/scopeMaps/{name}-map", self.registry);
        let token = json!({ "properties": { "scopeMapId": map } });
        self.done(Method::PUT, &format!("/tokens/{name}"), token).await;
        self.generate(name, "password1").await
    }

    /// Makes one of the token's passwords anew.
    pub(crate) async fn generate(&self, name: &str, password: &str) -> String {
        let wanted =
            json!({ "tokenId": format!("{}/tokens/{name}", self.registry), "name": password });
        let made = self.done(Method::POST, "/generateCredentials", wanted).await;
        made["passwords"][0]["value"].as_str().unwrap().to_owned()
    }
}

/// An access token for `scope`, or why there is none.
pub(crate) async fn access_token(
    server: &Server,
    user: &str,
    password: &str,
    scope: &str,
) -> Result<String, u16> {
    let request = server.request(Method::GET, "/oauth2/token").query(&[("scope", scope)]);
    let answer = request.basic_auth(user, Some(password)).send().await.unwrap();
    match answer.status().as_u16() {
        200 => {
            let body: Value = answer.json().await.unwrap();
            Ok(body["access_token"].as_str().unwrap().to_owned())
        }
        status => Err(status),
    }
}

/// The status of a request with an access token.
pub(crate) async fn with_token(server: &Server, token: &str, method: Method, path: &str) -> u16 {
    let request = server.request(method, path).bearer_auth(token);
    request.send().await.unwrap().status().as_u16()
}

/// Stores an index of nothing, tagged `v1`.
pub(crate) async fn push_index(server: &Server, name: &str) {
    let index = json!({
        "schemaVersion": 2,
        "mediaType": "application/vnd.oci.image.index.v1+json",
        "manifests": [],
    });
    server.push_manifest(name, "v1", "image.index", index.to_string()).await;
}
