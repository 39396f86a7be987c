//! What a certificate says, for choosing it and for telling people about it.

use std::net::IpAddr;

use gantry_model::Timestamp;
use gantry_sha2::Sha256;
use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::PemObject;
use x509_parser::extensions::GeneralName;
use x509_parser::prelude::{FromDer, X509Certificate};

use crate::names::SubjectName;

/// The facts of one certificate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CertificateFacts {
    /// Subject, as a distinguished name.
    pub subject: String,
    /// SHA-256 of the DER, in upper-case pairs: the fingerprint that `openssl x509` prints.
    pub fingerprint: String,
    /// First moment of validity.
    pub not_before: Timestamp,
    /// Last moment of validity.
    pub not_after: Timestamp,
    /// Whether it may sign other certificates.
    pub is_authority: bool,
    pub(crate) names: Vec<SubjectName>,
}

/// Why a certificate could not be read.
#[derive(Debug, thiserror::Error)]
pub enum FactsError {
    /// The text holds no `CERTIFICATE` block.
    #[error("no certificate in the PEM text")]
    Pem,
    /// The block is not X.509.
    #[error("not an X.509 certificate: {0}")]
    Der(String),
}

impl CertificateFacts {
    /// Reads the first certificate of a PEM text.
    ///
    /// # Errors
    /// When there is none, or it is not X.509.
    pub fn from_pem(pem: &str) -> Result<Self, FactsError> {
        let der = CertificateDer::from_pem_slice(pem.as_bytes()).map_err(|_| FactsError::Pem)?;
        Self::from_der(&der)
    }

    /// The names it speaks for (subject alternative names; a common name counts for nothing, as
    /// for every current client).
    pub fn names(&self) -> impl Iterator<Item = String> {
        self.names.iter().map(ToString::to_string)
    }

    /// Whether it speaks for `host`, a name or an address.
    pub fn covers(&self, host: &str) -> bool {
        let wanted = SubjectName::new(host);
        self.names.iter().any(|name| *name == wanted || name.covers(host))
    }

    pub(crate) fn from_der(der: &[u8]) -> Result<Self, FactsError> {
        let (_, certificate) =
            X509Certificate::from_der(der).map_err(|error| FactsError::Der(error.to_string()))?;
        let names = certificate
            .subject_alternative_name()
            .map_err(|error| FactsError::Der(error.to_string()))?
            .map(|extension| {
                extension.value.general_names.iter().filter_map(subject_name).collect()
            })
            .unwrap_or_default();
        Ok(Self {
            subject: certificate.subject().to_string(),
            fingerprint: fingerprint(der),
            not_before: moment(certificate.validity().not_before.timestamp()),
            not_after: moment(certificate.validity().not_after.timestamp()),
            is_authority: certificate.is_ca(),
            names,
        })
    }
}

fn subject_name(name: &GeneralName<'_>) -> Option<SubjectName> {
    match name {
        GeneralName::DNSName(name) => Some(SubjectName::new(name)),
        GeneralName::IPAddress(bytes) => {
            let address: IpAddr = match bytes.len() {
                4 => <[u8; 4]>::try_from(*bytes).ok()?.into(),
                16 => <[u8; 16]>::try_from(*bytes).ok()?.into(),
                _ => return None,
            };
            Some(SubjectName::Ip(address.to_canonical()))
        }
        _ => None,
    }
}

fn moment(seconds: i64) -> Timestamp {
    Timestamp::from_micros(seconds.saturating_mul(1_000_000))
}

fn fingerprint(der: &[u8]) -> String {
    let pairs: Vec<String> = Sha256::of(der).iter().map(|byte| format!("{byte:02X}")).collect();
    pairs.join(":")
}
