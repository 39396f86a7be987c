//! What a request can know about the connection it came by.

use std::net::SocketAddr;
use std::sync::Arc;

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
#[derive(Clone, Debug)]
pub struct ConnectionInfo {
    /// The other end: the client or the proxy in front of it. IPv4 is never dressed as IPv6.
    pub peer: SocketAddr,
    /// This end, likewise.
    pub local: SocketAddr,
    /// Plain or TLS.
    pub scheme: Scheme,
    /// The name the client asked for in the TLS handshake (SNI), in lower case.
    pub server_name: Option<Arc<str>>,
}

/// The address with an IPv4 peer of an IPv6 socket written as IPv4.
pub(crate) fn canonical(address: SocketAddr) -> SocketAddr {
    SocketAddr::new(address.ip().to_canonical(), address.port())
}
