//! Dedicated data endpoints serve what the login server gave an address for; regional endpoints are the
//! registry.

use http::Method;
use reqwest::redirect::Policy;
use serde_json::{Value, json};

use super::Manager;
use crate::support::{PASSWORD, Server};

const DATA: &str = "local.local.data.acr.localhost";
const GEO: &str = "local.local.geo.acr.localhost";

async fn ask(server: &Server, host: &str, method: Method, path: &str) -> reqwest::Response {
    let client = server.client(|client| client.redirect(Policy::none()));
    let url = format!("http://{host}:{}{path}", server.port());
    client.request(method, url).basic_auth("local", Some(PASSWORD)).send().await.unwrap()
}

/// Where a download is sent to: host and path with query.
async fn sent_to(server: &Server, path: &str) -> (String, String) {
    let answer = ask(server, "localhost", Method::GET, path).await;
    assert_eq!(answer.status(), 307, "{path}");
    assert_eq!(answer.headers()["cache-control"], "no-store");
    let location = answer.headers()["location"].to_str().unwrap();
    let rest = location.strip_prefix("http://").unwrap();
    let (host, path) = rest.split_once('/').unwrap();
    let host = host.strip_suffix(&format!(":{}", server.port())).unwrap();
    (host.to_owned(), format!("/{path}"))
}

async fn anonymously(server: &Server, host: &str, method: Method, path: &str) -> reqwest::Response {
    server.request_to(host, method, path).send().await.unwrap()
}

#[tokio::test]
async fn blobs_are_downloaded_from_a_host_of_their_own() {
    let server = Server::start(&["[default_registry]", "data_endpoint = true"]).await;
    let blob = server.push_blob("team/app", b"0123456789").await;
    let path = format!("/v2/team/app/blobs/{blob}");

    let (host, address) = sent_to(&server, &path).await;
    assert_eq!(host, DATA);
    let answer = anonymously(&server, &host, Method::GET, &address).await;
    assert_eq!(answer.status(), 200);
    assert_eq!(answer.bytes().await.unwrap(), "0123456789");
    let part = server.request_to(&host, Method::GET, &address).header("range", "bytes=2-3");
    let part = part.send().await.unwrap();
    assert_eq!((part.status().as_u16(), &*part.bytes().await.unwrap()), (206, &b"23"[..]));
    let head = anonymously(&server, &host, Method::HEAD, &address).await;
    assert_eq!(head.headers()["content-length"], "10");
    // A HEAD asks whether it is there, and manifests are no blobs.
    assert_eq!(ask(&server, "localhost", Method::HEAD, &path).await.status(), 200);

    // What was deleted is gone there too.
    assert_eq!(ask(&server, "localhost", Method::DELETE, &path).await.status(), 202);
    assert_eq!(anonymously(&server, &host, Method::GET, &address).await.status(), 404);
}

#[tokio::test]
async fn a_data_endpoint_serves_nothing_else() {
    let lines = [
        "[default_registry]",
        "data_endpoint = true",
        "[[registry]]",
        "name = \"second\"",
        "data_endpoint = true",
    ];
    let server = Server::start(&lines).await;
    let blob = server.push_blob("app", b"0123456789").await;
    let other = server.push_blob("app", b"another").await;
    server.push_blob("app2", b"0123456789").await;
    let (_, address) = sent_to(&server, &format!("/v2/app/blobs/{blob}")).await;
    let (path, query) = address.split_once('?').unwrap();
    let altered = {
        let mut letters: Vec<char> = query.chars().collect();
        let middle = letters.len() / 2;
        letters[middle] = if letters[middle] == 'A' { 'B' } else { 'A' };
        letters.into_iter().collect::<String>()
    };
    for (host, address) in [
        (DATA, path.to_owned()),
        (DATA, format!("{path}?download=")),
        (DATA, format!("{path}?{altered}")),
        (DATA, format!("/v2/app/blobs/{other}?{query}")),
        (DATA, format!("/v2/app2/blobs/{blob}?{query}")),
        ("second.local.data.acr.localhost", address.clone()),
    ] {
        let answer = anonymously(&server, host, Method::GET, &address).await;
        assert_eq!(answer.status(), 403, "{host}{address}");
        let body: Value = answer.json().await.unwrap();
        assert_eq!(body["errors"][0]["code"], "DENIED");
    }
    // Also to those who have signed in, there is nothing to do.
    for (method, path, status) in [
        (Method::GET, "/v2/".to_owned(), 404),
        (Method::GET, "/v2/_catalog".to_owned(), 404),
        (Method::GET, "/v2/app/tags/list".to_owned(), 404),
        (Method::GET, "/acr/v1/_catalog".to_owned(), 404),
        (Method::GET, "/oauth2/token".to_owned(), 404),
        (Method::GET, "/subscriptions".to_owned(), 404),
        (Method::GET, "/metrics".to_owned(), 404),
        (Method::POST, "/v2/app/blobs/uploads/".to_owned(), 404),
        (Method::DELETE, address.clone(), 405),
        (Method::GET, format!("/v2/app/blobs/{blob}"), 403),
    ] {
        let answer = ask(&server, DATA, method.clone(), &path).await;
        assert_eq!(answer.status(), status, "{method} {path}");
    }
    // An address is good at no login server.
    assert_eq!(anonymously(&server, "localhost", Method::GET, &address).await.status(), 401);
}

#[tokio::test]
async fn network_rules_hold_for_downloads_and_the_endpoint_can_be_switched_off() {
    let server = Server::start(&[]).await;
    let manager = Manager::of(&server).await;
    let blob = server.push_blob("app", b"0123456789").await;
    let path = format!("/v2/app/blobs/{blob}");
    assert_eq!(ask(&server, "localhost", Method::GET, &path).await.status(), 200);
    let set = |properties: Value| json!({ "properties": properties });
    let shown = manager.done(Method::PATCH, "", set(json!({ "dataEndpointEnabled": true }))).await;
    assert_eq!(shown["properties"]["dataEndpointHostNames"], json!([DATA]));
    let (_, address) = sent_to(&server, &path).await;
    assert_eq!(anonymously(&server, DATA, Method::GET, &address).await.status(), 200);

    let deny = json!({ "networkRuleSet": { "defaultAction": "Deny", "ipRules": [] } });
    manager.done(Method::PATCH, "", set(deny)).await;
    let answer = anonymously(&server, DATA, Method::GET, &address).await;
    assert_eq!(answer.status(), 403);
    assert!(answer.text().await.unwrap().contains("client with IP"));
    let allow = json!({ "networkRuleSet": { "defaultAction": "Allow", "ipRules": [] } });
    manager.done(Method::PATCH, "", set(allow)).await;
    manager.done(Method::PATCH, "", set(json!({ "dataEndpointEnabled": false }))).await;
    assert_eq!(anonymously(&server, DATA, Method::GET, &address).await.status(), 404);
    assert_eq!(ask(&server, "localhost", Method::GET, &path).await.status(), 200);
}

#[tokio::test]
async fn a_regional_endpoint_is_the_registry() {
    let server = Server::start(&[]).await;
    let manager = Manager::of(&server).await;
    assert_eq!(anonymously(&server, GEO, Method::GET, "/v2/").await.status(), 404);
    let enable = json!({ "properties": { "regionalEndpoints": "Enabled" } });
    let shown = manager.done(Method::PATCH, "", enable).await;
    assert_eq!(shown["properties"]["regionalEndpoints"], "Enabled");
    assert_eq!(shown["properties"]["regionalEndpointHostNames"], json!([GEO]));

    let answer = anonymously(&server, GEO, Method::GET, "/v2/").await;
    assert_eq!(answer.status(), 401);
    let challenge = answer.headers()["www-authenticate"].to_str().unwrap().to_owned();
    let own = format!("{GEO}:{}", server.port());
    assert!(challenge.contains(&format!("realm=\"http://{own}/oauth2/token\"")), "{challenge}");
    assert!(challenge.contains(&format!("service=\"{own}\"")), "{challenge}");
    let token = format!("/oauth2/token?service={own}&scope=repository:app:pull,push");
    let token = ask(&server, GEO, Method::GET, &token).await;
    assert_eq!(token.status(), 200);
    let token: Value = token.json().await.unwrap();
    // It is good on every host of the registry.
    for host in [GEO, "local.acr.localhost", "localhost"] {
        let request = server.request_to(host, Method::GET, "/v2/");
        let answer = request.bearer_auth(token["access_token"].as_str().unwrap()).send().await;
        assert_eq!(answer.unwrap().status(), 200, "{host}");
    }
}

#[tokio::test]
async fn a_lower_tier_has_neither() {
    let lines = ["[[registry]]", "name = \"second\"", "tier = \"standard\""];
    let server = Server::start(&lines).await;
    let manager = Manager::of(&server).await;
    let second = manager.registry.replace("/local", "/second");
    for properties in
        [json!({ "dataEndpointEnabled": true }), json!({ "regionalEndpoints": "Enabled" })]
    {
        let change = json!({ "properties": properties });
        let (status, said) = manager.call_at(Method::PATCH, &second, change).await;
        assert_eq!(status, 400, "{said}");
        let said = said["error"]["message"].as_str().unwrap();
        assert!(said.contains("Standard") || said.contains("standard"), "{said}");
    }
}
