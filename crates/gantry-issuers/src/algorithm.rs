//! Signatures: the algorithms that are accepted, and the keys that fit them.

use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED, ECDSA_P384_SHA384_FIXED, ED25519, ParsedPublicKey,
    RSA_PKCS1_2048_8192_SHA256, RSA_PKCS1_2048_8192_SHA384, RSA_PKCS1_2048_8192_SHA512,
    RSA_PSS_2048_8192_SHA256, RsaParameters, RsaPublicKeyComponents,
};

/// Algorithms of RFC 7518 §3 and RFC 8037 that are accepted: those with a public key. What isn't here,
/// `none` and `HS256` first of all, doesn't parse.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Algorithm {
    Rs256,
    Rs384,
    Rs512,
    Ps256,
    Es256,
    Es384,
    EdDsa,
}

impl Algorithm {
    /// The algorithm that a header or a key names.
    pub(crate) fn named(name: &str) -> Option<Self> {
        Some(match name {
            "RS256" => Self::Rs256,
            "RS384" => Self::Rs384,
            "RS512" => Self::Rs512,
            "PS256" => Self::Ps256,
            "ES256" => Self::Es256,
            "ES384" => Self::Es384,
            "EdDSA" => Self::EdDsa,
            _ => return None,
        })
    }
}

/// A key of a kind and size that is accepted.
#[derive(Debug)]
pub(crate) enum PublicKey {
    Rsa(RsaPublicKeyComponents<Vec<u8>>),
    P256(ParsedPublicKey),
    P384(ParsedPublicKey),
    Ed25519(ParsedPublicKey),
}

impl PublicKey {
    /// An RSA key of 2048 to 8192 bits, of its modulus and exponent in big-endian order.
    pub(crate) fn rsa(modulus: &[u8], exponent: &[u8]) -> Option<Self> {
        let (n, e) = (without_zeros(modulus), without_zeros(exponent));
        let fits = (256..=1024).contains(&n.len())
            && (n.len() > 256 || n[0] >= 0x80)
            && n.last().is_some_and(|low| low % 2 == 1)
            && (1..=4).contains(&e.len())
            && e.last().is_some_and(|low| low % 2 == 1)
            && e != [1];
        fits.then(|| Self::Rsa(RsaPublicKeyComponents { n: n.to_vec(), e: e.to_vec() }))
    }

    /// A key on P-256, of its coordinates.
    pub(crate) fn p256(x: &[u8], y: &[u8]) -> Option<Self> {
        ParsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, point::<32>(x, y)?).ok().map(Self::P256)
    }

    /// A key on P-384, of its coordinates.
    pub(crate) fn p384(x: &[u8], y: &[u8]) -> Option<Self> {
        ParsedPublicKey::new(&ECDSA_P384_SHA384_FIXED, point::<48>(x, y)?).ok().map(Self::P384)
    }

    /// A key on Curve25519.
    pub(crate) fn ed25519(x: &[u8]) -> Option<Self> {
        ParsedPublicKey::new(&ED25519, x).ok().map(Self::Ed25519)
    }

    /// Whether it is of the kind that the algorithm takes.
    pub(crate) fn fits(&self, algorithm: Algorithm) -> bool {
        use Algorithm::{EdDsa, Es256, Es384, Ps256, Rs256, Rs384, Rs512};
        match algorithm {
            Rs256 | Rs384 | Rs512 | Ps256 => matches!(self, Self::Rsa(_)),
            Es256 => matches!(self, Self::P256(_)),
            Es384 => matches!(self, Self::P384(_)),
            EdDsa => matches!(self, Self::Ed25519(_)),
        }
    }

    /// Whether its owner signed the message with that algorithm.
    pub(crate) fn verifies(&self, algorithm: Algorithm, message: &[u8], signature: &[u8]) -> bool {
        if !self.fits(algorithm) {
            return false;
        }
        match self {
            Self::Rsa(key) => rsa_parameters(algorithm)
                .is_some_and(|by| key.verify(by, message, signature).is_ok()),
            // The algorithm is the key's own.
            Self::P256(key) | Self::P384(key) | Self::Ed25519(key) => {
                key.verify_sig(message, signature).is_ok()
            }
        }
    }
}

fn rsa_parameters(algorithm: Algorithm) -> Option<&'static RsaParameters> {
    use Algorithm::{EdDsa, Es256, Es384, Ps256, Rs256, Rs384, Rs512};
    match algorithm {
        Rs256 => Some(&RSA_PKCS1_2048_8192_SHA256),
        Rs384 => Some(&RSA_PKCS1_2048_8192_SHA384),
        Rs512 => Some(&RSA_PKCS1_2048_8192_SHA512),
        Ps256 => Some(&RSA_PSS_2048_8192_SHA256),
        Es256 | Es384 | EdDsa => None,
    }
}

/// Some issuers write an integer with a leading zero, which RFC 7518 §6.3.1.1 doesn't want.
fn without_zeros(integer: &[u8]) -> &[u8] {
    let zeros = integer.iter().take_while(|byte| **byte == 0).count();
    &integer[zeros..]
}

/// An uncompressed point (SEC 1 §2.3.3).
fn point<const SIZE: usize>(x: &[u8], y: &[u8]) -> Option<Vec<u8>> {
    (x.len() == SIZE && y.len() == SIZE).then(|| [&[4], x, y].concat())
}
