//! Debian's Docker engine, as a private daemon.

use std::fs;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::{Client, Daemon, Site, TEAM, Transport, debian_tool};

/// A private engine with its own data. It and its command lines have an
/// `/etc/hosts` and an `/etc/docker` of their own.
#[derive(Debug)]
pub struct Engine {
    _daemon: Daemon,
    socket: PathBuf,
    /// The registry as the engine names it.
    pub registry: String,
}

impl Engine {
    /// Starts one.
    ///
    /// # Panics
    /// When it doesn't become ready.
    pub fn start(site: &Site) -> Self {
        let registry = if site.is_on_443() {
            format!("{TEAM}.acr.localhost")
        } else {
            // For addresses in 127.0.0.0/8 and ::1 Docker verifies no certificate, and may
            // not even use TLS. So there it is given a name for loopback's other address:
            // a connection to 0.0.0.0 goes to this machine.
            site.file("hosts", "127.0.0.1 localhost\n0.0.0.0 local.acr.localhost\n");
            match site.transport {
                Transport::Tls => format!("local.acr.localhost:{}", site.port()),
                Transport::Http => site.host(),
            }
        };
        let ca = fs::read(site.ca()).expect("the CA certificate is readable");
        site.file(&format!("docker/certs.d/{registry}/ca.crt"), ca);
        let socket = site.path("docker.sock");
        let mut command = Command::new(debian_tool("unshare"));
        command
            .args(["--pid", "--fork", "--kill-child", "--mount-proc"])
            .args(site.inside())
            .arg(debian_tool("dockerd"))
            .arg("--data-root")
            .arg(site.path("data"))
            .arg("--exec-root")
            .arg(site.path("exec"))
            .arg("--pidfile")
            .arg(site.path("docker.pid"))
            .arg(format!("--host=unix://{}", socket.display()))
            .args([
                "--storage-driver=vfs",
                "--bridge=none",
                "--iptables=false",
                "--ip6tables=false",
            ])
            .env("PATH", "/usr/sbin:/usr/bin:/sbin:/bin")
            .env("TMPDIR", site.path("tmp"));
        let daemon = Daemon::start(&command, &site.path("dockerd.log"), || {
            UnixStream::connect(&socket).is_ok()
        });
        Self { _daemon: daemon, socket, registry }
    }

    /// A command line of this engine's, which keeps its sign-ins under `config`.
    pub fn client(&self, site: &Site, program: &Path, config: &str) -> Client {
        let unshare = Client::new(&debian_tool("unshare"), &site.path(""));
        let docker = site.inside().iter().fold(unshare, Client::option).option(program);
        self.settings(docker)
            .env("DOCKER_CONFIG", site.path(config))
            // The engine's own builder; the other one is a program apart.
            .env("DOCKER_BUILDKIT", "0")
            .env("DOCKER_CLI_EXPERIMENTAL", "enabled")
    }

    /// Makes a program that runs `docker` run it against this engine.
    #[must_use]
    pub fn settings(&self, client: Client) -> Client {
        client.env("DOCKER_HOST", format!("unix://{}", self.socket.display()))
    }
}
