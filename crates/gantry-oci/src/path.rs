//! Paths of requests: escapes, decoded once, and what they may stand for.

use std::borrow::Cow;

use crate::EndpointError;

/// Stands in a decoded path for an escaped slash, which is no border between segments. No path has it
/// otherwise: it is refused as an escape, and no request line has it as it is.
const ESCAPED_SLASH: char = '\0';

/// The text of a repository's name. Azure's SDKs escape the slashes in it (`team%2Fapp`); they are read
/// as slashes there, and nowhere else.
pub fn name(text: &str) -> Cow<'_, str> {
    match text.contains(ESCAPED_SLASH) {
        true => Cow::Owned(text.replace(ESCAPED_SLASH, "/")),
        false => Cow::Borrowed(text),
    }
}

/// The text of any other part, which has no slash.
pub fn part(text: &str) -> Result<&str, EndpointError> {
    if text.contains(ESCAPED_SLASH) { Err(EndpointError::Escape) } else { Ok(text) }
}

/// Decodes percent-escapes, once. What would hide something from a log is refused, and so is a slash
/// wherever it isn't in a [`name`].
pub fn decode(path: &str) -> Result<Cow<'_, str>, EndpointError> {
    if !path.contains('%') {
        return Ok(Cow::Borrowed(path));
    }
    let mut decoded = Vec::with_capacity(path.len());
    let mut bytes = path.bytes();
    while let Some(byte) = bytes.next() {
        if byte != b'%' {
            decoded.push(byte);
            continue;
        }
        let mut digit = || char::from(bytes.next()?).to_digit(16);
        let (Some(high), Some(low)) = (digit(), digit()) else {
            return Err(EndpointError::Escape);
        };
        match (high << 4 | low) as u8 {
            b'/' => decoded.push(ESCAPED_SLASH as u8),
            b'\\' => return Err(EndpointError::Escape),
            byte if byte.is_ascii_control() => return Err(EndpointError::Escape),
            byte => decoded.push(byte),
        }
    }
    String::from_utf8(decoded).map(Cow::Owned).map_err(|_| EndpointError::Escape)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escapes_are_decoded_once() {
        for (path, decoded) in [
            ("/v2/", Ok("/v2/")),
            ("/v2/a/blobs/sha256%3Aab", Ok("/v2/a/blobs/sha256:ab")),
            ("/v2/a/blobs/sha256%3aab", Ok("/v2/a/blobs/sha256:ab")),
            ("%2e%2E", Ok("..")),
            ("%25%32%66", Ok("%2f")),
            ("%C3%A9", Ok("é")),
            ("a%2Fb%2fc", Ok("a\0b\0c")),
            ("%5c", Err(EndpointError::Escape)),
            ("%00", Err(EndpointError::Escape)),
            ("%0a", Err(EndpointError::Escape)),
            ("%7f", Err(EndpointError::Escape)),
            ("%ff", Err(EndpointError::Escape)),
            ("%", Err(EndpointError::Escape)),
            ("%2", Err(EndpointError::Escape)),
            ("%2g", Err(EndpointError::Escape)),
            ("%+2", Err(EndpointError::Escape)),
        ] {
            assert_eq!(decode(path).as_deref(), decoded.as_ref().copied(), "{path}");
        }
    }
}
