//! The address that a client used.

use std::net::{IpAddr, Ipv4Addr};

use gantry_edge::{ConnectionInfo, Peers, Scheme};
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
        if app.proxies.include(info.sender().ip()) {
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

/// Where the request was made: the connection's peer, or what a trusted proxy says is at the other
/// end of its own. `None` where somebody passed it on and there is no telling for whom.
pub fn client_address(app: &App, parts: &Parts) -> Option<IpAddr> {
    client(&app.proxies, parts)
}

/// The same, where these are the trusted proxies. Headers are the word of whoever sends to us, not
/// of whom a PROXY header names.
pub(crate) fn client(proxies: &Peers, parts: &Parts) -> Option<IpAddr> {
    let info = parts.extensions.get::<ConnectionInfo>()?;
    match is_forwarded(&parts.headers) {
        false => Some(info.peer.ip()),
        true if proxies.include(info.sender().ip()) => Forwarded::of(&parts.headers).ok()?.client,
        true => None,
    }
}

/// Whether the request was made on this machine, by someone who meant this server: no page of
/// another site had a browser send it, and no proxy passed it on.
pub fn is_from_this_machine(app: &App, parts: &Parts) -> bool {
    is_from_here(parts)
        && Origin::of(app, parts).is_ok_and(|origin| {
            app.content.registries().by_host(origin.host.name, origin.local).is_some()
        })
}

/// Whether the request is for the server itself: for its management API, directory and portal. They
/// are on the names and addresses of the default registry that aren't under the suffix, where
/// registries' own names are.
pub fn is_for_server(app: &App, parts: &Parts) -> bool {
    let registries = app.content.registries();
    Origin::of(app, parts).is_ok_and(|origin| {
        let found = registries.by_host(origin.host.name, origin.local);
        let default = registries.default_registry();
        let suffix = format!(".{}", registries.suffix());
        let is_default = found.is_some_and(|one| default.is_some_and(|own| own.id == one.id));
        is_default && !origin.host.name.to_ascii_lowercase().ends_with(&suffix)
    })
}

/// Whether it came from a loopback address, straight. Whatever a proxy calls one, trusted or not, is
/// loopback on another machine.
fn is_from_here(parts: &Parts) -> bool {
    let info = parts.extensions.get::<ConnectionInfo>();
    info.is_some_and(|info| info.via.is_none() && info.peer.ip().is_loopback())
        && !is_forwarded(&parts.headers)
}

#[cfg(test)]
pub(crate) mod tests {
    use gantry_edge::Entrance;
    use http::Request;

    use super::*;

    /// A request on a connection from `peer`, perhaps handed on by `via`, with `X-Forwarded-For`.
    pub(crate) fn request(peer: &str, via: Option<&str>, header: Option<&str>) -> Parts {
        let end = |ip: &str| (ip.parse::<IpAddr>().unwrap(), 4711).into();
        let info = ConnectionInfo {
            peer: end(peer),
            local: end("203.0.113.1"),
            via: via.map(end),
            scheme: Scheme::Https,
            server_name: None,
            entrance: Entrance::Public,
        };
        let request = Request::get("/").extension(info);
        let request = header
            .into_iter()
            .fold(request, |request, text| request.header("x-forwarded-for", text));
        request.body(()).unwrap().into_parts().0
    }

    pub(crate) fn proxies() -> Peers {
        Peers::from_networks(["10.0.0.1/32".parse().unwrap(), "127.0.0.9/32".parse().unwrap()])
    }

    #[test]
    fn headers_are_the_word_of_the_sender() {
        for (peer, via, header, expected) in [
            ("192.0.2.1", None, None, Some("192.0.2.1")),
            ("192.0.2.1", None, Some("192.0.2.2"), None),
            ("10.0.0.1", None, Some("192.0.2.2"), Some("192.0.2.2")),
            ("10.0.0.1", None, None, Some("10.0.0.1")),
            ("192.0.2.1", Some("10.0.0.1"), None, Some("192.0.2.1")),
            // It ends TLS, and says more than its PROXY header does.
            ("192.0.2.1", Some("10.0.0.1"), Some("192.0.2.2"), Some("192.0.2.2")),
            // It passes on what clients write, whomever it names as the client.
            ("192.0.2.1", Some("10.0.0.2"), Some("192.0.2.2"), None),
            ("10.0.0.1", Some("10.0.0.2"), Some("192.0.2.2"), None),
        ] {
            let parts = request(peer, via, header);
            let client = client(&proxies(), &parts).map(|client| client.to_string());
            assert_eq!(client.as_deref(), expected, "{peer} {via:?} {header:?}");
        }
    }

    #[test]
    fn nobody_that_a_proxy_names_is_on_this_machine() {
        for (peer, via, header, expected) in [
            ("127.0.0.1", None, None, true),
            ("::1", None, None, true),
            ("192.0.2.1", None, None, false),
            ("127.0.0.1", Some("10.0.0.1"), None, false),
            ("127.0.0.1", Some("127.0.0.9"), None, false),
            ("127.0.0.9", Some("127.0.0.9"), None, false),
            ("127.0.0.9", None, Some("127.0.0.1"), false),
            ("10.0.0.1", None, Some("127.0.0.1"), false),
            ("192.0.2.1", Some("10.0.0.1"), Some("127.0.0.1"), false),
        ] {
            let parts = request(peer, via, header);
            assert_eq!(is_from_here(&parts), expected, "{peer} {via:?} {header:?}");
        }
    }
}
