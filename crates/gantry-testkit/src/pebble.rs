//! A private certificate authority for tests: Pebble, which speaks ACME, and the name server that it
//! asks, where every name is this machine.

use std::fs;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::process::{Child, Command};
use std::time::Duration;

use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair};
use tempfile::TempDir;

use crate::keeper;
use crate::programs::go_tool;

/// How an authority is to be.
#[derive(Clone, Debug)]
pub struct Options {
    /// Where it connects to look at names over plain HTTP, instead of port 80.
    pub http_port: u16,
    /// Where it connects to look at names in a handshake, instead of port 443.
    pub tls_port: u16,
    /// How long its certificates are good.
    pub validity: Duration,
    /// The id and the key, as base64url, of the account that ours must be bound to.
    pub external_account: Option<(String, String)>,
}

impl Options {
    /// One that looks at names on `port`, and asks for nothing more.
    pub fn looking_at(port: u16) -> Self {
        let validity = Duration::from_secs(90 * 24 * 60 * 60);
        Self { http_port: port, tls_port: port, validity, external_account: None }
    }
}

/// A running authority. It ends with the test process, or when dropped.
#[derive(Debug)]
pub struct Pebble {
    address: SocketAddr,
    management: SocketAddr,
    name_server: NameServer,
    files: TempDir,
    keeper: Child,
}

/// The name server.
#[derive(Debug)]
struct NameServer {
    management: SocketAddr,
    address: SocketAddr,
    keeper: Child,
}

impl Pebble {
    /// Starts one.
    ///
    /// # Panics
    /// If it isn't built or doesn't start.
    pub fn start(options: &Options) -> Self {
        let name_server = NameServer::start();
        let [address, management] = [(); 2].map(|()| free_address());
        let files = tempfile::tempdir().unwrap();
        certify(files.path());
        let keeper = run(files.path(), options, address, management, name_server.address);
        Self { address, management, name_server, files, keeper }
    }

    /// Starts it anew: it remembers nothing, and signs with another key.
    ///
    /// # Panics
    /// If it doesn't start.
    pub fn restart(&mut self, options: &Options) {
        stop(&mut self.keeper);
        let (files, name_server) = (self.files.path(), self.name_server.address);
        self.keeper = run(files, options, self.address, self.management, name_server);
    }

    /// The address of its directory.
    pub fn directory(&self) -> String {
        format!("https://{}/dir", self.address)
    }

    /// The certificate that its own TLS is believed by.
    pub fn ca_file(&self) -> PathBuf {
        self.files.path().join("ca.pem")
    }

    /// The certificate that what it issues is believed by, as PEM.
    ///
    /// # Panics
    /// If it doesn't say.
    pub fn root(&self) -> String {
        let url = format!("https://{}/roots/0", self.management);
        curl(&["--cacert", self.ca_file().to_str().unwrap(), &url])
    }

    /// Has it suggest a window, of RFC 3339 moments, for the renewal of the certificate (PEM).
    ///
    /// # Panics
    /// If it doesn't take that.
    pub fn suggest_renewal(&self, certificate: &str, start: &str, end: &str) {
        let window = format!(r#"{{"suggestedWindow":{{"start":"{start}","end":"{end}"}}}}"#);
        let quoted = |text: &str| text.replace('"', "\\\"").replace('\n', "\\n");
        let (certificate, window) = (quoted(certificate), quoted(&window));
        let body = format!(r#"{{"Certificate":"{certificate}","ARIResponse":"{window}"}}"#);
        let url = format!("https://{}/set-renewal-info/", self.management);
        curl(&["--cacert", self.ca_file().to_str().unwrap(), "-d", &body, &url]);
    }

    /// Where records are set: `POST /set-txt` with `{"host", "value"}`, `POST /clear-txt` with `{"host"}`.
    pub fn records(&self) -> SocketAddr {
        self.name_server.management
    }
}

impl Drop for Pebble {
    fn drop(&mut self) {
        stop(&mut self.keeper);
        stop(&mut self.name_server.keeper);
    }
}

impl NameServer {
    fn start() -> Self {
        let [management, address] = [(); 2].map(|()| free_address());
        let directory = directory();
        let mut command = Command::new(go_tool("challtestsrv"));
        command
            .args(["-management", &management.to_string(), "-dnsserver", &address.to_string()])
            .args(["-http01", "", "-https01", "", "-tlsalpn01", "", "-doh", ""])
            .args(["-defaultIPv4", "127.0.0.1", "-defaultIPv6", ""]);
        let keeper = keeper::start(&directory, &command, management)
            .unwrap_or_else(|error| panic!("starting Pebble's name server: {error}"));
        Self { management, address, keeper }
    }
}

fn run(
    files: &Path,
    options: &Options,
    address: SocketAddr,
    management: SocketAddr,
    name_server: SocketAddr,
) -> Child {
    let Options { http_port, tls_port, validity, external_account } = options;
    let (certificate, key) = (files.join("cert.pem"), files.join("cert.key"));
    let keys =
        external_account.as_ref().map_or(String::new(), |(id, key)| format!(r#""{id}": "{key}""#));
    let configuration = format!(
        r#"{{"pebble": {{
            "listenAddress": "{address}",
            "managementListenAddress": "{management}",
            "certificate": "{certificate}",
            "privateKey": "{key}",
            "httpPort": {http_port},
            "tlsPort": {tls_port},
            "externalAccountBindingRequired": {bound},
            "externalAccountMACKeys": {{{keys}}},
            "retryAfter": {{"authz": 1, "order": 1}},
            "keyAlgorithm": "ecdsa",
            "profiles": {{"default": {{"description": "all", "validityPeriod": {seconds}}}}}
        }}}}"#,
        certificate = certificate.display(),
        key = key.display(),
        bound = external_account.is_some(),
        seconds = validity.as_secs(),
    );
    let path = files.join("pebble.json");
    fs::write(&path, configuration).unwrap();
    let mut command = Command::new(go_tool("pebble"));
    command
        .arg("-config")
        .arg(path)
        .args(["-dnsserver", &name_server.to_string()])
        .env("PEBBLE_VA_NOSLEEP", "1");
    keeper::start(&directory(), &command, address)
        .unwrap_or_else(|error| panic!("starting Pebble: {error}"))
}

/// Certificates for the authority's own servers.
fn certify(files: &Path) {
    let ca_key = KeyPair::generate().unwrap();
    let mut ca = CertificateParams::default();
    ca.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    // Of one name with what it signs, it would look signed by that.
    ca.distinguished_name.push(DnType::CommonName, "Test CA");
    let ca_certificate = ca.self_signed(&ca_key).unwrap();
    let key = KeyPair::generate().unwrap();
    let leaf = CertificateParams::new(["127.0.0.1".to_owned()]).unwrap();
    let leaf = leaf.signed_by(&key, &Issuer::new(ca, ca_key)).unwrap();
    fs::write(files.join("ca.pem"), ca_certificate.pem()).unwrap();
    fs::write(files.join("cert.pem"), leaf.pem()).unwrap();
    fs::write(files.join("cert.key"), key.serialize_pem()).unwrap();
}

fn directory() -> PathBuf {
    tempfile::Builder::new().prefix("gantry-pebble-").tempdir().unwrap().keep()
}

fn free_address() -> SocketAddr {
    SocketAddr::new(Ipv4Addr::LOCALHOST.into(), keeper::free_port().unwrap())
}

/// The end of its input is the keeper's sign to end.
fn stop(keeper: &mut Child) {
    drop(keeper.stdin.take());
    let _ = keeper.wait();
}

fn curl(arguments: &[&str]) -> String {
    let output = Command::new("curl")
        .args(["-sSf", "--retry", "10", "--retry-connrefused"])
        .args(arguments)
        .output()
        .expect("curl is installed");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}
