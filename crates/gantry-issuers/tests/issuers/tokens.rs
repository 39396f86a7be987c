//! Good tokens, and the bounds of claims.

use std::time::Duration;

use gantry_issuers::VerifyError;
use jsonwebtoken::Algorithm;
use serde_json::{Value, json};

use crate::issuer::{Issuer, Key};
use crate::{AUDIENCE, claims, verify, with};

#[tokio::test]
async fn every_accepted_algorithm_verifies() {
    let rsa = Key::rsa("rsa");
    let keys = [
        rsa.clone(),
        rsa.clone().by(Algorithm::RS384),
        rsa.clone().by(Algorithm::RS512),
        rsa.clone().by(Algorithm::PS256),
        Key::p256("p256"),
        Key::p384("p384"),
        Key::ed25519("ed25519"),
    ];
    let issuer = Issuer::start(&[&rsa, &keys[4], &keys[5], &keys[6]]).await;
    for key in &keys {
        let token = key.sign(&with(claims(&issuer), json!({ "more": { "a": [1] } })));
        let verified = verify(&issuer, &token).await.unwrap();
        assert_eq!((&verified["sub"], &verified["more"]), (&json!("alice"), &json!({ "a": [1] })));
    }
    let other = verify(&issuer, &rsa.by(Algorithm::PS512).sign(&claims(&issuer))).await;
    assert!(matches!(other, Err(VerifyError::Algorithm)));
    assert_eq!((issuer.questions(), issuer.asked("/keys")), (1, 1));
}

#[tokio::test]
async fn times_count_with_five_minutes_of_leeway() {
    let key = Key::p256("a");
    let issuer = Issuer::start(&[&key]).await;
    // The clock is at half a second.
    let now = issuer.now();
    let at = |claim: &str, time: Value| with(claims(&issuer), json!({ claim: time }));
    for (claim, time) in [
        ("exp", json!(now - 299)),
        ("exp", json!(now as f64 - 299.4)),
        ("exp", json!(1e300)),
        ("nbf", json!(now + 300)),
        ("nbf", json!(now as f64 + 300.5)),
        ("iat", json!(now + 300)),
        ("iat", json!(0)),
        ("iat", json!(-1)),
    ] {
        let answer = verify(&issuer, &key.sign(&at(claim, time.clone()))).await;
        assert!(answer.is_ok(), "{claim} {time}: {answer:?}");
    }
    for (claim, time) in [("exp", now - 300), ("exp", 0), ("exp", i64::MIN)] {
        let answer = verify(&issuer, &key.sign(&at(claim, json!(time)))).await;
        assert!(matches!(answer, Err(VerifyError::Expired)), "{claim} {time}: {answer:?}");
    }
    for (claim, time) in [("nbf", now + 301), ("iat", now + 301), ("nbf", i64::MAX)] {
        let answer = verify(&issuer, &key.sign(&at(claim, json!(time)))).await;
        assert!(matches!(answer, Err(VerifyError::NotYetValid)), "{claim} {time}: {answer:?}");
    }
    for (claim, time) in [
        ("exp", json!(null)),
        ("exp", json!(format!("{}", now + 300))),
        ("nbf", json!("now")),
        ("iat", json!([now])),
    ] {
        let answer = verify(&issuer, &key.sign(&at(claim, time.clone()))).await;
        assert!(matches!(answer, Err(VerifyError::Malformed)), "{claim} {time}: {answer:?}");
    }
    let mut endless = claims(&issuer);
    endless.as_object_mut().unwrap().remove("exp");
    assert!(matches!(verify(&issuer, &key.sign(&endless)).await, Err(VerifyError::Malformed)));

    let token = key.sign(&claims(&issuer));
    assert!(verify(&issuer, &token).await.is_ok());
    issuer.clock.advance(Duration::from_secs(600));
    assert!(matches!(verify(&issuer, &token).await, Err(VerifyError::Expired)));
}

#[tokio::test]
async fn audience_is_one_of_those_wanted() {
    let key = Key::p256("a");
    let issuer = Issuer::start(&[&key]).await;
    let of = |audience: Value| key.sign(&with(claims(&issuer), json!({ "aud": audience })));
    for good in [json!(AUDIENCE), json!([AUDIENCE]), json!(["x", AUDIENCE, 1])] {
        assert!(verify(&issuer, &of(good.clone())).await.is_ok(), "{good}");
    }
    for bad in [
        json!("https://registry.example/"),
        json!("registry.example"),
        json!(["x"]),
        json!([]),
        json!(null),
        json!({ "aud": AUDIENCE }),
        json!([[AUDIENCE]]),
        json!(""),
    ] {
        let answer = verify(&issuer, &of(bad.clone())).await;
        assert!(matches!(answer, Err(VerifyError::Audience)), "{bad}: {answer:?}");
    }
    let none = issuer.issuers.verify(&issuer.url(), &of(json!(AUDIENCE)), &[]).await;
    assert!(matches!(none, Err(VerifyError::Audience)));
}

#[tokio::test]
async fn issuer_is_exactly_the_one_asked_for() {
    let key = Key::p256("a");
    let issuer = Issuer::start(&[&key]).await;
    let slash = format!("{}/", issuer.url());
    for other in [slash.clone(), issuer.url().to_uppercase(), "https://other.example".to_owned()] {
        let token = key.sign(&with(claims(&issuer), json!({ "iss": other })));
        assert!(matches!(verify(&issuer, &token).await, Err(VerifyError::Issuer)), "{other}");
    }
    // The metadata is found under both names; it says which one it is.
    let token = key.sign(&with(claims(&issuer), json!({ "iss": slash })));
    let answer = issuer.issuers.verify(&slash, &token, &[AUDIENCE]).await;
    assert!(matches!(answer, Err(VerifyError::Unavailable(_))), "{answer:?}");
    issuer.publish_metadata("", &slash);
    issuer.clock.advance(Duration::from_secs(5));
    assert!(issuer.issuers.verify(&slash, &token, &[AUDIENCE]).await.is_ok());
}

#[tokio::test]
async fn token_about_nobody_is_refused() {
    let key = Key::p256("a");
    let issuer = Issuer::start(&[&key]).await;
    for subject in [json!(null), json!(""), json!(7), json!(["alice"])] {
        let token = key.sign(&with(claims(&issuer), json!({ "sub": subject })));
        assert!(matches!(verify(&issuer, &token).await, Err(VerifyError::Subject)), "{subject}");
    }
    // For a token that is bad anyway nobody is asked.
    assert_eq!(issuer.questions(), 0);
}
