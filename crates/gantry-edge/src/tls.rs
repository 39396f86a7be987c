//! TLS as this server speaks it.

use std::sync::Arc;

use rustls::ServerConfig;
use rustls::crypto::{CryptoProvider, aws_lc_rs};
use rustls::server::Acceptor;
use rustls::version::{TLS12, TLS13};
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;
use tokio_rustls::server::TlsStream;
use tokio_rustls::{LazyConfigAcceptor, TlsAcceptor};

use crate::certificates::{Certificates, Fallback, Resolver};
use crate::challenges::{self, Challenges};
use crate::serve::BoxError;

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
    challenges: Option<Arc<dyn Challenges>>,
    provider: Arc<CryptoProvider>,
}

impl Handshakes {
    pub(crate) fn new(
        certificates: &Arc<Certificates>,
        minimum: TlsMinimum,
        challenges: Option<Arc<dyn Challenges>>,
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
        let (loopback, outside) = (side(Fallback::Local)?, side(Fallback::Configured)?);
        Ok(Self { loopback, outside, challenges, provider })
    }

    /// Shakes hands on a connection that came in at `local`. `None`: it was a certificate authority's
    /// question, and answered.
    pub(crate) async fn accept(
        &self,
        stream: TcpStream,
        local: std::net::IpAddr,
    ) -> Result<Option<Box<TlsStream<TcpStream>>>, BoxError> {
        let usual = self.at(local);
        let Some(challenges) = &self.challenges else {
            return Ok(Some(Box::new(usual.accept(stream).await?)));
        };
        let begun = LazyConfigAcceptor::new(Acceptor::default(), stream).await?;
        let asked_for = challenges::asked_for(&begun.client_hello()).map(str::to_owned);
        // Where nobody was told to ask, the usual handshake refuses the protocol.
        let made = match &asked_for {
            Some(host) => challenges.over_tls(host).await,
            None => None,
        };
        let Some(made) = made else {
            let usual = Arc::clone(usual.config());
            return Ok(Some(Box::new(begun.into_stream(usual).await?)));
        };
        let config = challenges::handshake(made, Arc::clone(&self.provider))?;
        begun.into_stream(config).await?.shutdown().await?;
        Ok(None)
    }

    fn at(&self, local: std::net::IpAddr) -> &TlsAcceptor {
        if local.is_loopback() { &self.loopback } else { &self.outside }
    }
}
