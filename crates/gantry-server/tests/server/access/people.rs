//! Applications and groups of the directory, made for a test.

use serde_json::{Value, json};

use crate::entra::graph::{Asker, GRAPH};
use crate::entra::{First, MANAGEMENT, ask};
use crate::support::Server;

/// Makes what is asked for.
pub(super) struct Directory<'s> {
    server: &'s Server,
    pub(super) graph: Asker<'s>,
}

/// An application with a secret.
pub(super) struct Application {
    pub(super) client: String,
    pub(super) secret: String,
    /// Of its service principal: what roles are given to.
    pub(super) principal: String,
}

fn text(value: &Value, name: &str) -> String {
    value[name].as_str().unwrap_or_else(|| panic!("no {name}: {value}")).to_owned()
}

impl<'s> Directory<'s> {
    pub(super) async fn of(server: &'s Server) -> Self {
        let first = First::of(server);
        Self { server, graph: Asker::app(server, &first).await }
    }

    pub(super) async fn application(&self, name: &str) -> Application {
        let made = self.graph.make("v1.0/applications", json!({ "displayName": name })).await;
        let client = text(&made, "appId");
        let principal = self.graph.make("v1.0/servicePrincipals", json!({ "appId": client })).await;
        let path = format!("v1.0/applications/{}/addPassword", text(&made, "id"));
        let (status, password) = self.graph.post(&path, json!({})).await;
        assert_eq!(status, 200, "{password}");
        Application {
            client,
            secret: text(&password, "secretText"),
            principal: text(&principal, "id"),
        }
    }

    pub(super) async fn group(&self, name: &str) -> String {
        let wanted = json!({
            "displayName": name,
            "mailNickname": name,
            "mailEnabled": false,
            "securityEnabled": true,
        });
        text(&self.graph.make("v1.0/groups", wanted).await, "id")
    }

    pub(super) async fn join(&self, group: &str, member: &str) {
        let object = format!("https://graph.microsoft.com/v1.0/directoryObjects/{member}");
        let path = format!("v1.0/groups/{group}/members/$ref");
        let (status, body) = self.graph.post(&path, json!({ "@odata.id": object })).await;
        assert_eq!(status, 204, "{body}");
    }

    pub(super) async fn leave(&self, group: &str, member: &str) {
        let path = format!("v1.0/groups/{group}/members/{member}/$ref");
        assert_eq!(self.graph.delete(&path).await, 204);
    }

    /// A token of the application's, for the management API or for Graph.
    pub(super) async fn token(&self, application: &Application, scope: &str) -> Option<String> {
        let form = [
            ("grant_type", "client_credentials"),
            ("client_id", application.client.as_str()),
            ("client_secret", &application.secret),
            ("scope", scope),
        ];
        let (status, body) = ask(self.server, "common", &form).await;
        (status == 200).then(|| text(&body, "access_token"))
    }

    pub(super) async fn management(&self, application: &Application) -> String {
        self.token(application, MANAGEMENT).await.unwrap()
    }

    pub(super) async fn for_graph(&self, application: &Application) -> String {
        self.token(application, GRAPH).await.unwrap()
    }
}
