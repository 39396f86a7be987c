//! When an issuer is asked for its keys, and what it may answer.

use std::sync::Arc;
use std::time::Duration;

use gantry_issuers::{DiscoveryError, VerifyError};
use serde_json::{Value, json};
use tokio::task::JoinSet;

use crate::issuer::{Issuer, Key};
use crate::{claims, verify, with};

const MINUTE: Duration = Duration::from_secs(60);
const HOUR: Duration = Duration::from_secs(60 * 60);

fn token(issuer: &Issuer, key: &Key) -> String {
    key.sign(&claims(issuer))
}

#[tokio::test]
async fn many_at_once_ask_once() {
    let key = Key::p256("a");
    let issuer = Arc::new(Issuer::start(&[&key]).await);
    let mut requests = JoinSet::new();
    for _ in 0..100 {
        let (issuer, token) = (Arc::clone(&issuer), token(&issuer, &key));
        requests.spawn(async move { verify(&issuer, &token).await.map(drop) });
    }
    for answer in requests.join_all().await {
        assert!(answer.is_ok(), "{answer:?}");
    }
    assert_eq!((issuer.questions(), issuer.asked("/keys")), (1, 1));
}

#[tokio::test]
async fn many_at_once_hear_of_one_failure() {
    let key = Key::p256("a");
    let issuer = Arc::new(Issuer::start(&[&key]).await);
    issuer.set_down(true);
    let mut requests = JoinSet::new();
    for _ in 0..100 {
        let (issuer, token) = (Arc::clone(&issuer), token(&issuer, &key));
        requests.spawn(async move { verify(&issuer, &token).await.map(drop) });
    }
    for answer in requests.join_all().await {
        let failed = matches!(answer, Err(VerifyError::Unavailable(DiscoveryError::Metadata(_))));
        assert!(failed, "{answer:?}");
    }
    assert_eq!(issuer.questions(), 1);
    issuer.set_down(false);
    issuer.clock.advance(Duration::from_secs(5));
    assert!(verify(&issuer, &token(&issuer, &key)).await.is_ok());
}

#[tokio::test]
async fn new_key_is_found_after_a_rotation() {
    let (old, new) = (Key::rsa("old"), Key::p256("new"));
    let issuer = Issuer::start(&[&old]).await;
    assert!(verify(&issuer, &token(&issuer, &old)).await.is_ok());
    issuer.publish(&[&new]);
    issuer.clock.advance(MINUTE);
    assert!(verify(&issuer, &token(&issuer, &new)).await.is_ok());
    // What is no longer published signs no more.
    let gone = verify(&issuer, &token(&issuer, &old)).await;
    assert!(matches!(gone, Err(VerifyError::UnknownKey)), "{gone:?}");
    assert_eq!(issuer.questions(), 2);
}

#[tokio::test]
async fn flood_of_unknown_ids_is_one_question_a_minute() {
    let (key, unknown) = (Key::p256("a"), Key::p256("b"));
    let issuer = Arc::new(Issuer::start(&[&key]).await);
    assert!(verify(&issuer, &token(&issuer, &key)).await.is_ok());
    for minute in 1..=3 {
        issuer.clock.advance(MINUTE);
        let mut requests = JoinSet::new();
        for n in 0..200 {
            let token = unknown.sign_as(Some(&format!("made up {n}")), &claims(&issuer));
            let issuer = Arc::clone(&issuer);
            requests.spawn(async move { verify(&issuer, &token).await.map(drop) });
        }
        for answer in requests.join_all().await {
            assert!(matches!(answer, Err(VerifyError::UnknownKey)), "{answer:?}");
        }
        // And one after the other, up to the end of the minute.
        for n in 0..50 {
            let token = unknown.sign_as(Some(&format!("made up {n}")), &claims(&issuer));
            let answer = verify(&issuer, &token).await;
            assert!(matches!(answer, Err(VerifyError::UnknownKey)), "{answer:?}");
        }
        assert_eq!(issuer.questions(), 1 + minute);
        // Those with good tokens notice nothing.
        assert!(verify(&issuer, &token(&issuer, &key)).await.is_ok());
    }
}

#[tokio::test]
async fn old_keys_serve_for_a_day_while_the_issuer_is_down() {
    let key = Key::p256("a");
    let issuer = Issuer::start(&[&key]).await;
    assert!(verify(&issuer, &token(&issuer, &key)).await.is_ok());
    issuer.clock.advance(HOUR - MINUTE);
    assert!(verify(&issuer, &token(&issuer, &key)).await.is_ok());
    assert_eq!(issuer.questions(), 1);
    issuer.set_down(true);
    issuer.clock.advance(MINUTE);
    for _ in 0..50 {
        assert!(verify(&issuer, &token(&issuer, &key)).await.is_ok());
    }
    assert_eq!(issuer.questions(), 2);
    issuer.clock.advance(22 * HOUR);
    assert!(verify(&issuer, &token(&issuer, &key)).await.is_ok());
    issuer.clock.advance(HOUR);
    let late = verify(&issuer, &token(&issuer, &key)).await;
    assert!(matches!(late, Err(VerifyError::Unavailable(_))), "{late:?}");
    issuer.set_down(false);
    issuer.clock.advance(MINUTE);
    assert!(verify(&issuer, &token(&issuer, &key)).await.is_ok());
}

#[tokio::test]
async fn keys_are_taken_anew_each_hour() {
    let (old, new) = (Key::p256("a"), Key::p256("a"));
    let issuer = Issuer::start(&[&old]).await;
    assert!(verify(&issuer, &token(&issuer, &old)).await.is_ok());
    issuer.publish(&[&new]);
    let unchanged = verify(&issuer, &token(&issuer, &new)).await;
    assert!(matches!(unchanged, Err(VerifyError::Signature)));
    issuer.clock.advance(HOUR);
    assert!(verify(&issuer, &token(&issuer, &new)).await.is_ok());
    assert!(matches!(verify(&issuer, &token(&issuer, &old)).await, Err(VerifyError::Signature)));
}

#[tokio::test]
async fn question_that_is_given_up_is_no_flood() {
    let key = Key::p256("a");
    let issuer = Issuer::start(&[&key]).await;
    for _ in 0..20 {
        let token = token(&issuer, &key);
        let mut asking = Box::pin(verify(&issuer, &token));
        let first_step = std::future::poll_fn(|context| {
            std::task::Poll::Ready(asking.as_mut().poll(context).is_pending())
        });
        first_step.await;
    }
    let early = verify(&issuer, &token(&issuer, &key)).await;
    assert!(
        matches!(early, Err(VerifyError::Unavailable(DiscoveryError::Interrupted))),
        "{early:?}"
    );
    issuer.clock.advance(Duration::from_secs(5));
    assert!(verify(&issuer, &token(&issuer, &key)).await.is_ok());
}

/// Publishes a set of keys that isn't taken; the one before stays.
async fn refused(set: String) -> DiscoveryError {
    let key = Key::p256("a");
    let issuer = Issuer::start(&[&key]).await;
    assert!(verify(&issuer, &token(&issuer, &key)).await.is_ok());
    issuer.publish_document("/keys", set.clone());
    issuer.clock.advance(HOUR);
    assert!(verify(&issuer, &token(&issuer, &key)).await.is_ok());

    let issuer = Issuer::start(&[&key]).await;
    issuer.publish_document("/keys", set);
    match verify(&issuer, &token(&issuer, &key)).await {
        Err(VerifyError::Unavailable(error)) => error,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn sets_beyond_the_bounds_are_not_taken() {
    let small: Vec<Value> = (0..10_000).map(|_| json!({ "kty": "x" })).collect();
    let set = json!({ "keys": small }).to_string();
    assert!(set.len() < 256 << 10);
    assert!(matches!(refused(set).await, DiscoveryError::TooManyKeys));

    let long = json!({ "keys": [], "fill": "x".repeat(256 << 10) }).to_string();
    assert!(matches!(refused(long).await, DiscoveryError::Keys(_)));
    for other in ["", "[]", "{}", r#"{"keys":{}}"#, r#"{"keys":null}"#, "{\"keys\":["] {
        assert!(matches!(refused(other.to_owned()).await, DiscoveryError::Keys(_)), "{other}");
    }
}

#[tokio::test]
async fn metadata_beyond_the_bounds_or_of_others_is_not_taken() {
    let key = Key::p256("a");
    let issuer = Issuer::start(&[&key]).await;
    let keys = format!("{}/keys", issuer.url());
    let plain = keys.replace("https:", "http:");
    let with_issuer = |issuer: &str, keys: &str| json!({ "issuer": issuer, "jwks_uri": keys });
    for (metadata, other_issuer) in [
        (with_issuer(&format!("{}/", issuer.url()), &keys), true),
        (with_issuer("https://other.example", &keys), true),
        (with_issuer("", &keys), true),
        (with_issuer(&issuer.url(), &plain), false),
        (with_issuer(&issuer.url(), "https://10.0.0.1/keys"), false),
        (with_issuer(&issuer.url(), "https://169.254.169.254/keys"), false),
        (with_issuer(&issuer.url(), "file:///keys"), false),
        (with_issuer(&issuer.url(), "/keys"), false),
        (json!({ "issuer": issuer.url() }), false),
        (with(with_issuer(&issuer.url(), &keys), json!({ "fill": "x".repeat(64 << 10) })), false),
    ] {
        let path = "/.well-known/openid-configuration";
        issuer.publish_document(path, metadata.to_string());
        issuer.clock.advance(MINUTE);
        let answer = verify(&issuer, &token(&issuer, &key)).await;
        let Err(VerifyError::Unavailable(error)) = answer else { panic!("{metadata}: {answer:?}") };
        assert_eq!(matches!(error, DiscoveryError::OtherIssuer), other_issuer, "{error:?}");
    }
    assert_eq!(issuer.asked("/keys"), 0);
}

#[tokio::test]
async fn keys_with_one_id_are_all_tried() {
    let keys = [Key::p256("a"), Key::p256("a"), Key::rsa("a")];
    let issuer = Issuer::start(&[&keys[0], &keys[1], &keys[2]]).await;
    for key in &keys {
        assert!(verify(&issuer, &token(&issuer, key)).await.is_ok());
    }
    let other = verify(&issuer, &token(&issuer, &Key::p256("a"))).await;
    assert!(matches!(other, Err(VerifyError::Signature)), "{other:?}");
}

#[tokio::test]
async fn keys_for_encryption_sign_nothing() {
    let key = Key::rsa("a").with(json!({ "use": "enc" }));
    let other = Key::p256("b").with(json!({ "key_ops": ["sign"] }));
    let issuer = Issuer::start(&[&key, &other]).await;
    for key in [key, other] {
        let answer = verify(&issuer, &token(&issuer, &key)).await;
        assert!(matches!(answer, Err(VerifyError::UnknownKey)), "{answer:?}");
    }
}

#[tokio::test]
async fn token_without_an_id_needs_an_issuer_with_one_key() {
    let (key, other) = (Key::p256("a"), Key::p256("b"));
    let issuer = Issuer::start(&[&key, &Key::rsa("c")]).await;
    let nameless = |key: &Key| key.sign_as(None, &claims(&issuer));
    assert!(verify(&issuer, &nameless(&key)).await.is_ok());
    assert!(matches!(verify(&issuer, &nameless(&other)).await, Err(VerifyError::Signature)));
    issuer.publish(&[&key, &other]);
    issuer.clock.advance(HOUR);
    let ambiguous = verify(&issuer, &nameless(&key)).await;
    assert!(matches!(ambiguous, Err(VerifyError::UnknownKey)), "{ambiguous:?}");
}
