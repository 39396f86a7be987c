//! `/oauth2/token`: which tokens are made, and which are not.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use http::Method;
use serde_json::Value;

use crate::support::{PASSWORD, Server};

/// The answer to a question for these scopes, by GET and by POST.
async fn ask(server: &Server, scopes: &[String]) -> Vec<(u16, Value)> {
    let scope = scopes.join(" ");
    let get = server.request(Method::GET, "/oauth2/token").query(&[("scope", &scope)]);
    let get = get.basic_auth("local", Some(PASSWORD));
    let form = [("grant_type", "password"), ("username", "local"), ("password", PASSWORD)];
    let post = server.request(Method::POST, "/oauth2/token");
    let post = post.form(&[&form[..], &[("scope", &scope)]].concat());
    let mut answers = Vec::new();
    for request in [get, post] {
        let answer = request.send().await.unwrap();
        answers.push((answer.status().as_u16(), answer.json().await.unwrap()));
    }
    answers
}

fn long_scopes(count: usize) -> Vec<String> {
    (0..count).map(|n| format!("repository:{}/{n}:pull,push", "x".repeat(200))).collect()
}

#[tokio::test]
async fn no_token_is_made_that_would_not_be_read() {
    let server = Server::start(&[]).await;
    let mut made = 0;
    for count in 1..=60 {
        for (status, body) in ask(&server, &long_scopes(count)).await {
            if status == 200 {
                made = count;
                let token = body["access_token"].as_str().unwrap();
                let used = server.request(Method::GET, "/v2/").bearer_auth(token);
                assert_eq!(used.send().await.unwrap().status(), 200, "with {count} scopes");
            } else {
                assert_eq!((status, &body["error"]), (400, &Value::from("invalid_scope")));
                assert!(body["error_description"].as_str().unwrap().contains("scopes"), "{body}");
            }
        }
    }
    assert!((20..60).contains(&made), "the longest token had {made} long scopes");
    for scopes in [vec!["repository:UPPER:pull".to_owned()], vec!["nonsense".to_owned()]] {
        for (status, body) in ask(&server, &scopes).await {
            assert_eq!((status, &body["error"]), (400, &Value::from("invalid_scope")));
        }
    }
}

#[tokio::test]
async fn a_token_names_its_bearer_without_doubt() {
    let lines = ["[[registry]]", "name = \"anonymous\"", "anonymous_pull = true"];
    let server = Server::start(&lines).await;
    let host = "anonymous.acr.localhost";
    let nobody = server.request_to(host, Method::GET, "/oauth2/token").send().await.unwrap();
    let nobody: Value = nobody.json().await.unwrap();
    let admin = server.token(host, "").await;
    for (token, subject) in
        [(nobody["access_token"].as_str().unwrap(), "anonymous"), (&*admin, "admin:anonymous")]
    {
        let claims = URL_SAFE_NO_PAD.decode(token.split('.').nth(1).unwrap()).unwrap();
        let claims: Value = serde_json::from_slice(&claims).unwrap();
        assert_eq!(claims["sub"], subject);
        // Who is somebody and may not is told so; who is nobody is told to sign in.
        let catalog = server.request_to(host, Method::GET, "/v2/_catalog").bearer_auth(token);
        let refused: Value = catalog.send().await.unwrap().json().await.unwrap();
        let reason = refused["errors"][0]["detail"]["reason"].as_str().unwrap();
        assert_eq!(reason == "authentication required", subject == "anonymous", "{reason}");
    }
}

#[tokio::test]
async fn a_token_is_for_the_service_that_is_asked() {
    let server = Server::start(&["[[registry]]", "name = \"second\""]).await;
    let own = format!("localhost:{}", server.port());
    for (service, status) in [
        (&*own, 200),
        ("localhost", 200),
        ("local.acr.localhost:443", 200),
        ("second.acr.localhost", 400),
        ("third.acr.localhost", 400),
        ("registry.example.com", 400),
        ("Docker registry", 400),
        ("", 400),
    ] {
        let get = server.request(Method::GET, "/oauth2/token").query(&[("service", service)]);
        let get = get.basic_auth("local", Some(PASSWORD));
        let form = [
            ("grant_type", "password"),
            ("username", "local"),
            ("password", PASSWORD),
            ("service", service),
        ];
        let post = server.request(Method::POST, "/oauth2/token").form(&form);
        for request in [get, post] {
            let answer = request.send().await.unwrap();
            assert_eq!(answer.status(), status, "{service:?}");
            let body: Value = answer.json().await.unwrap();
            let error = if status == 200 { Value::Null } else { "invalid_request".into() };
            assert_eq!(body["error"], error, "{service:?}");
        }
    }
}
