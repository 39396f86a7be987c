//! Rate limits at the front door.

use http::Method;

use super::{Manager, access_token, push_index};
use crate::support::{self, Server};

#[tokio::test]
async fn one_token_has_a_rate_of_its_own() {
    let server = Server::start(&[
        "rate_limits = \"own\"",
        "[[rate_limit]]",
        "identity = \"token:slow-reader\"",
        "category = \"read\"",
        "per_minute = 3",
    ])
    .await;
    push_index(&server, "team/app").await;
    let manager = Manager::of(&server).await;
    let scope = "repository:team/app:pull";
    let mut tokens = Vec::new();
    for name in ["slow-reader", "other-reader"] {
        let password = manager.make_token(name, &["repositories/team/app/content/read"]).await;
        tokens.push(access_token(&server, name, &password, scope).await.unwrap());
    }
    let pull = async |token: &str| {
        let request = server.request(Method::GET, "/v2/team/app/manifests/v1");
        request.bearer_auth(token).send().await.unwrap()
    };
    for _ in 0..3 {
        assert_eq!(pull(&tokens[0]).await.status(), 200);
    }
    let refused = pull(&tokens[0]).await;
    assert_eq!(refused.status(), 429);
    let wait: u64 = refused.headers()["retry-after"].to_str().unwrap().parse().unwrap();
    assert!((1..=60).contains(&wait), "{wait}");
    let body: serde_json::Value = refused.json().await.unwrap();
    assert_eq!(body["errors"][0]["code"], "TOOMANYREQUESTS");
    // Nobody else waits.
    assert_eq!(pull(&tokens[1]).await.status(), 200);
    let admin = server.request(Method::GET, "/v2/team/app/manifests/v1");
    let admin = admin.basic_auth("local", Some(support::PASSWORD)).send().await.unwrap();
    assert_eq!(admin.status(), 200);
    let metrics = server.request(Method::GET, "/metrics").send().await.unwrap();
    let metrics = metrics.text().await.unwrap();
    let line = metrics.lines().find(|line| line.starts_with("gantry_throttled_total{"));
    assert!(line.is_some_and(|line| line.ends_with(" 1")), "{line:?}");
}
