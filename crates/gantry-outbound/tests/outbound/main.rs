//! The client against real servers.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod bounds;
mod names;
mod redirects;
mod server;
mod tls;

use std::time::Duration;

use gantry_outbound::{Fetch, FetchError, Outbound, OutboundOptions};
use http::Method;
use serde_json::Value;

/// Plain HTTP to the first loopback address, and to no other.
fn options() -> OutboundOptions {
    OutboundOptions {
        allowed: vec!["127.0.0.1/32".parse().unwrap()],
        plain_http_to_loopback: true,
        connect_timeout: Duration::from_secs(5),
        timeout: Duration::from_secs(30),
        ..OutboundOptions::default()
    }
}

fn outbound() -> Outbound {
    Outbound::new(&options()).unwrap()
}

async fn json(outbound: &Outbound, url: &str) -> Result<Value, FetchError> {
    outbound.fetch_json(url, 1024).await
}

fn get(url: &str) -> Fetch {
    Fetch::new(Method::GET, url).unwrap()
}
