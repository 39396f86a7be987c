//! A server on another machine, over HTTPS, asked by someone who signs in there.

mod cloud;
mod credential;
mod https;
mod names;
mod tokens;
mod whereabouts;

use std::path::Path;

use gantry_model::RegistryName;
use gantry_outbound::Fetch;
use http::{HeaderValue, header};
use tokio::sync::OnceCell;
use url::{Position, Url};

use super::super::Misuse;
use super::question::{Question, Reply, Whom};
use super::refusal::Refusal;
use cloud::Cloud;
use credential::Credential;
use https::Https;
use tokens::Tokens;

pub(super) use whereabouts::whereabouts;

/// The way to a server, for one command.
#[derive(Debug)]
pub(crate) struct Remote {
    /// `HOST[:PORT]`
    authority: String,
    https: Https,
    credential: Credential,
    cloud: OnceCell<Cloud>,
    tokens: Tokens,
}

impl Remote {
    /// The way to the server at that address, for whom the environment names.
    pub(super) fn new(server: &str, ca: Option<&Path>) -> anyhow::Result<Self> {
        Ok(Self {
            authority: authority(server)?,
            https: Https::new(ca)?,
            credential: Credential::of_environment()?,
            cloud: OnceCell::new(),
            tokens: Tokens::default(),
        })
    }

    /// The server's host and port.
    pub(super) fn authority(&self) -> &str {
        &self.authority
    }

    /// The login server that a registry of that name has, unless it is told another.
    pub(super) async fn login_server(&self, registry: &str) -> anyhow::Result<String> {
        let name: RegistryName = registry.to_ascii_lowercase().parse()?;
        Ok(format!("{name}.{}", self.cloud().await?.login_server_suffix))
    }

    pub(super) async fn send(&self, question: Question<'_>) -> Result<Reply, Refusal> {
        let Question { method, to, path, body } = question;
        let (authority, token) = match to {
            Whom::Server => (&*self.authority, self.token_for_server(path).await?),
            Whom::Registry { login_server, scope } => {
                (login_server, self.token_for_registry(login_server, scope).await?)
            }
        };
        let fetch = Fetch::new(method, &format!("https://{authority}{path}"))?
            .header(header::CONTENT_TYPE, HeaderValue::from_static("application/json"))
            .authorization(token.bearer()?)
            .body(body);
        self.https.send(fetch).await
    }

    /// What the server says of itself, asked once.
    async fn cloud(&self) -> Result<&Cloud, Refusal> {
        self.cloud.get_or_try_init(|| Cloud::of(&self.https, &self.authority)).await
    }
}

/// Host and port of a server's address.
fn authority(server: &str) -> Result<String, Misuse> {
    let url = Url::parse(server).ok().filter(|url| {
        let is_bare = url.path() == "/" && url.query().is_none() && url.fragment().is_none();
        url.scheme() == "https" && url.has_host() && url.username().is_empty() && is_bare
    });
    let url = url.ok_or_else(|| Misuse(format!("{server}: write https://HOST[:PORT]")))?;
    Ok(url[Position::BeforeHost..Position::AfterPort].to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_is_an_address_of_https() {
        for (server, expected) in [
            ("https://registry.example", "registry.example"),
            ("https://registry.example:5000/", "registry.example:5000"),
            ("https://registry.example:443", "registry.example"),
            ("https://[::1]:5000", "[::1]:5000"),
        ] {
            assert_eq!(authority(server).unwrap(), expected);
        }
        for bad in [
            "registry.example",
            "http://registry.example",
            "https://registry.example/team",
            "https://me:secret@registry.example",
        ] {
            assert!(authority(bad).is_err(), "{bad}");
        }
    }
}
