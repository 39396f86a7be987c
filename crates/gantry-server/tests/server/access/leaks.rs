//! What answers and lists tell of repositories that may not be read: nothing.

use gantry_oci::Digest;
use http::Method;
use serde_json::json;

use super::{Manager, access_token, push_index};
use crate::support::Server;

const READ: [&str; 2] =
    ["repositories/team/app/content/read", "repositories/team/app/metadata/read"];

#[tokio::test]
async fn what_may_not_be_read_looks_like_what_is_not_there() {
    let server = Server::start(&[]).await;
    push_index(&server, "secret/app").await;
    push_index(&server, "team/app").await;
    let digest = server.push_blob("secret/app", b"secret").await;
    let manager = Manager::of(&server).await;
    let password = manager.make_token("reader", &READ).await;
    let answer = async |repository: &str, rest: &str| {
        let scope = format!("repository:{repository}:pull");
        let token = access_token(&server, "reader", &password, &scope).await.unwrap();
        let request = server.request(Method::GET, &format!("/v2/{repository}{rest}"));
        let answer = request.bearer_auth(token).send().await.unwrap();
        let challenge = answer.headers()["www-authenticate"].to_str().unwrap().to_owned();
        let status = answer.status();
        let text = answer.text().await.unwrap();
        (status, challenge.replace(repository, "NAME"), text.replace(repository, "NAME"))
    };
    for rest in [
        "/tags/list".to_owned(),
        "/manifests/v1".to_owned(),
        format!("/blobs/{digest}"),
        format!("/referrers/{digest}"),
    ] {
        let (hidden, absent) =
            (answer("secret/app", &rest).await, answer("absent/app", &rest).await);
        assert_eq!(hidden, absent, "{rest}");
        assert_eq!(hidden.0, 401);
    }
}

/// Neither in an entry, nor in where a page goes on, nor by what refers to it.
#[tokio::test]
async fn no_list_tells_of_what_may_not_be_read() {
    let server = Server::start(&[]).await;
    for name in ["secret/app", "secret/tool", "team/app", "zone/secret"] {
        push_index(&server, name).await;
    }
    let subject = json!({
        "schemaVersion": 2,
        "mediaType": "application/vnd.oci.image.index.v1+json",
        "manifests": [],
        "annotations": { "of": "secret" },
    })
    .to_string();
    let subject_size = subject.len();
    let hidden = server.push_manifest("secret/app", "v2", "image.index", subject).await;
    let referrer = json!({
        "schemaVersion": 2,
        "mediaType": "application/vnd.oci.image.index.v1+json",
        "artifactType": "application/vnd.secret",
        "manifests": [],
        "subject": {
            "mediaType": "application/vnd.oci.image.index.v1+json",
            "digest": hidden.to_string(),
            "size": subject_size,
        },
    });
    server.push_manifest("secret/app", "sbom", "image.index", referrer.to_string()).await;
    let manager = Manager::of(&server).await;
    let password = manager.make_token("reader", &READ).await;
    let scope = "registry:catalog:* repository:team/app:pull,metadata_read";
    let token = access_token(&server, "reader", &password, scope).await.unwrap();
    let get = async |path: &str| {
        let answer = server.request(Method::GET, path).bearer_auth(&token).send().await.unwrap();
        let link = answer.headers().get("link").map(|link| link.to_str().unwrap().to_owned());
        (answer.status().as_u16(), link, answer.text().await.unwrap())
    };
    for path in ["/v2/_catalog", "/acr/v1/_catalog"] {
        for (query, found) in [
            ("", true),
            ("?n=1", true),
            ("?n=1&last=a", true),
            ("?last=secret/app", true),
            ("?n=1&last=secret/app", true),
            ("?n=1&last=team/app", false),
        ] {
            let (status, link, text) = get(&format!("{path}{query}")).await;
            assert_eq!(status, 200, "{path}{query}");
            assert_eq!(text.contains("team/app"), found, "{path}{query}: {text}");
            let told = format!("{text} {}", link.unwrap_or_default());
            assert!(!told.replace("last=secret", "").contains("secret"), "{path}{query}: {told}");
        }
    }
    let absent = Digest::sha256(b"absent");
    let referrers = async |digest: &Digest| {
        let (status, link, text) = get(&format!("/v2/team/app/referrers/{digest}")).await;
        assert_eq!((status, link), (200, None));
        text
    };
    assert_eq!(referrers(&hidden).await, referrers(&absent).await);
}
