//! TLS as this server speaks it.

use std::sync::Arc;

use rustls::ServerConfig;
use rustls::crypto::aws_lc_rs;
use rustls::version::{TLS12, TLS13};
use tokio_rustls::TlsAcceptor;

use crate::certificates::{Certificates, Fallback, Resolver};

/// The oldest TLS version spoken.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum TlsMinimum {
    /// TLS 1.2 and 1.3.
    #[default]
    Tls12,
    /// TLS 1.3 alone.
    Tls13,
}

/// Handshakes for both sides of the machine, which differ in the fallback certificate alone.
pub(crate) struct Handshakes {
    loopback: TlsAcceptor,
    outside: TlsAcceptor,
}

impl Handshakes {
    pub(crate) fn new(
        certificates: &Arc<Certificates>,
        minimum: TlsMinimum,
    ) -> Result<Self, rustls::Error> {
        let versions: &[_] = match minimum {
            TlsMinimum::Tls12 => &[&TLS13, &TLS12],
            TlsMinimum::Tls13 => &[&TLS13],
        };
        let provider = Arc::new(aws_lc_rs::default_provider());
        let ticketer = aws_lc_rs::Ticketer::new()?;
        let side = |fallback| {
            let resolver = Resolver { certificates: Arc::clone(certificates), fallback };
            let mut config = ServerConfig::builder_with_provider(Arc::clone(&provider))
                .with_protocol_versions(versions)?
                .with_no_client_auth()
                .with_cert_resolver(Arc::new(resolver));
            config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
            config.ticketer = Arc::clone(&ticketer);
            Ok::<_, rustls::Error>(TlsAcceptor::from(Arc::new(config)))
        };
        Ok(Self { loopback: side(Fallback::Local)?, outside: side(Fallback::Configured)? })
    }

    /// The acceptor for a connection that came in at `local`.
    pub(crate) fn at(&self, local: std::net::IpAddr) -> &TlsAcceptor {
        if local.is_loopback() { &self.loopback } else { &self.outside }
    }
}
