//! Configure, bind, serve.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;

use bytes::Bytes;
use gantry_model::Clock;
use http::{Request, Response};
use http_body::Body;
use hyper::body::Incoming;
use tokio::net::TcpListener;
use tokio::sync::Semaphore;

use crate::authority::{Authority, AuthorityError};
use crate::certificates::{
    CertificateError, CertificateFiles, Certificates, IssuedCertificates, LocalCertificate,
    ServedCertificates,
};
use crate::challenges::Challenges;
use crate::entrance::Entrance;
use crate::lifecycle::Lifecycle;
use crate::listen::{ListenAddress, ListenError, bind_all};
use crate::names::SubjectName;
use crate::peers::Peers;
use crate::per_address::PerAddress;
use crate::serve::{BoxError, OnLifecycle, Shared, accept};
use crate::tls::{Handshakes, TlsMinimum};
use crate::tuning::{self, Limits};

/// Everything the edge is told.
#[derive(Debug)]
pub struct EdgeConfig {
    /// Where to listen.
    pub listen: Vec<ListenAddress>,
    /// Who is answered over plain HTTP: judged by the socket's other end, whomever that speaks for.
    pub plain_http: Peers,
    /// Proxies that begin each connection with a PROXY header. From them nothing else is taken, and
    /// from nobody else is that.
    pub proxy_protocol: Peers,
    /// Proxies whose connections have many clients' requests: they don't count as one client's.
    pub trusted_proxies: Peers,
    /// Certificates from files, by preference.
    pub certificates: Vec<CertificateFiles>,
    /// Certificates that come while the server runs, for what the files don't cover.
    pub issued: IssuedCertificates,
    /// Answers the authority that issues them, whoever asks.
    pub challenges: Option<Arc<dyn Challenges>>,
    /// Signs a certificate for whatever neither covers.
    pub authority: Authority,
    /// Names and addresses the authority's certificate is for, wildcards among them. `localhost`,
    /// the loopback addresses and the addresses listened on need no mention.
    pub names: Vec<String>,
    /// The oldest TLS version spoken.
    pub tls_minimum: TlsMinimum,
    /// What connections may cost.
    pub limits: Limits,
    /// Tells when certificates need renewal.
    pub clock: Arc<dyn Clock>,
}

/// Why the edge can't be brought up.
#[derive(Debug, thiserror::Error)]
pub enum EdgeError {
    /// An address can't be listened on.
    #[error(transparent)]
    Listen(#[from] ListenError),
    /// A configured certificate can't be used.
    #[error("configured certificate")]
    Certificate(#[from] CertificateError),
    /// The local authority couldn't sign.
    #[error("local certificate")]
    Authority(#[from] AuthorityError),
    /// TLS can't be set up.
    #[error("TLS")]
    Tls(#[from] rustls::Error),
    /// The system refused something.
    #[error("setting up the network edge")]
    System(#[from] io::Error),
}

/// The edge, bound to its addresses and not yet answering.
#[derive(Debug)]
pub struct Edge {
    listeners: Vec<(TcpListener, Entrance)>,
    local_addrs: Vec<SocketAddr>,
    certificates: Arc<Certificates>,
    challenges: Option<Arc<dyn Challenges>>,
    plain_http: Peers,
    proxy_protocol: Peers,
    trusted_proxies: Peers,
    tls_minimum: TlsMinimum,
    limits: Limits,
}

impl Edge {
    /// Binds the addresses and reads the certificates: whatever is wrong is known before the first
    /// connection. Clients that connect from now on wait for [`Edge::serve`].
    ///
    /// # Errors
    /// When an address or a certificate can't be used.
    ///
    /// # Panics
    /// Outside a tokio runtime.
    pub fn bind(config: EdgeConfig) -> Result<Self, EdgeError> {
        let listeners = bind_all(&config.listen, config.limits.send_timeout)?;
        let local_addrs = listeners.iter().map(|(listener, _)| listener.local_addr());
        let local_addrs = local_addrs.collect::<Result<Vec<_>, _>>()?;
        let listened = local_addrs.iter().map(SocketAddr::ip).filter(|ip| !ip.is_unspecified());
        let names = ["localhost", "127.0.0.1", "::1"]
            .into_iter()
            .chain(config.names.iter().map(String::as_str))
            .map(SubjectName::new)
            .chain(listened.map(|address| SubjectName::Ip(address.to_canonical())));
        let local = LocalCertificate::new(config.authority, names, config.clock)?;
        Ok(Self {
            listeners,
            local_addrs,
            certificates: Arc::new(Certificates::load(config.certificates, config.issued, local)?),
            challenges: config.challenges,
            plain_http: config.plain_http,
            proxy_protocol: config.proxy_protocol,
            trusted_proxies: config.trusted_proxies,
            tls_minimum: config.tls_minimum,
            limits: config.limits,
        })
    }

    /// The certificates that clients are shown.
    pub fn certificates(&self) -> ServedCertificates {
        ServedCertificates(Arc::clone(&self.certificates))
    }

    /// The addresses bound, in the order they were given, with the ports that were picked.
    pub fn local_addrs(&self) -> &[SocketAddr] {
        &self.local_addrs
    }

    /// Answers requests with `service`, as tasks of `life`, from now until it drains.
    ///
    /// A request finds its [`ConnectionInfo`](crate::ConnectionInfo) in its extensions, and a
    /// [`FileLane`](gantry_filelane::FileLane) where the connection is plain. On drain the ports are
    /// freed at once, idle connections close, and requests in progress finish.
    ///
    /// # Errors
    /// When TLS or the SIGHUP handler can't be set up.
    pub fn serve<S, B>(self, service: S, life: &Lifecycle) -> Result<(), EdgeError>
    where
        S: tower::Service<Request<Incoming>, Response = Response<B>>
            + Clone
            + Send
            + Sync
            + 'static,
        S::Future: Send + 'static,
        S::Error: Into<BoxError>,
        B: Body<Data = Bytes> + Send + Unpin + 'static,
        B::Error: Into<BoxError>,
    {
        let handshakes =
            Handshakes::new(&self.certificates, self.tls_minimum, self.challenges.clone())?;
        Arc::clone(&self.certificates).keep_current(life)?;
        let send_timeout = self.limits.send_timeout;
        let on_lifecycle = OnLifecycle { life: life.clone(), send_timeout };
        let shared = Arc::new(Shared {
            service,
            certificates: self.certificates,
            challenges: self.challenges,
            handshakes,
            plain: self.plain_http,
            proxy_protocol: self.proxy_protocol,
            per_address: PerAddress::new(self.limits.connections_per_address, self.trusted_proxies),
            http1: tuning::http1(&self.limits),
            http2: tuning::http2(&self.limits, on_lifecycle),
            connections: Arc::new(Semaphore::new(self.limits.connections)),
            limits: self.limits,
            life: life.clone(),
        });
        for (listener, entrance) in self.listeners {
            life.spawn(accept(listener, entrance, Arc::clone(&shared)));
        }
        Ok(())
    }
}
