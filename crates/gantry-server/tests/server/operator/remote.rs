//! The same commands from another machine: over HTTPS, as whoever signs in.

use std::path::PathBuf;
use std::process::{Command, Stdio};

use serde_json::{Value, json};

use super::{Said, done, run_with, said};
use crate::access::push_index;
use crate::support::{PASSWORD, Server};

/// A machine from which somebody asks the server: it has neither its files nor its socket.
struct Elsewhere {
    server: String,
    ca: Option<PathBuf>,
    variables: Vec<(&'static str, String)>,
}

impl Elsewhere {
    /// Signs in as an application with that secret.
    fn as_application(server: &Server, app: &Value, secret: &str) -> Self {
        let id = app["appId"].as_str().unwrap().to_owned();
        Self {
            server: format!("https://localhost:{}", server.port()),
            ca: Some(server.data().join("ca.pem")),
            variables: vec![("GANTRY_CLIENT_ID", id), ("GANTRY_CLIENT_SECRET", secret.to_owned())],
        }
    }

    /// Signs in as a user.
    fn as_person(server: &Server, name: &str, password: &str) -> Self {
        let variables =
            vec![("GANTRY_USERNAME", name.to_owned()), ("GANTRY_PASSWORD", password.to_owned())];
        Self { variables, ..Self::as_application(server, &json!({ "appId": "" }), "") }
    }

    fn run(&self, line: &str) -> Said {
        let mut command = Command::new(env!("CARGO_BIN_EXE_gantry"));
        command.args(line.split(' ')).args(["--server", &self.server]).stdin(Stdio::null());
        for (name, value) in &self.variables {
            command.env(name, value);
        }
        if let Some(ca) = &self.ca {
            command.arg("--ca").arg(ca);
        }
        said(command.output().unwrap())
    }

    /// Runs a command that must succeed.
    fn done(&self, line: &str) -> Value {
        let said = self.run(line);
        assert_eq!(said.code, 0, "{line}: {}", said.stderr);
        serde_json::from_str(&said.stdout).unwrap_or_default()
    }

    /// Runs a command that must fail; answers what it says, without what differs each time.
    fn refused(&self, server: &Server, line: &str) -> String {
        let said = self.run(line);
        assert_eq!((said.code, said.stdout.as_str()), (1, ""), "{line}: {}", said.stderr);
        let told = said.stderr.replace(&server.port().to_string(), "[port]");
        told.split(' ').map(super::word).collect::<Vec<_>>().join(" ").trim().to_owned()
    }
}

/// An application that has a role, and is called like it, at the default registry.
fn application(server: &Server, role: &str) -> Value {
    let app = done(server, &format!("app create {role}"));
    done(server, &format!("role assign {role} --to {role}"));
    app
}

fn secret(app: &Value) -> &str {
    app["secret"].as_str().unwrap()
}

#[tokio::test]
async fn an_application_does_what_its_role_allows_and_no_more() {
    let server = Server::start(&["[[registry]]", "name = \"other\""]).await;
    push_index(&server, "team/app").await;
    let app = application(&server, "AcrPush");
    let elsewhere = Elsewhere::as_application(&server, &app, secret(&app));
    assert_eq!(elsewhere.done("repository list"), json!([{ "name": "team/app" }]));
    assert_eq!(elsewhere.done("repository list --registry local"), json!([{ "name": "team/app" }]));
    assert_eq!(elsewhere.done("tag list team/app")[0]["name"], "v1");
    assert_eq!(elsewhere.done("manifest show team/app v1")["tags"], json!(["v1"]));
    insta::assert_snapshot!(elsewhere.refused(&server, "tag delete team/app v1 --yes"), @"gantry: requested access to the resource is denied: it takes delete on repository team/app");
    insta::assert_snapshot!(elsewhere.refused(&server, "repository list --registry other"), @"gantry: requested access to the resource is denied: it takes * on registry catalog");
    insta::assert_snapshot!(elsewhere.refused(&server, "registry delete local --yes"), @"gantry: there is no registry local, or no role shows it to you");
    assert_eq!(elsewhere.done("registry list"), json!([]));
    let reader = application(&server, "Reader");
    let reading = Elsewhere::as_application(&server, &reader, secret(&reader));
    assert_eq!(reading.done("registry list")[0]["name"], "local");
    let told = reading.refused(&server, "registry delete local --yes");
    assert!(told.contains("'Microsoft.ContainerRegistry/registries/delete'"), "{told}");
    insta::assert_snapshot!(elsewhere.refused(&server, "user create eve"), @"gantry: Insufficient privileges to complete the operation.");
    assert!(!elsewhere.done("user list").as_array().unwrap().is_empty());
}

#[tokio::test]
async fn whoever_has_the_rights_manages_the_server() {
    let server = Server::start(&[]).await;
    push_index(&server, "app").await;
    let app = done(&server, "app create boss");
    done(&server, "role assign Owner --to boss --scope subscription");
    let elsewhere = Elsewhere::as_application(&server, &app, secret(&app));
    assert_eq!(elsewhere.done("registry create teamtwo")["name"], "teamtwo");
    assert_eq!(elsewhere.done("registry list").as_array().unwrap().len(), 2);
    assert_eq!(elsewhere.done("repository list --registry teamtwo"), json!([]));
    assert_eq!(elsewhere.done("user create alice")["name"], "alice@gantry.localhost");
    assert_eq!(elsewhere.done("role assign AcrPull --to alice")["at"], "local");
    elsewhere.done("token create robot --repository app pull");
    assert_eq!(elsewhere.done("token list")[0]["name"], "robot");
    let before = elsewhere.done("admin show");
    assert_eq!(before["password"], PASSWORD);
    elsewhere.done("admin regenerate --yes");
    let locked = elsewhere.done("tag update app v1 --write-enabled false");
    assert_eq!(locked["writeEnabled"], false);
    // In an address a step up would be another thing: the registry.
    for noun in ["webhook", "token", "scope-map"] {
        let told = elsewhere.refused(&server, &format!("{noun} delete .. --yes"));
        assert_eq!(told, "gantry: .. is no name", "{noun}");
    }
    insta::assert_snapshot!(elsewhere.refused(&server, "tag delete app v1 --yes"), @"gantry: The operation is disallowed: tag v1 has writeEnabled=false");
    elsewhere.done("tag update app v1 --write-enabled true");
    elsewhere.done("repository delete app --yes");
    assert_eq!(done(&server, "repository list"), json!([]));
    elsewhere.done("registry delete teamtwo --yes");
}

#[tokio::test]
async fn a_person_signs_in_with_a_password() {
    let server = Server::start(&[]).await;
    push_index(&server, "app").await;
    let words = ["user", "create", "alice", "--password-stdin"];
    assert_eq!(run_with(&server, &words, "a-long-password\n").code, 0);
    done(&server, "role assign AcrPull --to alice");
    let elsewhere = Elsewhere::as_person(&server, "alice@gantry.localhost", "a-long-password");
    assert_eq!(elsewhere.done("repository list"), json!([{ "name": "app" }]));
    insta::assert_snapshot!(elsewhere.refused(&server, "tag update app v1 --write-enabled false"), @"gantry: requested access to the resource is denied: it takes metadata_write on repository app");
}

#[tokio::test]
async fn who_is_not_let_in_is_told_why() {
    let server = Server::start(&[]).await;
    let app = application(&server, "AcrPush");
    let wrong = "not-the-secret-that-it-has";
    let mut elsewhere = Elsewhere::as_application(&server, &app, wrong);
    let told = elsewhere.refused(&server, "repository list");
    assert!(!told.contains(wrong), "{told}");
    insta::assert_snapshot!(told, @"gantry: [id] can't sign in: AADSTS7000215: The application's id or its secret is wrong.");
    insta::assert_snapshot!(elsewhere.refused(&server, "user list"), @"gantry: [id] can't sign in: AADSTS7000215: The application's id or its secret is wrong.");

    let data = server.data();
    let other = rcgen::KeyPair::generate().unwrap();
    let other =
        rcgen::CertificateParams::new(vec!["other".to_owned()]).unwrap().self_signed(&other);
    let path = data.parent().unwrap().join("other.pem");
    std::fs::write(&path, other.unwrap().pem()).unwrap();
    elsewhere.ca = Some(path);
    insta::assert_snapshot!(elsewhere.refused(&server, "repository list"), @"gantry: the certificate of localhost is of an authority that isn't known here: --ca FILE names it");
    elsewhere.ca = None;
    insta::assert_snapshot!(elsewhere.refused(&server, "registry list"), @"gantry: the certificate of localhost is of an authority that isn't known here: --ca FILE names it");

    let free = crate::support::free_port();
    let nobody = Elsewhere { server: format!("https://localhost:{free}"), ..elsewhere };
    let told = nobody.refused(&server, "registry list");
    insta::assert_snapshot!(told.replace(&free.to_string(), "[free]"), @"gantry: localhost can't be reached: error sending request: client error (Connect): tcp connect error: Connection refused (os error 111)");
}

#[tokio::test]
async fn how_to_ask_is_told() {
    let server = Server::start(&[]).await;
    let app = application(&server, "AcrPush");
    let elsewhere = Elsewhere::as_application(&server, &app, secret(&app));
    let misused = |elsewhere: &Elsewhere, line: &str| {
        let said = elsewhere.run(line);
        assert_eq!((said.code, said.stdout.as_str()), (2, ""), "{line}: {}", said.stderr);
        said.stderr
    };
    for line in ["keys list", "keys rotate", "audit"] {
        insta::allow_duplicates! {
            insta::assert_snapshot!(misused(&elsewhere, line), @"gantry: this is for the server's own machine: run it there, without --server and GANTRY_SERVER");
        }
    }
    let both = misused(&elsewhere, "registry list --data elsewhere");
    assert!(both.contains("cannot be used with"), "{both}");
    let nobody = Elsewhere { variables: Vec::new(), ..elsewhere };
    insta::assert_snapshot!(misused(&nobody, "registry list"), @"gantry: say who signs in: set GANTRY_CLIENT_ID and GANTRY_CLIENT_SECRET, or GANTRY_USERNAME and GANTRY_PASSWORD, and not both");
    let plain = Elsewhere { server: "http://localhost".to_owned(), ..nobody };
    insta::assert_snapshot!(misused(&plain, "registry list"), @"gantry: http://localhost: write https://HOST[:PORT]");
}

#[tokio::test]
async fn the_environment_names_the_server() {
    let server = Server::start(&[]).await;
    let app = application(&server, "AcrPull");
    let elsewhere = Elsewhere::as_application(&server, &app, secret(&app));
    let mut command = Command::new(env!("CARGO_BIN_EXE_gantry"));
    command.args(["repository", "list"]).stdin(Stdio::null());
    command.env("GANTRY_SERVER", &elsewhere.server).env("GANTRY_CA", elsewhere.ca.unwrap());
    for (name, value) in elsewhere.variables {
        command.env(name, value);
    }
    let said = said(command.output().unwrap());
    assert_eq!((said.code, said.stdout.as_str()), (0, "[]\n"), "{}", said.stderr);
}
