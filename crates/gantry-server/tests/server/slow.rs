//! Clients that stand still, and clients that are merely slow.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use http::Method;

use crate::support::{PASSWORD, PATIENCE, Server, basic};

const IMPATIENT: &[&str] = &["[limits]", "body_timeout = \"1s\""];

/// Sends a head, then each piece after a rest, as far as the server listens; tells its answer.
fn trickle(server: &Server, head: &str, pieces: impl Iterator<Item = &'static str>) -> String {
    let mut stream = TcpStream::connect(("127.0.0.1", server.port())).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    let auth = basic("local", PASSWORD);
    let head = format!("{head} HTTP/1.1\r\nHost: localhost\r\nAuthorization: {auth}\r\n");
    stream.write_all(head.as_bytes()).unwrap();
    stream.write_all(b"Connection: close\r\nTransfer-Encoding: chunked\r\n\r\n").unwrap();
    for piece in pieces {
        std::thread::sleep(Duration::from_millis(300));
        if stream.write_all(piece.as_bytes()).is_err() {
            break;
        }
    }
    let mut answer = Vec::new();
    // The server may reset a connection on which bytes still arrive.
    let _ = stream.read_to_end(&mut answer);
    String::from_utf8_lossy(&answer).into_owned()
}

const BYTE: &str = "1\r\nx\r\n";
const END: &str = "0\r\n\r\n";

async fn start(server: &Server) -> String {
    let start = server.request(Method::POST, "/v2/app/blobs/uploads/");
    let started = start.basic_auth("local", Some(PASSWORD)).send().await.unwrap();
    started.headers()["location"].to_str().unwrap().to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_blob_that_stands_still_is_let_go_and_goes_on_where_it_was() {
    let server = Server::start(IMPATIENT).await;
    let session = start(&server).await;
    let digest = gantry_oci::Digest::sha256(b"xxx");
    for (head, count) in [
        (format!("PATCH {session}"), 1),
        (format!("PUT {session}?digest={digest}"), 1),
        (format!("POST /v2/app/blobs/uploads/?digest={digest}"), 0),
    ] {
        let answer = trickle(&server, &head, std::iter::repeat_n(BYTE, count));
        assert!(answer.starts_with("HTTP/1.1 408 "), "{head}: {answer}");
        assert!(answer.contains("connection: close\r\n"), "{head}: {answer}");
        assert!(answer.contains("no byte arrived for 1s"), "{head}: {answer}");
    }
    let end = server.request(Method::PUT, &format!("{session}?digest={digest}")).body("x");
    let end = end.basic_auth("local", Some(PASSWORD)).send().await.unwrap();
    assert_eq!(end.status(), 201);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_slow_blob_is_taken() {
    let server = Server::start(&["[limits]", "body_timeout = \"2s\""]).await;
    let session = start(&server).await;
    let pieces = std::iter::repeat_n(BYTE, 8).chain([END]);
    let answer = trickle(&server, &format!("PATCH {session}"), pieces);
    assert!(answer.starts_with("HTTP/1.1 202 "), "{answer}");
    assert!(answer.contains("range: 0-7\r\n"), "{answer}");
}

#[tokio::test(flavor = "multi_thread")]
async fn small_bodies_must_be_there_in_time_however_they_trickle() {
    let server = Server::start(IMPATIENT).await;
    for head in ["PUT /v2/app/manifests/v1", "POST /oauth2/token"] {
        let answer = trickle(&server, head, std::iter::repeat_n(BYTE, 30));
        assert!(answer.starts_with("HTTP/1.1 408 "), "{head}: {answer}");
        assert!(answer.contains("connection: close\r\n"), "{head}: {answer}");
    }
}

#[tokio::test]
async fn an_identity_has_so_many_uploads() {
    let server = Server::start(&["[limits]", "uploads_per_actor = 3"]).await;
    let start = async |path: &str| {
        let request = server.request(Method::POST, path).basic_auth("local", Some(PASSWORD));
        request.send().await.unwrap()
    };
    let first = start("/v2/app/blobs/uploads/").await.headers()["location"].clone();
    for (path, status) in [
        ("/v2/app/blobs/uploads/", 202),
        ("/v2/other/blobs/uploads/", 202),
        ("/v2/other/blobs/uploads/", 429),
        ("/v2/app/blobs/uploads/", 429),
    ] {
        let answer = start(path).await;
        assert_eq!(answer.status(), status, "{path}");
        assert_eq!(answer.headers().contains_key("retry-after"), status == 429);
    }
    let ended = server.request(Method::DELETE, first.to_str().unwrap());
    let ended = ended.basic_auth("local", Some(PASSWORD)).send().await.unwrap();
    assert_eq!(ended.status(), 204);
    assert_eq!(start("/v2/app/blobs/uploads/").await.status(), 202);
}
