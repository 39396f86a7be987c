//! Gantry with its defaults: bearer access tokens, durable writes, its access log.

use anyhow::Context;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;
use std::fs;

use super::{Protocol, Security, Server, Start, alone, text};
use crate::load::{Address, Connection, request};
use crate::process::Process;

/// The admin account of the default registry.
const USER: &str = "local";
/// Its password, on this machine's loopback for a few minutes.
pub(crate) const PASSWORD: &str = "measured-in-turns";

/// Any 32 bytes, the same for all nodes of a deployment.
const KEY: &str = "bWVhc3VyZWQtaW4tdHVybnMtMzItYnl0ZXMtbG9uZyE=";

pub(super) fn start(start: &Start<'_>) -> anyhow::Result<Process> {
    let certificate = &start.around.certificate;
    let config = start.directory.join("gantry.toml");
    let listed = format!(
        "[[tls.certificates]]\ncert = {:?}\nkey = {:?}\n",
        text(&certificate.cert)?,
        text(&certificate.key)?
    );
    fs::write(&config, listed)?;
    let data = start.directory.join("data");
    let listen = format!("127.0.0.1:{}", start.port);
    let shared = start.deployment.map(|deployment| (deployment.database(), deployment.blobs()));
    let mut environment = vec![("GANTRY_ADMIN_PASSWORD", PASSWORD)];
    if let (Some(deployment), Some((database, blobs))) = (start.deployment, &shared) {
        environment.push(("GANTRY_DATABASE", database));
        environment.push(("GANTRY_BLOBS", blobs));
        environment.push(("GANTRY_MASTER_KEY", KEY));
        environment.extend(deployment.settings);
    }
    Process::start(
        "gantry",
        &start.around.programs.find("gantry")?,
        &["serve", "--data", text(&data)?, "--listen", &listen, "--config", text(&config)?],
        &environment,
        &start.directory.join("gantry.log"),
    )
}

/// Signs in and takes an access token for those scopes.
pub(super) fn access_token(server: &Server, scopes: &[&str]) -> anyhow::Result<String> {
    let protocol = match server.security {
        Security::Plain => Protocol::Plain,
        Security::Tls => Protocol::Tls,
    };
    let address = server.address(protocol);
    let ask = token_request(&address, scopes);
    let body = alone(async { Connection::open(&address).await?.body(&ask).await });
    bearer(&body.context("taking an access token")?)
}

/// The request for an access token.
pub(crate) fn token_request(address: &Address, scopes: &[&str]) -> Vec<u8> {
    let host = address.host();
    let basic = format!("Basic {}", STANDARD.encode(format!("{USER}:{PASSWORD}")));
    let scopes: String = scopes.iter().map(|scope| format!("&scope={scope}")).collect();
    let path = format!("/oauth2/token?service={host}{scopes}");
    request("GET", &path, &host, Some(&basic), &[])
}

/// The `Authorization` that an answer to such a request gives.
pub(crate) fn bearer(body: &[u8]) -> anyhow::Result<String> {
    let body: Value = serde_json::from_slice(body)?;
    let token = body["access_token"].as_str().or(body["token"].as_str());
    Ok(format!("Bearer {}", token.context("the answer has no access token")?))
}
