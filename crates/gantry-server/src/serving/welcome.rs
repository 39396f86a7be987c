//! What the server says, once, when it is ready.

use std::net::SocketAddr;
use std::time::Duration;

use crate::config::Config;
use crate::data_dir::DataDir;

/// Prints what a person needs to start: on stdout, which is for people; logs go to stderr.
#[expect(clippy::print_stdout, reason = "this text is the command's output")]
pub(crate) fn print(config: &Config, data: &DataDir, addresses: &[SocketAddr], took: Duration) {
    println!("{}", text(config, data, addresses, took));
}

fn text(config: &Config, data: &DataDir, addresses: &[SocketAddr], took: Duration) -> String {
    let server = login_server(config, addresses);
    let port = addresses.first().map_or(0, SocketAddr::port);
    let (password, ca) = (data.admin_password(), data.ca());
    let given =
        if config.secrets.admin_password.is_some() { " (from GANTRY_ADMIN_PASSWORD)" } else { "" };
    let listening = addresses.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
    format!(
        "
Gantry {version} is ready after {millis} ms.

  login server    {server}  (also local.{suffix}:{port})
  listening on    {listening}  (HTTPS, and HTTP for this machine)
  admin user      local
  admin password  in {password}{given}
  for az          application and user in {bootstrap}
  CA to trust     {ca}

Sign in and push:

  docker login {server} -u local --password-stdin < {password}
  docker tag hello-world {server}/hello:v1
  docker push {server}/hello:v1

Docker, crane and oras need no more on localhost. For podman, skopeo, buildah, helm, containerd
and others that want a known CA: gantry trust{data_flag}
",
        version = env!("CARGO_PKG_VERSION"),
        millis = took.as_millis(),
        suffix = config.names.suffix,
        password = password.display(),
        bootstrap = data.bootstrap().display(),
        ca = ca.display(),
        data_flag = data_flag(data),
    )
}

/// The name that people type: `localhost` where that reaches the server.
pub(crate) fn login_server(config: &Config, addresses: &[SocketAddr]) -> String {
    let reached = addresses
        .iter()
        .find(|address| address.ip().is_loopback() || address.ip().is_unspecified());
    match (reached, config.names.hostnames.first(), addresses.first()) {
        (Some(address), _, _) => format!("localhost:{}", address.port()),
        (None, Some(name), Some(address)) => format!("{name}:{}", address.port()),
        (None, None, Some(address)) => address.to_string(),
        (None, _, None) => "localhost".to_owned(),
    }
}

fn data_flag(data: &DataDir) -> String {
    if data.path() == std::path::Path::new("./data") {
        String::new()
    } else {
        format!(" --data {}", data.path().display())
    }
}
