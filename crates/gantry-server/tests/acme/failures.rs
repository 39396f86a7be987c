//! What can't be had keeps nobody from what can, and its reason is told.

use std::time::Duration;

use gantry_testkit::pebble::Options;

use crate::support::{Server, acme, free_port, is_of_pebble, lines, pebble};

const HOSTS: &[&str] = &["hostnames = [\"registry.example.com\"]"];

#[tokio::test(flavor = "multi_thread")]
async fn a_failed_challenge_is_told_and_not_tried_again_at_once() {
    // Nobody listens where the authority looks.
    let pebble = pebble(Options::looking_at(free_port())).await;
    let server = Server::start(free_port(), &lines(HOSTS, acme(&pebble, "http-01"))).await;
    let said = server.doctor_says("has none, so clients get one of the local authority").await;
    assert!(said.contains("the http-01 challenge failed"), "{said}");
    assert!(said.contains("connection refused"), "{said}");
    assert!(said.contains("tried once"), "{said}");
    let log = server.log();
    assert!(log.contains("there is no new certificate"), "{log}");
    assert!(!is_of_pebble(&server.shown("registry.example.com").await));
    tokio::time::sleep(Duration::from_secs(5)).await;
    assert!(server.doctor().contains("tried once"));

    // Nor by a restart; other settings are tried at once.
    let port = server.port();
    let server =
        Server::start_in(server.stop(), port, &lines(HOSTS, acme(&pebble, "http-01"))).await;
    tokio::time::sleep(Duration::from_secs(5)).await;
    assert!(server.doctor().contains("tried once"));
    let other = lines(HOSTS, acme(&pebble, "tls-alpn-01"));
    let server = Server::start_in(server.stop(), port, &other).await;
    server.doctor_says("the tls-alpn-01 challenge failed").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_authority_that_is_down_keeps_no_server_from_starting() {
    let port = free_port();
    let pebble = pebble(Options::looking_at(port)).await;
    let mut configuration = lines(HOSTS, acme(&pebble, "http-01"));
    let nowhere = format!("directory = \"https://127.0.0.1:{}/dir\"", free_port());
    for line in &mut configuration {
        if line.starts_with("directory") {
            line.clone_from(&nowhere);
        }
    }
    let server = Server::start(port, &configuration).await;
    assert!(!is_of_pebble(&server.shown("registry.example.com").await));
    let said = server.doctor_says("the authority can't be asked").await;
    assert!(said.contains("127.0.0.1 can't be reached"), "{said}");
    // Another one is asked at once.
    let configuration = lines(HOSTS, acme(&pebble, "http-01"));
    let server = Server::start_in(server.stop(), port, &configuration).await;
    server.shows("registry.example.com").await;
}
