//! Servers that answer what the test says, byte by byte.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use rustls::pki_types::PrivateKeyDer;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio::task::JoinSet;
use tokio_rustls::TlsAcceptor;

/// What a server writes: bytes, and rests between them.
pub(crate) struct Reply(Vec<Part>);

enum Part {
    Bytes(Vec<u8>),
    Rest(Duration),
}

impl Reply {
    /// An answer with a body.
    pub(crate) fn new(status: u16, headers: &str, body: &[u8]) -> Self {
        let head = format!("HTTP/1.1 {status} x\r\nContent-Length: {}\r\n{headers}", body.len());
        Self::bytes(head.as_bytes()).and(b"\r\n").and(body)
    }

    /// `200` with a JSON document.
    pub(crate) fn json(body: &str) -> Self {
        Self::new(200, "Content-Type: application/json\r\n", body.as_bytes())
    }

    /// A redirect.
    pub(crate) fn redirect(location: &str) -> Self {
        Self::new(302, &format!("Location: {location}\r\n"), b"")
    }

    /// Just these bytes.
    pub(crate) fn bytes(bytes: &[u8]) -> Self {
        Self(vec![Part::Bytes(bytes.to_vec())])
    }

    /// And then these.
    pub(crate) fn and(mut self, bytes: &[u8]) -> Self {
        self.0.push(Part::Bytes(bytes.to_vec()));
        self
    }

    /// And then nothing for a while.
    pub(crate) fn rest(mut self, time: Duration) -> Self {
        self.0.push(Part::Rest(time));
        self
    }
}

/// A server; it ends when dropped.
pub(crate) struct Server {
    pub(crate) address: SocketAddr,
    requests: Arc<Mutex<Vec<String>>>,
    _running: JoinSet<()>,
}

type Answers = Arc<dyn Fn(&str) -> Reply + Send + Sync>;

impl Server {
    /// Answers plain HTTP on 127.0.0.1. `answer` gets the request's head.
    pub(crate) async fn start(answer: impl Fn(&str) -> Reply + Send + Sync + 'static) -> Self {
        Self::start_at("127.0.0.1:0", None, answer).await
    }

    /// Answers at `address`, over TLS where there is a certificate.
    pub(crate) async fn start_at(
        address: &str,
        tls: Option<TlsAcceptor>,
        answer: impl Fn(&str) -> Reply + Send + Sync + 'static,
    ) -> Self {
        let listener = TcpListener::bind(address).await.unwrap();
        let address = listener.local_addr().unwrap();
        let requests = Arc::new(Mutex::new(Vec::new()));
        let (answer, seen): (Answers, _) = (Arc::new(answer), Arc::clone(&requests));
        let mut running = JoinSet::new();
        running.spawn(async move {
            let mut connections = JoinSet::new();
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                let (answer, seen, tls) = (Arc::clone(&answer), Arc::clone(&seen), tls.clone());
                connections.spawn(async move {
                    match tls {
                        None => serve(stream, &answer, &seen).await,
                        Some(tls) => match tls.accept(stream).await {
                            Ok(stream) => serve(stream, &answer, &seen).await,
                            Err(_) => None,
                        },
                    };
                });
            }
        });
        Self { address, requests, _running: running }
    }

    /// Its address with this path.
    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// The heads of all requests.
    pub(crate) fn requests(&self) -> Vec<String> {
        self.requests.lock().unwrap().clone()
    }
}

/// One request; the connection isn't used again.
async fn serve(
    mut stream: impl AsyncRead + AsyncWrite + Unpin,
    answer: &Answers,
    seen: &Mutex<Vec<String>>,
) -> Option<()> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(stream.read_u8().await.ok()?);
    }
    let head = String::from_utf8(head).unwrap();
    seen.lock().unwrap().push(head.clone());
    for part in answer(&head).0 {
        match part {
            Part::Bytes(bytes) => stream.write_all(&bytes).await.ok()?,
            Part::Rest(time) => tokio::time::sleep(time).await,
        }
    }
    stream.shutdown().await.ok()
}

/// An authority, whose certificate is written to `ca`, and a certificate of it for `names`.
pub(crate) fn tls(ca: &Path, names: &[&str]) -> TlsAcceptor {
    let mut params = CertificateParams::new([]).unwrap();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let issuer = CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap();
    std::fs::write(ca, issuer.pem()).unwrap();
    let key = KeyPair::generate().unwrap();
    let names: Vec<String> = names.iter().map(ToString::to_string).collect();
    let certificate = CertificateParams::new(names).unwrap().signed_by(&key, &issuer).unwrap();
    let private = PrivateKeyDer::try_from(key.serialize_der()).unwrap();
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![certificate.der().clone()], private)
        .unwrap();
    TlsAcceptor::from(Arc::new(config))
}
