//! Tokens that are signed here and read again here (RFC 7519, RFC 8725).
//!
//! Only the algorithm and the keys that are ours ever verify one. Nothing of a token is believed before
//! its signature was checked, and nothing in it names a key but by its id. When it ends, and whom it is
//! for, is for whoever reads it.

use gantry_oci::Secret;
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation};
use serde::Serialize;
use serde::de::DeserializeOwned;

/// A kind of token: how it is signed, and how long one may be, in bytes.
#[derive(Clone, Copy, Debug)]
pub struct SignedToken {
    /// The one algorithm.
    pub algorithm: Algorithm,
    /// None that is longer is looked at.
    pub longest: usize,
}

impl SignedToken {
    /// Signs `claims` by the key of that id.
    ///
    /// # Panics
    ///
    /// If the key wasn't made for the algorithm.
    pub fn sign<C: Serialize>(self, claims: &C, id: &str, key: &EncodingKey) -> Secret {
        let header = Header { kid: Some(id.into()), ..Header::new(self.algorithm) };
        let text = jsonwebtoken::encode(&header, claims, key);
        Secret::new(text.expect("the key was made for the algorithm"))
    }

    /// The claims of a token that one of our keys signed; `key` finds them by their id.
    pub fn read<'k, C: DeserializeOwned>(
        self,
        token: &str,
        key: impl FnOnce(&str) -> Option<&'k DecodingKey>,
    ) -> Option<C> {
        if token.len() > self.longest {
            return None;
        }
        let id = jsonwebtoken::decode_header(token).ok()?.kid?;
        let mut validation = Validation::new(self.algorithm);
        validation.required_spec_claims.clear();
        validation.validate_exp = false;
        validation.validate_aud = false;
        Some(jsonwebtoken::decode(token, key(&id)?, &validation).ok()?.claims)
    }
}

#[cfg(test)]
mod tests {
    use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair};
    use serde::Deserialize;

    use super::*;

    const KIND: SignedToken = SignedToken { algorithm: Algorithm::ES256, longest: 1000 };

    #[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
    struct Claims {
        sub: String,
    }

    #[test]
    fn a_token_is_read_by_whoever_has_its_key() {
        let pair = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).unwrap();
        let signing = EncodingKey::from_ec_der(pair.to_pkcs8v1().unwrap().as_ref());
        let verifying = DecodingKey::from_ec_der(pair.public_key().as_ref());
        let find = |id: &str| (id == "1").then_some(&verifying);
        let sign = |sub: String, id| KIND.sign(&Claims { sub }, id, &signing);
        let read = |token: &Secret| KIND.read::<Claims>(token.expose(), find);

        assert_eq!(read(&sign("me".into(), "1")).unwrap().sub, "me");
        assert_eq!(read(&sign("me".into(), "2")), None);
        assert_eq!(read(&sign("x".repeat(1000), "1")), None);
        let other = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).unwrap();
        let other = DecodingKey::from_ec_der(other.public_key().as_ref());
        let token = sign("me".into(), "1");
        assert_eq!(KIND.read::<Claims>(token.expose(), |_| Some(&other)), None);
    }
}
