//! Certificates are replaced before they end.

use std::time::Duration;

use gantry_testkit::pebble::Options;
use tokio::task::spawn_blocking;

use crate::support::{Server, acme, free_port, lines, pebble};

const HOSTS: &[&str] = &["hostnames = [\"registry.example.com\"]"];
const NAME: &str = "registry.example.com";

#[tokio::test(flavor = "multi_thread")]
async fn renewal_comes_in_time_also_from_an_authority_that_forgot_everything() {
    let port = free_port();
    let options = Options { validity: Duration::from_secs(30), ..Options::looking_at(port) };
    let mut pebble = pebble(options.clone()).await;
    let server = Server::start(port, &lines(HOSTS, acme(&pebble, "http-01"))).await;
    let first = server.shows(NAME).await;
    // Until then, the one before is shown.
    let second = server.shows_another(NAME, Some(&first)).await;
    let restart = move || {
        pebble.restart(&options);
        pebble
    };
    let _pebble = spawn_blocking(restart).await.unwrap();
    server.shows_another(NAME, Some(&second)).await;
    assert_eq!(server.log().matches("made an account with the authority").count(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_authority_can_have_a_certificate_renewed_early() {
    let port = free_port();
    // Two thirds of that are longer than anything here takes.
    let options = Options { validity: Duration::from_secs(180), ..Options::looking_at(port) };
    let pebble = pebble(options).await;
    let server = Server::start(port, &lines(HOSTS, acme(&pebble, "http-01"))).await;
    let first = server.shows(NAME).await;
    let pem = pem(&first);
    let suggest = move || {
        pebble.suggest_renewal(&pem, "2026-01-01T00:00:00Z", "2026-01-02T00:00:00Z");
        pebble
    };
    let _pebble = spawn_blocking(suggest).await.unwrap();
    server.shows_another(NAME, Some(&first)).await;
    assert!(server.log().contains("the authority suggests another time"), "{}", server.log());
}

fn pem(der: &[u8]) -> String {
    use base64::Engine;
    let text = base64::engine::general_purpose::STANDARD.encode(der);
    let lines: Vec<&str> =
        text.as_bytes().chunks(64).map(|l| std::str::from_utf8(l).unwrap()).collect();
    format!("-----BEGIN CERTIFICATE-----\n{}\n-----END CERTIFICATE-----\n", lines.join("\n"))
}
