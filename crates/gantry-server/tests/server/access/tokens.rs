//! Repository-scoped tokens and scope maps.

use http::Method;
use serde_json::{Value, json};

use super::{Manager, access_token, push_index, with_token};
use crate::support::Server;

const READ: [&str; 2] = ["repositories/team/*/content/read", "repositories/team/*/metadata/read"];

#[tokio::test]
async fn a_token_does_what_its_scope_map_says() {
    let server = Server::start(&[]).await;
    push_index(&server, "team/app").await;
    push_index(&server, "other/app").await;
    let manager = Manager::of(&server).await;
    let password = manager.make_token("ci-token", &READ).await;

    let scope = "repository:team/app:pull,push,delete repository:other/app:pull registry:catalog:*";
    let token = access_token(&server, "CI-token", &password, scope).await.unwrap();
    let get = |path: &'static str| with_token(&server, &token, Method::GET, path);
    assert_eq!(get("/v2/team/app/manifests/v1").await, 200);
    assert_eq!(get("/v2/team/app/tags/list").await, 200);
    assert_eq!(get("/v2/other/app/manifests/v1").await, 401);
    let start = with_token(&server, &token, Method::POST, "/v2/team/app/blobs/uploads/").await;
    assert_eq!(start, 401, "it may not push");

    // The catalog shows what the token may read, and no more.
    let listed = server.request(Method::GET, "/v2/_catalog").bearer_auth(&token);
    let listed: Value = listed.send().await.unwrap().json().await.unwrap();
    assert_eq!(listed, json!({ "repositories": ["team/app"] }));
    // Basic credentials do the same as the tokens that they get.
    let basic = |path: &'static str| {
        let request = server.request(Method::GET, path);
        request.basic_auth("ci-token", Some(password.clone())).send()
    };
    assert_eq!(basic("/v2/team/app/manifests/v1").await.unwrap().status(), 200);
    assert_eq!(basic("/v2/other/app/manifests/v1").await.unwrap().status(), 403);
}

#[tokio::test]
async fn what_is_taken_away_is_gone_at_once() {
    let server = Server::start(&[]).await;
    push_index(&server, "team/app").await;
    let manager = Manager::of(&server).await;
    let password = manager.make_token("ci-token", &READ).await;
    let path = "/v2/team/app/manifests/v1";
    let scope = "repository:team/app:pull,push";
    let pull = async |token: &str| with_token(&server, token, Method::GET, path).await;

    // Rights that the map loses.
    let token = access_token(&server, "ci-token", &password, scope).await.unwrap();
    assert_eq!(pull(&token).await, 200);
    let other = json!({ "properties": { "actions": ["repositories/x/content/read"] } });
    manager.done(Method::PATCH, "/scopeMaps/ci-token-map", other).await;
    assert_eq!(pull(&token).await, 401);
    let back = json!({ "properties": { "actions": READ } });
    manager.done(Method::PATCH, "/scopeMaps/ci-token-map", back).await;
    assert_eq!(pull(&token).await, 200, "the token is what it was");

    // A status.
    let disabled = json!({ "properties": { "status": "disabled" } });
    manager.done(Method::PATCH, "/tokens/ci-token", disabled).await;
    assert_eq!(pull(&token).await, 401);
    assert_eq!(access_token(&server, "ci-token", &password, scope).await, Err(401));
    let enabled = json!({ "properties": { "status": "enabled" } });
    manager.done(Method::PATCH, "/tokens/ci-token", enabled).await;
    assert_eq!(pull(&token).await, 401, "what ended doesn't begin again");
    let token = access_token(&server, "ci-token", &password, scope).await.unwrap();
    assert_eq!(pull(&token).await, 200);

    // A password.
    let second = manager.generate("ci-token", "password2").await;
    let renewed = manager.generate("ci-token", "password1").await;
    assert_eq!(pull(&token).await, 401);
    assert_eq!(access_token(&server, "ci-token", &password, scope).await, Err(401));
    for good in [&second, &renewed] {
        assert!(access_token(&server, "ci-token", good, scope).await.is_ok());
    }

    // The whole token; one of the same name is another.
    let token = access_token(&server, "ci-token", &second, scope).await.unwrap();
    manager.done(Method::DELETE, "/tokens/ci-token", Value::Null).await;
    assert_eq!(pull(&token).await, 401);
    let password = manager.make_token("ci-token", &READ).await;
    assert_eq!(pull(&token).await, 401);
    assert_eq!(access_token(&server, "ci-token", &second, scope).await, Err(401));
    assert!(access_token(&server, "ci-token", &password, scope).await.is_ok());
}

#[tokio::test]
async fn a_password_ends_when_it_was_said_to() {
    let server = Server::start(&[]).await;
    let manager = Manager::of(&server).await;
    manager.make_token("ci-token", &READ).await;
    let token = format!("{}/tokens/ci-token", manager.registry);
    let past = json!({ "tokenId": token, "name": "password1", "expiry": "2020-01-01T00:00:00Z" });
    assert_eq!(manager.call(Method::POST, "/generateCredentials", past).await.0, 400);
    let soon = std::process::Command::new("date")
        .args(["-u", "-d", "+2 seconds", "+%Y-%m-%dT%H:%M:%SZ"])
        .output()
        .unwrap();
    let soon = String::from_utf8(soon.stdout).unwrap();
    let wanted = json!({ "tokenId": token, "name": "password1", "expiry": soon.trim() });
    let made = manager.done(Method::POST, "/generateCredentials", wanted).await;
    let password = made["passwords"][0]["value"].as_str().unwrap();
    let first = server.request(Method::GET, "/oauth2/token").basic_auth("ci-token", Some(password));
    let first: Value = first.send().await.unwrap().json().await.unwrap();
    let good_for = first["expires_in"].as_u64().unwrap_or_else(|| panic!("{first}"));
    assert!(good_for <= 2, "its tokens end with it: {first}");
    let mut ended = false;
    for _ in 0..100 {
        ended = access_token(&server, "ci-token", password, "").await.is_err();
        if ended {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(100)).await;
    }
    assert!(ended);
}

#[tokio::test]
async fn maps_and_tokens_are_what_acr_allows() {
    let server = Server::start(&[]).await;
    let manager = Manager::of(&server).await;
    let listed = manager.done(Method::GET, "/scopeMaps", Value::Null).await;
    let names: Vec<&str> = listed["value"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| one["name"].as_str().unwrap())
        .collect();
    for name in ["_repositories_pull", "_repositories_push", "_repositories_admin"] {
        assert!(names.contains(&name), "{names:?}");
    }
    let map = |action: &str| json!({ "properties": { "actions": [action] } });
    for action in ["repositories/a/*/b/content/read", "repositories/team*/content/read", "x", ""] {
        let (status, body) = manager.call(Method::PUT, "/scopeMaps/some-map", map(action)).await;
        assert_eq!(status, 400, "{action}: {body}");
    }
    let many: Vec<String> = (0..501).map(|n| format!("repositories/r{n}/content/read")).collect();
    let many = json!({ "properties": { "actions": many } });
    assert_eq!(manager.call(Method::PUT, "/scopeMaps/some-map", many).await.0, 400);
    for (method, path) in [
        (Method::PUT, "/scopeMaps/_repositories_pull"),
        (Method::DELETE, "/scopeMaps/_repositories_pull"),
        (Method::PUT, "/scopeMaps/_mine_as_well"),
        (Method::PUT, "/scopeMaps/four"),
    ] {
        let (status, _) = manager.call(method, path, map("repositories/a/content/read")).await;
        assert_eq!(status, 400, "{path}");
    }
    // A map that a token has stays, and the admin's name is nobody's else.
    manager.make_token("ci-token", &READ).await;
    assert_eq!(manager.call(Method::DELETE, "/scopeMaps/ci-token-map", Value::Null).await.0, 409);
    let admin = json!({ "properties": { "scopeMapId": format!("{}/scopeMaps/ci-token-map", manager.registry) } });
    assert_eq!(manager.call(Method::PUT, "/tokens/local", admin).await.0, 400);
    // What is shown of a token is never its passwords.
    let shown = manager.done(Method::GET, "/tokens/ci-token", Value::Null).await;
    assert_eq!(shown["properties"]["credentials"]["passwords"][0]["value"], Value::Null);
    let passwords = shown["properties"]["credentials"]["passwords"].as_array().unwrap().len();
    assert_eq!(passwords, 1);
}

#[tokio::test]
async fn the_admin_s_passwords_end_one_by_one() {
    let server = Server::start(&[]).await;
    let manager = Manager::of(&server).await;
    let shown = manager.done(Method::POST, "/listCredentials", Value::Null).await;
    let password =
        |shown: &Value, n: usize| shown["passwords"][n]["value"].as_str().unwrap().to_owned();
    let (first, second) = (password(&shown, 0), password(&shown, 1));
    let scope = "repository:app:pull";
    let token = access_token(&server, "local", &first, scope).await.unwrap();
    let name = json!({ "name": "password" });
    let renewed = manager.done(Method::POST, "/regenerateCredential", name).await;
    assert_eq!(with_token(&server, &token, Method::GET, "/v2/").await, 401);
    assert_eq!(access_token(&server, "local", &first, scope).await, Err(401));
    assert!(access_token(&server, "local", &second, scope).await.is_ok());
    assert!(access_token(&server, "local", &password(&renewed, 0), scope).await.is_ok());

    let token = access_token(&server, "local", &second, scope).await.unwrap();
    let off = json!({ "properties": { "adminUserEnabled": false } });
    manager.done(Method::PATCH, "", off).await;
    assert_eq!(with_token(&server, &token, Method::GET, "/v2/").await, 401);
    assert_eq!(access_token(&server, "local", &second, scope).await, Err(401));
    assert_eq!(manager.call(Method::POST, "/listCredentials", Value::Null).await.0, 400);
    let on = json!({ "properties": { "adminUserEnabled": true } });
    manager.done(Method::PATCH, "", on).await;
    assert_eq!(with_token(&server, &token, Method::GET, "/v2/").await, 401, "what ended stays so");
    assert!(access_token(&server, "local", &second, scope).await.is_ok());
}

#[tokio::test]
async fn long_lists_come_in_pages() {
    let server = Server::start(&[]).await;
    let manager = Manager::of(&server).await;
    let map = json!({ "properties": { "actions": READ } });
    let made: Vec<String> = (0..120).map(|n| format!("page-{n:03}")).collect();
    for name in &made {
        manager.done(Method::PUT, &format!("/scopeMaps/{name}"), map.clone()).await;
    }
    let mut listed = Vec::new();
    let path = format!("{}/scopeMaps?api-version=2025-11-01", manager.registry);
    let mut next = Some(format!("http://localhost:{}{path}", server.port()));
    let mut pages = 0;
    while let Some(address) = next {
        pages += 1;
        let request = server.client(|client| client).get(&address).bearer_auth(&manager.token);
        let page: Value = request.send().await.unwrap().json().await.unwrap();
        let names = page["value"].as_array().unwrap().iter().map(|one| one["name"].as_str());
        listed.extend(names.map(|name| name.unwrap().to_owned()));
        next = page["nextLink"].as_str().map(str::to_owned);
    }
    listed.retain(|name| !name.starts_with('_'));
    assert_eq!((listed, pages), (made, 2));
}
