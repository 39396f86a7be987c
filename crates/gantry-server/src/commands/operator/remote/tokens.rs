//! The tokens that a command shows: those of the server's directory, and those that registries give for
//! them.

use std::collections::HashMap;

use gantry_directory::Audience;
use gantry_oci::Secret;
use gantry_outbound::Fetch;
use http::header::CONTENT_TYPE;
use http::{HeaderValue, Method};
use serde_json::Value;
use tokio::sync::Mutex;
use url::form_urlencoded;

use super::super::question::take;
use super::super::refusal::Refusal;
use super::Remote;

/// What was given so far. A command is over before the first of them ends.
#[derive(Debug, Default)]
pub(super) struct Tokens(Mutex<HashMap<For, Token>>);

/// What a token is for.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum For {
    /// The interface of that audience.
    Audience(String),
    /// Whatever its bearer may at that login server, to be exchanged.
    Registry(String),
    /// The scope, at that login server.
    Scope(String, String),
}

/// A token.
#[derive(Clone, Debug)]
pub(super) struct Token(Secret);

impl Token {
    /// The header that shows it.
    pub(super) fn bearer(&self) -> Result<HeaderValue, Refusal> {
        let header = HeaderValue::try_from(format!("Bearer {}", self.0.expose()));
        header.map_err(|_| Refusal::NoToken)
    }
}

impl Remote {
    /// A token for the management API, or for Microsoft Graph.
    pub(super) async fn token_for_server(&self, path: &str) -> Result<Token, Refusal> {
        let cloud = self.cloud().await?;
        let audience = match path.starts_with(Audience::GRAPH_PATH) {
            true => &cloud.graph,
            false => &cloud.management,
        };
        self.kept(For::Audience(audience.clone()), self.sign_in(audience)).await
    }

    /// A token of a registry that allows `scope`, as far as whoever signed in may.
    pub(super) async fn token_for_registry(
        &self,
        login_server: &str,
        scope: &str,
    ) -> Result<Token, Refusal> {
        let own = For::Registry(login_server.to_owned());
        let refresh = self.kept(own, self.exchange(login_server)).await?;
        let form = [
            ("grant_type", "refresh_token"),
            ("service", login_server),
            ("scope", scope),
            ("refresh_token", refresh.0.expose()),
        ];
        let url = format!("https://{login_server}/oauth2/token");
        let given = self.post(&url, &form, "access_token");
        self.kept(For::Scope(login_server.to_owned(), scope.to_owned()), given).await
    }

    /// A token of the directory (RFC 6749, 4.3 and 4.4).
    async fn sign_in(&self, audience: &str) -> Result<Token, Refusal> {
        let tenant = &self.cloud().await?.tenant;
        let url = format!("https://{}/{tenant}/oauth2/v2.0/token", self.authority);
        let scope = format!("{audience}/.default");
        let mut form = self.credential.grant();
        form.push(("scope", &scope));
        let given = self.post(&url, &form, "access_token").await;
        given.map_err(|refusal| refusal.of_sign_in(self.credential.name()))
    }

    /// A refresh token of a registry, for a token of the directory: as `az acr login` gets one.
    async fn exchange(&self, login_server: &str) -> Result<Token, Refusal> {
        let audience = Audience::Registry.name();
        let own = For::Audience(audience.to_owned());
        let token = self.kept(own, self.sign_in(audience)).await?;
        let form = [
            ("grant_type", "access_token"),
            ("service", login_server),
            ("access_token", token.0.expose()),
        ];
        self.post(&format!("https://{login_server}/oauth2/exchange"), &form, "refresh_token").await
    }

    /// The token of that name in the answer to a form.
    async fn post(&self, url: &str, form: &[(&str, &str)], name: &str) -> Result<Token, Refusal> {
        let body = form_urlencoded::Serializer::new(String::new()).extend_pairs(form).finish();
        let kind = HeaderValue::from_static("application/x-www-form-urlencoded");
        let fetch = Fetch::new(Method::POST, url)?.header(CONTENT_TYPE, kind).body(body);
        let mut given: Value = self.https.send(fetch).await?.value()?;
        match take(&mut given, name) {
            Value::String(token) => Ok(Token(Secret::new(token))),
            _ => Err(Refusal::NoToken),
        }
    }

    /// The token that was given for this before, or else what `given` comes to.
    async fn kept(
        &self,
        what: For,
        given: impl Future<Output = Result<Token, Refusal>>,
    ) -> Result<Token, Refusal> {
        if let Some(token) = self.tokens.0.lock().await.get(&what) {
            return Ok(token.clone());
        }
        let token = given.await?;
        self.tokens.0.lock().await.insert(what, token.clone());
        Ok(token)
    }
}
