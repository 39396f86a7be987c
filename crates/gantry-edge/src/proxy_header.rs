//! The header of the PROXY protocol, versions 1 and 2: what a proxy says, ahead of a connection's own
//! bytes, about whom it connects to us for (HAProxy, "The PROXY protocol").
//!
//! Own code: of the work, bounds on input that is still coming in and the checksum are most, and the
//! crates that parse headers leave those to their callers.
//!
//! Pure and strict: what the specification calls invalid is refused, and of its extensions only the
//! checksum means anything here. TLS details, names and identities that a proxy adds are passed over.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::str::FromStr;

/// How a header of version 1 begins.
const V1: &[u8] = b"PROXY ";
/// The most bytes it has, with its line's end (section 2.1).
const V1_MOST: usize = 107;
/// How a header of version 2 begins.
const V2: &[u8] = b"\r\n\r\n\0\r\nQUIT\n";
/// Signature, version and command, family, length.
const V2_FIXED: usize = 16;
/// The most bytes it may have here. The addresses end at byte 232; behind them are extensions that
/// mean nothing to us, the longest of which in use is a client's certificate.
const V2_MOST: usize = 4096;
/// The extension that holds a checksum of the header (section 2.2.3).
const CRC32C: u8 = 0x03;

/// What a proxy says about a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ProxyHeader {
    /// Nothing: the connection is its own (`LOCAL`), or it has no addresses to tell (`UNKNOWN`).
    Unspecified,
    /// It was connected to. IPv4 is never dressed as IPv6.
    Connected {
        /// By whom.
        source: SocketAddr,
        /// At which address.
        destination: SocketAddr,
    },
}

/// Why bytes are no header.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum ProxyHeaderError {
    /// They begin otherwise.
    #[error("no PROXY header")]
    Missing,
    /// It has no end within the bound.
    #[error("a PROXY header of more than {0} bytes")]
    TooLong(usize),
    /// A part of it isn't as it should be.
    #[error("a PROXY header with {0}")]
    Malformed(&'static str),
    /// The bytes aren't those that were sent.
    #[error("a PROXY header whose checksum is wrong")]
    Checksum,
}

use ProxyHeaderError::{Checksum, Malformed, Missing, TooLong};

impl ProxyHeader {
    /// Reads the header that `bytes` begin with: it, and how many bytes it has. `None`: the rest of
    /// it has yet to come.
    ///
    /// # Errors
    /// When whatever comes can't make it a header.
    pub(crate) fn parse(bytes: &[u8]) -> Result<Option<(Self, usize)>, ProxyHeaderError> {
        if bytes.starts_with(V1) {
            Self::v1(bytes)
        } else if bytes.starts_with(V2) {
            Self::v2(bytes)
        } else if V1.starts_with(bytes) || V2.starts_with(bytes) {
            Ok(None)
        } else {
            Err(Missing)
        }
    }

    /// `PROXY TCP4 192.0.2.1 203.0.113.1 56324 443\r\n`
    fn v1(bytes: &[u8]) -> Result<Option<(Self, usize)>, ProxyHeaderError> {
        let within = &bytes[..bytes.len().min(V1_MOST)];
        let Some(end) = within.windows(2).position(|pair| pair == b"\r\n") else {
            return if within.len() == V1_MOST { Err(TooLong(V1_MOST)) } else { Ok(None) };
        };
        let mut fields = within[V1.len()..end].split(|&byte| byte == b' ');
        let header = match fields.next() {
            Some(b"TCP4") => Self::connected::<Ipv4Addr>(fields)?,
            Some(b"TCP6") => Self::connected::<Ipv6Addr>(fields)?,
            // Whatever else the line has is to be ignored.
            Some(b"UNKNOWN") => Self::Unspecified,
            _ => return Err(Malformed("an unknown protocol")),
        };
        Ok(Some((header, end + 2)))
    }

    fn connected<'a, A: FromStr + Into<IpAddr>>(
        mut fields: impl Iterator<Item = &'a [u8]>,
    ) -> Result<Self, ProxyHeaderError> {
        let mut field = || fields.next().and_then(|field| str::from_utf8(field).ok());
        let mut address = || {
            let address = field().and_then(|field| field.parse::<A>().ok());
            address.map(Into::into).ok_or(Malformed("an address that is none"))
        };
        let (source, destination): (IpAddr, IpAddr) = (address()?, address()?);
        let mut port = || field().and_then(port).ok_or(Malformed("a port that is none"));
        let (source, destination) = ((source, port()?), (destination, port()?));
        match fields.next() {
            None => Ok(Self::between(source, destination)),
            Some(_) => Err(Malformed("more than two addresses and two ports")),
        }
    }

    /// Signature, version and command, family, length; addresses; extensions.
    fn v2(bytes: &[u8]) -> Result<Option<(Self, usize)>, ProxyHeaderError> {
        let Some(fixed) = bytes.first_chunk::<V2_FIXED>() else { return Ok(None) };
        let [.., version_and_command, family, high, low] = *fixed;
        let length = V2_FIXED + usize::from(u16::from_be_bytes([high, low]));
        if length > V2_MOST {
            return Err(TooLong(V2_MOST));
        }
        let (is_told, addresses) = match (version_and_command, family) {
            // LOCAL, whose rest is to be ignored; and PROXY of what has no family.
            (0x20, _) | (0x21, 0x00) => (false, 0),
            // To the proxy it may have been a datagram each, as QUIC is.
            (0x21, 0x11 | 0x12) => (true, 12),
            (0x21, 0x21 | 0x22) => (true, 36),
            (0x21, 0x31 | 0x32) => (true, 216),
            (0x21, _) => return Err(Malformed("an unknown family")),
            (0x22..=0x2f, _) => return Err(Malformed("an unknown command")),
            _ => return Err(Malformed("an unknown version")),
        };
        let extensions = V2_FIXED + addresses;
        if length < extensions {
            return Err(Malformed("addresses cut short"));
        }
        let Some(header) = bytes.get(..length) else { return Ok(None) };
        if !is_told {
            return Ok(Some((Self::Unspecified, length)));
        }
        check_extensions(header, extensions)?;
        Ok(Some((Self::addresses(&header[V2_FIXED..extensions]), length)))
    }

    /// Both addresses, then both ports; paths of sockets say nothing here.
    fn addresses(bytes: &[u8]) -> Self {
        let connected = match bytes.len() {
            12 => Self::of_family::<4>(bytes),
            36 => Self::of_family::<16>(bytes),
            _ => None,
        };
        connected.unwrap_or(Self::Unspecified)
    }

    fn of_family<const N: usize>(bytes: &[u8]) -> Option<Self>
    where
        [u8; N]: Into<IpAddr>,
    {
        let (source, rest) = bytes.split_first_chunk::<N>()?;
        let (destination, rest) = rest.split_first_chunk::<N>()?;
        let [a, b, c, d] = *rest.first_chunk()?;
        let source = ((*source).into(), u16::from_be_bytes([a, b]));
        Some(Self::between(source, ((*destination).into(), u16::from_be_bytes([c, d]))))
    }

    fn between(source: (IpAddr, u16), destination: (IpAddr, u16)) -> Self {
        let [source, destination] =
            [source, destination].map(|(ip, port)| SocketAddr::new(ip.to_canonical(), port));
        Self::Connected { source, destination }
    }
}

/// A decimal number as it is printed: no sign, no zeros in front.
fn port(text: &str) -> Option<u16> {
    let is_plain = text.bytes().all(|byte| byte.is_ascii_digit()) && !text.starts_with('0');
    if is_plain || text == "0" { text.parse().ok() } else { None }
}

/// Walks the extensions, which must fill the header, and compares the checksum if there is one.
fn check_extensions(header: &[u8], start: usize) -> Result<(), ProxyHeaderError> {
    const CUT_SHORT: ProxyHeaderError = Malformed("an extension cut short");
    let mut at = start;
    while at < header.len() {
        let [kind, high, low] = *header[at..].first_chunk().ok_or(CUT_SHORT)?;
        let value = at + 3;
        let end = value + usize::from(u16::from_be_bytes([high, low]));
        let found = header.get(value..end).ok_or(CUT_SHORT)?;
        if kind == CRC32C {
            let sent = found.try_into().map_err(|_| Malformed("a checksum that is none"))?;
            // It is of the header with zeros in its own place (section 2.2.3).
            if crc32c([&header[..value], &[0; 4], &header[end..]]) != u32::from_be_bytes(sent) {
                return Err(Checksum);
            }
        }
        at = end;
    }
    Ok(())
}

/// CRC-32C of some bytes (RFC 4960, appendix B). They are few: no table.
fn crc32c(parts: [&[u8]; 3]) -> u32 {
    let with_bit = |crc: u32, _| (crc >> 1) ^ (0x82f6_3b78 & (crc & 1).wrapping_neg());
    !parts.into_iter().flatten().fold(!0, |crc, &byte| (0..8).fold(crc ^ u32::from(byte), with_bit))
}

#[cfg(test)]
mod tests;
