//! One certificate for all servers (ECDSA P-256), and a client that trusts its authority alone.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair,
    KeyUsagePurpose, PKCS_ECDSA_P256_SHA256,
};
use rustls::crypto::aws_lc_rs;
use rustls::{ClientConfig, RootCertStore};
use rustls_pki_types::CertificateDer;

/// The name in the certificate and in every URL.
pub(crate) const HOST: &str = "localhost";

/// The certificate's files, and the authority that signed it.
#[derive(Clone, Debug)]
pub(crate) struct Certificate {
    /// The server's certificate.
    pub(crate) cert: PathBuf,
    /// Its key.
    pub(crate) key: PathBuf,
    /// A directory with nothing but the authority's certificate.
    pub(crate) authority: PathBuf,
    root: CertificateDer<'static>,
}

impl Certificate {
    /// Makes them in `directory`.
    pub(crate) fn make(directory: &Path) -> anyhow::Result<Self> {
        let mut params = CertificateParams::new(Vec::new())?;
        params.distinguished_name.push(DnType::CommonName, "benchmark authority");
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign];
        let authority_key = KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256)?;
        let root = params.self_signed(&authority_key)?;
        let issuer = Issuer::from_params(&params, &authority_key);

        let mut params = CertificateParams::new([HOST.to_owned(), "127.0.0.1".to_owned()])?;
        params.distinguished_name.push(DnType::CommonName, HOST);
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        let key = KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256)?;
        let leaf = params.signed_by(&key, &issuer)?;

        let made = Self {
            cert: directory.join("cert.pem"),
            key: directory.join("key.pem"),
            authority: directory.join("authority"),
            root: root.der().clone(),
        };
        fs::create_dir_all(&made.authority)?;
        fs::write(&made.cert, leaf.pem())?;
        fs::write(&made.key, key.serialize_pem())?;
        fs::write(made.authority_file(), root.pem())?;
        Ok(made)
    }

    /// The authority's certificate, under the name that clients look for in such a directory.
    pub(crate) fn authority_file(&self) -> PathBuf {
        self.authority.join("ca.crt")
    }

    /// A client of TLS 1.3 that offers one protocol. One cipher suite, too, the one that clients
    /// written in Go offer first: or the servers' tastes would decide what is compared.
    pub(crate) fn client(&self, protocol: &[u8]) -> anyhow::Result<Arc<ClientConfig>> {
        let mut roots = RootCertStore::empty();
        roots.add(self.root.clone())?;
        let provider = rustls::crypto::CryptoProvider {
            cipher_suites: vec![aws_lc_rs::cipher_suite::TLS13_AES_128_GCM_SHA256],
            ..aws_lc_rs::default_provider()
        };
        let mut config = ClientConfig::builder_with_provider(Arc::new(provider))
            .with_protocol_versions(&[&rustls::version::TLS13])?
            .with_root_certificates(roots)
            .with_no_client_auth();
        config.alpn_protocols = vec![protocol.to_vec()];
        Ok(Arc::new(config))
    }
}
