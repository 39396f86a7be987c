//! Sets of keys as issuers publish them (RFC 7517 §5).

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Deserialize;
use serde_json::Value;

use crate::algorithm::{Algorithm, PublicKey};

/// No issuer has more keys in use: large ones have ten or twenty.
const MAX_KEYS: usize = 100;

/// The keys of a set that can verify signatures.
#[derive(Debug)]
pub(crate) struct KeySet(Vec<Key>);

/// A key and what is said about its use.
#[derive(Debug)]
pub(crate) struct Key {
    id: Option<String>,
    algorithm: Option<Algorithm>,
    /// Entra's member: whose tokens the key signs, where one set is for many tenants.
    pub(crate) issuer: Option<String>,
    pub(crate) public: PublicKey,
}

/// A set with more keys than are looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct TooManyKeys;

/// The document. Its keys are read one by one: one that isn't understood spoils no other.
#[derive(Deserialize)]
pub(crate) struct Document {
    keys: Vec<Value>,
}

#[derive(Deserialize)]
struct Jwk {
    kty: String,
    kid: Option<String>,
    r#use: Option<String>,
    key_ops: Option<Vec<String>>,
    alg: Option<String>,
    issuer: Option<String>,
    crv: Option<String>,
    n: Option<String>,
    e: Option<String>,
    x: Option<String>,
    y: Option<String>,
}

impl KeySet {
    pub(crate) fn read(document: Document) -> Result<Self, TooManyKeys> {
        if document.keys.len() > MAX_KEYS {
            return Err(TooManyKeys);
        }
        let understood = |key| serde_json::from_value::<Jwk>(key).ok()?.read();
        Ok(Self(document.keys.into_iter().filter_map(understood).collect()))
    }

    /// The keys that may have signed with that algorithm: those of that id, of which there should be one;
    /// without an id, the only key that fits (OpenID Connect Core 1.0 §10.1).
    pub(crate) fn candidates(&self, id: Option<&str>, algorithm: Algorithm) -> Vec<&Key> {
        let fitting = self.0.iter().filter(|key| key.fits(algorithm));
        match id {
            Some(_) => fitting.filter(|key| key.id.as_deref() == id).collect(),
            None => {
                let all: Vec<_> = fitting.collect();
                if all.len() == 1 { all } else { Vec::new() }
            }
        }
    }
}

impl Key {
    fn fits(&self, algorithm: Algorithm) -> bool {
        self.algorithm.is_none_or(|only| only == algorithm) && self.public.fits(algorithm)
    }
}

impl Jwk {
    /// The key, where it is one that verifies signatures by an algorithm that is accepted.
    fn read(self) -> Option<Key> {
        // RFC 7517 §4.2, §4.3
        let verifies = self.r#use.as_deref().is_none_or(|for_what| for_what == "sig")
            && self.key_ops.as_ref().is_none_or(|ops| ops.iter().any(|op| op == "verify"));
        let algorithm = match self.alg.as_deref() {
            None => None,
            Some(name) => Some(Algorithm::named(name)?),
        };
        let public = self.public()?;
        let usable = verifies && algorithm.is_none_or(|algorithm| public.fits(algorithm));
        usable.then_some(Key { id: self.kid, algorithm, issuer: self.issuer, public })
    }

    /// RFC 7518 §6.2, §6.3; RFC 8037 §2.
    fn public(&self) -> Option<PublicKey> {
        let bytes = |member: &Option<String>| URL_SAFE_NO_PAD.decode(member.as_ref()?).ok();
        match (self.kty.as_str(), self.crv.as_deref()) {
            ("RSA", _) => PublicKey::rsa(&bytes(&self.n)?, &bytes(&self.e)?),
            ("EC", Some("P-256")) => PublicKey::p256(&bytes(&self.x)?, &bytes(&self.y)?),
            ("EC", Some("P-384")) => PublicKey::p384(&bytes(&self.x)?, &bytes(&self.y)?),
            ("OKP", Some("Ed25519")) => PublicKey::ed25519(&bytes(&self.x)?),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    /// RFC 7515, appendix A.3.1.
    fn p256() -> Value {
        json!({
            "kty": "EC",
            "crv": "P-256",
            "x": "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU",
            "y": "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0",
        })
    }

    fn with(mut key: Value, members: &Value) -> Value {
        let members = members.as_object().unwrap().clone();
        key.as_object_mut().unwrap().extend(members);
        key
    }

    fn set(keys: &[Value]) -> Result<KeySet, TooManyKeys> {
        KeySet::read(serde_json::from_value(json!({ "keys": keys })).unwrap())
    }

    fn rsa(n: &[u8], e: &[u8]) -> Value {
        let encode = |bytes: &[u8]| URL_SAFE_NO_PAD.encode(bytes);
        json!({ "kty": "RSA", "n": encode(n), "e": encode(e) })
    }

    #[test]
    fn keys_fit_the_algorithms_of_their_kind() {
        let set = set(&[with(p256(), &json!({ "kid": "a" }))]).unwrap();
        assert_eq!(set.candidates(Some("a"), Algorithm::Es256).len(), 1);
        assert_eq!(set.candidates(None, Algorithm::Es256).len(), 1);
        assert!(set.candidates(Some("b"), Algorithm::Es256).is_empty());
        for other in [Algorithm::Rs256, Algorithm::Ps256, Algorithm::Es384, Algorithm::EdDsa] {
            assert!(set.candidates(Some("a"), other).is_empty(), "{other:?}");
        }
    }

    #[test]
    fn keys_for_something_else_are_passed_over() {
        for members in [
            json!({ "use": "enc" }),
            json!({ "use": "" }),
            json!({ "key_ops": ["sign"] }),
            json!({ "key_ops": [] }),
            json!({ "alg": "ES384" }),
            json!({ "alg": "RS256" }),
            json!({ "alg": "HS256" }),
            json!({ "alg": "none" }),
            json!({ "kty": "oct", "k": "AAAA" }),
            json!({ "kty": "RSA" }),
            json!({ "kty": 1 }),
            json!({ "kid": 1 }),
            json!({ "crv": "secp256k1" }),
            json!({ "crv": "P-384" }),
            json!({ "x": "AAAA" }),
            // A point that isn't on the curve.
            json!({ "y": "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU" }),
        ] {
            assert!(set(&[with(p256(), &members)]).unwrap().0.is_empty(), "{members}");
        }
        let good = json!({ "use": "sig", "key_ops": ["verify"], "alg": "ES256", "kid": "a" });
        let mixed = [json!("nonsense"), json!(null), with(p256(), &good)];
        assert_eq!(set(&mixed).unwrap().0.len(), 1);
    }

    #[test]
    fn weak_rsa_keys_are_passed_over() {
        let modulus = |bytes: usize| [vec![0x80], vec![1; bytes - 1]].concat();
        let kept = |n: &[u8], e: &[u8]| set(&[rsa(n, e)]).unwrap().0.len() == 1;
        let exponent = [1, 0, 1];
        assert!(kept(&modulus(256), &exponent));
        assert!(kept(&[vec![0], modulus(256)].concat(), &exponent));
        assert!(kept(&modulus(1024), &[3]));
        assert!(!kept(&modulus(255), &exponent));
        assert!(!kept(&[vec![0x7f], vec![1; 255]].concat(), &exponent));
        assert!(!kept(&modulus(1025), &exponent));
        assert!(!kept(&[vec![0x80], vec![2; 255]].concat(), &exponent));
        for bad in [&[][..], &[0], &[1], &[0, 1], &[2], &[1, 0, 0, 0, 1]] {
            assert!(!kept(&modulus(256), bad), "{bad:?}");
        }
    }

    #[test]
    fn many_keys_are_refused() {
        assert!(set(&vec![json!({}); MAX_KEYS]).is_ok());
        assert_eq!(set(&vec![json!({}); MAX_KEYS + 1]).err(), Some(TooManyKeys));
    }

    #[test]
    fn without_an_id_only_the_only_key_is_taken() {
        let two = set(&[p256(), with(p256(), &json!({ "kid": "a" }))]).unwrap();
        assert!(two.candidates(None, Algorithm::Es256).is_empty());
        assert_eq!(two.candidates(Some("a"), Algorithm::Es256).len(), 1);
        let twice =
            set(&[with(p256(), &json!({ "kid": "a" })), with(p256(), &json!({ "kid": "a" }))]);
        assert_eq!(twice.unwrap().candidates(Some("a"), Algorithm::Es256).len(), 2);
    }
}
