//! Certificate authorities are answered, whoever they are, and nobody else is by that way.

use std::sync::Arc;

use async_trait::async_trait;
use gantry_edge::{ChallengeCertificate, Challenges, Peers};
use rcgen::{CertificateParams, CustomExtension, KeyPair};
use tokio::io::AsyncReadExt;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;

use crate::support::{PATIENCE, Server};

const NAME: &str = "registry.example.com";

#[derive(Debug)]
struct OneOfEach;

#[async_trait]
impl Challenges for OneOfEach {
    async fn over_http(&self, token: &str) -> Option<String> {
        (token == "known").then(|| "known.thumbprint".to_owned())
    }

    async fn over_tls(&self, host: &str) -> Option<ChallengeCertificate> {
        let key = KeyPair::generate().unwrap();
        let mut params = CertificateParams::new([NAME.to_owned()]).unwrap();
        params.custom_extensions = vec![CustomExtension::new_acme_identifier(&[7; 32])];
        let certificate = params.self_signed(&key).unwrap().der().to_vec();
        (host == NAME).then(|| ChallengeCertificate { certificate, key: key.serialize_der() })
    }
}

/// Nobody is welcome over plain HTTP.
fn server() -> Server {
    Server::start_with(|config| {
        config.plain_http = Peers::default();
        config.challenges = Some(Arc::new(OneOfEach));
    })
}

fn get(path: &str) -> String {
    format!("GET {path} HTTP/1.1\r\nhost: {NAME}\r\nconnection: close\r\n\r\n")
}

#[tokio::test]
async fn plain_http_is_answered_for_a_known_token_alone() {
    let server = server();
    let known = server.raw(&get("/.well-known/acme-challenge/known")).await;
    assert!(known.starts_with("HTTP/1.1 200 OK"), "{known}");
    assert!(known.ends_with("\r\n\r\nknown.thumbprint"), "{known}");
    for other in [
        "/.well-known/acme-challenge/unknown",
        "/.well-known/acme-challenge/",
        "/.well-known/acme-challenge/known/",
        "/connection",
    ] {
        let answer = server.raw(&get(other)).await;
        assert!(answer.contains("this server speaks HTTPS here"), "{answer}");
    }
    let post = get("/.well-known/acme-challenge/known").replace("GET", "POST");
    assert!(server.raw(&post).await.contains("this server speaks HTTPS here"));
}

/// What a client sees that asks for `name` and offers `protocols`: the certificate and what is said
/// after the handshake.
async fn shake_hands(
    server: &Server,
    name: &'static str,
    protocols: &[&[u8]],
) -> std::io::Result<(Vec<u8>, Option<Vec<u8>>, Vec<u8>)> {
    let mut config = Arc::unwrap_or_clone(server.tls_client());
    config.alpn_protocols = protocols.iter().map(|name| name.to_vec()).collect();
    config.dangerous().set_certificate_verifier(Arc::new(Anyone));
    let stream = server.connect_from("127.0.0.1").await;
    let connector = TlsConnector::from(Arc::new(config));
    let mut stream =
        timeout(PATIENCE, connector.connect(name.try_into().unwrap(), stream)).await.unwrap()?;
    let session = stream.get_ref().1;
    let shown = session.peer_certificates().unwrap()[0].to_vec();
    let spoken = session.alpn_protocol().map(<[u8]>::to_vec);
    let mut said = Vec::new();
    if spoken.as_deref() == Some(b"acme-tls/1") {
        timeout(PATIENCE, stream.read_to_end(&mut said)).await.unwrap()?;
    }
    Ok((shown, spoken, said))
}

#[tokio::test]
async fn a_handshake_for_the_challenge_shows_its_certificate_and_ends() {
    let server = server();
    let (shown, spoken, said) = shake_hands(&server, NAME, &[b"acme-tls/1"]).await.unwrap();
    assert_eq!(spoken.as_deref(), Some(&b"acme-tls/1"[..]));
    assert!(shown.windows(34).any(|window| window == [&[4, 32][..], &[7; 32]].concat()));
    assert!(said.is_empty());
}

#[tokio::test]
async fn other_handshakes_are_as_ever() {
    let server = server();
    for protocols in [&[&b"h2"[..], b"acme-tls/1"][..], &[b"http/1.1"], &[]] {
        let (shown, spoken, _) = shake_hands(&server, NAME, protocols).await.unwrap();
        assert_ne!(spoken.as_deref(), Some(&b"acme-tls/1"[..]));
        assert!(!shown.windows(32).any(|window| window == [7; 32]));
    }
    // Nobody was told to ask for this one.
    let refused = shake_hands(&server, "other.example.com", &[b"acme-tls/1"]).await.unwrap_err();
    assert!(refused.to_string().contains("NoApplicationProtocol"), "{refused}");
    // What speaks HTTP over TLS goes on doing so.
    let answer = server.client("localhost").get(server.url("https", "localhost", "/connection"));
    assert!(answer.send().await.unwrap().status().is_success());
}

/// Believes every certificate.
#[derive(Debug)]
struct Anyone;

impl rustls::client::danger::ServerCertVerifier for Anyone {
    fn verify_server_cert(
        &self,
        _: &rustls_pki_types::CertificateDer<'_>,
        _: &[rustls_pki_types::CertificateDer<'_>],
        _: &rustls_pki_types::ServerName<'_>,
        _: &[u8],
        _: rustls_pki_types::UnixTime,
    ) -> Result<rustls::client::danger::ServerCertVerified, rustls::Error> {
        Ok(rustls::client::danger::ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        _: &[u8],
        _: &rustls_pki_types::CertificateDer<'_>,
        _: &rustls::DigitallySignedStruct,
    ) -> Result<rustls::client::danger::HandshakeSignatureValid, rustls::Error> {
        Ok(rustls::client::danger::HandshakeSignatureValid::assertion())
    }

    fn verify_tls13_signature(
        &self,
        _: &[u8],
        _: &rustls_pki_types::CertificateDer<'_>,
        _: &rustls::DigitallySignedStruct,
    ) -> Result<rustls::client::danger::HandshakeSignatureValid, rustls::Error> {
        Ok(rustls::client::danger::HandshakeSignatureValid::assertion())
    }

    fn supported_verify_schemes(&self) -> Vec<rustls::SignatureScheme> {
        rustls::crypto::aws_lc_rs::default_provider()
            .signature_verification_algorithms
            .supported_schemes()
    }
}
