//! One configured certificate, read from its files.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::SystemTime;

use rustls::crypto::aws_lc_rs::sign::any_supported_type;
use rustls::sign::CertifiedKey;
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, PrivateKeyDer};

use super::CertificateFiles;
use crate::facts::{CertificateFacts, FactsError};

/// Why a configured certificate can't be used.
#[derive(Debug, thiserror::Error)]
pub enum CertificateError {
    /// A file could not be read.
    #[error("reading {}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// A file holds no usable PEM.
    #[error("{} holds no {wanted} in PEM form", path.display())]
    Pem {
        /// The file.
        path: PathBuf,
        /// What was looked for.
        wanted: &'static str,
    },
    /// The certificate can't be understood.
    #[error("{}", path.display())]
    Facts {
        /// The certificate's file.
        path: PathBuf,
        /// Why.
        source: FactsError,
    },
    /// The certificate names no host, so no client would accept it.
    #[error("{} has no subject alternative name; clients accept no other kind", path.display())]
    Nameless {
        /// The certificate's file.
        path: PathBuf,
    },
    /// The key is of a kind that TLS can't use, or of another certificate.
    #[error("{} is not the key of {}", key.display(), certificate.display())]
    Key {
        /// The certificate's file.
        certificate: PathBuf,
        /// The key's file.
        key: PathBuf,
        /// Why.
        source: rustls::Error,
    },
}

/// A certificate ready for use.
#[derive(Debug)]
pub(super) struct Loaded {
    pub(super) key: Arc<CertifiedKey>,
    pub(super) facts: CertificateFacts,
}

impl Loaded {
    /// Reads and checks both files. Blocks.
    pub(super) fn read(files: &CertificateFiles) -> Result<Self, CertificateError> {
        let path = &files.certificate;
        let chain: Vec<_> = CertificateDer::pem_slice_iter(&read(path)?)
            .collect::<Result<_, _>>()
            .ok()
            .filter(|chain: &Vec<_>| !chain.is_empty())
            .ok_or_else(|| CertificateError::Pem { path: path.clone(), wanted: "certificate" })?;
        let facts = CertificateFacts::from_der(&chain[0])
            .map_err(|source| CertificateError::Facts { path: path.clone(), source })?;
        if facts.names.is_empty() {
            return Err(CertificateError::Nameless { path: path.clone() });
        }
        let private = PrivateKeyDer::from_pem_slice(&read(&files.key)?).map_err(|_| {
            CertificateError::Pem { path: files.key.clone(), wanted: "unencrypted private key" }
        })?;
        let unusable = |source| CertificateError::Key {
            certificate: path.clone(),
            key: files.key.clone(),
            source,
        };
        let key = CertifiedKey::new(chain, any_supported_type(&private).map_err(unusable)?);
        key.keys_match().map_err(unusable)?;
        Ok(Self { key: Arc::new(key), facts })
    }
}

/// What tells a changed file from an unchanged one. Follows symbolic links, which is how a mounted
/// Kubernetes secret changes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Stamp([Option<(SystemTime, u64)>; 2]);

impl Stamp {
    /// The stamp of both files now; a missing file has none. Blocks.
    pub(super) fn of(files: &CertificateFiles) -> Self {
        let one = |path: &Path| {
            let metadata = fs::metadata(path).ok()?;
            Some((metadata.modified().ok()?, metadata.len()))
        };
        Self([one(&files.certificate), one(&files.key)])
    }
}

fn read(path: &Path) -> Result<Vec<u8>, CertificateError> {
    fs::read(path).map_err(|source| CertificateError::Read { path: path.to_owned(), source })
}
