//! Proxies that say for whom they connect, and others that would like to be believed.

use std::num::NonZeroU32;
use std::time::Duration;

use gantry_edge::{EdgeConfig, Limits, Peers};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use crate::support::{PATIENCE, Server, read_to_close};

/// The proxy; everyone else is a client.
const PROXY: &str = "127.0.0.2";
const REQUEST: &str = "GET /ends HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n";

const V1: &[u8] = b"PROXY TCP4 192.0.2.1 203.0.113.1 4711 443\r\n";
/// The same, with a name and a checksum.
const V2: &[u8] = b"\r\n\r\n\0\r\nQUIT\n\x21\x11\0\x17\xc0\0\x02\x01\xcb\0\x71\x01\x12\x67\x01\xbb\
    \x02\0\x01a\x03\0\x04\x4f\xca\x43\x1d";
const TOLD: &str = "192.0.2.1:4711>203.0.113.1:443 127.0.0.2 public";
const LOCAL: &[u8] = b"\r\n\r\n\0\r\nQUIT\n\x20\0\0\0";

fn listed(address: &str) -> Peers {
    Peers::from_networks([address.parse::<std::net::IpAddr>().unwrap().into()])
}

fn start() -> Server {
    start_with(|_| {})
}

fn start_with(adjust: impl FnOnce(&mut EdgeConfig)) -> Server {
    Server::start_with(|config| {
        config.proxy_protocol = listed(PROXY);
        adjust(config);
    })
}

fn with_request(header: &[u8]) -> Vec<u8> {
    [header, REQUEST.as_bytes()].concat()
}

#[tokio::test]
async fn whom_a_proxy_names_is_the_peer() {
    let server = start();
    for header in [V1, V2] {
        let plain = server.raw_from(PROXY, with_request(header)).await;
        assert!(plain.ends_with(TOLD), "{plain}");
        let mut stream = server.connect_from(PROXY).await;
        stream.write_all(header).await.unwrap();
        let tls = server.tls(stream, REQUEST).await.unwrap();
        assert!(tls.ends_with(TOLD), "{tls}");
    }
    let v6 = with_request(b"PROXY TCP6 2001:db8::1 2001:db8::2 1 2\r\n");
    let told = server.raw_from(PROXY, v6).await;
    assert!(told.ends_with("[2001:db8::1]:1>[2001:db8::2]:2 127.0.0.2 public"), "{told}");
}

#[tokio::test]
async fn a_header_may_come_byte_by_byte() {
    let server = start();
    for header in [V1, V2] {
        let mut stream = server.connect_from(PROXY).await;
        for byte in header {
            stream.write_all(&[*byte]).await.unwrap();
            tokio::task::yield_now().await;
        }
        stream.write_all(REQUEST.as_bytes()).await.unwrap();
        let told = read_to_close(&mut stream).await;
        assert!(told.ends_with(TOLD), "{told}");
    }
}

#[tokio::test]
async fn a_proxy_may_speak_for_itself() {
    let server = start();
    for header in [LOCAL, b"PROXY UNKNOWN\r\n", b"PROXY UNKNOWN 192.0.2.1 192.0.2.2 1 2\r\n"] {
        let told = server.raw_from(PROXY, with_request(header)).await;
        let told = told.rsplit("\r\n").next().unwrap();
        assert!(told.starts_with("127.0.0.2:"), "{told}");
        assert!(told.ends_with(&format!(">{} 127.0.0.2 public", server.address)), "{told}");
    }
    // As health checks do.
    for silent in [&b""[..], LOCAL] {
        let mut stream = server.connect_from(PROXY).await;
        stream.write_all(silent).await.unwrap();
        stream.shutdown().await.unwrap();
        assert_eq!(read_to_close(&mut stream).await, "");
    }
}

#[tokio::test]
async fn nobody_else_is_believed() {
    let server = start();
    for header in [V1, V2, LOCAL] {
        let answer = server.raw_from("127.0.0.1", with_request(header)).await;
        assert!(answer.starts_with("HTTP/1.1 400 "), "{answer}");
        let mut stream = server.connect_from("127.0.0.1").await;
        stream.write_all(header).await.unwrap();
        assert!(server.tls(stream, REQUEST).await.is_err());
    }
    // Nor is a client of the proxy, behind the proxy's own header.
    let twice = server.raw_from(PROXY, with_request(&[V1, V1].concat())).await;
    assert!(twice.starts_with("HTTP/1.1 400 "), "{twice}");
}

#[tokio::test]
async fn a_proxy_that_names_nobody_is_cut() {
    let server = start();
    let oversized = b"\r\n\r\n\0\r\nQUIT\n\x21\x11\xff\xff";
    let endless = [b"PROXY UNKNOWN ", &[b'x'; 200][..]].concat();
    let mut damaged = V2.to_vec();
    damaged[16] ^= 1;
    for bytes in [
        REQUEST.as_bytes(),
        b"\x16\x03\x01\x02\0",
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        b"PROXY TCP4 192.0.2.1 203.0.113.1 4711\r\n",
        b"PROXY TCP4 192.0.2.1 203.0.113.1 4711 443\n",
        b"\r\n\r\n\0\r\nQUIT\n\x11\x11\0\0",
        oversized,
        &endless,
        &damaged,
    ] {
        let answer = server.raw_from(PROXY, with_request(bytes)).await;
        assert_eq!(answer, "", "{:?}", String::from_utf8_lossy(bytes));
    }
    // Cut short.
    for header in [V1, V2] {
        let mut stream = server.connect_from(PROXY).await;
        stream.write_all(&header[..header.len() - 1]).await.unwrap();
        stream.shutdown().await.unwrap();
        assert_eq!(read_to_close(&mut stream).await, "");
    }
}

#[tokio::test]
async fn a_slow_header_is_cut_however_it_trickles() {
    let server = start_with(|config| {
        let handshake_timeout = Duration::from_millis(150);
        config.limits = Limits { handshake_timeout, ..Limits::default() };
    });
    for (header, pause) in [(V1, 20), (V2, 20), (V1, 3_600_000), (b"", 3_600_000)] {
        let (mut reading, mut writing) = server.connect_from(PROXY).await.into_split();
        let trickle = async {
            for byte in header {
                if writing.write_all(&[*byte]).await.is_err() {
                    break;
                }
                tokio::time::sleep(Duration::from_millis(pause)).await;
            }
            std::future::pending::<()>().await;
        };
        let mut answer = Vec::new();
        let close = async {
            tokio::select! {
                () = trickle => unreachable!("it never ends"),
                read = reading.read_to_end(&mut answer) => drop(read),
            }
        };
        tokio::time::timeout(PATIENCE, close).await.expect("it is closed");
        assert_eq!(answer, b"");
    }
}

#[tokio::test]
async fn plain_http_is_for_the_proxy_to_speak_and_not_for_whom_it_names() {
    let claimed = b"PROXY TCP4 127.0.0.1 127.0.0.1 4711 443\r\n";
    let untrusted = start_with(|config| config.plain_http = listed("127.0.0.1"));
    for header in [V1, claimed] {
        let refused = untrusted.raw_from(PROXY, with_request(header)).await;
        assert!(refused.starts_with("HTTP/1.1 400 "), "{refused}");
        assert!(refused.contains("this server speaks HTTPS here"), "{refused}");
        let mut stream = untrusted.connect_from(PROXY).await;
        stream.write_all(header).await.unwrap();
        let welcome = untrusted.tls(stream, REQUEST).await.unwrap();
        assert!(welcome.starts_with("HTTP/1.1 200 "), "{welcome}");
    }
    let trusted = start_with(|config| config.plain_http = listed(PROXY));
    for header in [V1, claimed, LOCAL] {
        let welcome = trusted.raw_from(PROXY, with_request(header)).await;
        assert!(welcome.starts_with("HTTP/1.1 200 "), "{welcome}");
    }
    assert!(trusted.raw_from("127.0.0.1", REQUEST).await.starts_with("HTTP/1.1 400 "));
}

#[tokio::test]
async fn whom_a_proxy_names_is_counted_and_not_the_proxy() {
    let server = start_with(|config| {
        let connections_per_address = NonZeroU32::new(1);
        config.limits = Limits { connections_per_address, ..Limits::default() };
    });
    let mut kept = vec![];
    for client in ["192.0.2.1", "192.0.2.2", "192.0.2.3"] {
        let mut stream = server.connect_from(PROXY).await;
        let header = format!("PROXY TCP4 {client} 203.0.113.1 1 443\r\n");
        let request = REQUEST.replace("connection: close\r\n", "");
        stream.write_all(header.as_bytes()).await.unwrap();
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut answer = [0; 12];
        stream.read_exact(&mut answer).await.unwrap();
        assert_eq!(&answer, b"HTTP/1.1 200");
        kept.push(stream);
    }
    assert_eq!(server.raw_from(PROXY, with_request(V1)).await, "");
    for _ in 0..3 {
        let mut stream = server.connect_from(PROXY).await;
        stream.write_all(LOCAL).await.unwrap();
        kept.push(stream);
    }
    let own = server.raw_from(PROXY, with_request(LOCAL)).await;
    assert!(own.starts_with("HTTP/1.1 200 "), "{own}");
}
