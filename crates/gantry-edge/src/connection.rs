//! What a request can know about the connection it came by.

use std::net::SocketAddr;
use std::sync::Arc;

use crate::entrance::Entrance;

/// The protocol under HTTP.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scheme {
    /// Plain TCP.
    Http,
    /// TLS.
    Https,
}

impl Scheme {
    /// The scheme as URLs spell it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Http => "http",
            Self::Https => "https",
        }
    }
}

/// The connection a request came by, found in the request's extensions.
///
/// Who is behind it is `peer`; who is to be trusted with it, as with speaking plain HTTP or with
/// headers about the client, is [`sender`](Self::sender).
#[derive(Clone, Debug)]
pub struct ConnectionInfo {
    /// The other end: the client or the proxy in front of it. Where a proxy speaks the PROXY protocol
    /// it is whom that names. IPv4 is never dressed as IPv6.
    pub peer: SocketAddr,
    /// This end, likewise: the address that the peer connected to.
    pub local: SocketAddr,
    /// The proxy that handed the connection on by the PROXY protocol, and said what `peer` and `local`
    /// are. `None`: they are the socket's own.
    pub via: Option<SocketAddr>,
    /// Plain or TLS.
    pub scheme: Scheme,
    /// The name the client asked for in the TLS handshake (SNI), in lower case.
    pub server_name: Option<Arc<str>>,
    /// The entrance that the listener is: a private endpoint's own, or the public one.
    pub entrance: Entrance,
}

impl ConnectionInfo {
    /// The socket's other end: nothing that anyone claims.
    pub fn sender(&self) -> SocketAddr {
        self.via.unwrap_or(self.peer)
    }
}

/// The address with an IPv4 peer of an IPv6 socket written as IPv4.
pub(crate) fn canonical(address: SocketAddr) -> SocketAddr {
    SocketAddr::new(address.ip().to_canonical(), address.port())
}
