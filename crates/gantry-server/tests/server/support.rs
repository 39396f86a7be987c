//! The real binary, on a port of its own.

use std::io::{Read, Write};
use std::net::{IpAddr, Ipv4Addr, SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use gantry_oci::Digest;
use http::Method;
use reqwest::{ClientBuilder, RequestBuilder};
use tempfile::TempDir;

use crate::cluster;

/// The admin's password.
pub(crate) const PASSWORD: &str = "a-password-for-tests";

/// Longer than anything here takes.
pub(crate) const PATIENCE: Duration = Duration::from_secs(30);

/// A running server with one data directory; both go with it.
pub(crate) struct Server {
    process: Child,
    port: u16,
    client: reqwest::Client,
    dir: TempDir,
}

impl Server {
    /// Starts one with these lines as its configuration file.
    pub(crate) async fn start(config: &[&str]) -> Self {
        Self::start_in(tempfile::tempdir().unwrap(), config).await
    }

    /// Starts one with these lines, and another password than all others have.
    pub(crate) async fn start_with(config: &[String], password: &str) -> Self {
        let config: Vec<&str> = config.iter().map(String::as_str).collect();
        Self::start_as(tempfile::tempdir().unwrap(), &config, password, Stdio::inherit()).await
    }

    /// Starts one in a directory, which may have files that its configuration names.
    pub(crate) async fn start_in(dir: TempDir, config: &[&str]) -> Self {
        Self::start_as(dir, config, PASSWORD, Stdio::inherit()).await
    }

    /// Starts one whose log is the file `log` in its directory.
    pub(crate) async fn start_logging(config: &[&str]) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let log = std::fs::File::create(dir.path().join("log")).unwrap();
        Self::start_as(dir, config, PASSWORD, log.into()).await
    }

    async fn start_as(dir: TempDir, config: &[&str], password: &str, log: Stdio) -> Self {
        let stores = stores_of(dir.path(), config).await;
        let config = [&stores, &*config.join("\n")].join("\n");
        std::fs::write(dir.path().join("gantry.toml"), config).unwrap();
        let port = free_port();
        let process = gantry(dir.path(), "serve")
            .args(["--listen", &format!("127.0.0.1:{port}")])
            .env("GANTRY_ADMIN_PASSWORD", password)
            .stdout(Stdio::null())
            .stderr(log)
            .spawn()
            .unwrap();
        // The binary under test brings a provider of its own; this process needs one too.
        let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
        let client = client(port, |client| client);
        let server = Self { process, port, client, dir };
        server.wait_until_ready().await;
        server
    }

    async fn wait_until_ready(&self) {
        for _ in 0..600 {
            if let Ok(answer) = self.request(Method::GET, "/readyz").send().await
                && answer.status().is_success()
            {
                return;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        panic!("the server isn't ready after 30 s");
    }

    /// A request to the default registry.
    pub(crate) fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.request_to("localhost", method, path)
    }

    /// A request to whatever answers on `host`.
    pub(crate) fn request_to(&self, host: &str, method: Method, path: &str) -> RequestBuilder {
        self.client.request(method, format!("http://{host}:{}{path}", self.port))
    }

    /// Its data directory.
    pub(crate) fn data(&self) -> PathBuf {
        self.dir.path().join("data")
    }

    /// The port of 127.0.0.1 it listens on.
    pub(crate) fn port(&self) -> u16 {
        self.port
    }

    /// Runs an operator command on its data directory, and tells all it says.
    pub(crate) fn operator(&self, command: &str) -> String {
        operator(self.dir.path(), command)
    }

    /// Drains and ends, and leaves its directory.
    pub(crate) fn stop(mut self) -> TempDir {
        let pid = self.process.id().to_string();
        assert!(Command::new("kill").args(["-s", "TERM", &pid]).status().unwrap().success());
        assert!(self.process.wait().unwrap().success());
        std::mem::replace(&mut self.dir, tempfile::tempdir().unwrap())
    }

    /// A client that finds every host at the server.
    pub(crate) fn client(
        &self,
        adjust: impl FnOnce(ClientBuilder) -> ClientBuilder,
    ) -> reqwest::Client {
        client(self.port, adjust)
    }

    /// Sends `text` as it is over plain TCP, and tells all that comes back before the close.
    pub(crate) fn raw(&self, text: &str) -> String {
        let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, self.port)).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        stream.write_all(text.as_bytes()).unwrap();
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).expect("the server closes the connection");
        String::from_utf8_lossy(&answer).into_owned()
    }

    /// Stores a blob in the default registry.
    pub(crate) async fn push_blob(&self, name: &str, bytes: &'static [u8]) -> Digest {
        let digest = Digest::sha256(bytes);
        let path = format!("/v2/{name}/blobs/uploads/?digest={digest}");
        let push = self.request(Method::POST, &path).body(bytes);
        let pushed = push.basic_auth("local", Some(PASSWORD)).send().await.unwrap();
        assert_eq!(pushed.status(), 201);
        digest
    }

    /// Stores a manifest in the default registry; `kind` is what its media type says of it.
    pub(crate) async fn push_manifest(
        &self,
        name: &str,
        reference: &str,
        kind: &str,
        json: String,
    ) -> Digest {
        let digest = Digest::sha256(json.as_bytes());
        let push = self.request(Method::PUT, &format!("/v2/{name}/manifests/{reference}"));
        let push = push.header("content-type", format!("application/vnd.oci.{kind}.v1+json"));
        let pushed = push.basic_auth("local", Some(PASSWORD)).body(json).send().await.unwrap();
        assert_eq!(pushed.status(), 201);
        digest
    }

    /// An access token of the admin of the registry at `host`.
    pub(crate) async fn token(&self, host: &str, scope: &str) -> String {
        let registry = host.split('.').next().unwrap();
        let (user, password) = match registry {
            "localhost" | "local" => ("local", PASSWORD.to_owned()),
            other => (other, self.password_of(other)),
        };
        let path = format!("/oauth2/token?service={host}&scope={scope}");
        let answer = self.request_to(host, Method::GET, &path);
        let answer = answer.basic_auth(user, Some(password)).send().await.unwrap();
        assert!(answer.status().is_success(), "{}", answer.text().await.unwrap());
        let body: serde_json::Value = answer.json().await.unwrap();
        body["access_token"].as_str().unwrap().to_owned()
    }

    /// What the server keeps for the operator to read.
    fn password_of(&self, registry: &str) -> String {
        let path = self.dir.path().join("data").join(format!("admin-password.{registry}"));
        std::fs::read_to_string(path).unwrap().trim().to_owned()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// Where the server in `dir` keeps everything: in the directory, or, with `GANTRY_TEST_DEPLOYMENT=s3`, in a
/// database of PostgreSQL and a bucket of its own, where it is one node of those there could be.
async fn stores_of(dir: &Path, config: &[&str]) -> String {
    let names_its_own = config.iter().any(|line| line.contains("database = "));
    let kept = dir.join("stores.toml");
    match std::env::var("GANTRY_TEST_DEPLOYMENT").as_deref() {
        Ok("s3") if !names_its_own => {
            if let Ok(lines) = std::fs::read_to_string(&kept) {
                return lines;
            }
            let (database, blobs) = cluster::stores().await;
            let lines = cluster::settings(&database, &blobs).join("\n");
            std::fs::write(kept, &lines).unwrap();
            lines
        }
        Ok("s3") | Err(_) => String::new(),
        Ok(other) => panic!("GANTRY_TEST_DEPLOYMENT is {other}: give s3 or nothing"),
    }
}

/// Runs an operator command on the deployment in `dir`, and tells all it says.
pub(crate) fn operator(dir: &Path, command: &str) -> String {
    let mut process = gantry(dir, command);
    let output = process.stdin(Stdio::null()).output().unwrap();
    String::from_utf8(output.stdout).unwrap() + &String::from_utf8(output.stderr).unwrap()
}

/// The binary, on the deployment in `dir`, whose configuration is `gantry.toml` there.
pub(crate) fn gantry(dir: &Path, command: &str) -> Command {
    let mut process = Command::new(env!("CARGO_BIN_EXE_gantry"));
    process.arg(command).arg("--data").arg(dir.join("data"));
    process.arg("--config").arg(dir.join("gantry.toml"));
    process.env_remove("GANTRY_TEST_DEPLOYMENT");
    process
}

/// A Basic `Authorization` header.
pub(crate) fn basic(user: &str, password: &str) -> String {
    use base64::Engine;
    let text = base64::engine::general_purpose::STANDARD.encode(format!("{user}:{password}"));
    format!("Basic {text}")
}

fn client(port: u16, adjust: impl FnOnce(ClientBuilder) -> ClientBuilder) -> reqwest::Client {
    let builder = reqwest::Client::builder().dns_resolver(EverythingIsLocal(port)).no_proxy();
    adjust(builder).build().unwrap()
}

/// A port of 127.0.0.1 that nobody listens on, given once: below those that the system gives to who asks
/// for any, since a connection or another test's server could have one of them before it is used.
pub(crate) fn free_port() -> u16 {
    const PORTS: std::ops::Range<u32> = 20_000..32_000;
    static GIVEN: AtomicU32 = AtomicU32::new(0);
    // Test programs that run at once begin elsewhere.
    let first = std::process::id().wrapping_mul(97);
    loop {
        let turn = first.wrapping_add(GIVEN.fetch_add(1, Ordering::Relaxed));
        let port = (PORTS.start + turn % (PORTS.end - PORTS.start)) as u16;
        if std::net::TcpListener::bind((Ipv4Addr::LOCALHOST, port)).is_ok() {
            return port;
        }
    }
}

/// Every name is this machine, so that any host can be asked for.
struct EverythingIsLocal(u16);

impl reqwest::dns::Resolve for EverythingIsLocal {
    fn resolve(&self, _: reqwest::dns::Name) -> reqwest::dns::Resolving {
        let address = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), self.0);
        Box::pin(async move { Ok(Box::new(std::iter::once(address)) as reqwest::dns::Addrs) })
    }
}
