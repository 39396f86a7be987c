//! The address that a client used.

use std::net::{IpAddr, Ipv4Addr};

use gantry_edge::{ConnectionInfo, Scheme};
use gantry_oci::ErrorCode;
use http::StatusCode;
use http::request::Parts;

use crate::forwarded::{Forwarded, is_forwarded};
use crate::host::Host;
use crate::{App, OciError};

/// Scheme and host of a request's address, as the client wrote it: what the request says, or,
/// where it came by a trusted proxy, what that says.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Origin<'r> {
    pub(crate) scheme: Scheme,
    pub(crate) host: Host<'r>,
    /// The server's address that the connection came in at.
    pub(crate) local: IpAddr,
    /// The name that the client asked TLS for, where the client is at the other end of it.
    pub(crate) server_name: Option<&'r str>,
}

impl<'r> Origin<'r> {
    pub(crate) fn of(app: &App, parts: &'r Parts) -> Result<Self, OciError> {
        let host = Host::of(parts).map_err(refuse)?;
        let Some(info) = parts.extensions.get::<ConnectionInfo>() else {
            let local = Ipv4Addr::LOCALHOST.into();
            return Ok(Self { scheme: Scheme::Http, host, local, server_name: None });
        };
        let local = info.local.ip();
        if app.proxies.include(info.peer.ip()) {
            let said = Forwarded::of(&parts.headers).map_err(refuse)?;
            return Ok(Self {
                scheme: said.scheme.unwrap_or(info.scheme),
                host: said.host.unwrap_or(host),
                local,
                server_name: None,
            });
        }
        Ok(Self { scheme: info.scheme, host, local, server_name: info.server_name.as_deref() })
    }
}

fn refuse(error: impl std::error::Error) -> OciError {
    OciError::new(StatusCode::BAD_REQUEST, ErrorCode::Unsupported, error)
}

/// Where the request was made: the connection's other end, or what a trusted proxy says is at the
/// other end of its own. `None` where somebody passed it on and there is no telling for whom.
pub fn client_address(app: &App, parts: &Parts) -> Option<IpAddr> {
    let peer = parts.extensions.get::<ConnectionInfo>()?.peer.ip();
    match is_forwarded(&parts.headers) {
        false => Some(peer),
        true if app.proxies.include(peer) => Forwarded::of(&parts.headers).ok()?.client,
        true => None,
    }
}

/// Whether the request was made on this machine, by someone who meant this server: no page of
/// another site had a browser send it.
pub fn is_from_this_machine(app: &App, parts: &Parts) -> bool {
    client_address(app, parts).is_some_and(|client| client.is_loopback())
        && Origin::of(app, parts).is_ok_and(|origin| {
            app.content.registries().by_host(origin.host.name, origin.local).is_some()
        })
}
