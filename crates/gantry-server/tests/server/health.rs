//! Health and metrics, and who may see how much of them.

use http::Method;

use crate::support::Server;

const DETAILS: &str = r#"{"checks":{"blobs":"ok","catalog":"ok","draining":"ok"},"ready":true}"#;

async fn ask(
    server: &Server,
    host: &str,
    path: &str,
    header: Option<(&str, &str)>,
) -> (u16, String) {
    let request = server.request_to(host, Method::GET, path);
    let request =
        header.into_iter().fold(request, |request, (name, value)| request.header(name, value));
    let answer = request.send().await.unwrap();
    (answer.status().as_u16(), answer.text().await.unwrap())
}

#[tokio::test]
async fn anyone_hears_whether_it_is_well_and_this_machine_alone_what_is_wrong() {
    let server = Server::start(&[]).await;
    let forwarded = ("x-forwarded-for", "127.0.0.1");
    for (host, header, ready) in [
        ("localhost", None, DETAILS),
        ("127.0.0.1", None, DETAILS),
        ("stranger.example", None, "ready\n"),
        ("localhost", Some(forwarded), "ready\n"),
        ("localhost", Some(("forwarded", "for=127.0.0.1")), "ready\n"),
    ] {
        let expected = (200, ready.to_owned());
        assert_eq!(ask(&server, host, "/readyz", header).await, expected, "{host} {header:?}");
        assert_eq!(ask(&server, host, "/healthz", header).await, (200, "ok\n".to_owned()));
    }
}

#[tokio::test]
async fn metrics_are_for_this_machine() {
    let server = Server::start(&[]).await;
    let (status, text) = ask(&server, "localhost", "/metrics", None).await;
    assert_eq!(status, 200);
    assert!(text.contains("gantry_requests_total"), "{text}");
    for (host, header) in [
        // Where a page on another site would have a browser go.
        ("stranger.example", None),
        ("localhost", Some(("x-forwarded-for", "127.0.0.1"))),
        ("localhost", Some(("x-forwarded-proto", "https"))),
    ] {
        let (status, text) = ask(&server, host, "/metrics", header).await;
        assert_eq!(status, 403, "{host} {header:?}");
        assert!(!text.contains("gantry_"), "{text}");
    }
}

#[tokio::test]
async fn metrics_are_for_the_networks_listed() {
    let server = Server::start(&[
        "trusted_proxies = [\"127.0.0.1\"]",
        "[metrics]",
        "networks = [\"192.0.2.0/24\"]",
    ])
    .await;
    for (client, status) in [("192.0.2.7", 200), ("198.51.100.7", 403), ("127.0.0.1", 403)] {
        let header = Some(("x-forwarded-for", client));
        assert_eq!(ask(&server, "localhost", "/metrics", header).await.0, status, "{client}");
    }
    // A listed network needs no host that names a registry.
    let listed = Some(("x-forwarded-for", "192.0.2.7"));
    assert_eq!(ask(&server, "prometheus.example", "/metrics", listed).await.0, 200);
    // The proxy doesn't say for whom it asks.
    let silent = Some(("x-forwarded-proto", "https"));
    assert_eq!(ask(&server, "localhost", "/metrics", silent).await.0, 403);
}
