//! What a peer can't make the server do.

use std::time::Duration;

use crate::support::{PATIENCE, Server, read_to_close};
use gantry_edge::{Limits, Peers};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

fn limited(limits: Limits) -> Server {
    Server::start_with(|config| config.limits = limits)
}

fn impatient() -> Limits {
    Limits {
        handshake_timeout: Duration::from_millis(150),
        header_timeout: Duration::from_millis(150),
        idle_timeout: Duration::from_millis(300),
        ..Limits::default()
    }
}

#[tokio::test]
async fn header_beyond_its_limit_answers_431() {
    let server = limited(Limits { header_bytes: 16 * 1024, ..Limits::default() });
    let within = "x".repeat(15 * 1024);
    let beyond = "x".repeat(17 * 1024);
    let request = |filler: &str| {
        format!(
            "GET /connection HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\nx-filler: {filler}\r\n\r\n"
        )
    };
    assert!(server.raw(&request(&within)).await.starts_with("HTTP/1.1 200 "));
    assert!(server.raw(&request(&beyond)).await.starts_with("HTTP/1.1 431 "));

    let client = server.client("localhost");
    let url = server.url("https", "localhost", "/connection");
    let reply = client.get(&url).header("x-filler", &within).send().await.unwrap();
    assert_eq!((reply.version(), reply.status().as_u16()), (reqwest::Version::HTTP_2, 200));
    let reply = client.get(&url).header("x-filler", &beyond).send().await;
    // A client that knows the announced limit gives up by itself.
    assert!(reply.map_or(true, |reply| reply.status() == 431));
}

#[tokio::test]
async fn silent_connection_is_closed() {
    let server = limited(impatient());
    let mut stream = TcpStream::connect(server.address).await.unwrap();
    assert_eq!(read_to_close(&mut stream).await, "");
}

#[tokio::test]
async fn slow_handshake_is_closed() {
    let server = limited(impatient());
    let hello = client_hello(&server);
    for part in [&hello[..5], &hello[..hello.len() / 2], &hello[..hello.len() - 1]] {
        let mut stream = TcpStream::connect(server.address).await.unwrap();
        stream.write_all(part).await.unwrap();
        assert_eq!(read_to_close(&mut stream).await, "", "{} bytes", part.len());
    }
}

#[tokio::test]
async fn slow_handshake_is_closed_however_it_trickles() {
    let server = limited(impatient());
    let hello = client_hello(&server);
    let (mut reading, mut writing) = TcpStream::connect(server.address).await.unwrap().into_split();
    let trickle = async {
        for byte in hello {
            if writing.write_all(&[byte]).await.is_err() {
                return;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        panic!("the whole of it was taken");
    };
    let mut reply = Vec::new();
    let close = async { reading.read_to_end(&mut reply).await };
    tokio::time::timeout(PATIENCE, async { tokio::join!(trickle, close) }).await.unwrap().1.ok();
    assert_eq!(reply, b"");
}

/// The first bytes of a client that speaks TLS.
fn client_hello(server: &Server) -> Vec<u8> {
    let name = "localhost".try_into().unwrap();
    let mut client = rustls::ClientConnection::new(server.tls_client(), name).unwrap();
    let mut hello = Vec::new();
    client.write_tls(&mut hello).unwrap();
    hello
}

/// Whether a connection is still there; what it says when it is asked doesn't matter.
async fn is_open(stream: &mut TcpStream) -> bool {
    let asked = stream.write_all(b"GET /connection HTTP/1.1\r\nhost: localhost\r\n\r\n").await;
    let mut byte = [0];
    let read = tokio::time::timeout(PATIENCE, stream.read(&mut byte)).await.unwrap();
    asked.is_ok() && read.is_ok_and(|count| count == 1)
}

#[tokio::test]
async fn connections_beyond_those_of_one_address_are_closed() {
    let limits =
        Limits { connections_per_address: std::num::NonZeroU32::new(2), ..Limits::default() };
    let server = Server::start_with(|config| {
        config.limits = limits;
        config.trusted_proxies = Peers::from_networks(["127.0.0.3/32".parse().unwrap()]);
    });
    let connect = async |sender| {
        let mut stream = server.connect_from(sender).await;
        is_open(&mut stream).await.then_some(stream)
    };
    let first = connect("127.0.0.1").await.unwrap();
    let second = connect("127.0.0.1").await.unwrap();
    assert!(connect("127.0.0.1").await.is_none());
    let mut hello = server.connect_from("127.0.0.1").await;
    // It may be closed before this arrives.
    let _ = hello.write_all(&client_hello(&server)).await;
    assert_eq!(read_to_close(&mut hello).await, "");

    let other = connect("127.0.0.2").await;
    assert!(other.is_some(), "others have shares of their own");
    let mut proxies = vec![];
    for _ in 0..4 {
        proxies.push(connect("127.0.0.3").await.expect("a proxy's are those of many"));
    }
    drop(first);
    let patient = async {
        loop {
            if let Some(stream) = connect("127.0.0.1").await {
                return stream;
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    let third = tokio::time::timeout(PATIENCE, patient).await.expect("a share comes back");
    drop((second, third));
}

#[tokio::test]
async fn slow_header_is_cut_however_it_trickles() {
    let server = limited(Limits { idle_timeout: Duration::from_secs(3600), ..impatient() });
    let stream = TcpStream::connect(server.address).await.unwrap();
    let (mut reading, mut writing) = stream.into_split();
    writing.write_all(b"GET /connection HTTP/1.1\r\n").await.unwrap();
    let trickle = async {
        while writing.write_all(b"a: b\r\n").await.is_ok() {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    let mut reply = Vec::new();
    let close = async { reading.read_to_end(&mut reply).await };
    tokio::time::timeout(PATIENCE, async { tokio::join!(trickle, close) })
        .await
        .expect("the connection is closed")
        .1
        .ok();
    assert_eq!(reply, b"");
}

#[tokio::test]
async fn idle_connection_is_closed_but_a_waiting_request_is_not() {
    let server = limited(impatient());
    let mut stream = TcpStream::connect(server.address).await.unwrap();
    stream.write_all(b"GET /gate HTTP/1.1\r\nhost: localhost\r\n\r\n").await.unwrap();
    server.arrived.acquire().await.unwrap().forget();
    tokio::time::sleep(Duration::from_millis(700)).await;
    server.gate.add_permits(1);
    let reply = read_to_close(&mut stream).await;
    assert!(reply.starts_with("HTTP/1.1 200 ") && reply.ends_with("through"), "{reply}");
}

#[tokio::test]
async fn http2_preface_that_never_ends_is_closed() {
    let server = limited(impatient());
    let mut stream = TcpStream::connect(server.address).await.unwrap();
    stream.write_all(b"PRI * HTTP/2.0\r\n").await.unwrap();
    read_to_close(&mut stream).await;
}

#[tokio::test]
async fn http2_header_that_never_ends_is_closed() {
    let server = limited(impatient());
    let mut stream = TcpStream::connect(server.address).await.unwrap();
    // No settings to change, then one field of a header without END_HEADERS.
    stream.write_all(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0").await.unwrap();
    stream.write_all(b"\0\0\x01\x01\0\0\0\0\x01\x82").await.unwrap();
    read_to_close(&mut stream).await;
}

#[tokio::test]
async fn answer_that_nobody_reads_is_cut() {
    let server = limited(Limits { send_timeout: Duration::from_millis(200), ..Limits::default() });
    let mut stream = TcpStream::connect(server.address).await.unwrap();
    stream.write_all(b"GET /endless HTTP/1.1\r\nhost: localhost\r\n\r\n").await.unwrap();
    tokio::time::timeout(PATIENCE, server.ended.acquire()).await.unwrap().unwrap().forget();
    // What was on its way arrives, and then no more.
    read_to_close(&mut stream).await;
}

#[tokio::test]
async fn http2_answer_that_nobody_reads_is_reset_and_others_go_on() {
    let server = limited(Limits { send_timeout: Duration::from_millis(200), ..Limits::default() });
    let client = server.client("localhost");
    let url = |path| server.url("https", "localhost", path);
    let mut unread = client.get(url("/endless")).send().await.unwrap();
    assert_eq!(unread.version(), reqwest::Version::HTTP_2);
    tokio::time::timeout(PATIENCE, server.ended.acquire()).await.unwrap().unwrap().forget();
    let other = client.get(url("/connection")).send().await.unwrap();
    assert_eq!(other.status(), 200);
    let end = async { while let Ok(Some(_)) = unread.chunk().await {} };
    tokio::time::timeout(PATIENCE, end).await.unwrap();
}

#[tokio::test]
async fn connections_beyond_the_limit_wait_for_a_free_slot() {
    let server = limited(Limits { connections: 1, ..Limits::default() });
    let first = TcpStream::connect(server.address).await.unwrap();
    let mut second = TcpStream::connect(server.address).await.unwrap();
    second
        .write_all(b"GET /connection HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n")
        .await
        .unwrap();
    let mut byte = [0];
    let early = tokio::time::timeout(Duration::from_millis(100), second.read(&mut byte)).await;
    assert!(early.is_err(), "not answered while the only slot is taken");
    drop(first);
    assert!(read_to_close(&mut second).await.starts_with("HTTP/1.1 200 "));
}
