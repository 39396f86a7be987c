//! The end of a server.

use std::time::Duration;

use crate::support::{PATIENCE, Server, read_to_close};
use gantry_edge::Ending;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

async fn pass_the_gate(server: &Server, scheme: &str) -> reqwest::Result<String> {
    let client = server.client("localhost");
    client.get(server.url(scheme, "localhost", "/gate")).send().await?.text().await
}

#[tokio::test]
async fn request_in_progress_finishes_and_new_connections_are_refused() {
    let server = Server::start();
    let drain = async {
        server.arrived.acquire_many(2).await.unwrap().forget();
        server.life.drain();
        let refused = async {
            while TcpStream::connect(server.address).await.is_ok() {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        };
        tokio::time::timeout(PATIENCE, refused).await.expect("the port is freed");
        server.gate.add_permits(2);
        server.life.finished().await
    };
    let (plain, tls, ending) =
        tokio::join!(pass_the_gate(&server, "http"), pass_the_gate(&server, "https"), drain);
    assert_eq!(plain.unwrap(), "through");
    assert_eq!(tls.unwrap(), "through");
    assert_eq!(ending, Ending::Drained);
}

#[tokio::test]
async fn idle_connections_close_at_once() {
    let server = Server::start();
    let mut silent = TcpStream::connect(server.address).await.unwrap();
    let mut kept_alive = TcpStream::connect(server.address).await.unwrap();
    kept_alive.write_all(b"GET /connection HTTP/1.1\r\nhost: localhost\r\n\r\n").await.unwrap();
    let mut reply = [0; 12];
    kept_alive.read_exact(&mut reply).await.unwrap();
    assert_eq!(&reply, b"HTTP/1.1 200");

    server.life.drain();
    assert_eq!(server.life.finished().await, Ending::Drained);
    assert_eq!(read_to_close(&mut silent).await, "");
    read_to_close(&mut kept_alive).await;
}

#[tokio::test]
async fn http2_connection_finishes_its_streams_and_goes_away() {
    let server = Server::start();
    let client = server.client("localhost");
    let url = server.url("https", "localhost", "/gate");
    let request = client.get(&url).send();
    let drain = async {
        server.arrived.acquire().await.unwrap().forget();
        server.life.drain();
        tokio::task::yield_now().await;
        server.gate.add_permits(1);
    };
    let (reply, ()) = tokio::join!(request, drain);
    let reply = reply.unwrap();
    assert_eq!(reply.version(), reqwest::Version::HTTP_2);
    assert_eq!(reply.text().await.unwrap(), "through");
    assert_eq!(server.life.finished().await, Ending::Drained);
}

#[tokio::test]
async fn the_cut_ends_what_does_not_finish() {
    let server = Server::start();
    let client = server.client("localhost");
    let request = client.get(server.url("http", "localhost", "/gate")).send();
    let cut = async {
        server.arrived.acquire().await.unwrap().forget();
        server.life.drain();
        server.life.cut();
        server.life.finished().await
    };
    let (reply, ending) = tokio::join!(request, cut);
    assert!(reply.is_err());
    assert_eq!(ending, Ending::Cut);
}
