//! Each challenge brings certificates, which a restart keeps.

use std::time::Duration;

use gantry_testkit::pebble::Options;

use crate::support::{Server, acme, free_port, is_of_pebble, lines, pebble};
use crate::webhook::{SECRET, Webhook};

const HOSTS: &[&str] = &["hostnames = [\"registry.example.com\", \"192.0.2.1\"]"];
const REGISTRY: &[&str] =
    &["[[registry]]", "name = \"teamone\"", "hosts = [\"images.example.com\"]"];

async fn names_get_certificates_by(challenge: &str) {
    let port = free_port();
    let pebble = pebble(Options::looking_at(port)).await;
    let configuration =
        lines(HOSTS, lines(&[], [acme(&pebble, challenge), lines(REGISTRY, vec![])].concat()));
    let server = Server::start(port, &configuration).await;
    let first = server.shows("registry.example.com").await;
    let second = server.shows("images.example.com").await;
    assert_ne!(first, second, "each name has one of its own");
    let root = pebble.root();
    assert!(server.is_believed("registry.example.com", &root).await);
    assert!(server.is_believed("images.example.com", &root).await);
    // All else is the local authority's.
    assert!(!is_of_pebble(&server.shown("localhost").await));
    assert!(!is_of_pebble(&server.shown("teamone.acr.localhost").await));
    let said = server.doctor();
    assert!(said.contains("issued certificate: registry.example.com is good until"), "{said}");
    assert!(said.contains("issued certificate: images.example.com is good until"), "{said}");
    let metrics = reqwest::get(format!("http://localhost:{port}/metrics")).await.unwrap();
    let metrics = metrics.text().await.unwrap();
    for name in ["registry.example.com", "images.example.com"] {
        let series = "gantry_certificate_expiry_timestamp_seconds";
        let line = format!("{series}{{name=\"{name}\",source=\"issued\"}} ");
        let at = metrics.split_once(&line).and_then(|(_, rest)| rest.lines().next());
        let at: i64 = at.unwrap_or_else(|| panic!("no {line} in {metrics}")).parse().unwrap();
        assert!(at > 1_700_000_000, "{at}");
    }
    assert!(server.log().contains(&format!("answering an {challenge}").replace("an tls", "a tls")));

    // A restart shows it from the first moment, and orders nothing.
    let server = Server::start_in(server.stop(), port, &configuration).await;
    assert_eq!(server.shown("registry.example.com").await, first);
    tokio::time::sleep(Duration::from_secs(3)).await;
    assert_eq!(server.shown("registry.example.com").await, first);
    assert!(!server.log().contains("a certificate was issued"), "{}", server.log());
}

#[tokio::test(flavor = "multi_thread")]
async fn http_01_brings_certificates() {
    names_get_certificates_by("http-01").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn tls_alpn_01_brings_certificates() {
    names_get_certificates_by("tls-alpn-01").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn dns_01_brings_a_wildcard() {
    let pebble = pebble(Options::looking_at(1)).await;
    let webhook = Webhook::start(pebble.records()).await;
    let secret = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(secret.path(), format!("{SECRET}\n")).unwrap();
    let mut configuration =
        lines(&["suffix = \"registries.example.com\""], acme(&pebble, "dns-01"));
    configuration.push(format!("dns_webhook = \"{}\"", webhook.url()));
    configuration.push(format!("dns_webhook_secret_file = \"{}\"", secret.path().display()));
    configuration.push("dns_propagation = \"1s\"".to_owned());
    configuration.extend(["[[registry]]".to_owned(), "name = \"teamone\"".to_owned()]);
    let server = Server::start(free_port(), &configuration).await;
    let wildcard = server.shows("teamone.registries.example.com").await;
    assert_eq!(server.shown("local.registries.example.com").await, wildcard);
    assert!(server.is_believed("teamone.registries.example.com", &pebble.root()).await);
    // One label, as clients count.
    assert!(!is_of_pebble(&server.shown("a.b.registries.example.com").await));
    assert_eq!(
        webhook.calls(),
        [
            "present _acme-challenge.registries.example.com",
            "cleanup _acme-challenge.registries.example.com"
        ]
    );
    let said = server.doctor();
    assert!(said.contains("*.registries.example.com is good until"), "{said}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_account_can_be_bound_to_one_elsewhere() {
    let port = free_port();
    // RFC 4648 §5.
    let key = "zWNDZM6eQGHWpSRTPal5eIUYFTu7EajVIoguysqZ9wG44nMEtx3MUAsUDkMTQ12W";
    let bound = Some(("kid-1".to_owned(), key.to_owned()));
    let pebble = pebble(Options { external_account: bound, ..Options::looking_at(port) }).await;
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), format!("{key}\n")).unwrap();
    let mut configuration = lines(HOSTS, acme(&pebble, "http-01"));
    let unbound = Server::start(port, &configuration).await;
    let said = unbound.doctor_says("has none, so clients get one of the local authority").await;
    assert!(said.contains("the authority refused"), "{said}");
    drop(unbound);

    configuration.push("external_account_key_id = \"kid-1\"".to_owned());
    configuration.push(format!("external_account_key_file = \"{}\"", file.path().display()));
    let server = Server::start(port, &configuration).await;
    server.shows("registry.example.com").await;
}
