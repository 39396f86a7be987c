//! Changes at once: none is lost, on one node and on two.

use http::{Method, StatusCode};
use serde_json::{Value, json};
use tokio::task::JoinSet;

use super::Manager;
use crate::cluster::{node, settings, stores};
use crate::support::Server;

/// How many change at once.
const WRITERS: usize = 8;

/// Runs `test` with whoever manages the registry on one machine, and on each of two nodes.
pub(super) async fn on_each_deployment(test: impl AsyncFn(&[Manager<'_>])) {
    let alone = Server::start(&[]).await;
    test(&[Manager::of(&alone).await]).await;
    let (database, blobs) = stores().await;
    let lines = settings(&database, &blobs);
    let (here, there) = (node(&lines, &[]).await, node(&lines, &[]).await);
    let manager = Manager::of(&here).await;
    let other = manager.on(&there);
    test(&[manager, other]).await;
}

/// Method, path below the registry, body, a header.
type Change = (Method, String, Value, Option<(&'static str, String)>);

/// Sends all at once, each to the next node; answers their statuses.
async fn at_once(
    managers: &[Manager<'_>],
    changes: impl IntoIterator<Item = Change>,
) -> Vec<StatusCode> {
    let mut under_way = JoinSet::new();
    for (at, (method, path, body, header)) in changes.into_iter().enumerate() {
        let request = managers[at % managers.len()].request(method, &path).json(&body);
        let request =
            header.into_iter().fold(request, |request, (name, value)| request.header(name, value));
        under_way.spawn(async move { request.send().await.unwrap().status() });
    }
    under_way.join_all().await
}

fn patch(path: &str, properties: &Value) -> Change {
    (Method::PATCH, path.to_owned(), json!({ "properties": properties }), None)
}

#[tokio::test(flavor = "multi_thread")]
async fn of_changes_at_once_none_is_lost() {
    on_each_deployment(async |managers| {
        let manager = &managers[0];
        manager.make_token("ci-token", &["repositories/a/content/read"]).await;
        manager.generate("ci-token", "password2").await;
        manager.make_token("other-token", &["repositories/b/content/read"]).await;
        for round in 0..6 {
            let on = round % 2 == 0;
            let word = |yes: &'static str, no: &'static str| if on { yes } else { no };
            let map =
                format!("{}/scopeMaps/{}-map", manager.registry, word("other-token", "ci-token"));
            let rules = json!({ "ipRules": [{ "value": format!("192.0.2.{round}") }] });
            let (token, scope_map) = ("/tokens/ci-token", "/scopeMaps/ci-token-map");
            let actions = json!([format!("repositories/a{round}/content/read")]);
            let done = at_once(
                managers,
                [
                    patch("", &json!({ "adminUserEnabled": on })),
                    patch("", &json!({ "anonymousPullEnabled": on })),
                    patch("", &json!({ "dataEndpointEnabled": on })),
                    patch(
                        "",
                        &json!({ "networkRuleBypassOptions": word("None", "AzureServices") }),
                    ),
                    patch("", &json!({ "networkRuleSet": rules })),
                    patch(token, &json!({ "status": word("disabled", "enabled") })),
                    patch(token, &json!({ "scopeMapId": map })),
                    patch(scope_map, &json!({ "description": format!("round {round}") })),
                    patch(scope_map, &json!({ "actions": actions })),
                ],
            );
            assert!(done.await.iter().all(StatusCode::is_success), "round {round}");
            // Whoever changed the registry last knows it as it is.
            manager.done(Method::PATCH, "", json!({ "properties": {} })).await;
            let of = async |path| {
                manager.done(Method::GET, path, Value::Null).await["properties"].take()
            };
            let registry = of("").await;
            assert_eq!(registry["adminUserEnabled"], on, "round {round}");
            assert_eq!(registry["anonymousPullEnabled"], on, "round {round}");
            assert_eq!(registry["dataEndpointEnabled"], on, "round {round}");
            assert_eq!(registry["networkRuleBypassOptions"], word("None", "AzureServices"));
            let rule = &registry["networkRuleSet"]["ipRules"][0]["value"];
            assert_eq!(rule, &json!(format!("192.0.2.{round}")));
            let token = of(token).await;
            assert_eq!(token["status"], word("disabled", "enabled"), "round {round}");
            assert_eq!(token["scopeMapId"], map, "round {round}");
            assert_eq!(token["credentials"]["passwords"].as_array().unwrap().len(), 2);
            let scope_map = of(scope_map).await;
            assert_eq!(scope_map["description"], format!("round {round}"));
            assert_eq!(scope_map["actions"], actions);
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn of_those_who_make_the_same_one_does() {
    on_each_deployment(async |managers| {
        let manager = &managers[0];
        manager.make_token("first", &["repositories/a/content/read"]).await;
        let map = format!("{}/scopeMaps/first-map", manager.registry);
        for (path, properties) in [
            ("/tokens/contested", json!({ "scopeMapId": map })),
            ("/scopeMaps/contested", json!({ "actions": ["repositories/a/content/read"] })),
        ] {
            let body = json!({ "properties": properties });
            let make = |header: Option<(&'static str, String)>| {
                (Method::PUT, path.to_owned(), body.clone(), header)
            };
            let absent = || Some(("if-none-match", "*".to_owned()));
            let answers = at_once(managers, (0..WRITERS).map(|_| make(absent()))).await;
            let made = answers.iter().filter(|status| **status == StatusCode::CREATED).count();
            let late = answers.iter().filter(|status| **status == StatusCode::PRECONDITION_FAILED);
            assert_eq!((made, late.count()), (1, WRITERS - 1), "{path}");
            manager.done(Method::DELETE, path, Value::Null).await;
            let answers = at_once(managers, (0..WRITERS).map(|_| make(None))).await;
            let made = answers.iter().filter(|status| **status == StatusCode::CREATED).count();
            assert!(answers.iter().all(StatusCode::is_success), "{path}: {answers:?}");
            assert_eq!(made, 1, "{path}");
        }
    })
    .await;
}

/// Reads, adds what is its own, and writes what it has read: again, when somebody came between.
async fn add_action(manager: &Manager<'_>, own: &str) {
    const PATH: &str = "/scopeMaps/shared-map";
    loop {
        let read = manager.request(Method::GET, PATH).send().await.unwrap();
        let tag = read.headers()["etag"].clone();
        let mut map: Value = read.json().await.unwrap();
        map["properties"]["actions"].as_array_mut().unwrap().push(json!(own));
        let body = json!({ "properties": { "actions": map["properties"]["actions"] } });
        let write = manager.request(Method::PATCH, PATH).header("if-match", tag).json(&body);
        let written = write.send().await.unwrap();
        match written.status() {
            StatusCode::OK => return,
            StatusCode::PRECONDITION_FAILED => {
                let error: Value = written.json().await.unwrap();
                assert_eq!(error["error"]["code"], "PreconditionFailed");
            }
            other => panic!("{other}"),
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_writes_what_was_read_is_told_when_it_has_changed() {
    on_each_deployment(async |managers| {
        managers[0].make_token("shared", &["repositories/a/content/read"]).await;
        let actions: Vec<_> =
            (0..WRITERS).map(|at| format!("repositories/a{at}/content/read")).collect();
        let adding = actions
            .iter()
            .enumerate()
            .map(|(at, own)| add_action(&managers[at % managers.len()], own));
        futures_util::future::join_all(adding).await;
        let map = managers[0].done(Method::GET, "/scopeMaps/shared-map", Value::Null).await;
        let mut all: Vec<_> = map["properties"]["actions"].as_array().unwrap().clone();
        all.sort_by_key(ToString::to_string);
        assert_eq!(all.len(), WRITERS + 1, "{all:?}");
    })
    .await;
}

#[tokio::test]
async fn a_precondition_is_of_the_state_that_was_seen() {
    let server = Server::start(&[]).await;
    let manager = Manager::of(&server).await;
    manager.make_token("seen-token", &["repositories/a/content/read"]).await;
    let send = async |method: Method, path: &str, name: &'static str, tag: &str, body: Value| {
        let request = manager.request(method, path).header(name, tag).json(&body);
        let answer = request.send().await.unwrap();
        let tag = answer.headers().get("etag").map(|tag| tag.to_str().unwrap().to_owned());
        (answer.status().as_u16(), tag)
    };
    let tag_of = async |path: &str| {
        let answer = manager.request(Method::GET, path).send().await.unwrap();
        answer.headers()["etag"].to_str().unwrap().to_owned()
    };
    for (path, properties) in [
        ("", json!({ "anonymousPullEnabled": true })),
        ("/tokens/seen-token", json!({ "status": "disabled" })),
        ("/scopeMaps/seen-token-map", json!({ "description": "seen" })),
    ] {
        let body = json!({ "properties": properties });
        let first = tag_of(path).await;
        let (status, second) = send(Method::PATCH, path, "if-match", &first, body.clone()).await;
        assert_eq!(status, 200, "{path}");
        let second = second.unwrap();
        assert_ne!(first, second, "{path}");
        assert_eq!(tag_of(path).await, second, "{path}");
        for (name, tag, expected) in [
            ("if-match", first.as_str(), 412),
            ("if-match", "\"unknown\"", 412),
            ("if-none-match", "*", 412),
            ("if-none-match", second.as_str(), 400),
            ("if-match", "*", 200),
        ] {
            let answer = send(Method::PATCH, path, name, tag, body.clone()).await;
            assert_eq!(answer.0, expected, "{path} {name}: {tag}");
        }
    }
    // A password is part of its token.
    let before = tag_of("/tokens/seen-token").await;
    manager.generate("seen-token", "password2").await;
    let delete = async |tag: &str| {
        send(Method::DELETE, "/tokens/seen-token", "if-match", tag, Value::Null).await.0
    };
    assert_eq!(delete(&before).await, 412);
    let now = tag_of("/tokens/seen-token").await;
    assert_eq!(delete(&now).await, 200);
    assert_eq!(delete("*").await, 412, "there is none");
    // One that is made again is another.
    manager.make_token("seen-token", &["repositories/a/content/read"]).await;
    assert_eq!(delete(&before).await, 412);
    assert_eq!(delete(&now).await, 412);
}
