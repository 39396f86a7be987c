//! What is taken away on one node is gone on the others.

use std::path::{Path, PathBuf};
use std::time::Duration;

use http::Method;
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::net::{UnixListener, UnixStream};
use tokio::sync::watch;
use tokio::time::{Instant, sleep};
use tokio_util::task::TaskTracker;

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

/// What a node remembers of registries' settings lets nobody in for longer than it follows the others:
/// cut off from the database, it doesn't know whether the registry is still open to everyone.
#[tokio::test(flavor = "multi_thread")]
async fn a_node_that_is_cut_off_lets_nobody_in() {
    let (database, blobs) = stores().await;
    let line = Line::to(&database);
    let here = node(&settings(&database, &blobs), &[]).await;
    let there = node(&settings(&line.database, &blobs), &[]).await;
    let manager = Manager::of(&here).await;
    let open = |open: bool| json!({ "properties": { "anonymousPullEnabled": open } });
    manager.done(Method::PATCH, "", open(true)).await;
    let anonymous = async || {
        let request = there.request(Method::GET, "/oauth2/token?scope=repository:app:pull");
        request.send().await.unwrap().status().as_u16()
    };
    until(async || (anonymous().await == 200).then_some(())).await;
    line.cut();
    manager.done(Method::PATCH, "", open(false)).await;
    let (took, ()) = until(async || (anonymous().await == 503).then_some(())).await;
    println!("cut off, it lets nobody in after {took:?}");
    line.mend();
    until(async || (anonymous().await == 401).then_some(())).await;
}

/// A node's line to the database, which is a socket in a directory of its own.
struct Line {
    /// The database, at the end of the line.
    database: String,
    whole: watch::Sender<bool>,
    _dir: TempDir,
}

impl Line {
    fn to(database: &str) -> Self {
        let (dir, (whole, _)) = (tempfile::tempdir().unwrap(), watch::channel(true));
        let at = database.split("host=").nth(1).unwrap().split('&').next().unwrap();
        let (near, far) = (dir.path().join(SOCKET), Path::new(at).join(SOCKET));
        let (listener, line) = (UnixListener::bind(near).unwrap(), whole.subscribe());
        let tasks = TaskTracker::new();
        let carrying = tasks.clone();
        tasks.spawn(async move {
            loop {
                let (near, _) = listener.accept().await.unwrap();
                carrying.spawn(carry(near, far.clone(), line.clone()));
            }
        });
        let database = database.replace(at, &dir.path().display().to_string());
        Self { database, whole, _dir: dir }
    }

    fn cut(&self) {
        self.whole.send_replace(false);
    }

    fn mend(&self) {
        self.whole.send_replace(true);
    }
}

const SOCKET: &str = ".s.PGSQL.5432";

/// Carries bytes both ways while the line is whole; one that is cut takes its connections with it.
async fn carry(mut near: UnixStream, far: PathBuf, mut line: watch::Receiver<bool>) {
    if !*line.borrow_and_update() {
        return;
    }
    let mut far = UnixStream::connect(far).await.unwrap();
    tokio::select! {
        _ = tokio::io::copy_bidirectional(&mut near, &mut far) => {}
        _ = line.changed() => {}
    }
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
