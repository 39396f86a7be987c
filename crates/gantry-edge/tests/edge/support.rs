//! A running edge with a small application behind it.

use std::net::SocketAddr;
use std::process::{Command, Output, Stdio};
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::{DefaultBodyLimit, Request};
use axum::response::IntoResponse;
use axum::routing::{get, post};
use gantry_edge::{
    Authority, ConnectionInfo, Edge, EdgeConfig, Entrance, IssuedCertificates, Lifecycle, Limits,
    ListenAddress, OpenKey, Peers, TlsMinimum,
};
use gantry_filelane::{FileBody, FileLane};
use gantry_model::{Clock, SystemClock};
use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::PemObject;
use tempfile::TempDir;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpSocket, TcpStream};
use tokio::sync::Semaphore;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;

/// Longer than anything here takes, shorter than a hanging test is pleasant.
pub(crate) const PATIENCE: Duration = Duration::from_secs(30);

pub(crate) struct Server {
    /// Where it listens, first of all.
    pub(crate) address: SocketAddr,
    /// Where it listens.
    pub(crate) addresses: Vec<SocketAddr>,
    pub(crate) life: Lifecycle,
    pub(crate) dir: TempDir,
    /// `GET /gate` answers once per permit added here.
    pub(crate) gate: Arc<Semaphore>,
    /// Has a permit for every request that reached the gate.
    pub(crate) arrived: Arc<Semaphore>,
    /// Has a permit for every endless answer that came to an end.
    pub(crate) ended: Arc<Semaphore>,
}

impl Server {
    pub(crate) fn start() -> Self {
        Self::start_with(|_| {})
    }

    pub(crate) fn start_with(adjust: impl FnOnce(&mut EdgeConfig)) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let mut config = EdgeConfig {
            listen: vec![ListenAddress::required("127.0.0.1:0".parse().unwrap())],
            plain_http: Peers::loopback(),
            proxy_protocol: Peers::default(),
            trusted_proxies: Peers::default(),
            certificates: vec![],
            issued: IssuedCertificates::new(),
            challenges: None,
            authority: Authority::open(dir.path(), &OpenKey, SystemClock.now()).unwrap(),
            names: vec!["*.acr.localhost".into(), "local.acr.localhost".into()],
            tls_minimum: TlsMinimum::Tls12,
            limits: Limits::default(),
            clock: Arc::new(SystemClock),
        };
        adjust(&mut config);
        let edge = Edge::bind(config).unwrap();
        let addresses = edge.local_addrs().to_vec();
        let life = Lifecycle::new(PATIENCE);
        let [gate, arrived, ended] = [(); 3].map(|()| Arc::new(Semaphore::new(0)));
        let application = application(gate.clone(), arrived.clone(), ended.clone());
        edge.serve(application, &life).unwrap();
        Self { address: addresses[0], addresses, life, dir, gate, arrived, ended }
    }

    /// A client that trusts the local authority alone and finds `host` at the server.
    pub(crate) fn client(&self, host: &str) -> reqwest::Client {
        self.client_with(host, |builder| builder)
    }

    pub(crate) fn client_with(
        &self,
        host: &str,
        adjust: impl FnOnce(reqwest::ClientBuilder) -> reqwest::ClientBuilder,
    ) -> reqwest::Client {
        let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
        let pem = std::fs::read(self.dir.path().join("ca.pem")).unwrap();
        let authority = reqwest::Certificate::from_pem(&pem).unwrap();
        let builder = reqwest::Client::builder()
            .tls_certs_only([authority])
            .resolve(host, self.address)
            .timeout(PATIENCE);
        adjust(builder).build().unwrap()
    }

    pub(crate) fn url(&self, scheme: &str, host: &str, path: &str) -> String {
        format!("{scheme}://{host}:{}{path}", self.address.port())
    }

    /// Sends `text` over plain TCP and returns everything that comes back before the close.
    pub(crate) async fn raw(&self, text: &str) -> String {
        self.raw_from("127.0.0.1", text).await
    }

    /// The same, from an address of this machine.
    pub(crate) async fn raw_from(&self, sender: &str, bytes: impl AsRef<[u8]>) -> String {
        let mut stream = self.connect_from(sender).await;
        stream.write_all(bytes.as_ref()).await.unwrap();
        read_to_close(&mut stream).await
    }

    /// A connection from an address of this machine.
    pub(crate) async fn connect_from(&self, sender: &str) -> TcpStream {
        let socket = TcpSocket::new_v4().unwrap();
        socket.bind(format!("{sender}:0").parse().unwrap()).unwrap();
        socket.connect(self.address).await.unwrap()
    }

    /// Speaks TLS on a connection, and tells what comes back for `text`.
    pub(crate) async fn tls(&self, stream: TcpStream, text: &str) -> std::io::Result<String> {
        let name = "localhost".try_into().unwrap();
        let connector = TlsConnector::from(self.tls_client());
        let mut stream = timeout(PATIENCE, connector.connect(name, stream)).await.unwrap()?;
        stream.write_all(text.as_bytes()).await?;
        let mut answer = String::new();
        timeout(PATIENCE, stream.read_to_string(&mut answer)).await.unwrap()?;
        Ok(answer)
    }

    /// TLS as a client speaks it that trusts the local authority.
    pub(crate) fn tls_client(&self) -> Arc<rustls::ClientConfig> {
        let mut roots = rustls::RootCertStore::empty();
        roots.add(CertificateDer::from_pem_file(self.dir.path().join("ca.pem")).unwrap()).unwrap();
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let config = rustls::ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap();
        Arc::new(config.with_root_certificates(roots).with_no_client_auth())
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.life.cut();
    }
}

/// Reads until the server closes, which it must do in time. A reset is a close.
pub(crate) async fn read_to_close(stream: &mut TcpStream) -> String {
    let mut bytes = Vec::new();
    let read = timeout(PATIENCE, stream.read_to_end(&mut bytes)).await;
    let _ = read.expect("the server closes the connection");
    String::from_utf8_lossy(&bytes).into_owned()
}

fn application(gate: Arc<Semaphore>, arrived: Arc<Semaphore>, ended: Arc<Semaphore>) -> Router {
    Router::new()
        .route("/endless", get(async move || endless(ended)))
        .route("/connection", get(connection))
        .route("/ends", get(ends))
        .route("/file", get(file))
        .route("/panic", get(async || -> &'static str { panic!("on purpose") }))
        .route("/echo", post(async |body: axum::body::Bytes| body))
        .layer(DefaultBodyLimit::disable())
        .route(
            "/gate",
            get(async move || {
                arrived.add_permits(1);
                gate.acquire().await.unwrap().forget();
                "through"
            }),
        )
}

/// Tells what the request knows of its connection.
async fn connection(request: Request) -> String {
    let info = request.extensions().get::<ConnectionInfo>().expect("every request has it");
    format!(
        "{} {} {:?} {:?} {:?}",
        info.scheme.as_str(),
        info.server_name.as_deref().unwrap_or("-"),
        info.peer.ip(),
        info.local.port(),
        request.version(),
    )
}

/// Tells between whom the connection is: `peer>local`, who handed it on, and the entrance.
async fn ends(request: Request) -> String {
    let info = request.extensions().get::<ConnectionInfo>().expect("every request has it");
    let via = info.via.map_or("-".to_owned(), |via| via.ip().to_string());
    let entrance = match &info.entrance {
        Entrance::Public => "public",
        Entrance::Private(name) => name,
    };
    format!("{}>{} {via} {entrance}", info.peer, info.local)
}

/// An answer that goes on until nobody wants more of it, which `ended` then hears.
fn endless(ended: Arc<Semaphore>) -> axum::body::Body {
    struct Ends(Arc<Semaphore>);
    impl Drop for Ends {
        fn drop(&mut self) {
            self.0.add_permits(1);
        }
    }
    let ends = Ends(ended);
    let bytes = axum::body::Bytes::from(vec![b'x'; 64 * 1024]);
    axum::body::Body::from_stream(futures_util::stream::iter(std::iter::from_fn(move || {
        let _still_wanted = &ends;
        Some(Ok::<_, std::convert::Infallible>(bytes.clone()))
    })))
}

/// What [`file`] sends.
pub(crate) fn file_bytes() -> Vec<u8> {
    (0..3_000_000u32).map(|n| (n % 253) as u8).collect()
}

/// Answers with a file, and tells in a header how its connection carries it.
async fn file(request: Request) -> axum::response::Response {
    let bytes = file_bytes();
    let mut file = tempfile::tempfile().unwrap();
    std::io::Write::write_all(&mut file, &bytes).unwrap();
    let lane = FileLane::of(request.version(), request.extensions());
    let carried = if lane.is_some() { "by lane" } else { "by copy" };
    let body = FileBody::new(Arc::new(file), 0..bytes.len() as u64, lane);
    ([("x-carried", carried)], axum::body::Body::new(body)).into_response()
}

/// Runs a program that the tests need.
pub(crate) fn run(program: &str, arguments: &[&str]) -> Output {
    let command = Command::new(program).args(arguments).stdin(Stdio::null()).output();
    command.unwrap_or_else(|error| panic!("this test needs {program}: {error}"))
}

/// Sends a signal to this process, which had better have a handler.
pub(crate) fn send_signal(name: &str) {
    let pid = std::process::id().to_string();
    assert!(run("kill", &["-s", name, &pid]).status.success());
}
