//! Certificates and open challenges, on both databases.

#![expect(clippy::unwrap_used, reason = "an assumption that fails fails the test")]

use std::sync::Arc;
use std::time::Duration;

use gantry_catalog::{
    AcmeAccount, AcmeChallenge, Attempts, Catalog, Certificate, ChallengeKind, DbError, Durability,
    IssuedCertificate, Transaction,
};
use gantry_db::{Db, PostgresOptions, SqliteOptions};
use gantry_model::{EpochSubject, SystemClock, Timestamp};

fn at(seconds: u64) -> Timestamp {
    Timestamp::from_micros(0).plus(Duration::from_secs(seconds))
}

async fn change(
    catalog: &Catalog,
    body: impl Fn(&mut Transaction<'_, '_>) -> Result<(), DbError> + Send + 'static,
) {
    catalog.transaction(Durability::Process, body).await.unwrap();
}

async fn a_name_keeps_its_certificate_while_attempts_at_the_next_fail(catalog: &Catalog) {
    const NAME: &str = "*.registries.example.com";
    let only = async || catalog.certificate_list().await.unwrap().pop();
    let attempts = Attempts {
        by: "https://ca.example.com/directory dns-01".into(),
        count: 3,
        failure: "no such record".into(),
        at: at(10),
        next_at: at(20),
    };
    let issued = IssuedCertificate {
        directory: "https://ca.example.com/directory".into(),
        chain: "-----BEGIN CERTIFICATE-----".into(),
        sealed_key: vec![1, 2, 3],
        not_before: at(100),
        not_after: at(400),
        renew_at: at(300),
    };
    let row = |issued: Option<&IssuedCertificate>, attempts: Option<&Attempts>| {
        Some(Certificate {
            name: NAME.to_owned(),
            issued: issued.cloned(),
            attempts: attempts.cloned(),
        })
    };
    let failed = {
        let attempts = attempts.clone();
        move |tx: &mut Transaction<'_, '_>| tx.certificate_failed(NAME, &attempts)
    };
    change(catalog, failed.clone()).await;
    assert!(only().await == row(None, Some(&attempts)));
    let epoch = EpochSubject::certificates();
    assert_eq!(catalog.epoch(&epoch).await.unwrap(), 0, "nodes have nothing to take up");

    let kept = issued.clone();
    change(catalog, move |tx| tx.certificate_issued(NAME, &kept)).await;
    assert!(only().await == row(Some(&issued), None));
    assert_eq!(catalog.epoch(&epoch).await.unwrap(), 1);

    change(catalog, failed).await;
    assert!(only().await == row(Some(&issued), Some(&attempts)));
    change(catalog, |tx| tx.certificate_renew_at(NAME, at(399), at(1))).await;
    assert!(only().await == row(Some(&issued), Some(&attempts)), "it is about another one");
    change(catalog, |tx| tx.certificate_renew_at(NAME, at(400), at(200))).await;
    let sooner = IssuedCertificate { renew_at: at(200), ..issued };
    assert!(only().await == row(Some(&sooner), Some(&attempts)));
    change(catalog, |tx| tx.certificate_delete(NAME)).await;
    assert!(only().await.is_none());
    assert_eq!(catalog.epoch(&epoch).await.unwrap(), 2);
}

async fn challenges_are_found_until_they_are_closed(catalog: &Catalog) {
    let open = |token: &str, kind, expires_at| AcmeChallenge {
        token: token.to_owned(),
        kind,
        name: "a.example.com".to_owned(),
        key_authorization: format!("{token}.thumbprint"),
        expires_at,
    };
    let (old, new) = (
        open("old", ChallengeKind::TlsAlpn01, at(1)),
        open("new", ChallengeKind::TlsAlpn01, at(9)),
    );
    let http = open("http", ChallengeKind::Http01, at(9));
    let all = [old.clone(), new.clone(), http.clone()];
    change(catalog, move |tx| all.iter().try_for_each(|one| tx.acme_challenge_open(one))).await;
    assert_eq!(catalog.acme_challenge_find("http").await.unwrap(), Some(http));
    assert_eq!(catalog.acme_challenge_find("none").await.unwrap(), None);
    let of = async |kind| catalog.acme_challenge_of("a.example.com", kind).await.unwrap();
    assert_eq!(of(ChallengeKind::TlsAlpn01).await, Some(new));
    assert_eq!(of(ChallengeKind::Dns01).await, None);
    assert_eq!(catalog.acme_challenge_expired(at(5), 10).await.unwrap(), [old]);
    change(catalog, |tx| tx.acme_challenge_close("old")).await;
    assert_eq!(catalog.acme_challenge_expired(at(5), 10).await.unwrap(), []);
}

async fn an_account_is_replaced(catalog: &Catalog) {
    const DIRECTORY: &str = "https://ca.example.com/directory";
    assert!(catalog.acme_account_find(DIRECTORY).await.unwrap().is_none());
    for url in ["https://ca.example.com/1", "https://ca.example.com/2"] {
        let account = AcmeAccount {
            directory: DIRECTORY.into(),
            url: url.into(),
            contacts: vec!["mailto:admin@example.com".into()],
            sealed_key: vec![1],
        };
        let kept = account.clone();
        change(catalog, move |tx| tx.acme_account_set(&kept)).await;
        assert!(catalog.acme_account_find(DIRECTORY).await.unwrap() == Some(account));
    }
}

async fn all(db: Db) {
    let catalog = Catalog::new(db, Arc::new(SystemClock));
    catalog.migrate().await.unwrap();
    a_name_keeps_its_certificate_while_attempts_at_the_next_fail(&catalog).await;
    challenges_are_found_until_they_are_closed(&catalog).await;
    an_account_is_replaced(&catalog).await;
}

#[tokio::test]
async fn rows_are_kept_on_sqlite() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("catalog.db");
    all(Db::open_sqlite(&path, SqliteOptions::default()).await.unwrap()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn rows_are_kept_on_postgres() {
    let url = gantry_testkit::postgres::database();
    all(Db::connect_postgres(&url, PostgresOptions::default()).await.unwrap()).await;
}
