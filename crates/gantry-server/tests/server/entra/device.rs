//! Signing in for a device.

use http::Method;
use serde_json::Value;

use super::browser::Browser;
use super::{CLI, First, MANAGEMENT, ask, claims};
use crate::support::Server;

const GRANT: &str = "urn:ietf:params:oauth:grant-type:device_code";

async fn start(server: &Server) -> Value {
    let scope = format!("{MANAGEMENT} offline_access openid profile");
    let form = [("client_id", CLI), ("scope", scope.as_str())];
    let request = server.request(Method::POST, "/organizations/oauth2/v2.0/devicecode").form(&form);
    let body: Value = request.send().await.unwrap().json().await.unwrap();
    assert_eq!(body["expires_in"], 900, "{body}");
    body
}

async fn poll(server: &Server, device: &Value) -> (u16, Value) {
    let code = device["device_code"].as_str().unwrap();
    let form = [("grant_type", GRANT), ("client_id", CLI), ("device_code", code), ("code", code)];
    ask(server, "organizations", &form).await
}

#[tokio::test]
async fn somebody_signs_in_elsewhere() {
    let server = Server::start(&[]).await;
    let first = First::of(&server);
    let device = start(&server).await;
    let code = device["user_code"].as_str().unwrap();
    assert_eq!((code.len(), code.matches('-').count()), (11, 2));
    assert!(device["message"].as_str().unwrap().contains(code));
    let page = device["verification_uri"].as_str().unwrap();
    assert_eq!(page, format!("http://localhost:{}/devicelogin", server.port()));
    assert_eq!(poll(&server, &device).await.1["error"], "authorization_pending");

    let mut browser = Browser::of(&server);
    let page = browser.get("/devicelogin").await;
    let small = code.to_lowercase().replace('-', " ");
    let page = browser.fill_in(&page, &[("user_code", &small)]).await;
    assert_eq!(page.status, 200);
    assert!(!page.text.contains("Azure CLI"), "nothing is told before somebody has signed in");
    let fields = [("username", first.user.as_str()), ("password", "wrong")];
    let page = browser.fill_in(&page, &fields).await;
    assert_eq!(page.status, 400);
    let fields = [("username", first.user.as_str()), ("password", first.password.as_str())];
    let page = browser.fill_in(&page, &fields).await;
    assert_eq!(page.status, 200, "{}", page.text);
    assert!(page.text.contains("Let Azure CLI sign in as you?"), "{}", page.text);
    assert!(page.text.contains("access to https://management.azure.com"), "{}", page.text);
    assert_eq!(poll(&server, &device).await.1["error"], "authorization_pending");

    // No other site approves.
    let forged = [("user_code", code), ("decision", "approve")];
    assert_eq!(browser.post("/devicelogin", &forged).await.status, 400);
    let token = Browser::of(&server).get("/devicelogin").await.hidden().remove(0).1;
    let forged = [&forged[..], &[("form_token", &token)]].concat();
    assert_eq!(browser.post("/devicelogin", &forged).await.status, 400);
    assert_eq!(poll(&server, &device).await.1["error"], "authorization_pending");

    let done = browser.fill_in(&page, &[("decision", "approve")]).await;
    assert!(done.text.contains("You have signed in"), "{}", done.text);
    let stranger = device["device_code"].as_str().unwrap();
    let other = [
        ("grant_type", GRANT),
        ("client_id", first.app.as_str()),
        ("client_secret", first.secret.as_str()),
        ("device_code", stranger),
    ];
    assert_eq!(ask(&server, "common", &other).await.1["error"], "invalid_grant");
    let (status, body) = poll(&server, &device).await;
    assert_eq!(status, 200, "{body}");
    let scope = format!("{MANAGEMENT} offline_access openid profile");
    assert_eq!(body["scope"], scope);
    assert_eq!(claims(&body["id_token"])["preferred_username"], *first.user);
    assert_eq!(poll(&server, &device).await.1["error"], "invalid_grant");
    // Nor does it wait any more for anyone who enters the code.
    let page = browser.get("/devicelogin").await;
    let page = browser.fill_in(&page, &[("user_code", code)]).await;
    assert_eq!(page.status, 400);
    assert!(page.text.contains("No device waits"), "{}", page.text);
}

#[tokio::test]
async fn somebody_says_no() {
    let server = Server::start(&[]).await;
    let first = First::of(&server);
    let device = start(&server).await;
    let mut browser = Browser::of(&server);
    let page = browser
        .get(&format!("/devicelogin?user_code={}", device["user_code"].as_str().unwrap()))
        .await;
    assert!(page.text.contains(device["user_code"].as_str().unwrap()));
    let page =
        browser.fill_in(&page, &[("user_code", device["user_code"].as_str().unwrap())]).await;
    let fields = [("username", first.user.as_str()), ("password", first.password.as_str())];
    let page = browser.fill_in(&page, &fields).await;
    let done = browser.fill_in(&page, &[("decision", "decline")]).await;
    assert!(done.text.contains("Declined"), "{}", done.text);
    assert_eq!(poll(&server, &device).await.1["error"], "authorization_declined");
    // Who tries codes waits.
    let mut statuses = Vec::new();
    for _ in 0..7 {
        let page = browser.get("/devicelogin").await;
        statuses.push(browser.fill_in(&page, &[("user_code", "BCDFGHJKL")]).await.status);
    }
    assert_eq!(statuses, [400, 400, 400, 400, 400, 429, 429]);
}

#[tokio::test]
async fn devices_name_a_program_that_is_known() {
    let server = Server::start(&[]).await;
    for (client, scope, error) in [
        ("11111111-2222-3333-4444-555555555555", MANAGEMENT, "unauthorized_client"),
        ("nonsense", MANAGEMENT, "unauthorized_client"),
        (CLI, "https://a/.default https://b/.default", "invalid_scope"),
    ] {
        let form = [("client_id", client), ("scope", scope)];
        let request = server.request(Method::POST, "/common/oauth2/v2.0/devicecode").form(&form);
        let answer = request.send().await.unwrap();
        assert_eq!(answer.status(), 400);
        assert_eq!(answer.json::<Value>().await.unwrap()["error"], error);
    }
}

#[tokio::test]
async fn one_address_starts_only_so_many() {
    let proxy = ["trusted_proxies = [\"127.0.0.1\"]", "hostnames = [\"a.example\"]"];
    let server = Server::start(&proxy).await;
    let start = async |address: &str| {
        let form = [("client_id", CLI), ("scope", MANAGEMENT)];
        let path = "/common/oauth2/v2.0/devicecode";
        let request = server.request(Method::POST, path).form(&form);
        let request = request.header("x-forwarded-for", address);
        request.header("x-forwarded-proto", "https").send().await.unwrap()
    };
    for _ in 0..64 {
        assert_eq!(start("192.0.2.1").await.status(), 200);
    }
    let refused = start("192.0.2.1").await;
    assert_eq!(refused.status(), 429);
    let wait: u64 = refused.headers()["retry-after"].to_str().unwrap().parse().unwrap();
    assert!((1..=900).contains(&wait), "{wait}");
    let body: Value = refused.json().await.unwrap();
    assert_eq!(body["error"], "temporarily_unavailable");
    assert_eq!(start("192.0.2.2").await.status(), 200);
}
