//! What is taken away on one node is gone on the others.

use std::time::Duration;

use http::Method;
use serde_json::{Value, json};
use tokio::time::{Instant, sleep};

use super::{Manager, access_token, push_index, with_token};
use crate::cluster::{node, settings, stores};

const READ: [&str; 2] = ["repositories/team/*/content/read", "repositories/team/*/metadata/read"];
const PATH: &str = "/v2/team/app/manifests/v1";

#[tokio::test(flavor = "multi_thread")]
async fn what_ends_on_one_node_ends_on_the_others_within_a_second() {
    let (database, blobs) = stores().await;
    let lines = settings(&database, &blobs);
    let (here, there) = (node(&lines, &[]).await, node(&lines, &[]).await);
    assert!(here.data().join("bootstrap.json").exists(), "the first node has made the tenant");
    assert!(!there.data().join("bootstrap.json").exists(), "and nobody else did");
    push_index(&here, "team/app").await;
    let manager = Manager::of(&here).await;
    let password = manager.make_token("ci-token", &READ).await;
    let none = json!({ "properties": { "actions": ["repositories/x/content/read"] } });
    let back = json!({ "properties": { "actions": READ } });
    let disabled = json!({ "properties": { "status": "disabled" } });
    let enabled = json!({ "properties": { "status": "enabled" } });
    let closed = json!({ "properties": { "roleAssignmentMode": "AbacRepositoryPermissions" } });
    let open = json!({ "properties": { "roleAssignmentMode": "LegacyRegistryPermissions" } });
    for (path, take, give) in [
        ("/scopeMaps/ci-token-map", none, back),
        ("/tokens/ci-token", disabled, enabled),
        ("", closed, open),
    ] {
        // Each node knows the token and remembers what it allows, once it has heard of it.
        let scope = "repository:team/app:pull";
        let made = until(async || {
            let token = access_token(&there, "ci-token", &password, scope).await.ok()?;
            for node in [&here, &there] {
                if with_token(node, &token, Method::GET, PATH).await != 200 {
                    return None;
                }
            }
            Some(token)
        });
        let token = made.await.1;
        manager.done(Method::PATCH, path, take).await;
        assert_eq!(with_token(&here, &token, Method::GET, PATH).await, 401, "{path}");
        let refused = until(async || {
            (with_token(&there, &token, Method::GET, PATH).await == 401).then_some(())
        });
        let (took, ()) = refused.await;
        println!("{path}: ended on the other node after {took:?}");
        manager.done(Method::PATCH, path, give).await;
    }
    manager.done(Method::DELETE, "/tokens/ci-token", Value::Null).await;
    let gone = until(async || access_token(&there, "ci-token", &password, "").await.err());
    assert_eq!(gone.await.1, 401);
}

/// What `find` finds at last, and how long that took. A loaded machine may take its time; how long it
/// takes is told, and whoever reads it judges.
async fn until<T>(mut find: impl AsyncFnMut() -> Option<T>) -> (Duration, T) {
    let began = Instant::now();
    loop {
        if let Some(found) = find().await {
            return (began.elapsed(), found);
        }
        assert!(began.elapsed() < Duration::from_secs(20), "it doesn't come");
        sleep(Duration::from_millis(20)).await;
    }
}
