//! Length, time, encodings, and what errors tell.

use std::error::Error;
use std::time::Duration;

use gantry_outbound::{FetchError, Outbound, OutboundOptions};

use crate::server::{Reply, Server};
use crate::{get, json, options, outbound};

const SHORT: Duration = Duration::from_millis(300);
const LONG: Duration = Duration::from_secs(600);

fn impatient() -> Outbound {
    Outbound::new(&OutboundOptions { timeout: SHORT, ..options() }).unwrap()
}

#[tokio::test]
async fn longest_answer_is_read_and_the_next_refused() {
    let server = Server::start(|head| {
        let length: usize = head.split(['/', ' ']).nth(2).unwrap().parse().unwrap();
        Reply::new(200, "", &vec![b' '; length])
    })
    .await;
    let fetch = |length: usize| get(&server.url(&format!("/{length}"))).max_bytes(1000);
    assert_eq!(outbound().fetch(fetch(1000)).await.unwrap().body.len(), 1000);
    let long = outbound().fetch(fetch(1001)).await;
    assert!(matches!(long, Err(FetchError::TooLong { limit: 1000, .. })), "{long:?}");
}

#[tokio::test]
async fn body_of_unknown_length_is_bounded_while_it_is_read() {
    // A megabyte is promised chunk by chunk, and never ends.
    let server = Server::start(|_| {
        let mut reply = Reply::bytes(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
        for _ in 0..1024 {
            reply = reply.and(b"400\r\n").and(&[b'x'; 1024]).and(b"\r\n");
        }
        reply.rest(LONG)
    })
    .await;
    let answer = json(&outbound(), &server.url("/")).await;
    assert!(matches!(answer, Err(FetchError::TooLong { .. })), "{answer:?}");
}

#[tokio::test]
async fn slow_answers_time_out() {
    let server = Server::start(|head| match head.starts_with("GET /header") {
        true => Reply::bytes(b"HTTP/1.1 200 OK\r\n").rest(LONG),
        false => Reply::bytes(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n{").rest(LONG),
    })
    .await;
    for path in ["/header", "/body"] {
        let answer = json(&impatient(), &server.url(path)).await;
        assert!(matches!(answer, Err(FetchError::TimedOut { .. })), "{path}: {answer:?}");
    }
}

#[tokio::test]
async fn drops_that_never_end_time_out() {
    let server = Server::start(|_| {
        let mut reply = Reply::bytes(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n");
        for _ in 0..1000 {
            reply = reply.and(b" ").rest(Duration::from_millis(20));
        }
        reply
    })
    .await;
    let answer = json(&impatient(), &server.url("/")).await;
    assert!(matches!(answer, Err(FetchError::TimedOut { .. })), "{answer:?}");
}

#[tokio::test]
async fn compressed_answers_are_refused_unread() {
    let server = Server::start(|_| {
        Reply::bytes(b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 100\r\n\r\n")
            .rest(LONG)
    })
    .await;
    let answer = json(&outbound(), &server.url("/")).await;
    assert!(matches!(answer, Err(FetchError::Encoded { .. })), "{answer:?}");
    let asked = server.requests()[0].to_ascii_lowercase();
    assert!(asked.contains("accept-encoding: identity\r\n"), "{asked}");
}

#[tokio::test]
async fn other_answers_than_the_document_are_errors() {
    let server = Server::start(|head| match head.split(' ').nth(1).unwrap() {
        "/status" => Reply::new(404, "", b"{}"),
        "/text" => Reply::new(200, "", b"secret"),
        "/cut" => Reply::bytes(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n{"),
        _ => Reply::bytes(b"secret"),
    })
    .await;
    let fetch = async |path: &str| json(&outbound(), &server.url(path)).await.unwrap_err();
    assert!(matches!(fetch("/status").await, FetchError::Status { status, .. } if status == 404));
    assert!(matches!(fetch("/text").await, FetchError::Json { line: 1, .. }));
    assert!(matches!(fetch("/cut").await, FetchError::Unreachable { .. }));
    assert!(matches!(fetch("/garbage").await, FetchError::Unreachable { .. }));
}

#[tokio::test]
async fn errors_repeat_neither_bodies_nor_paths() {
    let server = Server::start(|head| match head.starts_with("GET /hook-secret-json") {
        true => Reply::json(r#"{"secret": "secret"}"#),
        false => Reply::bytes(b"secret"),
    })
    .await;
    for path in ["/hook-secret-json", "/hook-secret-other"] {
        let answer = outbound().fetch_json::<Vec<u8>>(&server.url(path), 1024).await;
        let error = answer.unwrap_err();
        let mut shown = format!("{error} {error:?}");
        let mut cause = error.source();
        while let Some(source) = cause {
            shown += &source.to_string();
            cause = source.source();
        }
        assert!(shown.contains("127.0.0.1") && !shown.contains("secret"), "{shown}");
    }
}
