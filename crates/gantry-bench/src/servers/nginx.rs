//! nginx as the ceiling: the same bytes as files, `sendfile` on, a worker for each core, no log of
//! requests. What isn't set here is its default.

use std::fs;
use std::path::{Path, PathBuf};

use super::{Security, Start, text};
use crate::process::Process;

pub(super) fn start(start: &Start<'_>) -> anyhow::Result<Process> {
    let (certificate, directory) = (&start.around.certificate, start.directory);
    let files = files(directory);
    fs::create_dir_all(&files)?;
    let (listen, tls) = match start.security {
        Security::Plain => ("", String::new()),
        Security::Tls => (
            " ssl http2",
            format!(
                "ssl_certificate {}; ssl_certificate_key {}; ssl_protocols TLSv1.3;",
                text(&certificate.cert)?,
                text(&certificate.key)?
            ),
        ),
    };
    let config = format!(
        "daemon off;
user root;
worker_processes auto;
pid {directory}/nginx.pid;
error_log stderr warn;
events {{ worker_connections 4096; }}
http {{
  access_log off;
  sendfile on;
  tcp_nopush on;
  # Connections of the load live as long as a turn.
  keepalive_requests 1000000000;
  default_type application/octet-stream;
  client_body_temp_path {directory}/body;
  proxy_temp_path {directory}/proxy;
  fastcgi_temp_path {directory}/fastcgi;
  uwsgi_temp_path {directory}/uwsgi;
  scgi_temp_path {directory}/scgi;
  server {{
    listen 127.0.0.1:{port}{listen};
    {tls}
    root {files};
  }}
}}
",
        directory = text(directory)?,
        files = text(&files)?,
        port = start.port,
    );
    let path = directory.join("nginx.conf");
    fs::write(&path, config)?;
    Process::start(
        "nginx",
        &start.around.programs.find("nginx")?,
        &["-c", text(&path)?, "-e", "stderr"],
        &[],
        &directory.join("nginx.log"),
    )
}

/// Where the files are, under the paths of their URLs.
pub(super) fn files(directory: &Path) -> PathBuf {
    directory.join("files")
}
