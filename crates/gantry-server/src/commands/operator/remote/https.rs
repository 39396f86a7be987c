//! HTTPS to a server that the command's user named.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use gantry_outbound::{Fetch, Outbound, OutboundOptions};
use http::header;

use super::super::question::{ANSWER_BYTES, Reply};
use super::super::refusal::Refusal;
use super::names::LocalNames;

/// Deleting much takes as long.
const TIMEOUT: Duration = Duration::from_secs(120);

#[derive(Debug)]
pub(super) struct Https(Outbound);

impl Https {
    /// Trusts the system's authorities, and those in `ca`. Any address may be asked: whoever gives the
    /// command reaches no more by it than without.
    pub(super) fn new(ca: Option<&Path>) -> anyhow::Result<Self> {
        let options = OutboundOptions {
            allowed: vec!["0.0.0.0/0".parse()?, "::/0".parse()?],
            ca_files: ca.map(Path::to_owned).into_iter().collect(),
            user_agent: concat!("gantry/", env!("CARGO_PKG_VERSION")).to_owned(),
            timeout: TIMEOUT,
            ..OutboundOptions::default()
        };
        Ok(Self(Outbound::with_names(&options, Arc::new(LocalNames))?))
    }

    pub(super) async fn send(&self, fetch: Fetch) -> Result<Reply, Refusal> {
        let answer = self.0.fetch(fetch.max_bytes(ANSWER_BYTES)).await?;
        let link = answer.headers.get(header::LINK).cloned();
        Ok(Reply { status: answer.status, link, body: answer.body })
    }
}
