//! The socket itself, keys, the audit stream.

use std::os::unix::fs::PermissionsExt;
use std::time::{Duration, Instant};

use http::Method;
use serde_json::{Value, json};

use super::{done, refused, run, shown};
use crate::access::Manager;
use crate::support::{PATIENCE, Server, gantry};

#[tokio::test]
async fn the_operator_is_whoever_opens_the_socket() {
    let server = Server::start(&[]).await;
    let socket = server.data().join("gantry.sock");
    assert_eq!(std::fs::metadata(socket).unwrap().permissions().mode() & 0o777, 0o600);
    let dir = server.stop();
    let without = gantry(dir.path(), "user").arg("list").output().unwrap();
    assert_eq!(without.status.code(), Some(1));
    let data = dir.path().join("data").display().to_string();
    let stderr = String::from_utf8(without.stderr).unwrap();
    assert_eq!(
        stderr.replace(&data, "DIR"),
        "gantry: no server runs on DIR: start it with gantry serve\n"
    );
}

#[tokio::test]
async fn results_are_printed_as_asked_for() {
    let server = Server::start(&[]).await;
    done(&server, "user create alice");
    let json = run(&server, "user show alice").stdout;
    assert!(json.starts_with("{\n  \"name\": \"alice@gantry.localhost\",\n"), "{json}");
    let tsv = run(&server, "user show alice --output tsv").stdout;
    assert!(tsv.starts_with("alice@gantry.localhost\talice@gantry.localhost\ttrue\t20"), "{tsv}");
    insta::assert_snapshot!(shown(&server, "user show alice"), @r"
    NAME  alice@gantry.localhost
    DISPLAY NAME  alice@gantry.localhost
    ENABLED  yes
    CREATED AT  [moment]
    ID  [id]
    ");
    assert_eq!(run(&server, "user show alice --output xml").code, 2);
}

#[tokio::test]
async fn keys_are_told_and_made_anew() {
    let server = Server::start(&[]).await;
    let before = done(&server, "keys list");
    assert_eq!(before.as_array().unwrap().len(), 2);
    let after = done(&server, "keys rotate");
    let of = |keys: &Value, whose: &str| {
        let keys = keys.as_array().unwrap().iter().filter(|key| key["tokensOf"] == whose);
        keys.map(|key| (key["id"].clone(), key["signs"] == true)).collect::<Vec<_>>()
    };
    for whose in ["registries", "directory"] {
        let [(old, true)] = &of(&before, whose)[..] else { panic!("{before}") };
        let [(new, false), (signing, true)] = &of(&after, whose)[..] else { panic!("{after}") };
        assert!(signing == old && new != old, "{after}");
    }
}

#[tokio::test]
async fn the_audit_stream_tells_of_the_operator_and_of_others() {
    let server = Server::start(&[]).await;
    done(&server, "token create robot --scope-map _repositories_pull");
    refused(&server, "user create a@b@c");
    let request = server.request(Method::GET, "/oauth2/token?scope=repository:app:pull");
    let answer = request.basic_auth("robot", Some("wrong")).send().await.unwrap();
    assert_eq!(answer.status(), 401);
    // What is being written just then is read a moment later.
    let started = Instant::now();
    let told = loop {
        let events = done(&server, "audit --since 1h");
        let told = events.as_array().unwrap().clone();
        if told.len() >= 4 || started.elapsed() > PATIENCE {
            break told;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    };
    let line = |event: &Value| {
        let words = ["action", "outcome", "identity", "registry"];
        let words = words.map(|name| event[name].as_str().unwrap_or("-").to_owned());
        let detail = event["detail"].as_str().unwrap();
        format!("{} {}", words.join(" "), detail.split('/').next_back().unwrap())
    };
    insta::assert_snapshot!(told.iter().map(line).collect::<Vec<_>>().join("\n"), @r"
    manage granted operator local robot
    manage granted operator local generateCredentials: token robot: password1
    manage refused operator - users
    signIn refused robot local user name or password is wrong
    ");
    let last = done(&server, "audit --limit 1");
    assert_eq!((&last[0], &last[1]), (told.last().unwrap(), &Value::Null));
    let here = done(&server, "audit --registry local");
    assert_eq!(here.as_array().unwrap().len(), told.len() - 1);
    insta::assert_snapshot!(refused(&server, "audit --registry absent"), @"gantry: there is no registry absent");
    // While nothing happens, whoever keeps the stream waits; whoever reads it doesn't.
    tokio::time::sleep(Duration::from_secs(2)).await;
    assert_eq!(done(&server, "audit --limit 1"), last);
    insta::assert_snapshot!(shown(&server, "audit --since 0s"), @r"
    stderr:
    there are none
    ");
    assert_eq!(run(&server, "audit --since long").code, 2);
}

#[tokio::test]
async fn the_audit_stream_tells_of_the_management_api_and_of_networks() {
    let server = Server::start(&[]).await;
    let manager = Manager::of(&server).await;
    let closed = json!({ "properties": { "publicNetworkAccess": "Disabled" } });
    manager.done(Method::PATCH, "", closed).await;
    let stranger = server.request(Method::GET, &manager.registry).bearer_auth("x");
    assert_eq!(stranger.send().await.unwrap().status(), 401);
    let kept_out = server.request(Method::GET, "/v2/secret/tags/list");
    assert_eq!(kept_out.send().await.unwrap().status(), 403);
    let wanted = [
        ("manage", "granted", "principal:", "200 PATCH /subscriptions/"),
        ("manage", "refused", "", "401 GET /subscriptions/"),
        ("connect", "refused", "", "/v2/secret/tags/list"),
    ];
    let started = Instant::now();
    loop {
        let told = done(&server, "audit --since 1h --registry local");
        let text = |event: &Value, name: &str| event[name].as_str().unwrap_or("").to_owned();
        let has = |(action, outcome, identity, detail): &(&str, &str, &str, &str)| {
            told.as_array().unwrap().iter().any(|event| {
                text(event, "action") == *action
                    && text(event, "outcome") == *outcome
                    && text(event, "identity").starts_with(identity)
                    && text(event, "detail").starts_with(detail)
                    && text(event, "address") == "127.0.0.1"
            })
        };
        if wanted.iter().all(has) {
            break;
        }
        assert!(started.elapsed() < PATIENCE, "{told:#}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

#[test]
fn shells_complete_every_noun() {
    let dir = tempfile::tempdir().unwrap();
    for shell in ["bash", "elvish", "fish", "powershell", "zsh"] {
        let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_gantry"));
        let script = command.args(["completion", shell]).current_dir(&dir).output().unwrap();
        let script = String::from_utf8(script.stdout).unwrap();
        for noun in ["registry", "repository", "manifest", "tag", "webhook", "token", "scope-map"] {
            assert!(script.contains(noun), "{shell} has {noun}");
        }
        assert!(script.contains("orderby"), "{shell} has --orderby");
    }
}
