//! The real binary with an authority to ask, and clients that look at what it shows.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use gantry_testkit::pebble::{Options, Pebble};
use reqwest::tls::TlsInfo;
use tempfile::TempDir;
use tokio::task::spawn_blocking;
use tokio::time::sleep;

/// Longer than anything here takes.
pub(crate) const PATIENCE: Duration = Duration::from_secs(90);

/// A running server with one data directory; both go with it.
pub(crate) struct Server {
    process: Child,
    port: u16,
    dir: TempDir,
}

impl Server {
    /// Starts one on that port, with these lines as its configuration file.
    pub(crate) async fn start(port: u16, lines: &[String]) -> Self {
        Self::start_in(tempfile::tempdir().unwrap(), port, lines).await
    }

    /// Starts one on what another has left.
    pub(crate) async fn start_in(dir: TempDir, port: u16, lines: &[String]) -> Self {
        let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
        std::fs::write(dir.path().join("gantry.toml"), lines.join("\n")).unwrap();
        let log = std::fs::File::create(dir.path().join("log")).unwrap();
        let process = gantry(dir.path(), "serve")
            .args(["--listen", &format!("127.0.0.1:{port}")])
            .stdout(Stdio::null())
            .stderr(log)
            .spawn()
            .unwrap();
        let server = Self { process, port, dir };
        server.wait_until_ready().await;
        server
    }

    async fn wait_until_ready(&self) {
        let client = client(self.port, |client| client);
        let url = format!("http://localhost:{}/readyz", self.port);
        let began = Instant::now();
        while began.elapsed() < PATIENCE {
            if let Ok(answer) = client.get(&url).send().await
                && answer.status().is_success()
            {
                return;
            }
            sleep(Duration::from_millis(50)).await;
        }
        panic!("the server isn't ready:\n{}", self.log());
    }

    /// What it logged.
    pub(crate) fn log(&self) -> String {
        std::fs::read_to_string(self.dir.path().join("log")).unwrap()
    }

    /// The port of 127.0.0.1 it listens on.
    pub(crate) fn port(&self) -> u16 {
        self.port
    }

    /// What `gantry doctor` says.
    pub(crate) fn doctor(&self) -> String {
        let output = gantry(self.dir.path(), "doctor").output().unwrap();
        String::from_utf8(output.stdout).unwrap() + &String::from_utf8(output.stderr).unwrap()
    }

    /// Drains and ends, and leaves its directory.
    pub(crate) fn stop(mut self) -> TempDir {
        let pid = self.process.id().to_string();
        assert!(Command::new("kill").args(["-s", "TERM", &pid]).status().unwrap().success());
        assert!(self.process.wait().unwrap().success());
        std::mem::replace(&mut self.dir, tempfile::tempdir().unwrap())
    }

    /// The certificate (DER) that clients are shown who ask for `name`.
    pub(crate) async fn shown(&self, name: &str) -> Vec<u8> {
        let client = client(self.port, |client| client.tls_danger_accept_invalid_certs(true));
        let url = format!("https://{name}:{}/healthz", self.port);
        let answer = client.get(url).send().await.unwrap();
        answer.extensions().get::<TlsInfo>().unwrap().peer_certificate().unwrap().to_vec()
    }

    /// Waits until clients are shown a certificate for `name` that isn't `other`, and is the
    /// authority's.
    pub(crate) async fn shows_another(&self, name: &str, other: Option<&[u8]>) -> Vec<u8> {
        let began = Instant::now();
        while began.elapsed() < PATIENCE {
            let shown = self.shown(name).await;
            if is_of_pebble(&shown) && Some(&shown[..]) != other {
                return shown;
            }
            sleep(Duration::from_millis(200)).await;
        }
        panic!("no certificate for {name} is shown:\n{}\n{}", self.doctor(), self.log());
    }

    /// Waits until clients are shown the authority's certificate for `name`.
    pub(crate) async fn shows(&self, name: &str) -> Vec<u8> {
        self.shows_another(name, None).await
    }

    /// Whether a client that believes that root (PEM) alone is answered as `name`.
    pub(crate) async fn is_believed(&self, name: &str, root: &str) -> bool {
        let root = reqwest::Certificate::from_pem(root.as_bytes()).unwrap();
        let client = client(self.port, |client| client.tls_certs_only([root]));
        client.get(format!("https://{name}:{}/healthz", self.port)).send().await.is_ok()
    }

    /// Waits until `gantry doctor` says `text`.
    pub(crate) async fn doctor_says(&self, text: &str) -> String {
        let began = Instant::now();
        loop {
            let said = self.doctor();
            if said.contains(text) {
                return said;
            }
            assert!(began.elapsed() < PATIENCE, "{said}\n{}", self.log());
            sleep(Duration::from_millis(500)).await;
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// Brings up the schema of the database that these lines name.
pub(crate) fn migrate(lines: &[String]) {
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join("gantry.toml"), lines.join("\n")).unwrap();
    let output = gantry(dir.path(), "migrate").output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

/// Starts an authority.
pub(crate) async fn pebble(options: Options) -> Pebble {
    spawn_blocking(move || Pebble::start(&options)).await.unwrap()
}

/// The lines of `[acme]` by which a server asks that authority.
pub(crate) fn acme(pebble: &Pebble, challenge: &str) -> Vec<String> {
    vec![
        "[outbound]".to_owned(),
        "allowed_networks = [\"127.0.0.0/8\"]".to_owned(),
        "[acme]".to_owned(),
        format!("directory = \"{}\"", pebble.directory()),
        format!("ca_file = \"{}\"", pebble.ca_file().display()),
        "terms_of_service_agreed = true".to_owned(),
        "contacts = [\"mailto:admin@example.com\"]".to_owned(),
        format!("challenge = \"{challenge}\""),
    ]
}

/// These lines and then those.
pub(crate) fn lines(first: &[&str], then: Vec<String>) -> Vec<String> {
    first.iter().map(|line| (*line).to_owned()).chain(then).collect()
}

/// Whether the certificate is one that Pebble issued.
pub(crate) fn is_of_pebble(certificate: &[u8]) -> bool {
    let issuer = b"Pebble Intermediate CA";
    certificate.windows(issuer.len()).any(|window| window == issuer)
}

/// A port of 127.0.0.1 that nobody listens on.
pub(crate) fn free_port() -> u16 {
    std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

/// The binary, on the deployment in `dir`, whose configuration is `gantry.toml` there.
fn gantry(dir: &Path, command: &str) -> Command {
    let mut process = Command::new(env!("CARGO_BIN_EXE_gantry"));
    process.arg(command).arg("--data").arg(dir.join("data"));
    process.arg("--config").arg(dir.join("gantry.toml"));
    process
}

fn client(
    port: u16,
    adjust: impl FnOnce(reqwest::ClientBuilder) -> reqwest::ClientBuilder,
) -> reqwest::Client {
    let builder = reqwest::Client::builder()
        .dns_resolver(EverythingIsLocal(port))
        .no_proxy()
        .tls_info(true)
        .timeout(Duration::from_secs(30));
    adjust(builder).build().unwrap()
}

/// Every name is this machine, so that any host can be asked for.
struct EverythingIsLocal(u16);

impl reqwest::dns::Resolve for EverythingIsLocal {
    fn resolve(&self, _: reqwest::dns::Name) -> reqwest::dns::Resolving {
        let address = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), self.0);
        Box::pin(async move { Ok(Box::new(std::iter::once(address)) as reqwest::dns::Addrs) })
    }
}
