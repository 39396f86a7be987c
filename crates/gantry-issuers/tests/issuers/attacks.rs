//! What attackers sign, and with what.

use gantry_issuers::VerifyError;
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use serde_json::{Value, json};

use crate::issuer::{Issuer, Key, encode, encode_json};
use crate::{AUDIENCE, claims, verify, with};

#[tokio::test]
async fn unsigned_tokens_are_refused() {
    let key = Key::rsa("a");
    let issuer = Issuer::start(&[&key]).await;
    for algorithm in ["none", "None", "nOnE", ""] {
        let header = encode_json(&json!({ "alg": algorithm, "kid": "a" }));
        let token = format!("{header}.{}.", encode_json(&claims(&issuer)));
        assert!(
            matches!(verify(&issuer, &token).await, Err(VerifyError::Algorithm)),
            "{algorithm}"
        );
    }
    let good = key.sign(&claims(&issuer));
    let (signed, signature) = good.rsplit_once('.').unwrap();
    for empty in ["", "AA"] {
        let answer = verify(&issuer, &format!("{signed}.{empty}")).await;
        assert!(matches!(answer, Err(VerifyError::Signature)), "{answer:?}");
    }
    let other = key.sign(&with(claims(&issuer), json!({ "sub": "mallory" })));
    let (signed, _) = other.rsplit_once('.').unwrap();
    let answer = verify(&issuer, &format!("{signed}.{signature}")).await;
    assert!(matches!(answer, Err(VerifyError::Signature)), "{answer:?}");
}

#[tokio::test]
async fn public_keys_are_no_secrets_to_sign_with() {
    let (rsa, ec) = (Key::rsa("rsa"), Key::p256("ec"));
    let issuer = Issuer::start(&[&rsa, &ec]).await;
    for secret in [
        rsa.jwk["n"].as_str().unwrap().as_bytes(),
        rsa.jwk.to_string().as_bytes(),
        ec.jwk["x"].as_str().unwrap().as_bytes(),
        b"",
    ] {
        for algorithm in [Algorithm::HS256, Algorithm::HS384, Algorithm::HS512] {
            let header = Header { kid: Some("rsa".to_owned()), ..Header::new(algorithm) };
            let key = EncodingKey::from_secret(secret);
            let token = jsonwebtoken::encode(&header, &claims(&issuer), &key).unwrap();
            assert!(matches!(verify(&issuer, &token).await, Err(VerifyError::Algorithm)));
        }
    }
}

#[tokio::test]
async fn key_of_another_kind_than_the_header_says_is_not_tried() {
    let (rsa, ec) = (Key::rsa("rsa"), Key::p256("ec"));
    let pinned = Key::rsa("pinned").with(json!({ "alg": "RS256" }));
    let issuer = Issuer::start(&[&rsa, &ec, &pinned]).await;
    for token in [
        ec.sign_as(Some("rsa"), &claims(&issuer)),
        rsa.sign_as(Some("ec"), &claims(&issuer)),
        pinned.clone().by(Algorithm::PS256).sign(&claims(&issuer)),
        pinned.clone().by(Algorithm::RS512).sign(&claims(&issuer)),
    ] {
        let answer = verify(&issuer, &token).await;
        assert!(matches!(answer, Err(VerifyError::UnknownKey)), "{answer:?}");
    }
    assert!(verify(&issuer, &pinned.sign(&claims(&issuer))).await.is_ok());
}

#[tokio::test]
async fn keys_of_another_issuer_sign_nothing() {
    let (own, foreign) = (Key::p256("same"), Key::p256("same"));
    let other_id = Key::p256("other");
    let issuer = Issuer::start(&[&own]).await;
    let other = Issuer::start(&[&foreign, &other_id]).await;
    // What the other issuer may say about itself.
    assert!(verify(&other, &foreign.sign(&claims(&other))).await.is_ok());

    let forged = verify(&issuer, &foreign.sign(&claims(&issuer))).await;
    assert!(matches!(forged, Err(VerifyError::Signature)), "{forged:?}");
    let forged = verify(&issuer, &other_id.sign(&claims(&issuer))).await;
    assert!(matches!(forged, Err(VerifyError::UnknownKey)), "{forged:?}");
    let honest = verify(&issuer, &foreign.sign(&claims(&other))).await;
    assert!(matches!(honest, Err(VerifyError::Issuer)), "{honest:?}");
}

#[tokio::test]
async fn keys_that_a_token_brings_along_are_not_believed() {
    let (own, attackers) = (Key::p256("a"), Key::p256("a"));
    let issuer = Issuer::start(&[&own]).await;
    let evil = Issuer::start(&[&attackers]).await;
    let (keys, chain) = (format!("{}/keys", evil.url()), json!([encode(b"certificate")]));
    for (kid, injected) in [
        ("a", json!({ "jwk": attackers.jwk })),
        ("a", json!({ "jku": keys })),
        ("a", json!({ "x5u": keys })),
        ("a", json!({ "x5c": chain })),
        (keys.as_str(), json!({})),
        ("../keys", json!({})),
        ("' OR 1=1 --", json!({})),
        ("", json!({})),
    ] {
        let header = with(json!({ "alg": "ES256", "kid": kid }), injected);
        let answer = verify(&issuer, &attackers.sign_with_header(&header, &claims(&issuer))).await;
        let refused = matches!(answer, Err(VerifyError::Signature | VerifyError::UnknownKey));
        assert!(refused, "{header}: {answer:?}");
    }
    assert_eq!(evil.asked("/keys"), 0);
    // Beside a good signature they don't matter.
    let header = json!({ "alg": "ES256", "kid": "a", "jku": keys, "jwk": attackers.jwk });
    assert!(verify(&issuer, &own.sign_with_header(&header, &claims(&issuer))).await.is_ok());
    assert_eq!(evil.asked("/keys"), 0);
}

#[tokio::test]
async fn extensions_are_refused_though_well_signed() {
    let key = Key::p256("a");
    let issuer = Issuer::start(&[&key]).await;
    for extension in [
        json!({ "crit": ["exp"], "exp": 1 }),
        json!({ "crit": [] }),
        json!({ "crit": ["b64"], "b64": false }),
        json!({ "zip": "DEF" }),
    ] {
        let header = with(json!({ "alg": "ES256", "kid": "a" }), extension);
        let answer = verify(&issuer, &key.sign_with_header(&header, &claims(&issuer))).await;
        assert!(matches!(answer, Err(VerifyError::Extended)), "{header}: {answer:?}");
    }
}

#[tokio::test]
async fn long_tokens_are_refused_though_well_signed() {
    let key = Key::p256("a");
    let issuer = Issuer::start(&[&key]).await;
    let filled =
        |bytes: usize| key.sign(&with(claims(&issuer), json!({ "fill": "x".repeat(bytes) })));
    assert!(verify(&issuer, &filled(11 << 10)).await.is_ok());
    assert!(matches!(verify(&issuer, &filled(13 << 10)).await, Err(VerifyError::TooLong)));
}

#[tokio::test]
async fn ecdsa_signatures_of_zeros_are_refused() {
    let key = Key::p256("a");
    let issuer = Issuer::start(&[&key]).await;
    let good = key.sign(&claims(&issuer));
    let (signed, _) = good.rsplit_once('.').unwrap();
    for length in [64, 63, 65, 0, 96] {
        let answer = verify(&issuer, &format!("{signed}.{}", encode(&vec![0; length]))).await;
        assert!(matches!(answer, Err(VerifyError::Signature)), "{length}: {answer:?}");
    }
}

#[tokio::test]
async fn every_flipped_bit_is_noticed() {
    let key = Key::ed25519("a");
    let issuer = Issuer::start(&[&key]).await;
    let good = key.sign(&claims(&issuer));
    assert!(verify(&issuer, &good).await.is_ok());
    for at in (0..good.len()).step_by(3) {
        for bit in [1, 2, 0x20] {
            let mut bytes = good.clone().into_bytes();
            bytes[at] ^= bit;
            let Ok(forged) = String::from_utf8(bytes) else { continue };
            let answer = issuer.issuers.verify(&issuer.url(), &forged, &[AUDIENCE]).await;
            assert!(answer.is_err(), "{at} {bit}: {forged}");
        }
    }
}

#[tokio::test]
async fn second_claim_of_a_name_does_not_hide_the_first() {
    let key = Key::p256("a");
    let issuer = Issuer::start(&[&key]).await;
    // RFC 7519 §4: the last one counts, for checks as for those who read the claims.
    let claims = claims(&issuer).to_string();
    let twice = claims.replacen('{', r#"{"sub":"mallory","aud":"x","#, 1);
    let signed = format!(
        "{}.{}",
        encode_json(&json!({"alg": "ES256", "kid": "a"})),
        encode(twice.as_bytes())
    );
    let signature = key.signature(&signed);
    let verified = verify(&issuer, &format!("{signed}.{signature}")).await.unwrap();
    assert_eq!(
        (&verified["sub"], &verified["aud"]),
        (&Value::from("alice"), &Value::from(AUDIENCE))
    );
}
