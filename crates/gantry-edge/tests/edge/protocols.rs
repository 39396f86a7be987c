//! One port, both protocols, both versions of HTTP.

use crate::support::Server;
use gantry_edge::Peers;

async fn text(client: &reqwest::Client, url: &str) -> String {
    client.get(url).send().await.unwrap().text().await.unwrap()
}

#[tokio::test]
async fn tls_and_plain_share_a_port() {
    let server = Server::start();
    let client = server.client_with("localhost", reqwest::ClientBuilder::http1_only);
    let port = server.address.port();
    assert_eq!(
        text(&client, &server.url("http", "localhost", "/connection")).await,
        format!("http - 127.0.0.1 {port} HTTP/1.1")
    );
    assert_eq!(
        text(&client, &server.url("https", "localhost", "/connection")).await,
        format!("https localhost 127.0.0.1 {port} HTTP/1.1")
    );
}

#[tokio::test]
async fn http2_over_tls_and_by_prior_knowledge() {
    let server = Server::start();
    let port = server.address.port();
    let client = server.client("local.acr.localhost");
    assert_eq!(
        text(&client, &server.url("https", "local.acr.localhost", "/connection")).await,
        format!("https local.acr.localhost 127.0.0.1 {port} HTTP/2.0")
    );
    let client = server.client_with("localhost", reqwest::ClientBuilder::http2_prior_knowledge);
    assert_eq!(
        text(&client, &server.url("http", "localhost", "/connection")).await,
        format!("http - 127.0.0.1 {port} HTTP/2.0")
    );
}

#[tokio::test]
async fn bodies_pass_both_ways() {
    let server = Server::start();
    let sent: Vec<u8> = (0..5_000_000u32).map(|n| (n % 251) as u8).collect();
    let plain = server.client("localhost");
    let http1 = server.client_with("localhost", reqwest::ClientBuilder::http1_only);
    let http2 = server.client("localhost");
    for (scheme, client) in [("http", plain), ("https", http1), ("https", http2)] {
        let request = client.post(server.url(scheme, "localhost", "/echo")).body(sent.clone());
        let echoed = request.send().await.unwrap().bytes().await.unwrap();
        assert!(echoed == sent, "{scheme}: {} bytes came back", echoed.len());
    }
}

#[tokio::test]
async fn files_take_the_lane_on_plain_http1_alone() {
    let server = Server::start();
    let plain = server.client("localhost");
    let prior = server.client_with("localhost", reqwest::ClientBuilder::http2_prior_knowledge);
    let tls = server.client("localhost");
    let cases = [("http", plain, "by lane"), ("http", prior, "by copy"), ("https", tls, "by copy")];
    for (scheme, client, carried) in cases {
        let reply = client.get(server.url(scheme, "localhost", "/file")).send().await.unwrap();
        assert_eq!(reply.headers()["x-carried"], carried);
        assert!(reply.bytes().await.unwrap() == crate::support::file_bytes(), "{scheme} {carried}");
    }
}

#[tokio::test]
async fn plain_http_is_refused_to_those_not_named() {
    let server = Server::start_with(|config| config.plain_http = Peers::from_networks([]));
    let reply = server.raw("GET /connection HTTP/1.1\r\nhost: localhost\r\n\r\n").await;
    assert!(reply.starts_with("HTTP/1.1 400 "), "{reply}");
    assert!(reply.contains("connection: close"), "{reply}");
    assert!(
        reply.contains(r#""code":"UNSUPPORTED","message":"this server speaks HTTPS here""#),
        "{reply}"
    );

    let client = server.client_with("localhost", reqwest::ClientBuilder::http2_prior_knowledge);
    let refused = client.get(server.url("http", "localhost", "/connection")).send().await.unwrap();
    assert_eq!(refused.status(), 400);

    let client = server.client("localhost");
    let welcome = client.get(server.url("https", "localhost", "/connection")).send().await.unwrap();
    assert_eq!(welcome.status(), 200);
}

#[tokio::test]
async fn panicking_handler_answers_500_and_the_connection_lives() {
    let server = Server::start();
    for scheme in ["http", "https"] {
        let client = server.client("localhost");
        let failed = client.get(server.url(scheme, "localhost", "/panic")).send().await.unwrap();
        assert_eq!(failed.status(), 500);
        let body = failed.text().await.unwrap();
        assert_eq!(body, r#"{"errors":[{"code":"UNKNOWN","message":"internal error"}]}"#);
        let after =
            client.get(server.url(scheme, "localhost", "/connection")).send().await.unwrap();
        assert_eq!(after.status(), 200);
    }
}

#[tokio::test]
async fn rubbish_on_one_connection_hurts_no_other() {
    let server = Server::start();
    let client = server.client("localhost");
    for rubbish in [
        "\x16\x03\x01garbage that is no handshake at all",
        "\0\0\0\0\r\n\r\n",
        "PRI * HTTP/2.0\r\n\r\nXX",
    ] {
        let reply = server.raw(rubbish).await;
        assert!(!reply.contains("200 OK"), "{reply}");
    }
    assert!(
        text(&client, &server.url("https", "localhost", "/connection")).await.starts_with("https")
    );
}
