//! One test's surroundings: a server, a gate before it, and a home for clients.

use std::fs;
use std::path::{Path, PathBuf};

use gantry_testkit::programs::go_tool;
use tempfile::TempDir;

use crate::gate::Gate;
use crate::server::Server;
use crate::{Client, Image, Transport, debian_tool};

/// The admin account of the default registry.
pub const USER: &str = "local";
/// Its password in tests.
pub const PASSWORD: &str = "correct-horse-battery-staple";

/// A fresh server reached by one transport, and a directory that is the clients' home.
#[derive(Debug)]
pub struct Site {
    /// How clients reach the registry.
    pub transport: Transport,
    server: Server,
    gate: Gate,
    home: TempDir,
}

impl Site {
    /// Starts a server with the defaults.
    pub fn new(transport: Transport) -> Self {
        Self::with(transport, &[])
    }

    /// Starts a server with these environment variables besides.
    pub fn with(transport: Transport, settings: &[(&str, &str)]) -> Self {
        let server = Server::start(transport, settings);
        let gate = Gate::open(transport, server.port());
        let home = tempfile::tempdir().expect("a temporary directory can be made");
        for directory in ["tmp", "run", "certs"] {
            fs::create_dir(home.path().join(directory)).expect("the home is writable");
        }
        // The file name that docker and the containers/image tools look for.
        fs::copy(server.ca(), home.path().join("certs/ca.crt"))
            .expect("the server wrote its CA certificate");
        Self { transport, server, gate, home }
    }

    /// The registry as clients name it: `localhost:<port>`.
    pub fn host(&self) -> String {
        format!("localhost:{}", self.gate.port())
    }

    /// The port of the gate, on 127.0.0.1.
    pub fn port(&self) -> u16 {
        self.gate.port()
    }

    /// Whether clients use TLS.
    pub fn is_tls(&self) -> bool {
        self.transport == Transport::Tls
    }

    /// The server's CA certificate.
    pub fn ca(&self) -> PathBuf {
        self.server.ca()
    }

    /// A directory with nothing but the CA certificate, as `ca.crt`.
    pub fn certs(&self) -> PathBuf {
        self.home.path().join("certs")
    }

    /// A path in the clients' home.
    pub fn path(&self, name: impl AsRef<Path>) -> PathBuf {
        self.home.path().join(name)
    }

    /// Writes a file in the clients' home and returns its path.
    pub fn file(&self, name: &str, content: impl AsRef<[u8]>) -> PathBuf {
        let path = self.path(name);
        fs::create_dir_all(path.parent().expect("it is in the home"))
            .expect("the home is writable");
        fs::write(&path, content).expect("the home is writable");
        path
    }

    /// Reads a file in the clients' home.
    pub fn read(&self, name: impl AsRef<Path>) -> Vec<u8> {
        fs::read(self.path(name)).expect("the client wrote the file")
    }

    /// Reads a file in the clients' home as text.
    pub fn read_text(&self, name: impl AsRef<Path>) -> String {
        String::from_utf8(self.read(name)).expect("the client wrote text")
    }

    /// A client from Debian's packages.
    pub fn debian(&self, program: &str) -> Client {
        Client::new(&debian_tool(program), self.home.path())
    }

    /// A client built from its Go module. It trusts the server's CA and nothing else.
    pub fn go(&self, program: &str) -> Client {
        Client::new(&go_tool(program), self.home.path())
            .env("SSL_CERT_FILE", self.ca())
            .env("SSL_CERT_DIR", self.certs())
    }

    /// Pushes an image for a test of something else, and returns its reference by
    /// digest. `host` is one of the registry's names.
    pub fn push(&self, image: &Image, host: &str, tag: &str) -> String {
        let repository = format!("{host}/team/app");
        let layout = self.path(format!("layout-{tag}"));
        image.layout(tag).write(&layout);
        let crane = self.go("crane");
        crane.run(["auth", "login", host, "-u", USER, "-p", PASSWORD]);
        crane.run(["push", &layout.display().to_string(), &format!("{repository}:{tag}")]);
        format!("{repository}@{}", image.digest())
    }
}
