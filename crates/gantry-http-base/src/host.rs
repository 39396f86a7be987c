//! The host a request is for.

use http::{Request, header};

/// A request's `:authority` or `Host`, taken apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Host<'a> {
    /// Name or address, without brackets.
    pub(crate) name: &'a str,
    /// The whole, as the client wrote it.
    pub(crate) authority: &'a str,
}

impl<'a> Host<'a> {
    /// The request's host; HTTP/2's `:authority` counts before `Host` (RFC 9113, 8.3.1).
    pub(crate) fn of<B>(request: &'a Request<B>) -> Option<Self> {
        let authority = match request.uri().authority() {
            Some(authority) => authority.as_str(),
            None => request.headers().get(header::HOST)?.to_str().ok()?,
        };
        Self::parse(authority)
    }

    fn parse(authority: &'a str) -> Option<Self> {
        let name = match authority.strip_prefix('[') {
            Some(rest) => {
                let (address, port) = rest.split_once(']')?;
                is_port(port).then_some(address)?
            }
            None => match authority.split_once(':') {
                Some((name, _)) if is_port(&authority[name.len()..]) => name,
                Some(_) => return None,
                None => authority,
            },
        };
        let visible = |byte: u8| byte.is_ascii_alphanumeric() || b".-_:".contains(&byte);
        (!name.is_empty() && name.bytes().all(visible)).then_some(Self { name, authority })
    }
}

/// Nothing, or a colon and digits.
fn is_port(text: &str) -> bool {
    match text.strip_prefix(':') {
        Some(digits) => digits.len() <= 5 && digits.bytes().all(|byte| byte.is_ascii_digit()),
        None => text.is_empty(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts_come_apart() {
        for (authority, name) in [
            ("localhost:5000", "localhost"),
            ("local.acr.localhost", "local.acr.localhost"),
            ("[::1]:5000", "::1"),
            ("127.0.0.1", "127.0.0.1"),
        ] {
            assert_eq!(Host::parse(authority).map(|host| host.name), Some(name), "{authority}");
        }
        for bad in ["", ":5000", "a b", "evil\"quote", "[::1", "host:port", "a:1:2", "x:999999"] {
            assert_eq!(Host::parse(bad), None, "{bad}");
        }
    }
}
