//! Nodes over a shared database and object store: what keeps one from starting, and what they
//! agree on.

use std::path::Path;
use std::process::{Output, Stdio};
use std::time::Duration;

use gantry_testkit::{minio, postgres};
use http::{Method, StatusCode};
use tokio::task::spawn_blocking;
use tokio::time::timeout;

use crate::support::{PASSWORD, PATIENCE, Server, gantry};

const KEY: &str = "Z2FudHJ5Z2FudHJ5Z2FudHJ5Z2FudHJ5Z2FudHJ5Z2E=";
const OTHER_KEY: &str = "b3RoZXJzb3RoZXJzb3RoZXJzb3RoZXJzb3RoZXJzb3Q=";

/// Lines of a configuration.
pub(crate) fn settings(database: &str, blobs: &str) -> [String; 3] {
    [
        format!("database = \"{database}\""),
        format!("blobs = \"{blobs}\""),
        format!("master_key = \"{KEY}\""),
    ]
}

pub(crate) async fn stores() -> (String, String) {
    spawn_blocking(|| (postgres::database(), minio::bucket())).await.unwrap()
}

pub(crate) async fn node(lines: &[String], more: &[&str]) -> Server {
    let lines: Vec<&str> = lines.iter().map(String::as_str).chain(more.iter().copied()).collect();
    Server::start(&lines).await
}

/// What `gantry serve` says when it doesn't start; and that it didn't.
async fn refusal(lines: &[String]) -> String {
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join("gantry.toml"), lines.join("\n")).unwrap();
    let serve = |dir: &Path| -> Output {
        gantry(dir, "serve")
            .args(["--listen", "127.0.0.1:1"])
            .stdin(Stdio::null())
            .output()
            .unwrap()
    };
    let output = timeout(PATIENCE, spawn_blocking(move || serve(dir.path())));
    let output = output.await.expect("it doesn't start").unwrap();
    assert_eq!(output.status.code(), Some(1));
    String::from_utf8(output.stderr).unwrap()
}

async fn pull(server: &Server, path: &str) -> reqwest::Response {
    let request = server.request(Method::GET, path).basic_auth("local", Some(PASSWORD));
    request.send().await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_wrong_is_told_by_its_setting_and_nothing_is_written() {
    let (database, blobs) = stores().await;
    let ours = settings(&database, &blobs);
    let first = node(&ours, &[]).await;
    first.push_blob("app", b"kept").await;

    let [url, bucket, _] = ours.clone();
    let other_key = [url.clone(), bucket.clone(), format!("master_key = \"{OTHER_KEY}\"")];
    assert!(refusal(&other_key).await.contains("master_key is not the one"));
    assert!(refusal(&[url.clone(), bucket.clone()]).await.contains("master_key: nodes that share"));
    assert!(refusal(&[url, ours[2].clone()]).await.contains("blobs: nodes that share"));

    let absent = settings(&database, &blobs.replace("//test-", "//absent-"));
    let said = refusal(&absent).await;
    assert!(said.contains("blobs (s3://absent-") && said.contains("no such bucket"), "{said}");
    let wrong = settings(&database, &blobs.replace("gantry-secret", "wrong"));
    let said = refusal(&wrong).await;
    assert!(said.contains("blobs (s3://") && !said.contains("secret_access_key"), "{said}");
    let nowhere = settings("postgres://u:hunter2@127.0.0.1:1/db", &blobs);
    let said = refusal(&nowhere).await;
    assert!(said.contains("database (postgres://127.0.0.1:1/db)"), "{said}");
    assert!(!said.contains("hunter2"), "{said}");

    // Another deployment on the same bucket: its database is as empty as before.
    let other = spawn_blocking(postgres::database).await.unwrap();
    for _ in 0..2 {
        let said = refusal(&settings(&other, &blobs)).await;
        assert!(said.contains("belongs to deployment"), "{said}");
        assert!(said.contains("(new)"), "{said}");
    }
}

fn psql(database: &str, sql: &str) -> String {
    let arguments = ["-v", "ON_ERROR_STOP=1", "-qtAc", sql, database];
    let done = std::process::Command::new("psql").args(arguments).output();
    let done = done.expect("psql is installed");
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    String::from_utf8(done.stdout).unwrap().trim().to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_that_takes_no_writes_is_told_and_nothing_is_written() {
    let (primary, standby, blobs) = spawn_blocking(|| {
        let mut primary = postgres::Server::start("127.77.0.1".parse().unwrap());
        let url = primary.create_database();
        let standby = primary.add_standby("127.77.0.2".parse().unwrap());
        let read_only = url.replace("127.77.0.1", &standby.address().to_string());
        ((primary, url), (standby, read_only), minio::bucket())
    })
    .await
    .unwrap();
    let refused = async || {
        let said = refusal(&settings(&standby.1, &blobs)).await;
        assert!(said.contains("database (postgres://127.77.0.2"), "{said}");
        assert!(said.contains("it is a standby: name the primary"), "{said}");
    };
    refused().await;
    // Nothing was written to the bucket, or this one would be refused.
    let first = node(&settings(&primary.1, &blobs), &[]).await;
    first.push_blob("app", b"{}").await;
    refused().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_user_who_may_not_change_the_schema_is_told_to_have_it_changed() {
    let (database, blobs) = stores().await;
    let user = format!("limited{}", std::process::id());
    psql(&database, &format!("create role {user} login; grant usage on schema public to {user}"));
    let theirs = database.replace("://gantry@", &format!("://{user}@"));
    assert_ne!(theirs, database);
    let lines = settings(&theirs, &blobs);
    let said = refusal(&lines).await;
    assert!(said.contains("permission denied"), "{said}");
    assert!(said.contains("run `gantry migrate` as a database user who may"), "{said}");
    drop(node(&settings(&database, &blobs), &[]).await);
    let grant = "grant select, insert, update, delete on all tables in schema public to";
    psql(&database, &format!("{grant} {user}"));
    let rows_only = node(&lines, &[]).await;
    rows_only.push_blob("app", b"{}").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bucket_in_use_by_another_deployment_is_refused() {
    let (database, blobs) = stores().await;
    let first = node(&settings(&database, &blobs), &[]).await;
    first.push_blob("app", b"kept").await;
    let (other, elsewhere) = stores().await;
    drop(node(&settings(&other, &elsewhere), &[]).await);
    let said = refusal(&settings(&other, &blobs)).await;
    assert!(said.contains("give each deployment a bucket or a prefix of its own"), "{said}");
}

#[tokio::test(flavor = "multi_thread")]
async fn nodes_read_what_others_write_and_lose_what_others_delete() {
    let (database, blobs) = stores().await;
    let lines = settings(&database, &blobs);
    let (one, two) = tokio::join!(node(&lines, &[]), node(&lines, &[]));
    let digest = one.push_blob("app", b"{}").await;
    let path = format!("/v2/app/blobs/{digest}");
    assert_eq!(pull(&two, &path).await.bytes().await.unwrap(), "{}");
    // Remembered, and still gone at once.
    assert_eq!(pull(&two, &path).await.status(), StatusCode::OK);
    let request = one.request(Method::DELETE, &path).basic_auth("local", Some(PASSWORD));
    assert_eq!(request.send().await.unwrap().status(), StatusCode::ACCEPTED);
    assert_eq!(pull(&two, &path).await.status(), StatusCode::NOT_FOUND);
    // The authority is one too.
    let ca = |node: &Server| std::fs::read_to_string(node.data().join("ca.pem")).unwrap();
    assert_eq!(ca(&one), ca(&two));
}

#[tokio::test(flavor = "multi_thread")]
async fn blobs_are_redirected_where_the_registry_says_so() {
    let (database, blobs) = stores().await;
    let server = node(&settings(&database, &blobs), &["blob_reads = \"redirect\""]).await;
    let digest = server.push_blob("app", b"abcdef").await;
    // The client follows; what it gets comes from the store, which knows nothing of passwords.
    let path = format!("/v2/app/blobs/{digest}");
    let answer = pull(&server, &path).await;
    assert!(answer.url().as_str().contains("X-Amz-Signature"), "{}", answer.url());
    assert_eq!(answer.bytes().await.unwrap(), "abcdef");
    let head = server.request(Method::HEAD, &path).basic_auth("local", Some(PASSWORD));
    let head = head.send().await.unwrap();
    assert_eq!(
        (head.status(), head.headers()["content-length"].as_bytes()),
        (StatusCode::OK, &b"6"[..])
    );
}

/// How often nodes have run statements other than those by which they follow each other.
fn statements(database: &str) -> u64 {
    let sql = "create extension if not exists pg_stat_statements;
        select coalesce(sum(calls), 0) from pg_stat_statements
         where dbid = (select oid from pg_database where datname = current_database())
           and query !~* '(journal|node|lease|usage|pg_stat|clock_timestamp|registry where)'
           and query !~* '^(begin|commit|rollback|start|set|savepoint|release|create|deallocate)'";
    psql(database, sql).parse().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pull_by_tag_costs_one_statement_and_by_digest_again_none() {
    let (database, blobs) = stores().await;
    let server = node(&settings(&database, &blobs), &[]).await;
    let config = server.push_blob("app", b"{}").await;
    let manifest = format!(
        r#"{{"schemaVersion":2,"mediaType":"application/vnd.oci.image.manifest.v1+json",
            "config":{{"mediaType":"application/vnd.oci.image.config.v1+json","digest":"{config}","size":2}},
            "layers":[]}}"#
    );
    let digest = server.push_manifest("app", "v1", "image.manifest", manifest).await;
    let paths = [
        (1, "/v2/app/manifests/v1".to_owned()),
        (0, format!("/v2/app/manifests/{digest}")),
        (0, format!("/v2/app/blobs/{config}")),
    ];
    for (each, path) in paths {
        assert_eq!(pull(&server, &path).await.status(), StatusCode::OK);
        // Of the two figures the better one: the server also has other things to do.
        let mut least = u64::MAX;
        for _ in 0..2 {
            let before = statements(&database);
            for _ in 0..20 {
                assert_eq!(pull(&server, &path).await.status(), StatusCode::OK);
            }
            least = least.min(statements(&database) - before);
        }
        assert_eq!(least, each * 20, "{path}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn nodes_work_behind_a_pooler_that_lends_connections_for_transactions() {
    let (database, blobs) =
        spawn_blocking(|| (postgres::pooled_database(), minio::bucket())).await.unwrap();
    let lines = settings(&database, &blobs);
    let unnamed = ["database_statements = \"unnamed\""];
    let (one, two) = tokio::join!(node(&lines, &unnamed), node(&lines, &unnamed));
    for round in 0..20 {
        let bytes: &'static [u8] = format!("round {round}").leak().as_bytes();
        let digest = one.push_blob("app", bytes).await;
        let path = format!("/v2/app/blobs/{digest}");
        assert_eq!(pull(&two, &path).await.bytes().await.unwrap(), bytes);
        let request = two.request(Method::DELETE, &path).basic_auth("local", Some(PASSWORD));
        assert_eq!(request.send().await.unwrap().status(), StatusCode::ACCEPTED);
        assert_eq!(pull(&one, &path).await.status(), StatusCode::NOT_FOUND);
    }
    assert!(one.operator("doctor").contains("nothing is wrong"), "{}", one.operator("doctor"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_changed_password_is_known_to_every_node() {
    let (database, blobs) = stores().await;
    let lines = settings(&database, &blobs);
    let one = node(&lines, &[]).await;
    let digest = one.push_blob("app", b"{}").await;
    let path = format!("/v2/app/blobs/{digest}");
    // Whoever starts with another password changes it.
    let _two = Server::start_with(&lines, "another-password").await;
    for _ in 0..60 {
        if pull(&one, &path).await.status() == StatusCode::UNAUTHORIZED {
            return;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("the old password is still good after 3 s");
}

#[tokio::test(flavor = "multi_thread")]
async fn migrate_tells_and_does() {
    let (database, blobs) = stores().await;
    let dir = tempfile::tempdir().unwrap();
    let lines = settings(&database, &blobs).join("\n");
    std::fs::write(dir.path().join("gantry.toml"), lines).unwrap();
    let migrate = |arguments: &'static [&'static str]| {
        let output = gantry(dir.path(), "migrate").args(arguments).output().unwrap();
        (output.status.code(), String::from_utf8(output.stdout).unwrap())
    };
    let (code, said) = migrate(&["--check"]);
    assert!(code == Some(1) && said.starts_with("lacks   "), "{said}");
    let (code, said) = migrate(&[]);
    assert!(code == Some(0) && said.starts_with("took    "), "{said}");
    assert_eq!(migrate(&["--check"]), (Some(0), "the schema is up to date\n".to_owned()));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_node_runs_on_what_a_later_release_added_and_not_on_what_it_took_away() {
    let (database, blobs) = stores().await;
    let lines = settings(&database, &blobs);
    let first = node(&lines, &[]).await;
    let digest = first.push_blob("app", b"{}").await;
    let path = format!("/v2/app/blobs/{digest}");
    let later = |sql: &str| psql(&database, sql);
    // As a later release leaves it that is rolled out beside this one.
    later(
        "alter table repository add column later text;
         insert into schema_migration select count(*), '29990101_later' from schema_migration;
         insert into schema_expansion values ('29990101_later')",
    );
    first.push_blob("app", b"more").await;
    let second = node(&lines, &[]).await;
    assert_eq!(pull(&second, &path).await.status(), StatusCode::OK);
    second.push_blob("new", b"still").await;

    later("delete from schema_expansion where name = '29990101_later'");
    let said = refusal(&lines).await;
    assert!(said.contains("29990101_later") && said.contains("can't run on"), "{said}");
    assert!(said.contains("start the release that made it"), "{said}");
}
