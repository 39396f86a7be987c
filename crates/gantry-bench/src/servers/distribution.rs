//! CNCF distribution with the configuration of its own example, without authentication.

use std::fs;

use super::{Security, Start, text};
use crate::process::Process;

pub(super) fn start(start: &Start<'_>) -> anyhow::Result<Process> {
    let certificate = &start.around.certificate;
    let root = start.directory.join("data");
    let tls = match start.security {
        Security::Plain => String::new(),
        Security::Tls => format!(
            "  tls:\n    certificate: {}\n    key: {}\n",
            text(&certificate.cert)?,
            text(&certificate.key)?
        ),
    };
    let config = format!(
        "version: 0.1
log:
  fields:
    service: registry
storage:
  cache:
    blobdescriptor: inmemory
  filesystem:
    rootdirectory: {root}
  tag:
    concurrencylimit: 8
http:
  addr: 127.0.0.1:{port}
  headers:
    X-Content-Type-Options: [nosniff]
{tls}health:
  storagedriver:
    enabled: true
    interval: 10s
    threshold: 3
",
        root = text(&root)?,
        port = start.port,
    );
    let path = start.directory.join("config.yml");
    fs::write(&path, config)?;
    Process::start(
        "distribution",
        &start.around.programs.find("registry")?,
        &["serve", text(&path)?],
        // There is no collector of traces here; looking for one would cost it time.
        &[("OTEL_TRACES_EXPORTER", "none")],
        &start.directory.join("distribution.log"),
    )
}
