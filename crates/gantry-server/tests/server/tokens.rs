//! `/oauth2/token`: which tokens are made, and which are not.

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
