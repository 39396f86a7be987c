//! Content addresses: `sha256:…` and `sha512:…`.

use std::fmt;
use std::str::FromStr;

use gantry_sha2::{Sha256, Sha512};

use crate::text::serde_as_text;

/// A hash function that content may be addressed by.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Algorithm {
    /// SHA-256, which every client speaks.
    Sha256,
    /// SHA-512, the other algorithm registered in the image-spec.
    Sha512,
}

/// A content address such as `sha256:9f86…`. Holding one proves the text parsed:
/// known algorithm, right length, lower-case hex. It says nothing about storage.
///
/// Digests order as their texts do.
// The derived order is the text's: `sha256` sorts before `sha512`, and bytes
// sort as their fixed-width lower-case hex does.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Digest {
    /// A SHA-256 digest.
    Sha256([u8; 32]),
    /// A SHA-512 digest.
    Sha512([u8; 64]),
}

/// Why a text is not a [`Digest`].
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum DigestError {
    /// A well-formed digest by an algorithm that is not spoken here.
    #[error("digest algorithm `{0}` is not supported: use sha256 or sha512")]
    UnsupportedAlgorithm(Box<str>),
    /// The text is no digest.
    #[error("not a digest: expected `sha256:` and 64, or `sha512:` and 128, lower-case hex digits")]
    Malformed,
}

/// The error of [`Algorithm::from_str`].
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[error("not a supported digest algorithm: use sha256 or sha512")]
pub struct AlgorithmError;

// === impl Algorithm ===

impl Algorithm {
    /// The name used in digests.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Sha256 => "sha256",
            Self::Sha512 => "sha512",
        }
    }
}

impl fmt::Display for Algorithm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Algorithm {
    type Err = AlgorithmError;

    fn from_str(text: &str) -> Result<Self, AlgorithmError> {
        match text {
            "sha256" => Ok(Self::Sha256),
            "sha512" => Ok(Self::Sha512),
            _ => Err(AlgorithmError),
        }
    }
}

serde_as_text!(Algorithm, "a digest algorithm");

// === impl Digest ===

impl Digest {
    /// The length of the longest digest's text.
    pub const MAX_LEN: usize = "sha512:".len() + 128;

    /// Hashes `bytes`.
    pub fn of(algorithm: Algorithm, bytes: &[u8]) -> Self {
        match algorithm {
            Algorithm::Sha256 => Self::sha256(bytes),
            Algorithm::Sha512 => Self::Sha512(Sha512::of(bytes)),
        }
    }

    /// Hashes `bytes` with SHA-256.
    pub fn sha256(bytes: &[u8]) -> Self {
        Self::Sha256(Sha256::of(bytes))
    }

    /// The algorithm that made it.
    pub const fn algorithm(&self) -> Algorithm {
        match self {
            Self::Sha256(_) => Algorithm::Sha256,
            Self::Sha512(_) => Algorithm::Sha512,
        }
    }

    /// The hash itself: 32 or 64 bytes.
    pub const fn as_bytes(&self) -> &[u8] {
        match self {
            Self::Sha256(hash) => hash,
            Self::Sha512(hash) => hash,
        }
    }

    /// The hash as lower-case hex, without the algorithm.
    pub fn hex(&self) -> String {
        let text = self.text();
        text.as_str()[self.algorithm().as_str().len() + 1..].to_owned()
    }

    fn text(&self) -> DigestText {
        const DIGITS: &[u8; 16] = b"0123456789abcdef";
        let mut text = DigestText { buffer: [0; Self::MAX_LEN], len: 0 };
        let (prefix, hex) = text.buffer.split_at_mut("sha256:".len());
        prefix.copy_from_slice(match self {
            Self::Sha256(_) => b"sha256:",
            Self::Sha512(_) => b"sha512:",
        });
        for (pair, byte) in hex.chunks_exact_mut(2).zip(self.as_bytes()) {
            pair[0] = DIGITS[usize::from(byte >> 4)];
            pair[1] = DIGITS[usize::from(byte & 15)];
        }
        text.len = prefix.len() + 2 * self.as_bytes().len();
        text
    }
}

/// A digest's text on the stack, so that printing one allocates nothing.
struct DigestText {
    buffer: [u8; Digest::MAX_LEN],
    len: usize,
}

impl DigestText {
    fn as_str(&self) -> &str {
        str::from_utf8(&self.buffer[..self.len]).expect("hex digits are ASCII")
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.text().as_str())
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.text().as_str())
    }
}

impl FromStr for Digest {
    type Err = DigestError;

    fn from_str(text: &str) -> Result<Self, DigestError> {
        let bytes = text.as_bytes();
        match bytes.split_first_chunk::<7>() {
            Some((b"sha256:", hex)) => decode(hex).map(Self::Sha256).ok_or(DigestError::Malformed),
            Some((b"sha512:", hex)) => decode(hex).map(Self::Sha512).ok_or(DigestError::Malformed),
            _ => Err(refusal(text)),
        }
    }
}

serde_as_text!(Digest, "a digest such as sha256:9f86…");

/// What [`decode`] reads for a byte that is no lower-case hex digit.
const NO_DIGIT: u8 = 0xff;

/// The value of each lower-case hex digit.
const DIGIT: [u8; 256] = {
    let mut table = [NO_DIGIT; 256];
    let mut value = 0;
    while value < 16 {
        table[b"0123456789abcdef"[value] as usize] = value as u8;
        value += 1;
    }
    table
};

/// Decodes exactly `N` bytes of lower-case hex. Upper case is refused, so that
/// one content has one address.
fn decode<const N: usize>(hex: &[u8]) -> Option<[u8; N]> {
    if hex.len() != 2 * N {
        return None;
    }
    let mut hash = [0; N];
    let mut seen = 0;
    for (byte, pair) in hash.iter_mut().zip(hex.chunks_exact(2)) {
        let (high, low) = (DIGIT[usize::from(pair[0])], DIGIT[usize::from(pair[1])]);
        seen |= high | low;
        *byte = high << 4 | (low & 15);
    }
    // A digit's value is below 16; only `NO_DIGIT` sets a higher bit.
    (seen < 16).then_some(hash)
}

/// Tells a digest by another algorithm from a text that is no digest, by the
/// grammar of the image-spec's descriptor page.
fn refusal(text: &str) -> DigestError {
    // The longest algorithm name worth telling back to a client.
    const MAX_ALGORITHM: usize = 32;
    let Some((algorithm, encoded)) = text.split_once(':') else {
        return DigestError::Malformed;
    };
    let component =
        |c: &str| !c.is_empty() && c.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit());
    let well_formed = algorithm.len() <= MAX_ALGORITHM
        && algorithm.split(['+', '.', '_', '-']).all(component)
        && !encoded.is_empty()
        && encoded.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'=' | b'_' | b'-'));
    if well_formed {
        DigestError::UnsupportedAlgorithm(algorithm.into())
    } else {
        DigestError::Malformed
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const EMPTY: &str = "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

    #[test]
    fn known_answers() {
        assert_eq!(Digest::sha256(b"").to_string(), EMPTY);
        assert_eq!(Digest::sha256(b"").hex(), EMPTY[7..]);
        let abc = Digest::of(Algorithm::Sha512, b"abc").to_string();
        assert!(abc.starts_with("sha512:ddaf35a193617abacc417349ae204131"));
        assert_eq!(abc.len(), Digest::MAX_LEN);
    }

    #[test]
    fn upper_case_hex_is_malformed() {
        let upper = format!("sha256:{}", EMPTY[7..].to_uppercase());
        assert_eq!(upper.parse::<Digest>(), Err(DigestError::Malformed));
    }

    #[test]
    fn unsupported_and_malformed_are_told_apart() {
        let unsupported = |name: &str| Err(DigestError::UnsupportedAlgorithm(name.into()));
        for (text, expected) in [
            ("sha384:0123abcd", unsupported("sha384")),
            ("md5:d41d8cd98f00b204e9800998ecf8427e", unsupported("md5")),
            ("sha256+b64u:LCa0a2j_xo_5m0U8HTBBNBNCLXBkg7-g-YpeiGJm564", unsupported("sha256+b64u")),
            (
                "multihash+base58:QmRZxt2b1FVZPNqd8hsiykDL3TdBDeTSPX9Kv46HmX4Gx8",
                unsupported("multihash+base58"),
            ),
            ("", Err(DigestError::Malformed)),
            ("sha256", Err(DigestError::Malformed)),
            ("sha256:", Err(DigestError::Malformed)),
            ("sha256:abcd", Err(DigestError::Malformed)),
            ("sha512:abcd", Err(DigestError::Malformed)),
            (":abcd", Err(DigestError::Malformed)),
            ("+:abcd", Err(DigestError::Malformed)),
            ("sha384:../../etc", Err(DigestError::Malformed)),
            ("SHA256:abcd", Err(DigestError::Malformed)),
        ] {
            assert_eq!(text.parse::<Digest>(), expected, "{text}");
        }
    }

    #[test]
    fn length_is_exact() {
        for text in [&EMPTY[..EMPTY.len() - 1], &format!("{EMPTY}0"), &format!("{EMPTY} ")] {
            assert_eq!(text.parse::<Digest>(), Err(DigestError::Malformed), "{text}");
        }
    }

    #[test]
    fn serde_is_the_text() {
        let digest: Digest = serde_json::from_str(&format!("\"{EMPTY}\"")).unwrap();
        assert_eq!(serde_json::to_string(&digest).unwrap(), format!("\"{EMPTY}\""));
        assert!(serde_json::from_str::<Digest>("\"sha256:zz\"").is_err());
    }
}
