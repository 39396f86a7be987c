//! Azure's SDKs for Python and JavaScript. What each does is in a program of its own language, beside
//! this file.

use gantry_clients::{Client, Cloud, PASSWORD, Site, Transport, USER};

const CONTENT_PY: &str = include_str!("azure_sdk/content.py");
const CONTENT_JS: &str = include_str!("azure_sdk/content.js");
const METADATA_PY: &str = include_str!("azure_sdk/metadata.py");
const METADATA_JS: &str = include_str!("azure_sdk/metadata.js");
const MANAGEMENT_JS: &str = include_str!("azure_sdk/management.js");
const MANAGEMENT_PY: &str = include_str!("azure_sdk/management.py");

#[test]
fn python_pushes_and_pulls() {
    for (anonymous_pull, expected) in [("false", "refused"), ("true", "found")] {
        let settings = [("GANTRY_DEFAULT_REGISTRY_ANONYMOUS_PULL", anonymous_pull)];
        let site = Site::with(Transport::Tls, &settings);
        let python = as_application(site.python("azure", "python"), &site);

        let said = python.run([site.file("content.py", CONTENT_PY)]);

        assert_eq!(said, expected);
        let crane = site.go("crane");
        crane.run(["auth", "login", &site.host(), "-u", USER, "-p", PASSWORD]);
        assert_eq!(crane.run(["ls", &format!("{}/team/sdk", site.host())]), "v1");
    }
}

#[test]
fn python_tells_what_there_is_and_locks_it() {
    let site = Site::new(Transport::Tls);
    let python = as_application(site.python("azure", "python"), &site);
    python.run([site.file("metadata.py", METADATA_PY)]);
}

#[test]
fn javascript_tells_what_there_is_and_locks_it() {
    let site = Site::new(Transport::Tls);
    as_application(site.node("azure"), &site).run([site.file("metadata.js", METADATA_JS)]);
}

#[test]
fn python_manages() {
    let site = Site::new(Transport::Tls);
    let python = as_application(site.python("azure", "python"), &site);

    let said = python.run([site.file("management.py", MANAGEMENT_PY)]);

    assert_eq!(said, format!("{USER} {PASSWORD}"));
}

#[test]
fn javascript_manages() {
    let site = Site::new(Transport::Tls);
    as_application(site.node("azure"), &site).run([site.file("management.js", MANAGEMENT_JS)]);
}

#[test]
fn javascript_pushes_and_pulls() {
    let site = Site::new(Transport::Tls);
    let node = as_application(site.node("azure"), &site);

    node.run([site.file("content.js", CONTENT_JS)]);

    let crane = site.go("crane");
    crane.run(["auth", "login", &site.host(), "-u", USER, "-p", PASSWORD]);
    assert_eq!(crane.run(["ls", &format!("{}/team/sdk", site.host())]), "v1");
}

#[test]
fn go_manages_and_tells_what_there_is() {
    let site = Site::new(Transport::Tls);
    let program = gantry_testkit::programs::azure_sdk_go();
    as_application(site.program(&program), &site).run(std::iter::empty::<&str>());
}

/// A program with what it signs in with in its environment.
fn as_application(program: Client, site: &Site) -> Client {
    let cloud = Cloud::of(site);
    program
        .env("ENDPOINT", cloud.base())
        .env("AZURE_TENANT_ID", &cloud.tenant)
        .env("AZURE_SUBSCRIPTION_ID", &cloud.subscription)
        .env("AZURE_CLIENT_ID", &cloud.app)
        .env("AZURE_CLIENT_SECRET", &cloud.secret)
}
