//! Certificates that come while the server runs, from an authority that is asked for them.

use std::fmt;
use std::sync::Arc;

use arc_swap::ArcSwap;
use rustls::crypto::aws_lc_rs::sign::any_supported_type;
use rustls::sign::CertifiedKey;
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};

use super::files::Loaded;
use super::{CertificateEnd, CertificateSource};
use crate::facts::{CertificateFacts, FactsError};
use crate::names::SubjectName;

/// A certificate that was issued for a name.
pub struct Issued {
    /// The name, by which another certificate replaces it.
    pub name: String,
    /// It and its intermediates, as PEM.
    pub chain: String,
    /// Its private key, PKCS#8 DER.
    pub key: Vec<u8>,
}

/// Why an issued certificate can't be used.
#[derive(Debug, thiserror::Error)]
pub enum IssuedError {
    /// The chain holds no usable PEM.
    #[error("the chain holds no certificate in PEM form")]
    Pem,
    /// The certificate can't be understood.
    #[error(transparent)]
    Facts(#[from] FactsError),
    /// The key is of a kind that TLS can't use, or of another certificate.
    #[error("the key is not that of the certificate")]
    Key(#[source] rustls::Error),
}

/// All of them. Clones are handles on one set.
#[derive(Clone, Default)]
pub struct IssuedCertificates(Arc<ArcSwap<Vec<Held>>>);

struct Held {
    name: String,
    loaded: Arc<Loaded>,
}

impl IssuedCertificates {
    /// No certificate yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Gives clients these from now on, the first of them those who ask for no name. One that can't be
    /// used is told, and the one before it for the same name stays.
    pub fn replace(&self, all: impl IntoIterator<Item = Issued>) -> Vec<(String, IssuedError)> {
        let before = self.0.load();
        let mut unusable = Vec::new();
        let mut after = Vec::new();
        for issued in all {
            let loaded = match load(&issued) {
                Ok(loaded) => Some(Arc::new(loaded)),
                Err(error) => {
                    unusable.push((issued.name.clone(), error));
                    let held = before.iter().find(|held| held.name == issued.name);
                    held.map(|held| Arc::clone(&held.loaded))
                }
            };
            after.extend(loaded.map(|loaded| Held { name: issued.name, loaded }));
        }
        self.0.store(Arc::new(after));
        unusable
    }

    /// When each ends.
    pub(super) fn ends(&self) -> Vec<CertificateEnd> {
        let end = |held: &Held| CertificateEnd::of(&held.loaded.facts, CertificateSource::Issued);
        self.0.load().iter().map(end).collect()
    }

    /// The first.
    pub(super) fn first(&self) -> Option<Arc<CertifiedKey>> {
        self.0.load().first().map(|held| Arc::clone(&held.loaded.key))
    }

    /// The first that has an eligible name that covers `host`.
    pub(super) fn named(
        &self,
        host: &str,
        eligible: impl Fn(&SubjectName) -> bool,
    ) -> Option<Arc<CertifiedKey>> {
        let held = self.0.load();
        let names = |held: &Held| {
            held.loaded.facts.names.iter().any(|name| eligible(name) && name.covers(host))
        };
        held.iter().find(|held| names(held)).map(|held| Arc::clone(&held.loaded.key))
    }
}

impl fmt::Debug for IssuedCertificates {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.0.load().iter().map(|held| &held.name)).finish()
    }
}

fn load(issued: &Issued) -> Result<Loaded, IssuedError> {
    let chain: Vec<_> = CertificateDer::pem_slice_iter(issued.chain.as_bytes())
        .collect::<Result<_, _>>()
        .map_err(|_| IssuedError::Pem)?;
    let facts = CertificateFacts::from_der(chain.first().ok_or(IssuedError::Pem)?)?;
    let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(issued.key.clone()));
    let key = CertifiedKey::new(chain, any_supported_type(&key).map_err(IssuedError::Key)?);
    key.keys_match().map_err(IssuedError::Key)?;
    Ok(Loaded { key: Arc::new(key), facts })
}
