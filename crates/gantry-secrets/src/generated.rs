//! Secrets that are made here.

use gantry_oci::Secret;
use gantry_sha2::Sha256;
use subtle::{Choice, ConstantTimeEq};

const SYMBOLS: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
/// 40 of 62 letters and digits are 238 random bits.
const LENGTH: usize = 40;

/// Makes secrets.
#[derive(Debug)]
pub struct Generated;

/// SHA-256 of a secret with more random bits than anyone can try.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct SecretHash(pub [u8; 32]);

impl Generated {
    /// A new secret of letters and digits: no client has to escape it.
    pub fn secret() -> Secret {
        Secret::new(Self::symbols(SYMBOLS, LENGTH))
    }

    /// A text of `length` of the symbols, each as likely as any other.
    pub fn symbols(symbols: &[u8], length: usize) -> String {
        let mut text = String::with_capacity(length);
        while text.len() < length {
            let byte = usize::from(Self::bytes::<1>()[0]);
            // Drawing again past the last whole multiple keeps every symbol as likely as any other.
            if byte < 256 / symbols.len() * symbols.len() {
                text.push(char::from(symbols[byte % symbols.len()]));
            }
        }
        text
    }

    /// Random bytes.
    pub fn bytes<const N: usize>() -> [u8; N] {
        let mut bytes = [0; N];
        aws_lc_rs::rand::fill(&mut bytes).expect("the operating system gives random bytes");
        bytes
    }
}

impl SecretHash {
    /// The hash of a secret, or of what somebody says is one.
    pub fn of(secret: &str) -> Self {
        Self(Sha256::of(secret.as_bytes()))
    }

    /// Whether it is one of `hashes`; as slow when it isn't.
    pub fn is_among<'a>(&self, hashes: impl IntoIterator<Item = &'a [u8; 32]>) -> bool {
        let hits = hashes.into_iter().map(|hash| self.0.ct_eq(hash));
        bool::from(hits.fold(Choice::from(0), |any, hit| any | hit))
    }
}

impl std::fmt::Debug for SecretHash {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("[redacted]")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_differ_and_are_known_by_their_hash() {
        let (one, other) = (Generated::secret(), Generated::secret());
        assert_ne!(one, other);
        assert_eq!(one.expose().len(), LENGTH);
        let hashes = [SecretHash::of(one.expose()).0, [0; 32]];
        assert!(SecretHash::of(one.expose()).is_among(&hashes));
        assert!(!SecretHash::of(other.expose()).is_among(&hashes));
        assert!(!SecretHash::of("").is_among(&[]));
    }
}
