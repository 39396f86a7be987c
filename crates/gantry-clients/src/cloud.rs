//! The server as a cloud: what its first start made, and its management API, asked by `curl`.

use std::fs;

use serde_json::{Value, json};

use crate::az::NOBODY;
use crate::{Client, Site};

/// What Azure's clients ask the directory for, to sign in to a registry with.
const REGISTRY_SCOPE: &str = "https://containerregistry.azure.net/.default";

/// A name and password for a client's `login`.
#[derive(Clone, Debug)]
pub struct SignIn {
    /// What it is.
    pub kind: &'static str,
    /// The user name.
    pub user: String,
    /// The password.
    pub password: String,
}

/// A site's directory and management API.
#[derive(Debug)]
pub struct Cloud {
    base: String,
    curl: Client,
    /// The tenant's id.
    pub tenant: String,
    /// The subscription's id.
    pub subscription: String,
    /// The first application's id.
    pub app: String,
    /// Its secret.
    pub secret: String,
    /// The first user's name.
    pub user: String,
    /// Their password.
    pub password: String,
}

impl Cloud {
    /// That of a site reached by HTTPS.
    pub fn of(site: &Site) -> Self {
        let made = fs::read(site.bootstrap()).expect("the first start wrote what it made");
        let made: Value = serde_json::from_slice(&made).expect("it is JSON");
        let field = |name: &str| text(&made, name);
        // To curl, `localhost` is 127.0.0.1, whatever `/etc/hosts` says.
        let to = format!("localhost:{}:{}", site.port(), site.address());
        let curl = site.debian("curl").option("--silent").option("--show-error");
        let curl = curl.option("--connect-to").option(to);
        Self {
            base: format!("https://{}", site.host()),
            curl: curl.option("--cacert").option(site.ca()),
            tenant: field("tenantId"),
            subscription: field("subscriptionId"),
            app: field("appId"),
            secret: field("password"),
            user: field("user"),
            password: field("userPassword"),
        }
    }

    /// The server's address.
    pub fn base(&self) -> &str {
        &self.base
    }

    /// `curl` that trusts the server's CA.
    pub fn curl(&self) -> Client {
        self.curl.clone()
    }

    /// A token of the directory's for the first application.
    pub fn token(&self, scope: &str) -> String {
        let form = [
            ("grant_type", "client_credentials"),
            ("client_id", &self.app),
            ("client_secret", &self.secret),
            ("scope", scope),
        ];
        let address = format!("{}/{}/oauth2/v2.0/token", self.base, self.tenant);
        text(&self.post(&address, &form), "access_token")
    }

    /// A refresh token of the registry's for a token of the directory's.
    pub fn exchange(&self, host: &str, access_token: &str) -> String {
        let form =
            [("grant_type", "access_token"), ("service", host), ("access_token", access_token)];
        text(&self.post(&format!("https://{host}/oauth2/exchange"), &form), "refresh_token")
    }

    /// Posts a form, and reads the answer, whatever its status.
    pub fn post(&self, address: &str, form: &[(&str, &str)]) -> Value {
        let fields = form
            .iter()
            .flat_map(|(name, value)| ["--data-urlencode".to_owned(), format!("{name}={value}")]);
        read(&self.curl.run(fields.chain([address.to_owned()])))
    }

    /// Asks the management API as the first application.
    pub fn manage(&self, method: &str, path: &str, body: &Value) -> Value {
        let token = self.token(&format!("{}/arm/.default", self.base));
        let arguments = [
            "--fail-with-body",
            "--request",
            method,
            "--header",
            &format!("Authorization: Bearer {token}"),
            "--json",
            &body.to_string(),
            &format!("{}{path}?api-version=2025-11-01", self.base),
        ];
        read(&self.curl.run(arguments))
    }

    /// The path of a registry in the management API.
    pub fn registry(&self, name: &str) -> String {
        let group = format!("/subscriptions/{}/resourceGroups/default", self.subscription);
        format!("{group}/providers/Microsoft.ContainerRegistry/registries/{name}")
    }

    /// A token of the registry's that may do `actions` to one repository.
    pub fn scoped_token(&self, name: &str, repository: &str, actions: &[&str]) -> SignIn {
        let registry = self.registry("local");
        let (map, token) =
            (format!("{registry}/scopeMaps/{name}"), format!("{registry}/tokens/{name}"));
        let actions: Vec<String> =
            actions.iter().map(|action| format!("repositories/{repository}/{action}")).collect();
        self.manage("PUT", &map, &json!({ "properties": { "actions": actions } }));
        self.manage("PUT", &token, &json!({ "properties": { "scopeMapId": map } }));
        let generate = format!("{registry}/generateCredentials");
        let made = self.manage("POST", &generate, &json!({ "tokenId": token }));
        let password = text(&made["passwords"][0], "value");
        SignIn { kind: "token", user: text(&made, "username"), password }
    }

    /// The first application, as a client signs in that knows nothing of Azure.
    pub fn service_principal(&self) -> SignIn {
        SignIn { kind: "service-principal", user: self.app.clone(), password: self.secret.clone() }
    }

    /// The first user, as they sign in to a client that knows nothing of Azure.
    pub fn person(&self) -> SignIn {
        SignIn { kind: "person", user: self.user.clone(), password: self.password.clone() }
    }

    /// A refresh token of the default registry's for the first application, as `az acr login` has it.
    pub fn refresh_token(&self) -> SignIn {
        let host = self.base.trim_start_matches("https://");
        SignIn {
            kind: "refresh-token",
            user: NOBODY.to_owned(),
            password: self.exchange(host, &self.token(REGISTRY_SCOPE)),
        }
    }
}

fn read(answer: &str) -> Value {
    serde_json::from_str(answer).unwrap_or_else(|error| panic!("{error} in the answer {answer}"))
}

fn text(object: &Value, name: &str) -> String {
    object[name].as_str().unwrap_or_else(|| panic!("no {name} in {object}")).to_owned()
}
