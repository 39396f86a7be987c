//! A proxy in front that ends TLS.

use http::Method;
use reqwest::StatusCode;

use crate::support::Server;

const TRUSTED: &[&str] = &[
    "trusted_proxies = [\"127.0.0.1\"]",
    "hostnames = [\"registry.example\"]",
    "[[registry]]",
    "name = \"second\"",
    "hosts = [\"second.example\"]",
];

/// What someone who shows nothing is told, through a proxy that says `headers`.
async fn challenge(server: &Server, host: &str, headers: &[(&str, &str)]) -> (StatusCode, String) {
    let request = server.request_to(host, Method::GET, "/v2/");
    let request =
        headers.iter().fold(request, |request, (name, value)| request.header(*name, *value));
    let answer = request.send().await.unwrap();
    let challenge = answer.headers().get("www-authenticate");
    (answer.status(), challenge.map_or(String::new(), |value| value.to_str().unwrap().to_owned()))
}

fn bearer(scheme: &str, server: &str) -> String {
    format!("Bearer realm=\"{scheme}://{server}/oauth2/token\",service=\"{server}\"")
}

#[tokio::test]
async fn a_trusted_proxy_says_how_clients_reached_it() {
    let server = Server::start(TRUSTED).await;
    let port = server.port();
    let direct = format!("registry.example:{port}");
    for (host, headers, expected) in [
        ("registry.example", &[][..], bearer("http", &direct)),
        ("registry.example", &[("x-forwarded-proto", "https")], bearer("https", &direct)),
        (
            "127.0.0.1",
            &[("x-forwarded-proto", "https"), ("x-forwarded-host", "second.example")],
            bearer("https", "second.example"),
        ),
        (
            "127.0.0.1",
            &[("forwarded", "for=192.0.2.1;proto=https;host=\"second.example:8443\"")],
            bearer("https", "second.example:8443"),
        ),
    ] {
        let (status, challenge) = challenge(&server, host, headers).await;
        assert_eq!((status, challenge), (StatusCode::UNAUTHORIZED, expected), "{headers:?}");
    }
    for (headers, status) in [
        (&[("x-forwarded-host", "elsewhere.example")][..], StatusCode::NOT_FOUND),
        (&[("x-forwarded-proto", "gopher")], StatusCode::BAD_REQUEST),
        (&[("forwarded", "proto=http"), ("x-forwarded-proto", "https")], StatusCode::BAD_REQUEST),
    ] {
        assert_eq!(challenge(&server, "127.0.0.1", headers).await.0, status, "{headers:?}");
    }
}

#[tokio::test]
async fn nobody_else_does() {
    let untrusting = &["trusted_proxies = [\"192.0.2.1\"]", "[[registry]]", "name = \"second\""];
    let server = Server::start(untrusting).await;
    let expected = bearer("http", &format!("localhost:{}", server.port()));
    for headers in [
        &[("x-forwarded-proto", "https"), ("x-forwarded-host", "second.acr.localhost")][..],
        &[("forwarded", "proto=https;host=second.acr.localhost")],
        &[("x-forwarded-proto", "gopher")],
    ] {
        let (status, challenge) = challenge(&server, "localhost", headers).await;
        assert_eq!((status, &challenge), (StatusCode::UNAUTHORIZED, &expected), "{headers:?}");
    }
}
