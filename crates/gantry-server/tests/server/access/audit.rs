//! Whom and what the audit stream names.

use http::Method;
use serde_json::{Value, json};
use tokio::time::{Instant, sleep};

use super::Manager;
use super::people::Directory;
use crate::operator::done;
use crate::support::{PATIENCE, Server};

const READER: &str = "acdd72a7-3385-48ef-bd42-f606fba81ae7";

/// Waits until the stream has an event that fits each of these: its outcome, what its identity
/// begins with, what its detail ends with.
async fn tells(server: &Server, wanted: &[(&str, &str, String)]) {
    let started = Instant::now();
    loop {
        let told = done(server, "audit --since 1h");
        let has = |(outcome, identity, detail): &(&str, &str, String)| {
            told.as_array().unwrap().iter().any(|event| {
                event["outcome"] == *outcome
                    && event["identity"].as_str().unwrap_or_default().starts_with(identity)
                    && event["detail"].as_str().unwrap_or_default().ends_with(detail)
            })
        };
        let missing: Vec<_> = wanted.iter().filter(|one| !has(one)).collect();
        if missing.is_empty() {
            return;
        }
        assert!(started.elapsed() < PATIENCE, "{missing:?} in {told:#}");
        sleep(std::time::Duration::from_millis(50)).await;
    }
}

/// A name that comes along says nothing where the grant has none.
#[tokio::test]
async fn a_refused_sign_in_is_of_whom_its_grant_names() {
    let server = Server::start(&[]).await;
    let (manager, directory) = (Manager::of(&server).await, Directory::of(&server).await);
    let one = directory.application("one").await;
    manager.assign(READER, &manager.registry, &one.principal, None).await;
    let of_directory = directory.management(&one).await;
    let ask = async |path: &str, form: &[(&str, &str)]| {
        let request = server.request(Method::POST, path).form(form);
        let answer = request.send().await.unwrap();
        (answer.status().as_u16(), answer.json::<Value>().await.unwrap())
    };
    let claims = [("username", "somebody"), ("client_id", "docker")];
    let with = |more: &[(&'static str, String)]| -> Vec<(&'static str, String)> {
        let claims = claims.map(|(name, value)| (name, value.to_owned()));
        claims.into_iter().chain(more.iter().cloned()).collect()
    };
    let grant = |name: &str, token: &str| -> Vec<(&'static str, String)> {
        let field = if name == "refresh_token" { "refresh_token" } else { "access_token" };
        with(&[("grant_type", name.to_owned()), (field, token.to_owned())])
    };
    let send = async |path: &str, form: Vec<(&'static str, String)>| {
        let form: Vec<_> = form.iter().map(|(name, value)| (*name, value.as_str())).collect();
        ask(path, &form).await
    };
    let (status, exchanged) = send("/oauth2/exchange", grant("access_token", &of_directory)).await;
    assert_eq!(status, 200, "{exchanged}");
    let refresh = exchanged["refresh_token"].as_str().unwrap();
    assert_eq!(send("/oauth2/token", grant("refresh_token", "made up")).await.0, 401);
    let password = [("grant_type", "password".to_owned()), ("password", "wrong".to_owned())];
    assert_eq!(send("/oauth2/token", with(&password)).await.0, 401);
    let path = format!("v1.0/servicePrincipals/{}", one.principal);
    assert_eq!(directory.graph.delete(&path).await, 204);
    assert_eq!(send("/oauth2/token", grant("refresh_token", refresh)).await.0, 401);
    assert_eq!(send("/oauth2/exchange", grant("access_token", &of_directory)).await.0, 401);
    let secret = [
        ("grant_type", "client_credentials"),
        ("client_id", one.client.as_str()),
        ("client_secret", "wrong"),
        ("scope", "https://management.azure.com/.default"),
        ("username", "somebody"),
    ];
    assert_eq!(ask("/common/oauth2/v2.0/token", &secret).await.0, 401);

    let principal = format!("principal:{}", one.principal);
    let revoked = "the token was revoked".to_owned();
    tells(
        &server,
        &[
            ("refused", "client:docker", "the token is not valid".into()),
            ("refused", "somebody", "user name or password is wrong".into()),
            ("refused", &principal, revoked.clone()),
            ("refused", &one.client, String::new()),
        ],
    )
    .await;
    let told = done(&server, "audit --since 1h");
    let of = |identity: &str| {
        let events = told.as_array().unwrap().iter();
        events.filter(|one| one["identity"] == identity && one["outcome"] == "refused").count()
    };
    assert_eq!((of("somebody"), of(&principal)), (1, 2), "{told:#}");
}

#[tokio::test]
async fn a_change_is_told_with_what_it_made() {
    let server = Server::start(&[]).await;
    let (manager, directory) = (Manager::of(&server).await, Directory::of(&server).await);
    manager.make_token("ci-token", &["repositories/a/content/read"]).await;
    let both = json!({ "tokenId": format!("{}/tokens/ci-token", manager.registry) });
    manager.done(Method::POST, "/generateCredentials", both).await;
    manager.done(Method::POST, "/regenerateCredential", json!({ "name": "password2" })).await;
    let one = directory.application("one").await;
    let path = manager.assign(READER, &manager.registry, &one.principal, None).await;
    let by = "principal:";
    tells(
        &server,
        &[
            ("granted", by, "/generateCredentials: token ci-token: password1".into()),
            ("granted", by, "/generateCredentials: token ci-token: password1, password2".into()),
            ("granted", by, "/regenerateCredential: password2".into()),
            ("granted", by, format!("{path}: role {READER} of {}", one.principal)),
            ("granted", by, format!("/servicePrincipals: {}", one.principal)),
        ],
    )
    .await;
}
