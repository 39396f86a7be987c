//! Whose certificates are believed.

use std::path::PathBuf;
use std::sync::Arc;

use rustls::{ClientConfig, RootCertStore};
use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::PemObject;
use rustls_platform_verifier::Verifier;

use crate::OutboundError;

/// Verifies servers by the system's certificates and those in `ca_files`, each in PEM.
pub(crate) fn config(ca_files: &[PathBuf]) -> Result<ClientConfig, OutboundError> {
    let extra = read(ca_files)?;
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let builder = ClientConfig::builder_with_provider(Arc::clone(&provider))
        .with_safe_default_protocol_versions()
        .map_err(OutboundError::Tls)?;
    let verified = match Verifier::new_with_extra_roots(extra.clone(), provider) {
        Ok(verifier) => builder.dangerous().with_custom_certificate_verifier(Arc::new(verifier)),
        // A machine without any certificates runs all the same, and believes nobody.
        Err(_) if extra.is_empty() => builder.with_root_certificates(RootCertStore::empty()),
        Err(error) => return Err(OutboundError::Tls(error)),
    };
    Ok(verified.with_no_client_auth())
}

fn read(ca_files: &[PathBuf]) -> Result<Vec<CertificateDer<'static>>, OutboundError> {
    let mut certificates = Vec::new();
    for path in ca_files {
        let failed = |problem: String| OutboundError::CaFile { path: path.clone(), problem };
        let found = CertificateDer::pem_file_iter(path)
            .and_then(Iterator::collect::<Result<Vec<_>, _>>)
            .map_err(|error| failed(error.to_string()))?;
        if found.is_empty() {
            return Err(failed("has no certificate".to_owned()));
        }
        certificates.extend(found);
    }
    Ok(certificates)
}
