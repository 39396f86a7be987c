//! One test's surroundings: a server, a gate before it, and a home for clients.

use std::ffi::OsString;
use std::fs;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process;
use std::sync::atomic::{AtomicU8, Ordering};

use gantry_testkit::programs::{go_tool, npm_modules, python_tool, toolchain};
use tempfile::TempDir;

use crate::gate::Gate;
use crate::server::{Server, binary, free_address};
use crate::{Client, Image, Transport, debian_tool};

/// The admin account of the default registry.
pub const USER: &str = "local";
/// Its password in tests.
pub const PASSWORD: &str = "correct-horse-battery-staple";

/// A registry besides the default one that a site on HTTPS's own port has. Its admin account can't
/// sign in.
pub const TEAM: &str = "teamone";
/// HTTPS's own port.
const HTTPS: u16 = 443;

/// A fresh server, and a directory that is the clients' home.
///
/// It is reached by one transport at a free port; or on HTTPS's own port, at a loopback address that no
/// other site has, by names that are good for this site's clients only.
#[derive(Debug)]
pub struct Site {
    /// How clients reach the registry.
    pub transport: Transport,
    server: Server,
    gate: Option<Gate>,
    home: TempDir,
}

impl Site {
    /// Starts a server with the defaults.
    pub fn new(transport: Transport) -> Self {
        Self::with(transport, &[])
    }

    /// Starts a server with these environment variables besides.
    pub fn with(transport: Transport, settings: &[(&str, &str)]) -> Self {
        let server = Server::start(free_address(), transport, settings);
        let gate = Gate::open(transport, server.address());
        Self::around(server, transport, Some(gate))
    }

    /// Starts a server on HTTPS's own port with these environment variables besides. It has the
    /// registry [`TEAM`] too.
    ///
    /// # Panics
    /// When the port may not be listened on.
    pub fn on_443(settings: &[(&str, &str)]) -> Self {
        let address = own_loopback();
        let site = Self::around(
            Server::start(
                address,
                Transport::Tls,
                &[
                    settings,
                    &[("GANTRY_REGISTRY", r#"[{ "name": "teamone", "admin_enabled": false }]"#)],
                ]
                .concat(),
            ),
            Transport::Tls,
            None,
        );
        let own =
            ["", ".local.data", ".local.geo"].map(|host| format!("{TEAM}{host}.acr.localhost"));
        let names = format!("localhost local.acr.localhost {}", own.join(" "));
        site.file("hosts", format!("{} {names}\n", address.ip()));
        site
    }

    /// Lets clients find the login servers of these registries too.
    pub fn resolve(&self, registries: &[&str]) {
        let hosts = String::from_utf8(self.read("hosts")).expect("it is text");
        let more: String = registries.iter().map(|name| format!(" {name}.acr.localhost")).collect();
        self.file("hosts", format!("{}{more}\n", hosts.trim_end()));
    }

    fn around(server: Server, transport: Transport, gate: Option<Gate>) -> Self {
        let home = tempfile::tempdir().expect("a temporary directory can be made");
        for directory in ["tmp", "run", "certs"] {
            fs::create_dir(home.path().join(directory)).expect("the home is writable");
        }
        // The file name that docker and the containers/image tools look for.
        fs::copy(server.ca(), home.path().join("certs/ca.crt"))
            .expect("the server wrote its CA certificate");
        Self { transport, server, gate, home }
    }

    /// The default registry as clients name it: `localhost:<port>`, or `localhost` on HTTPS's own port.
    pub fn host(&self) -> String {
        match &self.gate {
            Some(gate) => format!("localhost:{}", gate.port()),
            None => "localhost".to_owned(),
        }
    }

    /// The port of the gate, on 127.0.0.1, or HTTPS's own.
    pub fn port(&self) -> u16 {
        self.gate.as_ref().map_or(HTTPS, Gate::port)
    }

    /// The address by which `host` is reached.
    pub fn address(&self) -> SocketAddr {
        match &self.gate {
            Some(gate) => SocketAddr::from((Ipv4Addr::LOCALHOST, gate.port())),
            None => self.server.address(),
        }
    }

    /// Whether it is reached on HTTPS's own port.
    pub fn is_on_443(&self) -> bool {
        self.gate.is_none()
    }

    /// Whether clients use TLS.
    pub fn is_tls(&self) -> bool {
        self.transport == Transport::Tls
    }

    /// The server's CA certificate.
    pub fn ca(&self) -> PathBuf {
        self.server.ca()
    }

    /// The file that says what the first start made.
    pub fn bootstrap(&self) -> PathBuf {
        self.server.bootstrap()
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
        self.client(&debian_tool(program))
    }

    /// A client built from its Go module. It trusts the server's CA and nothing else.
    pub fn go(&self, program: &str) -> Client {
        self.program(&go_tool(program))
    }

    /// A program written in Go, at that path, likewise.
    pub fn program(&self, path: &Path) -> Client {
        self.client(path).env("SSL_CERT_FILE", self.ca()).env("SSL_CERT_DIR", self.certs())
    }

    /// Azure's command line, which keeps what it knows under `name`.
    pub fn az(&self, name: &str) -> Client {
        self.as_az(self.python("az", "az"), name)
    }

    /// The interpreter that it runs in, with the same configuration.
    pub fn az_python(&self, name: &str) -> Client {
        self.as_az(self.python("az", "python"), name)
    }

    /// The server's own program, on a machine of its users who have az and nothing set for it.
    pub fn gantry(&self, name: &str) -> Client {
        let az = python_tool("az", "az");
        let directory = az.parent().expect("it is in a directory").display().to_string();
        self.client(&binary())
            .env("AZURE_CONFIG_DIR", self.path(format!("azure-{name}")))
            .env("PATH", format!("{directory}:/usr/bin:/bin"))
            .env("NO_PROXY", "*")
    }

    /// az as the server's own program has set it up under that name.
    pub fn az_as_set_up(&self, name: &str) -> Client {
        let directory = self.path(format!("azure-{name}"));
        self.client(&python_tool("az", "az"))
            .env("REQUESTS_CA_BUNDLE", directory.join("gantry-ca-bundle.pem"))
            .env("AZURE_CONFIG_DIR", directory)
            .env("NO_PROXY", "*")
    }

    fn as_az(&self, client: Client, name: &str) -> Client {
        client
            .env("AZURE_CONFIG_DIR", self.path(format!("azure-{name}")))
            .env("AZURE_CORE_COLLECT_TELEMETRY", "no")
            .env("AZURE_CORE_INSTANCE_DISCOVERY", "false")
            // The engine whose command line it runs.
            .env("SSL_CERT_FILE", self.ca())
    }

    /// A program of a set of Python packages. It trusts the server's CA and nothing else.
    pub fn python(&self, set: &str, program: &str) -> Client {
        self.client(&python_tool(set, program))
            .env("REQUESTS_CA_BUNDLE", self.ca())
            .env("NO_PROXY", "*")
    }

    /// Node.js with a set of npm's packages. It trusts the server's CA besides its own.
    pub fn node(&self, set: &str) -> Client {
        self.client(&toolchain("node"))
            .env("NODE_PATH", npm_modules(set))
            .env("NODE_EXTRA_CA_CERTS", self.ca())
    }

    /// A program as a client.
    fn client(&self, program: &Path) -> Client {
        match self.gate {
            Some(_) => Client::new(program, self.home.path()),
            None => self
                .inside()
                .iter()
                .fold(Client::new(&debian_tool("unshare"), self.home.path()), Client::option)
                .option(program),
        }
    }

    /// Options of `unshare` by which the program named next has the site's `hosts` for its
    /// `/etc/hosts` and the site's `docker` for its `/etc/docker`, in a mount namespace that ends with
    /// it.
    pub fn inside(&self) -> Vec<OsString> {
        const ENTER: &str = "\
            mkdir -p /etc/docker \"$2\"
            mount --bind \"$1\" /etc/hosts
            mount --bind \"$2\" /etc/docker
            shift 2
            exec \"$@\"";
        let [hosts, docker] = ["hosts", "docker"].map(|name| self.path(name).into_os_string());
        ["--mount", "sh", "-ec", ENTER, "sh"]
            .map(OsString::from)
            .into_iter()
            .chain([hosts, docker])
            .collect()
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

/// HTTPS's own port, at a loopback address that no other site has.
fn own_loopback() -> SocketAddr {
    static SITES: AtomicU8 = AtomicU8::new(1);
    let [.., high, low] = process::id().to_be_bytes();
    let site = SITES.fetch_add(1, Ordering::Relaxed);
    let address = SocketAddr::from((Ipv4Addr::new(127, 64 | high & 63, low, site), HTTPS));
    if let Err(error) = TcpListener::bind(address) {
        panic!("{address} can't be listened on ({error}): these tests run as root");
    }
    address
}
