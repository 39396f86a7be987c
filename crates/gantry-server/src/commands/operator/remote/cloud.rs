//! What a server says of itself to whoever hasn't signed in: `/metadata/endpoints`, as `az cloud
//! register` reads it.

use gantry_outbound::Fetch;
use http::Method;
use serde_json::Value;

use super::super::refusal::Refusal;
use super::https::Https;

/// Whom tokens are for, and where registries are.
#[derive(Debug)]
pub(super) struct Cloud {
    /// The tenant, as the path of the sign-in names it.
    pub(super) tenant: String,
    /// What a token for the management API is for.
    pub(super) management: String,
    /// What a token for Microsoft Graph is for.
    pub(super) graph: String,
    /// What login servers end with, with the port.
    pub(super) login_server_suffix: String,
}

impl Cloud {
    pub(super) async fn of(https: &Https, authority: &str) -> Result<Self, Refusal> {
        let url = format!("https://{authority}/metadata/endpoints?api-version=2022-09-01");
        let reply = https.send(Fetch::new(Method::GET, &url)?).await?;
        let said: Value = reply.value().unwrap_or_default();
        let text = |value: &Value| value.as_str().map(str::to_owned);
        let cloud = || {
            Some(Self {
                tenant: text(&said["authentication"]["tenant"])?,
                management: text(&said["authentication"]["audiences"][0])?,
                graph: text(&said["graphAudience"])?,
                login_server_suffix: text(&said["suffixes"]["acrLoginServer"])?,
            })
        };
        cloud().ok_or_else(|| Refusal::NoCloud(authority.to_owned()))
    }
}
