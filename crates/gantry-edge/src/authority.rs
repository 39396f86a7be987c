//! The local certificate authority: trusted once by a person, then good for every name.
//!
//! It is made on first start and kept in the data directory: `ca.pem` for people to trust, `ca.key`
//! (mode 0600) as the server's [`KeySeal`] writes it. Server certificates are minted in memory and
//! never stored: a new one costs less than reading a file.

mod files;

use std::error::Error;
use std::fmt;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use gantry_model::Timestamp;
use gantry_sha2::Sha256;
use rcgen::{
    BasicConstraints, CertificateParams, DistinguishedName, DnType, ExtendedKeyUsagePurpose, IsCa,
    Issuer, KeyPair, KeyUsagePurpose, PKCS_ECDSA_P256_SHA256, PublicKeyData, SanType,
};
use rustls::crypto::aws_lc_rs::sign::any_ecdsa_type;
use rustls::sign::CertifiedKey;
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};

use crate::facts::{CertificateFacts, FactsError};
use crate::names::SubjectName;

const DAY: Duration = Duration::from_secs(24 * 60 * 60);
const AUTHORITY_LIFE: Duration = Duration::from_secs(10 * 365 * 24 * 60 * 60);
/// Well under the 398 days that clients accept of a server certificate.
const LEAF_LIFE: Duration = Duration::from_secs(90 * 24 * 60 * 60);
/// Clients' clocks may be behind ours.
const BACKDATED: Duration = Duration::from_secs(60 * 60);

/// How the authority's private key is protected at rest. The server seals it under its master key.
pub trait KeySeal {
    /// Turns the key (PKCS#8 DER) into what `ca.key` holds.
    ///
    /// # Errors
    /// Whatever keeps the key from being sealed.
    fn seal(&self, key: &[u8]) -> Result<Vec<u8>, Box<dyn Error + Send + Sync>>;

    /// Undoes [`KeySeal::seal`].
    ///
    /// # Errors
    /// When `sealed` was made under another key, or is damaged.
    fn open(&self, sealed: &[u8]) -> Result<Vec<u8>, Box<dyn Error + Send + Sync>>;
}

/// No seal: the file's mode alone protects the key.
#[derive(Clone, Copy, Debug)]
pub struct OpenKey;

impl KeySeal for OpenKey {
    fn seal(&self, key: &[u8]) -> Result<Vec<u8>, Box<dyn Error + Send + Sync>> {
        Ok(key.to_vec())
    }

    fn open(&self, sealed: &[u8]) -> Result<Vec<u8>, Box<dyn Error + Send + Sync>> {
        Ok(sealed.to_vec())
    }
}

/// Why there is no local authority to mint with.
#[derive(Debug, thiserror::Error)]
pub enum AuthorityError {
    /// A file could not be read or written.
    #[error("{}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The key doesn't open.
    #[error("{} does not open", path.display())]
    Sealed {
        /// The file.
        path: PathBuf,
        /// What the seal said.
        source: Box<dyn Error + Send + Sync>,
    },
    /// A certificate without its key.
    #[error(
        "{} is gone while its certificate is there: restore it, or remove both to have a new local CA \
         (which clients must then trust anew)",
        path.display()
    )]
    KeyMissing {
        /// Where the key should be.
        path: PathBuf,
    },
    /// The certificate is of another key.
    #[error("{} is not the key of the CA certificate beside it", path.display())]
    KeyMismatch {
        /// The key's file.
        path: PathBuf,
    },
    /// The certificate is over.
    #[error("the local CA expired on {0}: remove ca.pem and ca.key to have a new one")]
    Expired(Timestamp),
    /// The certificate can't be read.
    #[error("the CA certificate")]
    Certificate(#[from] FactsError),
    /// Signing failed.
    #[error("making a certificate")]
    Mint(#[from] rcgen::Error),
    /// The minted key isn't usable for TLS.
    #[error("using a minted key")]
    Key(#[from] rustls::Error),
}

/// The local certificate authority.
pub struct Authority {
    issuer: Issuer<'static, KeyPair>,
    certificate: String,
    facts: CertificateFacts,
}

/// A minted server certificate with its key.
#[derive(Debug)]
pub(crate) struct Leaf {
    pub(crate) key: Arc<CertifiedKey>,
    /// When to mint the next.
    pub(crate) renew_at: Timestamp,
}

/// An authority as it is kept where several nodes find it.
pub struct AuthorityParts {
    /// Its certificate, as PEM.
    pub certificate: String,
    /// Its private key, PKCS#8 DER.
    pub key: Vec<u8>,
}

impl AuthorityParts {
    /// Makes a new authority.
    ///
    /// # Errors
    /// When no key or certificate can be made.
    pub fn generate(now: Timestamp) -> Result<Self, AuthorityError> {
        let key = KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256)?;
        Ok(Self { certificate: self_signed(&key, now)?, key: key.serialize_der() })
    }
}

impl Authority {
    /// The authority of these parts.
    ///
    /// # Errors
    /// When they don't belong together, or have expired.
    pub fn from_shared(parts: AuthorityParts, now: Timestamp) -> Result<Self, AuthorityError> {
        let AuthorityParts { certificate, key } = parts;
        let key = KeyPair::from_pkcs8_der_and_sign_algo(
            &PrivatePkcs8KeyDer::from(key.as_slice()),
            &PKCS_ECDSA_P256_SHA256,
        )?;
        Self::from_parts(certificate, key, Path::new("the database's CA key"), now)
    }

    /// Opens the authority kept in `dir`, or makes one there.
    ///
    /// # Errors
    /// When its files can't be read or written, don't belong together, or have expired.
    pub fn open(dir: &Path, seal: &dyn KeySeal, now: Timestamp) -> Result<Self, AuthorityError> {
        let key_path = dir.join("ca.key");
        let certificate_path = dir.join("ca.pem");
        let stored = files::read(&certificate_path)?
            .map(|bytes| String::from_utf8_lossy(&bytes).into_owned());
        let key = match files::read(&key_path)? {
            Some(sealed) => read_key(&key_path, &sealed, seal)?,
            None if stored.is_some() => return Err(AuthorityError::KeyMissing { path: key_path }),
            None => write_new_key(&key_path, seal)?,
        };
        // A crash between the two files leaves a key that no one has been told of yet.
        let certificate = match stored {
            Some(certificate) => certificate,
            None => {
                let made = self_signed(&key, now)?;
                files::write_public(&certificate_path, made.as_bytes())?;
                made
            }
        };
        Self::from_parts(certificate, key, &key_path, now)
    }

    /// The certificate that clients must trust, as PEM.
    pub fn certificate_pem(&self) -> &str {
        &self.certificate
    }

    /// What that certificate says, its fingerprint among it.
    pub fn facts(&self) -> &CertificateFacts {
        &self.facts
    }

    /// Makes a server certificate for `names`.
    pub(crate) fn mint(
        &self,
        names: &[SubjectName],
        now: Timestamp,
    ) -> Result<Leaf, AuthorityError> {
        let key = KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256)?;
        let expiry = now.plus(LEAF_LIFE).min(self.facts.not_after);
        let mut params = CertificateParams::default();
        params.subject_alt_names = names.iter().map(alternative_name).collect::<Result<_, _>>()?;
        params.distinguished_name = distinguished_name(&common_name(names));
        params.is_ca = IsCa::ExplicitNoCa;
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        params.use_authority_key_identifier_extension = true;
        set_validity(&mut params, now.minus(BACKDATED), expiry);
        let certificate = params.signed_by(&key, &self.issuer)?;
        let private = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.serialize_der()));
        Ok(Leaf {
            key: Arc::new(CertifiedKey::new(
                vec![certificate.der().clone()],
                any_ecdsa_type(&private)?,
            )),
            renew_at: two_thirds(now, expiry),
        })
    }

    fn from_parts(
        certificate: String,
        key: KeyPair,
        key_path: &Path,
        now: Timestamp,
    ) -> Result<Self, AuthorityError> {
        let der =
            CertificateDer::from_pem_slice(certificate.as_bytes()).map_err(|_| FactsError::Pem)?;
        let facts = CertificateFacts::from_der(&der)?;
        if !files::is_key_of(&der, &key.subject_public_key_info()) {
            return Err(AuthorityError::KeyMismatch { path: key_path.to_owned() });
        }
        if facts.not_after <= now {
            return Err(AuthorityError::Expired(facts.not_after));
        }
        if facts.not_after < now.plus(180 * DAY) {
            tracing::warn!(expires = %facts.not_after, "the local CA expires soon: replace ca.pem and ca.key");
        }
        Ok(Self { issuer: Issuer::from_ca_cert_der(&der, key)?, certificate, facts })
    }
}

impl fmt::Debug for Authority {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Authority").field("facts", &self.facts).finish_non_exhaustive()
    }
}

fn read_key(path: &Path, sealed: &[u8], seal: &dyn KeySeal) -> Result<KeyPair, AuthorityError> {
    let der = seal
        .open(sealed)
        .map_err(|source| AuthorityError::Sealed { path: path.to_owned(), source })?;
    Ok(KeyPair::from_pkcs8_der_and_sign_algo(
        &PrivatePkcs8KeyDer::from(der.as_slice()),
        &PKCS_ECDSA_P256_SHA256,
    )?)
}

fn write_new_key(path: &Path, seal: &dyn KeySeal) -> Result<KeyPair, AuthorityError> {
    let key = KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256)?;
    let sealed = seal
        .seal(key.serialized_der())
        .map_err(|source| AuthorityError::Sealed { path: path.to_owned(), source })?;
    files::write_secret(path, &sealed)?;
    Ok(key)
}

fn self_signed(key: &KeyPair, now: Timestamp) -> Result<String, AuthorityError> {
    // Several machines' authorities may meet in one trust store: the name tells them apart.
    let id: String =
        Sha256::of(key.public_key_raw())[..4].iter().map(|b| format!("{b:02x}")).collect();
    let mut params = CertificateParams::default();
    params.distinguished_name = distinguished_name(&format!("Gantry local CA {id}"));
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    set_validity(&mut params, now.minus(BACKDATED), now.plus(AUTHORITY_LIFE));
    Ok(params.self_signed(key)?.pem())
}

fn distinguished_name(common_name: &str) -> DistinguishedName {
    let mut name = DistinguishedName::new();
    name.push(DnType::OrganizationName, "Gantry");
    name.push(DnType::CommonName, common_name);
    name
}

/// A common name has room for 64 characters and no client reads it.
fn common_name(names: &[SubjectName]) -> String {
    names
        .iter()
        .map(ToString::to_string)
        .find(|name| name.len() <= 64 && !name.starts_with('*'))
        .unwrap_or_else(|| "gantry".to_owned())
}

fn alternative_name(name: &SubjectName) -> Result<SanType, rcgen::Error> {
    Ok(match name {
        SubjectName::Dns(name) => SanType::DnsName(name.as_str().try_into()?),
        SubjectName::Ip(address) => SanType::IpAddress(*address),
    })
}

/// When a certificate made at `now` should be replaced, so that a stopped clock or a failing renewal
/// has the last third to be noticed.
fn two_thirds(now: Timestamp, expiry: Timestamp) -> Timestamp {
    let life = expiry.micros().saturating_sub(now.micros());
    Timestamp::from_micros(now.micros().saturating_add(life / 3 * 2))
}

fn set_validity(params: &mut CertificateParams, from: Timestamp, to: Timestamp) {
    let epoch = rcgen::date_time_ymd(1970, 1, 1);
    let since_epoch = |at: Timestamp| Duration::from_secs(u64::try_from(at.seconds()).unwrap_or(0));
    params.not_before = epoch + since_epoch(from);
    params.not_after = epoch + since_epoch(to);
}

#[cfg(test)]
mod tests;
