//! Which certificate a client gets.
//!
//! By the name it asks for (SNI): a configured certificate that names it, then one whose wildcard
//! covers it, then likewise one that an authority has issued, then the local authority's. A client that asks for no name, or for one nobody here
//! has, gets the fallback of the listener's side. Everything may be replaced while serving.

mod files;
mod issued;
mod local;
mod reload;

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;

use arc_swap::ArcSwap;
use gantry_model::Timestamp;
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;

use crate::facts::CertificateFacts;
use crate::names::SubjectName;

pub use files::CertificateError;
pub use issued::{Issued, IssuedCertificates, IssuedError};
pub(crate) use local::LocalCertificate;

use files::Loaded;

/// A certificate chain and its private key, both PEM files.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CertificateFiles {
    /// The server's certificate first, then its intermediates.
    pub certificate: PathBuf,
    /// PKCS#8, SEC1 or PKCS#1; not encrypted.
    pub key: PathBuf,
}

impl CertificateFiles {
    /// Reads both files as a server does that is to use them: the key is that of the certificate.
    ///
    /// # Errors
    /// When they can't be used.
    pub fn read(&self) -> Result<CertificateFacts, CertificateError> {
        Loaded::read(self).map(|loaded| loaded.facts)
    }
}

/// What a client gets that asked for no name we have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fallback {
    /// The local authority's certificate: on loopback, where addresses are what people type.
    Local,
    /// The first configured certificate, or else the first that was issued, when there is one.
    Configured,
}

/// Every certificate in use.
#[derive(Debug)]
pub(crate) struct Certificates {
    configured: Vec<Configured>,
    issued: IssuedCertificates,
    local: LocalCertificate,
}

/// The certificates in use, for who looks after them.
#[derive(Clone, Debug)]
pub struct ServedCertificates(pub(crate) Arc<Certificates>);

impl ServedCertificates {
    /// When each ends that isn't the local authority's, which renews its own.
    pub fn ends(&self) -> Vec<CertificateEnd> {
        self.0.ends()
    }
}

/// When a certificate ends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CertificateEnd {
    /// The first name it is for.
    pub name: String,
    /// Where it came from.
    pub source: CertificateSource,
    /// The last moment it is good.
    pub not_after: Timestamp,
}

/// Where a certificate came from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CertificateSource {
    /// Files that the operator names.
    Configured,
    /// An authority that was asked.
    Issued,
}

impl CertificateEnd {
    fn of(facts: &CertificateFacts, source: CertificateSource) -> Self {
        let name = facts.names.first().map_or_else(|| facts.subject.clone(), ToString::to_string);
        Self { name, source, not_after: facts.not_after }
    }
}

struct Configured {
    files: CertificateFiles,
    loaded: ArcSwap<Loaded>,
}

impl Certificates {
    /// Reads the configured files; the first that can't be used is an error.
    pub(crate) fn load(
        files: Vec<CertificateFiles>,
        issued: IssuedCertificates,
        local: LocalCertificate,
    ) -> Result<Self, CertificateError> {
        let configured = files
            .into_iter()
            .map(|files| {
                let loaded = ArcSwap::from_pointee(Loaded::read(&files)?);
                Ok(Configured { files, loaded })
            })
            .collect::<Result<_, CertificateError>>()?;
        Ok(Self { configured, issued, local })
    }

    /// When the configured certificates end, and the issued ones, each by its first name.
    fn ends(&self) -> Vec<CertificateEnd> {
        let configured = self.configured.iter().map(|configured| {
            CertificateEnd::of(&configured.loaded.load().facts, CertificateSource::Configured)
        });
        configured.chain(self.issued.ends()).collect()
    }

    /// The certificate of the local authority.
    pub(crate) fn local(&self) -> &LocalCertificate {
        &self.local
    }

    fn choose(&self, host: Option<&str>, fallback: Fallback) -> Arc<CertifiedKey> {
        self.named(host, |name| !name.is_wildcard())
            .or_else(|| self.named(host, SubjectName::is_wildcard))
            .or_else(|| self.issued.named(host?, |name| !name.is_wildcard()))
            .or_else(|| self.issued.named(host?, SubjectName::is_wildcard))
            .or_else(|| host.and_then(|host| self.local.covering(host)))
            .or_else(|| match fallback {
                Fallback::Local => None,
                Fallback::Configured => {
                    self.configured.first().map(Configured::key).or_else(|| self.issued.first())
                }
            })
            .unwrap_or_else(|| self.local.key())
    }

    fn named(
        &self,
        host: Option<&str>,
        eligible: impl Fn(&SubjectName) -> bool,
    ) -> Option<Arc<CertifiedKey>> {
        let host = host?;
        self.configured.iter().find_map(|configured| {
            let loaded = configured.loaded.load();
            let named = loaded.facts.names.iter().any(|name| eligible(name) && name.covers(host));
            named.then(|| Arc::clone(&loaded.key))
        })
    }
}

impl Configured {
    fn key(&self) -> Arc<CertifiedKey> {
        Arc::clone(&self.loaded.load().key)
    }
}

impl fmt::Debug for Configured {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.files.fmt(f)
    }
}

/// The certificates as seen from one side of the machine.
#[derive(Debug)]
pub(crate) struct Resolver {
    pub(crate) certificates: Arc<Certificates>,
    pub(crate) fallback: Fallback,
}

impl ResolvesServerCert for Resolver {
    fn resolve(&self, hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(self.certificates.choose(hello.server_name(), self.fallback))
    }
}

#[cfg(test)]
mod tests;
