//! TLS to the server.

use std::path::Path;
use std::sync::Arc;

use rustls::{ClientConfig, RootCertStore};
use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::PemObject;
use rustls_platform_verifier::Verifier;
use tokio_postgres_rustls::MakeRustlsConnect;

use crate::DbError;

/// Verifies the server by the system's certificates and those in `roots`, a PEM file.
pub(super) fn connector(roots: Option<&Path>) -> Result<MakeRustlsConnect, DbError> {
    let failed = |error: &dyn std::fmt::Display| DbError::Other(format!("TLS: {error}"));
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let builder = ClientConfig::builder_with_provider(Arc::clone(&provider))
        .with_safe_default_protocol_versions()
        .map_err(|error| failed(&error))?;
    let config = match roots {
        // A machine without any certificates can still do without TLS.
        None => match Verifier::new(Arc::clone(&provider)) {
            Ok(verifier) => {
                builder.dangerous().with_custom_certificate_verifier(Arc::new(verifier))
            }
            Err(_) => builder.with_root_certificates(RootCertStore::empty()),
        },
        Some(path) => {
            let shown = path.display();
            let own = CertificateDer::pem_file_iter(path)
                .and_then(Iterator::collect::<Result<Vec<_>, _>>)
                .map_err(|error| DbError::Other(format!("sslrootcert {shown}: {error}")))?;
            let verifier = Verifier::new_with_extra_roots(own, provider)
                .map_err(|error| DbError::Other(format!("sslrootcert {shown}: {error}")))?;
            builder.dangerous().with_custom_certificate_verifier(Arc::new(verifier))
        }
    };
    Ok(MakeRustlsConnect::new(config.with_no_client_auth()))
}
