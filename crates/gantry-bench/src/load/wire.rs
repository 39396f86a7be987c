//! HTTP/1.1 as bytes (RFC 9112): requests made once, heads of answers read cheaply.

use anyhow::{Context, bail};

/// The bytes of a request's head.
pub(crate) fn request(
    method: &str,
    path: &str,
    host: &str,
    authorization: Option<&str>,
    headers: &[(&str, &str)],
) -> Vec<u8> {
    let mut head = format!("{method} {path} HTTP/1.1\r\nHost: {host}\r\n");
    let authorization = authorization.map(|value| ("Authorization", value));
    for (name, value) in authorization.iter().chain(headers) {
        head.push_str(&format!("{name}: {value}\r\n"));
    }
    head.push_str("\r\n");
    head.into_bytes()
}

/// What counts of an answer's head.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Head<'b> {
    /// The status code.
    pub(super) status: u16,
    /// `Content-Length`.
    pub(super) length: Option<u64>,
    /// `Location`.
    pub(super) location: Option<&'b str>,
    /// Length of the head, with the empty line.
    pub(super) bytes: usize,
}

impl<'b> Head<'b> {
    /// Reads a head; `None` when it isn't complete yet.
    pub(super) fn parse(bytes: &'b [u8]) -> anyhow::Result<Option<Self>> {
        let Some(end) = find(bytes, b"\r\n\r\n") else { return Ok(None) };
        let status = bytes
            .strip_prefix(b"HTTP/1.1 ")
            .and_then(|rest| rest.get(..3))
            .and_then(|digits| str::from_utf8(digits).ok()?.parse().ok())
            .context("no HTTP/1.1 status line")?;
        let mut head = Self { status, length: None, location: None, bytes: end + 4 };
        for line in bytes[..end].split(|byte| *byte == b'\n').skip(1) {
            // The first letter sorts out nearly all lines.
            match line.first().map(u8::to_ascii_lowercase) {
                Some(b'c') => {
                    if let Some(value) = value_of(line, "content-length:") {
                        head.length = Some(value.parse().context("Content-Length is no number")?);
                    }
                }
                Some(b'l') => head.location = value_of(line, "location:").or(head.location),
                Some(b't') if value_of(line, "transfer-encoding:").is_some() => {
                    bail!("the answer has no Content-Length")
                }
                _ => {}
            }
        }
        Ok(Some(head))
    }
}

fn value_of<'b>(line: &'b [u8], name: &str) -> Option<&'b str> {
    let (start, value) = line.split_at_checked(name.len())?;
    start.eq_ignore_ascii_case(name.as_bytes()).then(|| str::from_utf8(value).ok())?.map(str::trim)
}

fn find(bytes: &[u8], wanted: &[u8; 4]) -> Option<usize> {
    bytes.windows(4).position(|window| window == wanted)
}

/// Path and query of a `Location`, which may be absolute.
pub(super) fn path_of(location: &str) -> &str {
    match location.split_once("://") {
        Some((_, rest)) => rest.find('/').map_or("/", |slash| &rest[slash..]),
        None => location,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_head_is_read_whatever_the_case_of_its_names() {
        let bytes = b"HTTP/1.1 202 Accepted\r\nLOCATION: /v2/x\r\ncontent-length:  12\r\n\r\nbody";
        let head = Head::parse(bytes).unwrap().unwrap();
        let expected =
            Head { status: 202, length: Some(12), location: Some("/v2/x"), bytes: bytes.len() - 4 };
        assert_eq!(head, expected);
    }

    #[test]
    fn a_part_of_a_head_is_not_a_head() {
        assert_eq!(Head::parse(b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\n").unwrap(), None);
    }

    #[test]
    fn other_protocols_and_unknown_lengths_are_errors() {
        assert!(Head::parse(b"SSH-2.0-x\r\n\r\n").is_err());
        assert!(Head::parse(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n").is_err());
        assert!(Head::parse(b"HTTP/1.1 200 OK\r\nContent-Length: many\r\n\r\n").is_err());
    }

    #[test]
    fn locations_are_absolute_or_not() {
        assert_eq!(path_of("http://localhost:5000/v2/a?b=c"), "/v2/a?b=c");
        assert_eq!(path_of("/v2/a?b=c"), "/v2/a?b=c");
        assert_eq!(path_of("http://localhost"), "/");
    }

    #[test]
    fn requests_end_with_an_empty_line() {
        let bytes = request("GET", "/v2/", "localhost:1", Some("Bearer t"), &[("Accept", "a/b")]);
        let expected =
            b"GET /v2/ HTTP/1.1\r\nHost: localhost:1\r\nAuthorization: Bearer t\r\nAccept: a/b\r\n\r\n";
        assert_eq!(bytes, expected);
    }
}
