//! Tokens of ours: as they come, with a header and claims that are base64 at least, and with a real
//! signature that something else is put to. None is read that wasn't signed as it is.
#![no_main]

use std::sync::LazyLock;

use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use gantry_secrets::SignedToken;
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey};
use libfuzzer_sys::fuzz_target;
use serde_json::{Value, json};

const KIND: SignedToken = SignedToken { algorithm: Algorithm::ES256, longest: 4096 };

struct Signed {
    key: DecodingKey,
    token: String,
    claims: Value,
}

static SIGNED: LazyLock<Signed> = LazyLock::new(|| {
    let pair = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).unwrap();
    let signing = EncodingKey::from_ec_der(pair.to_pkcs8v1().unwrap().as_ref());
    let claims = json!({ "sub": "me", "aud": "registry", "exp": 1 });
    let token = KIND.sign(&claims, "1", &signing).expose().to_owned();
    Signed { key: DecodingKey::from_ec_der(pair.public_key().as_ref()), token, claims }
});

/// What is read of a token.
fn read(token: &str) -> Option<Value> {
    KIND.read(token, |id| (id == "1").then_some(&SIGNED.key))
}

fuzz_target!(|text: &str| {
    assert_eq!(read(text), None);
    let (header, claims) = text.split_once('\n').unwrap_or((r#"{"alg":"ES256","kid":"1"}"#, text));
    let [header, claims] = [header, claims].map(|part| URL_SAFE_NO_PAD.encode(part));
    let mut parts = SIGNED.token.split('.');
    let [own_header, own_claims, signature] = [(); 3].map(|()| parts.next().unwrap());
    for token in [
        format!("{header}.{claims}.AAAA"),
        format!("{header}.{claims}.{signature}"),
        format!("{own_header}.{claims}.{signature}"),
        format!("{header}.{own_claims}.{signature}"),
        format!("{own_header}.{own_claims}.{claims}"),
        format!("{own_header}.{own_claims}.{signature}{text}"),
    ] {
        let said = read(&token);
        assert!(said.is_none() || (token == SIGNED.token && said.as_ref() == Some(&SIGNED.claims)));
    }
});
