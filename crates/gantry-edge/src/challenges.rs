//! The questions by which a certificate authority looks whether a name is ours.
//!
//! An authority asks them over plain HTTP (RFC 8555 §8.3) or in a TLS handshake (RFC 8737), from wherever
//! it likes, before there is a certificate that it believes. So the edge answers them itself: plain HTTP
//! stays closed for all else, and no request of an authority reaches the service.

use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;
use http::{Method, Request};
use rustls::ServerConfig;
use rustls::crypto::CryptoProvider;
use rustls::crypto::aws_lc_rs::sign::any_ecdsa_type;
use rustls::server::ClientHello;
use rustls::sign::{CertifiedKey, SingleCertAndKey};
use rustls_pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};

/// What the authority offers in the handshake, and nobody else (RFC 8737 §6.2).
const ACME_TLS: &[u8] = b"acme-tls/1";
const PATH: &str = "/.well-known/acme-challenge/";

/// A certificate that is its own issuer, for one handshake.
pub struct ChallengeCertificate {
    /// The certificate, DER.
    pub certificate: Vec<u8>,
    /// Its ECDSA key, PKCS#8 DER.
    pub key: Vec<u8>,
}

/// Knows the answers.
#[async_trait]
pub trait Challenges: fmt::Debug + Send + Sync {
    /// What is at `/.well-known/acme-challenge/<token>`; `None` where nobody was told to ask for that.
    async fn over_http(&self, token: &str) -> Option<String>;

    /// The certificate for a handshake that asks for `host`, likewise.
    async fn over_tls(&self, host: &str) -> Option<ChallengeCertificate>;
}

/// The token that a request asks for.
pub(crate) fn token<B>(request: &Request<B>) -> Option<&str> {
    let token = request.uri().path().strip_prefix(PATH)?;
    (request.method() == Method::GET && !token.is_empty() && !token.contains('/')).then_some(token)
}

/// The name that a handshake is to prove to be ours. The protocol is offered alone (RFC 8737 §3).
pub(crate) fn asked_for<'a>(hello: &'a ClientHello<'_>) -> Option<&'a str> {
    let mut offered = hello.alpn()?;
    let alone = offered.next() == Some(ACME_TLS) && offered.next().is_none();
    hello.server_name().filter(|_| alone)
}

/// TLS for that handshake. Nothing is said on the connection after it.
pub(crate) fn handshake(
    made: ChallengeCertificate,
    provider: Arc<CryptoProvider>,
) -> Result<Arc<ServerConfig>, rustls::Error> {
    let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(made.key));
    let chain = vec![CertificateDer::from(made.certificate)];
    let key = CertifiedKey::new(chain, any_ecdsa_type(&key)?);
    let mut config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .with_no_client_auth()
        .with_cert_resolver(Arc::new(SingleCertAndKey::from(key)));
    config.alpn_protocols = vec![ACME_TLS.to_vec()];
    // Nobody comes back.
    config.send_tls13_tickets = 0;
    Ok(Arc::new(config))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_get_of_one_token_is_a_challenge() {
        let token_of = |method: Method, uri: &str| {
            let request = Request::builder().method(method).uri(uri).body(()).unwrap();
            token(&request).map(str::to_owned)
        };
        let path = "/.well-known/acme-challenge/to-ken_1";
        assert_eq!(token_of(Method::GET, path).as_deref(), Some("to-ken_1"));
        let absolute = format!("http://a.example.com{path}?query");
        assert_eq!(token_of(Method::GET, &absolute).as_deref(), Some("to-ken_1"));
        assert_eq!(token_of(Method::POST, path), None);
        for other in [
            "/.well-known/acme-challenge/",
            "/.well-known/acme-challenge",
            "/.well-known/acme-challenge/a/b",
            "/v2/",
            "//.well-known/acme-challenge/a",
            "/.well-known/../.well-known/acme-challenge/a",
        ] {
            assert_eq!(token_of(Method::GET, other), None, "{other}");
        }
    }
}
