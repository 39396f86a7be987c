//! CNCF distribution with the configuration of its own example, without authentication; over files,
//! or over a bucket with its S3 driver's defaults.

use std::fs;

use super::minio::{PASSWORD, USER};
use super::{Security, Start, text};
use crate::process::Process;

pub(super) fn start(start: &Start<'_>) -> anyhow::Result<Process> {
    let certificate = &start.around.certificate;
    let driver = match start.deployment {
        None => {
            format!("  filesystem:\n    rootdirectory: {}\n", text(&start.directory.join("data"))?)
        }
        Some(deployment) => format!(
            "  s3:
    accesskey: {USER}
    secretkey: {PASSWORD}
    region: us-east-1
    regionendpoint: {endpoint}
    forcepathstyle: true
    secure: false
    bucket: {bucket}
",
            endpoint = deployment.minio().endpoint(),
            bucket = deployment.name(),
        ),
    };
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
{driver}  tag:
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
