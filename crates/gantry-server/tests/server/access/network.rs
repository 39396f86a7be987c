//! From where a registry is reached, and what everyone may pull.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use http::Method;
use serde_json::{Value, json};

use super::{Manager, access_token, push_index, with_token};
use crate::support::{PASSWORD, Server};

#[tokio::test]
async fn who_comes_from_elsewhere_is_refused() {
    let server = Server::start(&["[[registry]]", "name = \"second\""]).await;
    let manager = Manager::of(&server).await;
    let admin = async || {
        let request = server.request(Method::GET, "/v2/").basic_auth("local", Some(PASSWORD));
        request.send().await.unwrap()
    };
    let rules = |action: &str, allowed: &str| {
        json!({ "properties": { "networkRuleSet": {
            "defaultAction": action,
            "ipRules": [{ "action": "Allow", "value": allowed }],
        } } })
    };
    for (change, status) in [
        (rules("Deny", "192.0.2.0/24"), 403),
        (rules("Deny", "127.0.0.0/8"), 200),
        (rules("Allow", "192.0.2.0/24"), 200),
        (json!({ "properties": { "publicNetworkAccess": "Disabled" } }), 403),
        (json!({ "properties": { "publicNetworkAccess": "Enabled" } }), 200),
    ] {
        manager.done(Method::PATCH, "", change.clone()).await;
        let answer = admin().await;
        assert_eq!(answer.status(), status, "{change}");
        if status == 403 {
            let body: Value = answer.json().await.unwrap();
            assert_eq!(body["errors"][0]["code"], "DENIED");
            assert!(body["errors"][0].to_string().contains("127.0.0.1"), "{body}");
            // Nobody gets a token from there either, and other registries don't mind.
            assert_eq!(access_token(&server, "local", PASSWORD, "").await, Err(403));
            let other = server.request_to("second.acr.localhost", Method::GET, "/v2/");
            assert_eq!(other.send().await.unwrap().status(), 401);
        }
    }
}

#[tokio::test]
async fn a_private_endpoint_is_open_when_all_else_is_closed() {
    let lines = [
        "[default_registry]",
        "public_access = false",
        "[[private_endpoint]]",
        "name = \"office\"",
        "networks = [\"127.0.0.1\"]",
    ];
    let server = Server::start(&lines).await;
    let request = server.request(Method::GET, "/v2/").basic_auth("local", Some(PASSWORD));
    assert_eq!(request.send().await.unwrap().status(), 200);
    // Nobody becomes one of its clients by saying so.
    let claims = server.request(Method::GET, "/v2/").basic_auth("local", Some(PASSWORD));
    let claims = claims.header("x-forwarded-for", "10.0.0.1").send().await.unwrap();
    assert_eq!(claims.status(), 403);
}

#[tokio::test]
async fn public_repositories_are_everyone_s_to_pull() {
    let lines = ["[default_registry]", "public_repositories = [\"public/*\"]"];
    let server = Server::start(&lines).await;
    push_index(&server, "public/app").await;
    push_index(&server, "secret/app").await;
    let open = server.request(Method::GET, "/v2/public/app/manifests/v1").send().await.unwrap();
    assert_eq!(open.status(), 200);
    for (method, path) in [
        (Method::GET, "/v2/secret/app/manifests/v1"),
        (Method::GET, "/v2/_catalog"),
        (Method::POST, "/v2/public/app/blobs/uploads/"),
        (Method::DELETE, "/v2/public/app/manifests/v1"),
    ] {
        let answer = server.request(method, path).send().await.unwrap();
        assert_eq!(answer.status(), 401, "{path}");
    }
    // A client that asks for a token without signing in gets one for what is public.
    let scope = "repository:public/app:pull,push repository:secret/app:pull";
    let request = server.request(Method::GET, "/oauth2/token").query(&[("scope", scope)]);
    let answer: Value = request.send().await.unwrap().json().await.unwrap();
    let token = answer["access_token"].as_str().unwrap();
    let get = |path: &'static str| with_token(&server, token, Method::GET, path);
    assert_eq!(get("/v2/public/app/manifests/v1").await, 200);
    assert_eq!(get("/v2/secret/app/manifests/v1").await, 401);
    // So does an SDK that posts a form without a name.
    let form = [("grant_type", "password"), ("scope", scope)];
    let posted = server.request(Method::POST, "/oauth2/token").form(&form).send().await.unwrap();
    assert_eq!(posted.status(), 200);
}

/// The first application's id, secret and object id.
async fn application(server: &Server) -> [String; 3] {
    let text = std::fs::read_to_string(server.data().join("bootstrap.json")).unwrap();
    let made: Value = serde_json::from_str(&text).unwrap();
    let [tenant, app, secret] =
        ["tenantId", "appId", "password"].map(|name| made[name].as_str().unwrap().to_owned());
    let form = [
        ("grant_type", "client_credentials"),
        ("client_id", &*app),
        ("client_secret", &*secret),
        ("scope", "https://management.azure.com/.default"),
    ];
    let path = format!("/{tenant}/oauth2/v2.0/token");
    let answer = server.request(Method::POST, &path).form(&form).send().await.unwrap();
    let answer: Value = answer.json().await.unwrap();
    let claims = answer["access_token"].as_str().unwrap().split('.').nth(1).unwrap();
    let claims: Value = serde_json::from_slice(&URL_SAFE_NO_PAD.decode(claims).unwrap()).unwrap();
    [app, secret, claims["oid"].as_str().unwrap().to_owned()]
}

#[tokio::test]
async fn trusted_services_get_in_from_anywhere_and_nobody_else() {
    let server = Server::start(&[]).await;
    let [app, secret, id] = application(&server).await;
    push_index(&server, "app").await;
    let trusted = format!("trusted_services = [\"{id}\"]");
    let closed =
        [&*trusted, "[default_registry]", "default_action = \"deny\"", "anonymous_pull = true"];
    let server = Server::start_in(server.stop(), &closed).await;
    let manifest = async |user: Option<(&str, &str)>| {
        let request = server.request(Method::GET, "/v2/app/manifests/v1");
        let request = match user {
            Some((user, password)) => request.basic_auth(user, Some(password)),
            None => request,
        };
        request.send().await.unwrap().status().as_u16()
    };
    let token = async |user: &str, password: &str| {
        access_token(&server, user, password, "repository:app:pull").await
    };

    assert_eq!(manifest(Some((&app, &secret))).await, 200);
    let own = token(&app, &secret).await.unwrap();
    assert_eq!(with_token(&server, &own, Method::GET, "/v2/app/manifests/v1").await, 200);
    // It is asked to sign in, as anyone is; what everyone may pull is for nobody from there.
    assert_eq!(manifest(None).await, 401);
    assert_eq!(manifest(Some(("local", PASSWORD))).await, 403);
    assert_eq!(token("local", PASSWORD).await, Err(403));
    assert_eq!(manifest(Some((&app, "wrong"))).await, 401);
    let nobody = [("grant_type", "password"), ("scope", "repository:app:pull")];
    let nobody = server.request(Method::POST, "/oauth2/token").form(&nobody).send().await.unwrap();
    assert_eq!(nobody.status(), 403);

    let manager = Manager::of(&server).await;
    let none = json!({ "properties": { "networkRuleBypassOptions": "None" } });
    manager.done(Method::PATCH, "", none).await;
    assert_eq!(manifest(Some((&app, &secret))).await, 403);
    assert_eq!(manifest(None).await, 403);
    assert_eq!(with_token(&server, &own, Method::GET, "/v2/app/manifests/v1").await, 403);
    assert_eq!(token(&app, &secret).await, Err(403));
}
