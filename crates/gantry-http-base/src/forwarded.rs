//! What a proxy says about the request that it passes on: `Forwarded` (RFC 7239) and
//! `X-Forwarded-*`. Anyone can write these headers, so they count only from a proxy that the
//! operator trusts, and of a list only the last element, which that proxy added.

use std::net::{IpAddr, SocketAddr};

use gantry_edge::Scheme;
use http::{HeaderMap, HeaderName, header};

use crate::host::Host;

const X_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");
const X_HOST: HeaderName = HeaderName::from_static("x-forwarded-host");
const X_PROTO: HeaderName = HeaderName::from_static("x-forwarded-proto");

/// How the client spoke to the proxy, as far as the proxy says.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Forwarded<'a> {
    pub(crate) scheme: Option<Scheme>,
    pub(crate) host: Option<Host<'a>>,
    /// A proxy may withhold it, or make up a name for it.
    pub(crate) client: Option<IpAddr>,
}

/// Why a proxy's word can't be taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum ForwardedError {
    #[error("{0} from the proxy can't be understood")]
    Malformed(&'static str),
    /// A client wrote one of them, and the proxy let it through.
    #[error("Forwarded and X-Forwarded-* from the proxy contradict each other")]
    Contradictory,
}

impl<'a> Forwarded<'a> {
    /// What the headers say.
    pub(crate) fn of(headers: &'a HeaderMap) -> Result<Self, ForwardedError> {
        let (new, old) = (Self::by_rfc(headers)?, Self::by_custom(headers)?);
        Ok(Self {
            scheme: one(new.scheme, old.scheme, |a, b| a == b)?,
            host: one(new.host, old.host, Host::is_same)?,
            client: one(new.client, old.client, |a, b| a == b)?,
        })
    }

    fn by_rfc(headers: &'a HeaderMap) -> Result<Self, ForwardedError> {
        const NAME: &str = "Forwarded";
        let malformed = ForwardedError::Malformed(NAME);
        let Some(text) = last_value(headers, &header::FORWARDED, NAME)? else {
            return Ok(Self::default());
        };
        let mut said = Self::default();
        for pair in last_part(text, ',').split(';').filter(|pair| !pair.trim().is_empty()) {
            let (name, value) = pair.split_once('=').ok_or(malformed)?;
            let value = value.trim();
            let value = value.strip_prefix('"').map_or(Some(value), |v| v.strip_suffix('"'));
            let value = value.ok_or(malformed)?;
            match name.trim() {
                name if name.eq_ignore_ascii_case("proto") => {
                    said.scheme = Some(scheme(value).ok_or(malformed)?);
                }
                name if name.eq_ignore_ascii_case("host") => {
                    said.host = Some(Host::parse(value).ok_or(malformed)?);
                }
                name if name.eq_ignore_ascii_case("for") => said.client = address(value),
                _ => {}
            }
        }
        Ok(said)
    }

    fn by_custom(headers: &'a HeaderMap) -> Result<Self, ForwardedError> {
        const PROTO: &str = "X-Forwarded-Proto";
        const HOST: &str = "X-Forwarded-Host";
        const FOR: &str = "X-Forwarded-For";
        let client = last_value(headers, &X_FOR, FOR)?.map(|text| last_part(text, ','));
        let proto = last_value(headers, &X_PROTO, PROTO)?.map(|text| last_part(text, ','));
        let host = last_value(headers, &X_HOST, HOST)?.map(|text| last_part(text, ','));
        Ok(Self {
            scheme: proto
                .map(|text| scheme(text).ok_or(ForwardedError::Malformed(PROTO)))
                .transpose()?,
            host: host
                .map(|text| Host::parse(text).ok_or(ForwardedError::Malformed(HOST)))
                .transpose()?,
            client: client.and_then(address),
        })
    }
}

/// Whether a proxy, any proxy, says that it passed the request on.
pub(crate) fn is_forwarded(headers: &HeaderMap) -> bool {
    [&header::FORWARDED, &X_FOR, &X_HOST, &X_PROTO].iter().any(|name| headers.contains_key(*name))
}

fn one<T>(
    new: Option<T>,
    old: Option<T>,
    same: impl Fn(&T, &T) -> bool,
) -> Result<Option<T>, ForwardedError> {
    match (new, old) {
        (Some(new), Some(old)) if !same(&new, &old) => Err(ForwardedError::Contradictory),
        (new, old) => Ok(new.or(old)),
    }
}

fn last_value<'a>(
    headers: &'a HeaderMap,
    name: &HeaderName,
    shown: &'static str,
) -> Result<Option<&'a str>, ForwardedError> {
    let value = headers.get_all(name).iter().next_back();
    value.map(|value| value.to_str().map_err(|_| ForwardedError::Malformed(shown))).transpose()
}

/// What is behind the last separator. No host or scheme has one in it, quoted or not.
fn last_part(text: &str, separator: char) -> &str {
    text.rsplit(separator).next().unwrap_or(text).trim()
}

/// An address, perhaps with a port; one of IPv6 then has brackets (RFC 7239, 6).
fn address(text: &str) -> Option<IpAddr> {
    let bare = text.strip_prefix('[').and_then(|text| text.strip_suffix(']')).unwrap_or(text);
    let found = bare.parse().ok().or_else(|| Some(text.parse::<SocketAddr>().ok()?.ip()));
    found.map(|address: IpAddr| address.to_canonical())
}

fn scheme(text: &str) -> Option<Scheme> {
    [Scheme::Http, Scheme::Https]
        .into_iter()
        .find(|scheme| text.eq_ignore_ascii_case(scheme.as_str()))
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    fn headers(lines: &[(&'static str, &'static str)]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for (name, value) in lines {
            headers.append(*name, HeaderValue::from_static(value));
        }
        headers
    }

    #[test]
    fn the_last_element_counts() {
        for (lines, scheme, host) in [
            (&[][..], None, None),
            (&[("x-forwarded-proto", "https")], Some("https"), None),
            (&[("x-forwarded-proto", "http, HTTPS")], Some("https"), None),
            (
                &[("x-forwarded-host", "evil"), ("x-forwarded-host", "evil, a.example:8443")],
                None,
                Some("a.example:8443"),
            ),
            (
                &[("forwarded", r#"for="[2001:db8::1]";Proto=https; HOST="a.example:8443""#)],
                Some("https"),
                Some("a.example:8443"),
            ),
            (
                &[
                    ("forwarded", "host=evil;proto=http"),
                    ("forwarded", "for=x, host=a;proto=https"),
                ],
                Some("https"),
                Some("a"),
            ),
            (&[("forwarded", "for=192.0.2.1;by=x")], None, None),
            (
                &[("forwarded", "proto=https;host=A"), ("x-forwarded-host", "a")],
                Some("https"),
                Some("A"),
            ),
        ] {
            let headers = headers(lines);
            let said = Forwarded::of(&headers).unwrap();
            let said = (said.scheme.map(Scheme::as_str), said.host.map(|host| host.authority));
            assert_eq!(said, (scheme, host), "{lines:?}");
        }
    }

    #[test]
    fn clients_are_told_by_address() {
        for (lines, client) in [
            (&[("x-forwarded-for", "192.0.2.9, 127.0.0.1")][..], Some("127.0.0.1")),
            (&[("x-forwarded-for", "192.0.2.1:4711")], Some("192.0.2.1")),
            (&[("x-forwarded-for", "::ffff:192.0.2.1")], Some("192.0.2.1")),
            (&[("x-forwarded-for", "2001:db8::1")], Some("2001:db8::1")),
            (&[("forwarded", "for=\"[2001:db8::1]:4711\"")], Some("2001:db8::1")),
            (&[("forwarded", "for=\"[2001:db8::1]\"")], Some("2001:db8::1")),
            (&[("forwarded", "for=127.0.0.1, for=unknown")], None),
            (&[("forwarded", "for=_hidden"), ("x-forwarded-for", "::1")], Some("::1")),
        ] {
            let headers = headers(lines);
            let said = Forwarded::of(&headers).unwrap().client;
            assert_eq!(said, client.map(|text| text.parse().unwrap()), "{lines:?}");
        }
    }

    #[test]
    fn what_can_not_be_understood_is_refused() {
        for lines in [
            &[("x-forwarded-proto", "ftp")][..],
            &[("x-forwarded-proto", "")],
            &[("x-forwarded-host", "a b")],
            &[("x-forwarded-host", "https://a/")],
            &[("forwarded", "proto")],
            &[("forwarded", r#"host="a"#)],
            &[("forwarded", r#"host="a\"b""#)],
            &[("forwarded", "proto=https"), ("x-forwarded-proto", "http")],
            &[("forwarded", "host=a"), ("x-forwarded-host", "b")],
        ] {
            assert!(Forwarded::of(&headers(lines)).is_err(), "{lines:?}");
        }
    }
}
