//! Secrets at rest, under the master key.

use aws_lc_rs::aead::{AES_256_GCM, Aad, NONCE_LEN, Nonce, RandomizedNonceKey};

/// The form of what [`MasterKey::seal`] gives; the first byte of it.
const VERSION: u8 = 1;

/// Why sealed bytes can't be opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SealError {
    /// A later release made them.
    #[error("it was sealed by a later release")]
    Version,
    /// Another key sealed them, or for another purpose, or they are damaged.
    #[error("the master key doesn't open it: is it the one that this data was made with?")]
    Key,
}

/// The key that secrets in the catalog are sealed under. Its text is never shown.
#[derive(Clone)]
pub struct MasterKey([u8; Self::LENGTH]);

impl MasterKey {
    /// Length in bytes.
    pub const LENGTH: usize = 32;

    /// Takes a key's bytes.
    pub fn new(bytes: [u8; Self::LENGTH]) -> Self {
        Self(bytes)
    }

    /// Makes a new key.
    pub fn generate() -> Self {
        let mut bytes = [0; Self::LENGTH];
        aws_lc_rs::rand::fill(&mut bytes).expect("the operating system gives random bytes");
        Self(bytes)
    }

    /// The key's bytes, to keep them where only the server reads.
    pub fn expose(&self) -> &[u8; Self::LENGTH] {
        &self.0
    }

    /// Seals `secret` (AES-256-GCM). `purpose` must be given again to open it, so that what was
    /// sealed for one row is no use in another.
    pub fn seal(&self, purpose: &str, secret: &[u8]) -> Vec<u8> {
        let mut text = secret.to_vec();
        let nonce = self
            .key()
            .seal_in_place_append_tag(Aad::from(purpose.as_bytes()), &mut text)
            .expect("a secret is far below the cipher's limit");
        let mut sealed = vec![VERSION];
        sealed.extend_from_slice(nonce.as_ref());
        sealed.append(&mut text);
        sealed
    }

    /// Opens what [`seal`](Self::seal) gave for the same purpose.
    pub fn open(&self, purpose: &str, sealed: &[u8]) -> Result<Vec<u8>, SealError> {
        let (&version, rest) = sealed.split_first().ok_or(SealError::Key)?;
        if version != VERSION {
            return Err(SealError::Version);
        }
        let (nonce, text) = rest.split_first_chunk::<NONCE_LEN>().ok_or(SealError::Key)?;
        let mut text = text.to_vec();
        let length = self
            .key()
            .open_in_place(Nonce::from(nonce), Aad::from(purpose.as_bytes()), &mut text)
            .map_err(|_| SealError::Key)?
            .len();
        text.truncate(length);
        Ok(text)
    }

    fn key(&self) -> RandomizedNonceKey {
        RandomizedNonceKey::new(&AES_256_GCM, &self.0).expect("the key has the cipher's length")
    }
}

impl std::fmt::Debug for MasterKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("[redacted]")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_sealed_opens_with_the_same_key_and_purpose_only() {
        let key = MasterKey::generate();
        let sealed = key.seal("password of a", b"secret");
        assert_eq!(key.open("password of a", &sealed), Ok(b"secret".to_vec()));
        assert_eq!(key.open("password of b", &sealed), Err(SealError::Key));
        assert_eq!(MasterKey::generate().open("password of a", &sealed), Err(SealError::Key));
        let mut damaged = sealed.clone();
        *damaged.last_mut().unwrap() ^= 1;
        assert_eq!(key.open("password of a", &damaged), Err(SealError::Key));
        assert_eq!(key.open("password of a", &[]), Err(SealError::Key));
        assert!(!sealed.windows(6).any(|window| window == b"secret"));
    }
}
