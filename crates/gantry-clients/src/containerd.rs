//! Debian's containerd, as a private daemon.

use std::os::unix::net::UnixStream;
use std::process::Command;

use crate::{Client, Daemon, Site, Transport, debian_tool};

/// Starts containerd with a `hosts.toml` for the registry, in the clients' `hosts`. With it comes its
/// `ctr`.
///
/// # Panics
/// When it doesn't become ready.
pub fn containerd(site: &Site) -> (Daemon, Client) {
    let port = site.port();
    let host = match site.transport {
        Transport::Tls => format!("[host.\"https://localhost:{port}\"]\nca = {:?}\n", site.ca()),
        Transport::Http => format!("[host.\"http://localhost:{port}\"]\n"),
    };
    let capabilities = "capabilities = [\"pull\", \"resolve\", \"push\"]\n";
    site.file(&format!("hosts/localhost:{port}/hosts.toml"), host + capabilities);
    let socket = site.path("containerd.sock");
    let config = format!(
        "version = 2\n\
         root = {:?}\n\
         state = {:?}\n\
         disabled_plugins = [\"io.containerd.grpc.v1.cri\", \"io.containerd.internal.v1.opt\"]\n\
         [grpc]\n\
         address = {socket:?}\n",
        site.path("root"),
        site.path("state"),
    );
    let mut command = Command::new(debian_tool("containerd"));
    command.arg("--config").arg(site.file("config.toml", config));
    let daemon = Daemon::start(&command, &site.path("containerd.log"), || {
        UnixStream::connect(&socket).is_ok()
    });
    let ctr = site.debian("ctr").option("--address").option(&socket).option("--namespace=test");
    (daemon, ctr)
}
