//! zot with its minimal configuration: storage and address.

use std::fs;

use serde_json::json;

use super::{Security, Start, text};
use crate::process::Process;

pub(super) fn start(start: &Start<'_>) -> anyhow::Result<Process> {
    let certificate = &start.around.certificate;
    let root = start.directory.join("data");
    let mut config = json!({
        "distSpecVersion": "1.1.1",
        "storage": { "rootDirectory": text(&root)? },
        "http": { "address": "127.0.0.1", "port": start.port.to_string() },
        "log": { "level": "info" },
    });
    if start.security == Security::Tls {
        let (cert, key) = (text(&certificate.cert)?, text(&certificate.key)?);
        config["http"]["tls"] = json!({ "cert": cert, "key": key });
    }
    let path = start.directory.join("config.json");
    fs::write(&path, config.to_string())?;
    Process::start(
        "zot",
        &start.around.programs.find("zot")?,
        &["serve", text(&path)?],
        &[],
        &start.directory.join("zot.log"),
    )
}
