//! An issuer: metadata and keys over TLS, and signatures by a second implementation of JWT.

use std::io;
use std::net::{IpAddr, Ipv4Addr};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use aws_lc_rs::encoding::{AsDer, Pkcs8V1Der};
use aws_lc_rs::rsa::{KeyPair as RsaKeyPair, KeySize};
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED_SIGNING, ECDSA_P384_SHA384_FIXED_SIGNING, EcdsaKeyPair,
    EcdsaSigningAlgorithm, Ed25519KeyPair, KeyPair as _,
};
use axum::Router;
use axum::extract::State;
use axum::http::{StatusCode, Uri};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use gantry_issuers::Issuers;
use gantry_model::{Clock, ManualClock, Timestamp};
use gantry_outbound::{Names, Outbound, OutboundOptions};
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto::Builder;
use hyper_util::service::TowerToHyperService;
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use rustls::pki_types::PrivateKeyDer;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::task::JoinSet;
use tokio_rustls::TlsAcceptor;

/// A private key, and its public half as a JWK.
#[derive(Clone)]
pub(crate) struct Key {
    pub(crate) jwk: Value,
    private: EncodingKey,
    algorithm: Algorithm,
}

impl Key {
    pub(crate) fn rsa(id: &str) -> Self {
        let pair = RsaKeyPair::generate(KeySize::Rsa2048).unwrap();
        let pkcs8 = AsDer::<Pkcs8V1Der<'_>>::as_der(&pair).unwrap();
        let public = pair.public_key();
        let jwk = json!({
            "kty": "RSA",
            "kid": id,
            "use": "sig",
            "n": encode(public.modulus().big_endian_without_leading_zero()),
            "e": encode(public.exponent().big_endian_without_leading_zero()),
        });
        // RFC 8017's form, which is what this implementation of JWT takes.
        let der = pkcs1(pkcs8.as_ref());
        Self { jwk, private: EncodingKey::from_rsa_der(der), algorithm: Algorithm::RS256 }
    }

    pub(crate) fn p256(id: &str) -> Self {
        Self::ec(id, "P-256", &ECDSA_P256_SHA256_FIXED_SIGNING, Algorithm::ES256)
    }

    pub(crate) fn p384(id: &str) -> Self {
        Self::ec(id, "P-384", &ECDSA_P384_SHA384_FIXED_SIGNING, Algorithm::ES384)
    }

    fn ec(
        id: &str,
        curve: &str,
        kind: &'static EcdsaSigningAlgorithm,
        algorithm: Algorithm,
    ) -> Self {
        let pair = EcdsaKeyPair::generate(kind).unwrap();
        let point = pair.public_key().as_ref();
        let (x, y) = point[1..].split_at(point.len() / 2);
        let jwk = json!({
            "kty": "EC", "crv": curve, "kid": id, "x": encode(x), "y": encode(y),
        });
        let private = EncodingKey::from_ec_der(pair.to_pkcs8v1().unwrap().as_ref());
        Self { jwk, private, algorithm }
    }

    pub(crate) fn ed25519(id: &str) -> Self {
        let pair = Ed25519KeyPair::generate().unwrap();
        let x = encode(pair.public_key().as_ref());
        let jwk = json!({ "kty": "OKP", "crv": "Ed25519", "kid": id, "x": x });
        let private = EncodingKey::from_ed_der(pair.to_pkcs8v1().unwrap().as_ref());
        Self { jwk, private, algorithm: Algorithm::EdDSA }
    }

    /// With these members in the JWK.
    pub(crate) fn with(mut self, members: Value) -> Self {
        self.jwk = crate::with(self.jwk, members);
        self
    }

    /// Signs by another algorithm.
    pub(crate) fn by(mut self, algorithm: Algorithm) -> Self {
        self.algorithm = algorithm;
        self
    }

    pub(crate) fn sign(&self, claims: &Value) -> String {
        self.sign_as(self.jwk["kid"].as_str(), claims)
    }

    /// Signs under the id of another key, or under none.
    pub(crate) fn sign_as(&self, id: Option<&str>, claims: &Value) -> String {
        let header = Header { kid: id.map(str::to_owned), ..Header::new(self.algorithm) };
        jsonwebtoken::encode(&header, claims, &self.private).unwrap()
    }

    /// Signs with this header.
    pub(crate) fn sign_with_header(&self, header: &Value, claims: &Value) -> String {
        let signed = format!("{}.{}", encode_json(header), encode_json(claims));
        format!("{signed}.{}", self.signature(&signed))
    }

    /// The signature of a text.
    pub(crate) fn signature(&self, signed: &str) -> String {
        jsonwebtoken::crypto::sign(signed.as_bytes(), &self.private, self.algorithm).unwrap()
    }
}

pub(crate) fn encode(bytes: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

pub(crate) fn encode_json(value: &Value) -> String {
    encode(value.to_string().as_bytes())
}

/// The RSAPrivateKey within a PrivateKeyInfo: the last element (RFC 5208 §5), whose header is 4 bytes.
fn pkcs1(pkcs8: &[u8]) -> &[u8] {
    let at = pkcs8.windows(2).skip(4).position(|two| two == [0x30, 0x82]).unwrap() + 4;
    &pkcs8[at..]
}

/// What the issuer answers.
#[derive(Default)]
struct Answers {
    /// By path; what isn't here is 404.
    documents: Mutex<Vec<(String, String)>>,
    requests: Mutex<Vec<String>>,
    down: AtomicBool,
}

/// An issuer on 127.0.0.1, and one who verifies its tokens. Ends when dropped.
pub(crate) struct Issuer {
    pub(crate) issuers: Arc<Issuers>,
    pub(crate) clock: Arc<ManualClock>,
    port: u16,
    answers: Arc<Answers>,
    _running: JoinSet<()>,
}

impl Issuer {
    /// Starts one with these keys.
    pub(crate) async fn start(keys: &[&Key]) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let dir = tempfile::tempdir().unwrap();
        let ca = dir.path().join("ca.pem");
        let tls = tls(&ca, "issuer.example");
        let answers = Arc::<Answers>::default();
        let router = Router::new().fallback(answer).with_state(Arc::clone(&answers));
        let mut running = JoinSet::new();
        running.spawn(async move {
            let mut connections = JoinSet::new();
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                let (tls, service) = (tls.clone(), TowerToHyperService::new(router.clone()));
                connections.spawn(async move {
                    let Ok(stream) = tls.accept(stream).await else { return };
                    let builder = Builder::new(TokioExecutor::new());
                    let _ = builder.serve_connection(TokioIo::new(stream), service).await;
                });
            }
        });
        let clock = Arc::new(ManualClock::new(Timestamp::from_micros(1_800_000_000_500_000)));
        let options = OutboundOptions {
            allowed: vec!["127.0.0.1/32".parse().unwrap()],
            ca_files: vec![ca],
            ..OutboundOptions::default()
        };
        let outbound = Outbound::with_names(&options, Arc::new(EverythingIsLocal)).unwrap();
        let issuers = Arc::new(Issuers::new(outbound, Arc::<ManualClock>::clone(&clock)));
        let issuer = Self { issuers, clock, port, answers, _running: running };
        issuer.publish_metadata("", &issuer.url());
        issuer.publish(keys);
        issuer
    }

    pub(crate) fn url(&self) -> String {
        format!("https://issuer.example:{}", self.port)
    }

    pub(crate) fn now(&self) -> i64 {
        self.clock.now().seconds()
    }

    /// Publishes these keys and no other.
    pub(crate) fn publish(&self, keys: &[&Key]) {
        let keys: Vec<_> = keys.iter().map(|key| &key.jwk).collect();
        self.publish_document("/keys", json!({ "keys": keys }).to_string());
    }

    /// Publishes metadata below a path.
    pub(crate) fn publish_metadata(&self, path: &str, issuer: &str) {
        let keys = format!("{}/keys", self.url());
        let metadata = json!({ "issuer": issuer, "jwks_uri": keys, "more": [1] });
        let path = format!("{path}/.well-known/openid-configuration");
        self.publish_document(&path, metadata.to_string());
    }

    pub(crate) fn publish_document(&self, path: &str, document: String) {
        let mut documents = self.answers.documents.lock().unwrap();
        documents.retain(|(known, _)| known != path);
        documents.push((path.to_owned(), document));
    }

    /// From now on it answers 503, or does again.
    pub(crate) fn set_down(&self, down: bool) {
        self.answers.down.store(down, Ordering::SeqCst);
    }

    /// How often it was asked for that.
    pub(crate) fn asked(&self, path: &str) -> usize {
        let requests = self.answers.requests.lock().unwrap();
        requests.iter().filter(|request| *request == path).count()
    }

    /// How often its keys were wanted, answered or not.
    pub(crate) fn questions(&self) -> usize {
        self.asked("/.well-known/openid-configuration")
    }
}

async fn answer(State(answers): State<Arc<Answers>>, uri: Uri) -> (StatusCode, String) {
    answers.requests.lock().unwrap().push(uri.path().to_owned());
    if answers.down.load(Ordering::SeqCst) {
        return (StatusCode::SERVICE_UNAVAILABLE, String::new());
    }
    // So that those who ask at once are really there at once.
    tokio::task::yield_now().await;
    let documents = answers.documents.lock().unwrap();
    let found = documents.iter().find(|(path, _)| path == uri.path());
    found.map_or((StatusCode::NOT_FOUND, String::new()), |(_, text)| (StatusCode::OK, text.clone()))
}

#[derive(Debug)]
struct EverythingIsLocal;

#[async_trait]
impl Names for EverythingIsLocal {
    async fn addresses(&self, _: &str) -> io::Result<Vec<IpAddr>> {
        Ok(vec![Ipv4Addr::LOCALHOST.into()])
    }
}

/// An authority, whose certificate is written to `ca`, and a certificate of it.
fn tls(ca: &std::path::Path, name: &str) -> TlsAcceptor {
    let mut params = CertificateParams::new([]).unwrap();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let authority = CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap();
    std::fs::write(ca, authority.pem()).unwrap();
    let key = KeyPair::generate().unwrap();
    let params = CertificateParams::new([name.to_owned()]).unwrap();
    let certificate = params.signed_by(&key, &authority).unwrap();
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
