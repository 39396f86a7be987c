//! Every endpoint of the two data planes, against everyone who may not use it.
//!
//! The table must name every endpoint: a route that is added and left out fails here.

use gantry_http_acr::{Endpoint as AcrEndpoint, Verb};
use gantry_oci::{BlobVerb, Digest, Endpoint, ManifestVerb, UploadVerb};
use http::Method;
use reqwest::StatusCode;

use crate::support::{self, Server, basic};

const NAME: &str = "team/app";

/// What a caller needs to get past the door.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Needs {
    SignIn,
    Catalog,
    Pull,
    Push,
    Delete,
    MetadataWrite,
}

struct Row {
    method: Method,
    path: String,
    needs: Needs,
}

fn table() -> Vec<Row> {
    let digest = Digest::sha256(b"{}");
    let upload = "01HZX3V8Q4J5T6W7Y8Z9A0B1C2";
    let row = |method: Method, path: String, needs| Row { method, path, needs };
    vec![
        row(Method::GET, "/v2/".into(), Needs::SignIn),
        row(Method::GET, "/v2/_catalog".into(), Needs::Catalog),
        row(Method::GET, format!("/v2/{NAME}/tags/list"), Needs::Pull),
        row(Method::GET, format!("/v2/{NAME}/manifests/v1"), Needs::Pull),
        row(Method::HEAD, format!("/v2/{NAME}/manifests/v1"), Needs::Pull),
        row(Method::GET, format!("/v2/{NAME}/manifests/{digest}"), Needs::Pull),
        row(Method::PUT, format!("/v2/{NAME}/manifests/v1"), Needs::Push),
        row(Method::DELETE, format!("/v2/{NAME}/manifests/v1"), Needs::Delete),
        row(Method::DELETE, format!("/v2/{NAME}/manifests/{digest}"), Needs::Delete),
        row(Method::GET, format!("/v2/{NAME}/blobs/{digest}"), Needs::Pull),
        row(Method::HEAD, format!("/v2/{NAME}/blobs/{digest}"), Needs::Pull),
        row(Method::DELETE, format!("/v2/{NAME}/blobs/{digest}"), Needs::Delete),
        row(Method::POST, format!("/v2/{NAME}/blobs/uploads/"), Needs::Push),
        row(
            Method::POST,
            format!("/v2/{NAME}/blobs/uploads/?mount={digest}&from=other"),
            Needs::Push,
        ),
        row(Method::POST, format!("/v2/{NAME}/blobs/uploads/?mount={digest}"), Needs::Push),
        row(Method::GET, format!("/v2/{NAME}/blobs/uploads/{upload}"), Needs::Push),
        row(Method::PATCH, format!("/v2/{NAME}/blobs/uploads/{upload}"), Needs::Push),
        row(Method::PUT, format!("/v2/{NAME}/blobs/uploads/{upload}?digest={digest}"), Needs::Push),
        row(Method::DELETE, format!("/v2/{NAME}/blobs/uploads/{upload}"), Needs::Push),
        row(Method::GET, format!("/v2/{NAME}/referrers/{digest}"), Needs::Pull),
        row(Method::GET, "/acr/v1/_catalog".into(), Needs::Catalog),
        row(Method::GET, "/acr/v1/_catalog?orderby=timedesc".into(), Needs::Catalog),
        row(Method::GET, format!("/acr/v1/{NAME}"), Needs::Pull),
        row(Method::PATCH, format!("/acr/v1/{NAME}"), Needs::MetadataWrite),
        row(Method::DELETE, format!("/acr/v1/{NAME}"), Needs::Delete),
        row(Method::GET, format!("/acr/v1/{NAME}/_tags"), Needs::Pull),
        row(Method::GET, format!("/acr/v1/{NAME}/_tags/v1"), Needs::Pull),
        row(Method::PATCH, format!("/acr/v1/{NAME}/_tags/v1"), Needs::MetadataWrite),
        row(Method::DELETE, format!("/acr/v1/{NAME}/_tags/v1"), Needs::Delete),
        row(Method::GET, format!("/acr/v1/{NAME}/_manifests"), Needs::Pull),
        row(Method::GET, format!("/acr/v1/{NAME}/_manifests/{digest}"), Needs::Pull),
        row(Method::PATCH, format!("/acr/v1/{NAME}/_manifests/{digest}"), Needs::MetadataWrite),
        row(Method::GET, "/acr/v1/_deleted/_catalog".into(), Needs::Catalog),
        row(Method::GET, format!("/acr/v1/_deleted/{NAME}/_manifests"), Needs::Pull),
        row(Method::POST, format!("/acr/v1/_deleted/{NAME}/_manifests/{digest}"), Needs::Pull),
        row(Method::GET, format!("/acr/v1/_deleted/{NAME}/_tags"), Needs::Pull),
        row(Method::GET, format!("/acr/v1/{NAME}/_streaming"), Needs::Pull),
    ]
}

/// Every kind of endpoint has a number, and a new one doesn't compile without.
fn number(endpoint: &Endpoint) -> usize {
    match endpoint {
        Endpoint::Base => 0,
        Endpoint::Catalog => 1,
        Endpoint::TagList { .. } => 2,
        Endpoint::Manifest { verb: ManifestVerb::Get, .. } => 3,
        Endpoint::Manifest { verb: ManifestVerb::Head, .. } => 4,
        Endpoint::Manifest { verb: ManifestVerb::Put, .. } => 5,
        Endpoint::Manifest { verb: ManifestVerb::Delete, .. } => 6,
        Endpoint::Blob { verb: BlobVerb::Get, .. } => 7,
        Endpoint::Blob { verb: BlobVerb::Head, .. } => 8,
        Endpoint::Blob { verb: BlobVerb::Delete, .. } => 9,
        Endpoint::UploadStart { .. } => 10,
        Endpoint::Upload { verb: UploadVerb::Get, .. } => 11,
        Endpoint::Upload { verb: UploadVerb::Patch, .. } => 12,
        Endpoint::Upload { verb: UploadVerb::Put, .. } => 13,
        Endpoint::Upload { verb: UploadVerb::Delete, .. } => 14,
        Endpoint::Referrers { .. } => 15,
    }
}

/// The same for ACR's own, behind those.
fn acr_number(endpoint: &AcrEndpoint) -> usize {
    let verb = |verb: &Verb| match verb {
        Verb::Show => 0,
        Verb::Update => 1,
        Verb::Delete => 2,
    };
    16 + match endpoint {
        AcrEndpoint::Catalog => 0,
        AcrEndpoint::Tags { .. } => 1,
        AcrEndpoint::Manifests { .. } => 2,
        AcrEndpoint::Repository { verb: to_do, .. } => 3 + verb(to_do),
        AcrEndpoint::Tag { verb: to_do, .. } => 6 + verb(to_do),
        AcrEndpoint::Manifest { verb: to_do, .. } => 9 + verb(to_do),
        AcrEndpoint::DeletedCatalog => 11,
        AcrEndpoint::DeletedManifests { digest: None, .. } => 12,
        AcrEndpoint::DeletedManifests { .. } => 13,
        AcrEndpoint::DeletedTags { .. } => 14,
        AcrEndpoint::Streaming { .. } => 15,
    }
}
const ENDPOINTS: usize = 32;

#[test]
fn the_table_has_every_endpoint() {
    let mut seen = [false; ENDPOINTS];
    for row in table() {
        let path = row.path.split('?').next().unwrap();
        let number = match gantry_http_acr::is_for(path) {
            true => acr_number(&AcrEndpoint::parse(&row.method, path).unwrap()),
            false => number(&Endpoint::parse(&row.method, path).unwrap()),
        };
        seen[number] = true;
    }
    assert_eq!(seen, [true; ENDPOINTS]);
}

/// Asks, and tells the status and the challenge.
async fn ask(server: &Server, row: &Row, authorization: Option<&str>) -> (StatusCode, String) {
    let mut request = server.request(row.method.clone(), &row.path);
    if let Some(value) = authorization {
        request = request.header("authorization", value);
    }
    let answer = request.send().await.unwrap();
    let challenge =
        answer.headers().get("www-authenticate").map(|v| v.to_str().unwrap().to_owned());
    (answer.status(), challenge.unwrap_or_default())
}

#[tokio::test]
async fn nobody_gets_in_without_a_credential() {
    let server = Server::start(&[]).await;
    for row in table() {
        let (status, challenge) = ask(&server, &row, None).await;
        assert_eq!(status, StatusCode::UNAUTHORIZED, "{} {}", row.method, row.path);
        assert!(challenge.starts_with("Bearer realm=\"http://localhost:"), "{challenge}");
    }
}

#[tokio::test]
async fn nobody_gets_in_with_a_wrong_credential() {
    let server = Server::start(&[]).await;
    let token = server.token("localhost", &format!("repository:{NAME}:pull,push,delete")).await;
    let mut tampered = token.clone();
    let middle = tampered.len() / 2;
    let swapped = if &tampered[middle..=middle] == "A" { "B" } else { "A" };
    tampered.replace_range(middle..=middle, swapped);
    let unsigned = {
        let parts: Vec<_> = token.split('.').collect();
        format!("eyJhbGciOiJub25lIiwidHlwIjoiSldUIn0.{}.", parts[1])
    };
    let wrong = [
        basic("local", "wrong"),
        basic("second", support::PASSWORD),
        basic("", ""),
        format!("Bearer {tampered}"),
        format!("Bearer {unsigned}"),
        "Bearer x".to_owned(),
        "Negotiate abc".to_owned(),
    ];
    for row in table() {
        for authorization in &wrong {
            let (status, _) = ask(&server, &row, Some(authorization)).await;
            // Who guesses at a password is made to wait.
            let guesses = authorization.starts_with("Basic") && status.as_u16() == 429;
            let refused = status == StatusCode::UNAUTHORIZED || guesses;
            assert!(refused, "{} {}: {status}", row.method, row.path);
        }
    }
}

#[tokio::test]
async fn a_token_opens_what_its_scope_says_and_nothing_else() {
    let server = Server::start(&[]).await;
    let scopes = [
        (format!("repository:{NAME}:pull"), vec![Needs::SignIn, Needs::Pull]),
        (format!("repository:{NAME}:push"), vec![Needs::SignIn, Needs::Push]),
        (format!("repository:{NAME}:delete"), vec![Needs::SignIn, Needs::Delete]),
        (format!("repository:{NAME}:metadata_write"), vec![Needs::SignIn, Needs::MetadataWrite]),
        ("registry:catalog:*".to_owned(), vec![Needs::SignIn, Needs::Catalog]),
        ("repository:team/app2:pull,push,delete".to_owned(), vec![Needs::SignIn]),
        ("repository:team:pull,push,delete".to_owned(), vec![Needs::SignIn]),
        (String::new(), vec![Needs::SignIn]),
    ];
    for (scope, opens) in scopes {
        let token = server.token("localhost", &scope).await;
        for row in table() {
            let (status, challenge) = ask(&server, &row, Some(&format!("Bearer {token}"))).await;
            let refused = status == StatusCode::UNAUTHORIZED;
            // A mount asks for a right on its source besides.
            let mount = row.path.contains("mount=");
            if opens.contains(&row.needs) && !mount {
                assert!(!refused, "{scope:?} on {} {}: {challenge}", row.method, row.path);
            } else {
                assert!(refused, "{scope:?} on {} {}: {status}", row.method, row.path);
                assert!(challenge.contains("insufficient_scope"), "{challenge}");
            }
        }
    }
}

#[tokio::test]
async fn a_token_of_another_registry_opens_nothing() {
    let server = Server::start(&["[[registry]]", "name = \"second\""]).await;
    let scope = format!("repository:{NAME}:pull,push,delete");
    let token = server.token("second.acr.localhost", &scope).await;
    for row in table() {
        let (status, _) = ask(&server, &row, Some(&format!("Bearer {token}"))).await;
        assert_eq!(status, StatusCode::UNAUTHORIZED, "{} {}", row.method, row.path);
    }
}

#[tokio::test]
async fn registries_share_nothing() {
    let server = Server::start(&["[[registry]]", "name = \"second\""]).await;
    let path = format!("/v2/{NAME}/blobs/uploads/?digest={}", Digest::sha256(b"{}"));
    let push = server.request(Method::POST, &path).body("{}");
    let push =
        push.header("authorization", basic("local", support::PASSWORD)).send().await.unwrap();
    assert_eq!(push.status(), StatusCode::CREATED);
    let blob = format!("/v2/{NAME}/blobs/{}", Digest::sha256(b"{}"));
    for (host, status) in [
        ("localhost", StatusCode::OK),
        ("local.acr.localhost", StatusCode::OK),
        ("second.acr.localhost", StatusCode::NOT_FOUND),
    ] {
        let token = server.token(host, &format!("repository:{NAME}:pull")).await;
        let answer = server.request_to(host, Method::GET, &blob);
        let answer = answer.bearer_auth(token).send().await.unwrap();
        assert_eq!(answer.status(), status, "{host}");
    }
    for host in ["third.acr.localhost", "example.com", "localhost.example.com"] {
        let answer = server.request_to(host, Method::GET, "/v2/").send().await.unwrap();
        assert_eq!(answer.status(), StatusCode::NOT_FOUND, "{host}");
        let body: serde_json::Value = answer.json().await.unwrap();
        assert_eq!(body["errors"][0]["code"], "NAME_UNKNOWN");
    }
}

#[tokio::test]
async fn where_everyone_may_pull_nobody_may_more() {
    let server = Server::start(&["[default_registry]", "anonymous_pull = true"]).await;
    for row in table() {
        let (status, _) = ask(&server, &row, None).await;
        // Even there `/v2/` says where tokens are to be had.
        let open = row.needs == Needs::Pull;
        assert_eq!(status != StatusCode::UNAUTHORIZED, open, "{} {}", row.method, row.path);
    }
}

#[tokio::test]
async fn no_password_is_the_same_elsewhere() {
    let mut made = std::collections::BTreeSet::new();
    for _ in 0..2 {
        let server = Server::start(&["[[registry]]", "name = \"second\""]).await;
        let first = std::fs::read_to_string(server.data().join("bootstrap.json")).unwrap();
        let first: serde_json::Value = serde_json::from_str(&first).unwrap();
        let admin = std::fs::read_to_string(server.data().join("admin-password.second")).unwrap();
        for password in [&first["password"], &first["userPassword"], &admin.trim().into()] {
            let password = password.as_str().unwrap();
            assert_eq!(password.len(), 40, "{password}");
            assert!(password.bytes().all(|byte| byte.is_ascii_alphanumeric()), "{password}");
            made.insert(password.to_owned());
        }
        for (user, password) in
            [("second", "second"), ("second", ""), ("admin", "admin"), ("second", "password")]
        {
            let request = server.request_to("second.acr.localhost", Method::GET, "/v2/");
            let answer = request.basic_auth(user, Some(password)).send().await.unwrap();
            assert_eq!(answer.status(), StatusCode::UNAUTHORIZED, "{user} {password}");
        }
    }
    assert_eq!(made.len(), 6, "each is made anew");
}
