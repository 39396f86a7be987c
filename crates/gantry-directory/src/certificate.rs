//! Certificates that applications sign in with: their keys verify assertions (RFC 7523).

use aws_lc_rs::digest;
use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use gantry_model::Timestamp;
use gantry_sha2::Sha256;
use jsonwebtoken::{Algorithm, DecodingKey};
use quick_cache::sync::Cache;
use std::sync::Arc;
use x509_parser::prelude::{FromDer, X509Certificate};
use x509_parser::public_key::PublicKey;

/// Why a certificate can't be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CertificateError {
    /// It is none.
    #[error("not a certificate in PEM or base64 of DER")]
    Malformed,
    /// Its key is of a kind that signs no assertions.
    #[error("the certificate's key must be RSA of 2048 bits or more, or ECDSA on P-256 or P-384")]
    Key,
}

/// A certificate, taken apart.
#[derive(Clone)]
pub(crate) struct Certificate {
    pub(crate) der: Vec<u8>,
    pub(crate) not_before: Timestamp,
    pub(crate) not_after: Timestamp,
    pub(crate) key: DecodingKey,
    pub(crate) algorithms: &'static [Algorithm],
    /// SHA-1 of it as assertions name it (RFC 7515, 4.1.7).
    x5t: String,
    /// The same with SHA-256.
    x5t_s256: String,
}

/// Certificates that were taken apart, by their SHA-256.
#[derive(Debug)]
pub(crate) struct Parsed(Cache<[u8; 32], Arc<Certificate>>);

impl Default for Parsed {
    fn default() -> Self {
        Self(Cache::new(1024))
    }
}

impl Parsed {
    pub(crate) fn get(&self, der: &[u8]) -> Result<Arc<Certificate>, CertificateError> {
        self.0.get_or_insert_with(&Sha256::of(der), || Certificate::from_der(der).map(Arc::new))
    }
}

impl Certificate {
    /// Reads PEM, or base64 of DER as Graph's clients send it.
    pub(crate) fn parse(text: &str) -> Result<Self, CertificateError> {
        let malformed = CertificateError::Malformed;
        let body = match text.split_once("-----BEGIN CERTIFICATE-----") {
            Some((_, rest)) => rest.split("-----END CERTIFICATE-----").next().ok_or(malformed)?,
            None => text,
        };
        let body: String = body.chars().filter(|c| !c.is_ascii_whitespace()).collect();
        let der = STANDARD.decode(body).map_err(|_| malformed)?;
        // Graph's clients encode the PEM text once more.
        match std::str::from_utf8(&der) {
            Ok(pem) if pem.contains("-----BEGIN CERTIFICATE-----") && pem != text => {
                Self::parse(pem)
            }
            _ => Self::from_der(&der),
        }
    }

    fn from_der(der: &[u8]) -> Result<Self, CertificateError> {
        let (_, certificate) =
            X509Certificate::from_der(der).map_err(|_| CertificateError::Malformed)?;
        let info = certificate.public_key();
        let key = info.parsed().map_err(|_| CertificateError::Key)?;
        let bits = &info.subject_public_key.data;
        let (key, algorithms): (_, &[Algorithm]) = match key {
            PublicKey::RSA(key) if key.key_size() >= 2048 => (
                DecodingKey::from_rsa_der(bits),
                &[Algorithm::RS256, Algorithm::RS384, Algorithm::RS512, Algorithm::PS256],
            ),
            PublicKey::EC(point) => match point.key_size() {
                256 => (DecodingKey::from_ec_der(bits), &[Algorithm::ES256]),
                384 => (DecodingKey::from_ec_der(bits), &[Algorithm::ES384]),
                _ => return Err(CertificateError::Key),
            },
            _ => return Err(CertificateError::Key),
        };
        let moment = |seconds: i64| Timestamp::from_micros(seconds.saturating_mul(1_000_000));
        let sha1 = digest::digest(&digest::SHA1_FOR_LEGACY_USE_ONLY, der);
        Ok(Self {
            not_before: moment(certificate.validity().not_before.timestamp()),
            not_after: moment(certificate.validity().not_after.timestamp()),
            key,
            algorithms,
            x5t: URL_SAFE_NO_PAD.encode(sha1),
            x5t_s256: URL_SAFE_NO_PAD.encode(Sha256::of(der)),
            der: der.to_vec(),
        })
    }

    /// Whether an assertion whose header names these thumbprints is signed by its key.
    pub(crate) fn is_named(&self, x5t: Option<&str>, x5t_s256: Option<&str>) -> bool {
        let bare = |text: &str| text.trim_end_matches('=').to_owned();
        match (x5t, x5t_s256) {
            (None, None) => false,
            (sha1, sha256) => {
                sha1.is_none_or(|text| bare(text) == self.x5t)
                    && sha256.is_none_or(|text| bare(text) == self.x5t_s256)
            }
        }
    }
}

impl std::fmt::Debug for Certificate {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Certificate").field("x5t", &self.x5t).finish_non_exhaustive()
    }
}
