//! What an authority is answered that looks whether a name is ours. Any node does.

use std::sync::Arc;

use gantry_catalog::{AcmeChallenge, Catalog, ChallengeKind, DbError};
use gantry_model::Clock;
use gantry_sha2::Sha256;
use rcgen::{CertificateParams, CustomExtension, DistinguishedName, KeyPair};

/// Longer than any authority's token.
const MAX_TOKEN: usize = 256;

/// Finds the answers. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Answers {
    catalog: Catalog,
    clock: Arc<dyn Clock>,
}

/// A certificate that is its own issuer.
pub struct SelfSigned {
    /// The certificate, DER.
    pub certificate: Vec<u8>,
    /// Its key, PKCS#8 DER.
    pub key: Vec<u8>,
}

impl Answers {
    pub(crate) fn new(catalog: Catalog, clock: Arc<dyn Clock>) -> Self {
        Self { catalog, clock }
    }

    /// What is at `/.well-known/acme-challenge/<token>` (RFC 8555 §8.3).
    pub async fn over_http(&self, token: &str) -> Option<String> {
        let base64url = |b: u8| b.is_ascii_alphanumeric() || b == b'-' || b == b'_';
        if token.is_empty() || token.len() > MAX_TOKEN || !token.bytes().all(base64url) {
            return None;
        }
        let found = self.catalog.acme_challenge_find(token).await;
        let challenge = self.counts(found, ChallengeKind::Http01)?;
        tracing::info!(certificate.name = challenge.name, "answering an http-01 challenge");
        Some(challenge.key_authorization)
    }

    /// The certificate for a handshake that asks for `host` and offers `acme-tls/1` alone
    /// (RFC 8737 §3).
    pub async fn over_tls(&self, host: &str) -> Option<SelfSigned> {
        let found = self.catalog.acme_challenge_of(host, ChallengeKind::TlsAlpn01).await;
        let challenge = self.counts(found, ChallengeKind::TlsAlpn01)?;
        tracing::info!(certificate.name = challenge.name, "answering a tls-alpn-01 challenge");
        match self_signed(&challenge.name, &challenge.key_authorization) {
            Ok(made) => Some(made),
            Err(error) => {
                tracing::error!(%error, "making the answer to a tls-alpn-01 challenge");
                None
            }
        }
    }

    fn counts(
        &self,
        found: Result<Option<AcmeChallenge>, DbError>,
        kind: ChallengeKind,
    ) -> Option<AcmeChallenge> {
        let challenge = match found {
            Ok(found) => found?,
            Err(error) => {
                tracing::error!(%error, "a challenge can't be looked up");
                return None;
            }
        };
        (challenge.kind == kind && self.clock.now() < challenge.expires_at).then_some(challenge)
    }
}

/// A certificate for `name` alone, with the digest of the key authorization in it.
fn self_signed(name: &str, key_authorization: &str) -> Result<SelfSigned, rcgen::Error> {
    let key = KeyPair::generate()?;
    let mut params = CertificateParams::new([name.to_owned()])?;
    params.distinguished_name = DistinguishedName::new();
    let digest = Sha256::of(key_authorization.as_bytes());
    params.custom_extensions = vec![CustomExtension::new_acme_identifier(&digest)];
    let certificate = params.self_signed(&key)?.der().to_vec();
    Ok(SelfSigned { certificate, key: key.serialize_der() })
}

#[cfg(test)]
mod tests {
    use x509_parser::prelude::{FromDer, X509Certificate};

    use super::*;

    #[test]
    fn the_certificate_carries_the_digest_in_a_critical_extension() {
        let made = self_signed("a.example.com", "token.thumbprint").unwrap();
        let (_, certificate) = X509Certificate::from_der(&made.certificate).unwrap();
        // RFC 8737 §3: id-pe-acmeIdentifier, an OCTET STRING of 32 bytes.
        let extension = certificate
            .extensions()
            .iter()
            .find(|extension| extension.oid.to_id_string() == "1.3.6.1.5.5.7.1.31")
            .unwrap();
        assert!(extension.critical);
        let digest = Sha256::of(b"token.thumbprint");
        assert_eq!(extension.value, [&[4, 32][..], &digest].concat());
        let names = certificate.subject_alternative_name().unwrap().unwrap();
        assert_eq!(names.value.general_names.len(), 1);
    }
}
