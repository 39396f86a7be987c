//! The host a request is for.

use http::request::Parts;
use http::{HeaderMap, header};

/// A request's `:authority` or `Host`, taken apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Host<'a> {
    /// Name or address, without brackets.
    pub(crate) name: &'a str,
    /// Digits, if any are given.
    port: &'a str,
    /// The whole, as the client wrote it.
    pub(crate) authority: &'a str,
}

/// Why a request names no host, or more than one. Whoever answers such a request may take it for
/// another's than a proxy in front has, so nobody does (RFC 9112, 3.2; RFC 9113, 8.3.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum HostError {
    #[error("the request names no host")]
    Missing,
    #[error("the request has more than one Host header")]
    Several,
    #[error("the request's host is neither a name nor an address")]
    Malformed,
    #[error("the request's target and its Host header name different hosts")]
    Differs,
}

impl<'a> Host<'a> {
    /// The request's host, of which there must be one.
    pub(crate) fn of(parts: &'a Parts) -> Result<Self, HostError> {
        let target = parts.uri.authority().map(|authority| Self::parse(authority.as_str()));
        match (target, Self::header(&parts.headers)?) {
            (None, None) => Err(HostError::Missing),
            (None, Some(host)) => Ok(host),
            (Some(target), None) => target.ok_or(HostError::Malformed),
            (Some(target), Some(host)) if target.is_some_and(|target| target.is_same(&host)) => {
                Ok(host)
            }
            (Some(_), Some(_)) => Err(HostError::Differs),
        }
    }

    fn header(headers: &'a HeaderMap) -> Result<Option<Self>, HostError> {
        let mut values = headers.get_all(header::HOST).iter();
        let Some(value) = values.next() else { return Ok(None) };
        if values.next().is_some() {
            return Err(HostError::Several);
        }
        let text = value.to_str().map_err(|_| HostError::Malformed)?;
        Self::parse(text).map(Some).ok_or(HostError::Malformed)
    }

    pub(crate) fn parse(authority: &'a str) -> Option<Self> {
        let (name, rest) = match authority.strip_prefix('[') {
            Some(rest) => rest.split_once(']')?,
            None => authority.split_at(authority.find(':').unwrap_or(authority.len())),
        };
        let port = match rest.strip_prefix(':') {
            Some(port) => port,
            None if rest.is_empty() => "",
            None => return None,
        };
        let visible = |byte: u8| byte.is_ascii_alphanumeric() || b".-_:".contains(&byte);
        let fits = !name.is_empty()
            && name.bytes().all(visible)
            && port.len() <= 5
            && port.bytes().all(|byte| byte.is_ascii_digit());
        fits.then_some(Self { name, port, authority })
    }

    /// The port, if one is given.
    pub(crate) fn port(&self) -> Option<&'a str> {
        (!self.port.is_empty()).then_some(self.port)
    }

    pub(crate) fn is_same(&self, other: &Self) -> bool {
        self.name.eq_ignore_ascii_case(other.name) && self.port == other.port
    }
}

#[cfg(test)]
mod tests {
    use http::Request;

    use super::*;

    #[test]
    fn hosts_come_apart() {
        for (authority, name) in [
            ("localhost:5000", "localhost"),
            ("local.acr.localhost", "local.acr.localhost"),
            ("[::1]:5000", "::1"),
            ("[::1]", "::1"),
            ("127.0.0.1", "127.0.0.1"),
        ] {
            assert_eq!(Host::parse(authority).map(|host| host.name), Some(name), "{authority}");
        }
        for bad in [
            "",
            ":5000",
            "a b",
            "evil\"quote",
            "[::1",
            "[::1]x",
            "host:port",
            "a:1:2",
            "x:999999",
            "user@host",
            "host/",
            "[]",
            "::1",
        ] {
            assert_eq!(Host::parse(bad), None, "{bad}");
        }
    }

    #[test]
    fn a_request_is_for_one_host() {
        for (target, hosts, found) in [
            ("/v2/", &["a:5000"][..], Ok("a:5000")),
            ("http://a:5000/v2/", &[], Ok("a:5000")),
            ("http://A:5000/v2/", &["a:5000"], Ok("a:5000")),
            ("/v2/", &[], Err(HostError::Missing)),
            ("/v2/", &["a", "a"], Err(HostError::Several)),
            ("/v2/", &["a", "b"], Err(HostError::Several)),
            ("/v2/", &["a, b"], Err(HostError::Malformed)),
            ("/v2/", &[""], Err(HostError::Malformed)),
            ("http://a/v2/", &["b"], Err(HostError::Differs)),
            ("http://a:1/v2/", &["a:2"], Err(HostError::Differs)),
            ("http://user@a/v2/", &["a"], Err(HostError::Differs)),
            ("http://user@a/v2/", &[], Err(HostError::Malformed)),
            ("http://a/v2/", &["a", "a"], Err(HostError::Several)),
        ] {
            let request =
                hosts.iter().fold(Request::get(target), |r, host| r.header("host", *host));
            let (parts, ()) = request.body(()).unwrap().into_parts();
            let host = Host::of(&parts).map(|host| host.authority);
            assert_eq!(host, found, "{target} {hosts:?}");
        }
    }
}
