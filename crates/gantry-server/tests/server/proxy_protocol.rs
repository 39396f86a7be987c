//! HAProxy in front, saying by the PROXY protocol for whom it connects.

use std::net::{IpAddr, Ipv4Addr};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use gantry_testkit::programs::debian_tool;
use http::Method;
use tempfile::TempDir;

use crate::support::{PASSWORD, PATIENCE, Server, free_port};

/// From where HAProxy passes TCP through, and from where it passes requests on.
const PASSES_TCP: &str = "127.0.0.2";
const PASSES_HTTP: &str = "127.0.0.3";
/// A client that may read metrics, and one that may not.
const LISTED: &str = "127.0.0.7";
const STRANGER: &str = "127.0.0.8";

async fn start() -> Server {
    Server::start(&[
        &format!("proxy_protocol = [\"{PASSES_TCP}\", \"{PASSES_HTTP}\"]"),
        &format!("trusted_proxies = [\"{PASSES_HTTP}\"]"),
        "[metrics]",
        &format!("networks = [\"{LISTED}\"]"),
    ])
    .await
}

/// A running HAProxy, with a port for each way to the server.
struct HaProxy {
    process: Child,
    ports: Vec<u16>,
    _dir: TempDir,
}

impl HaProxy {
    /// One that reaches the server in these ways: from where, in which mode, and what it says.
    async fn start(server: &Server, ways: &[(&str, &str, &str)]) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let settings = dir.path().join("haproxy.cfg");
        let timeouts = "timeout connect 5s\n timeout client 1m\n timeout server 1m\n";
        let mut text = format!("defaults\n {timeouts}");
        let mut ports = vec![];
        for (source, mode, says) in ways {
            let (port, node) = (free_port(), server.port());
            text += &format!(
                "listen on{port}\n bind 127.0.0.1:{port}\n mode {mode}\n source {source}\n \
                 option httpchk GET /readyz\n http-check send hdr Host localhost\n \
                 server node 127.0.0.1:{node} check inter 20ms fall 1 {says}\n"
            );
            if *mode == "http" {
                text += " option forwardfor\n http-request set-header X-Forwarded-Proto https\n";
            }
            ports.push(port);
        }
        std::fs::write(&settings, text).unwrap();
        let mut command = Command::new(debian_tool("haproxy"));
        command.arg("-db").arg("-f").arg(&settings).stdout(Stdio::null());
        let process = command.spawn().expect("HAProxy starts");
        let haproxy = Self { process, ports, _dir: dir };
        for port in &haproxy.ports {
            haproxy.wait_until_ready(*port).await;
        }
        haproxy
    }

    async fn wait_until_ready(&self, port: u16) {
        let ready = async {
            while ask(STRANGER, "http", port, "/healthz", None).await.is_err() {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        };
        tokio::time::timeout(PATIENCE, ready).await.expect("HAProxy reaches the server");
    }
}

impl Drop for HaProxy {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// Asks from an address of this machine, on a connection of its own.
async fn ask(
    client: &str,
    scheme: &str,
    port: u16,
    path: &str,
    forwarded_for: Option<&str>,
) -> reqwest::Result<(u16, String)> {
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    let address: IpAddr = client.parse().unwrap();
    let client = reqwest::Client::builder()
        .resolve("localhost", (Ipv4Addr::LOCALHOST, port).into())
        .local_address(address)
        .tls_danger_accept_invalid_certs(true)
        .timeout(PATIENCE)
        .no_proxy()
        .build()
        .unwrap();
    let request = client.get(format!("{scheme}://localhost:{port}{path}"));
    let request = forwarded_for
        .into_iter()
        .fold(request, |request, client| request.header("x-forwarded-for", client));
    let answer = request.send().await?;
    Ok((answer.status().as_u16(), answer.text().await?))
}

#[tokio::test(flavor = "multi_thread")]
async fn clients_behind_haproxy_are_known() {
    let server = start().await;
    let haproxy = HaProxy::start(
        &server,
        &[
            (PASSES_TCP, "tcp", "send-proxy"),
            // As in deploy/haproxy.cfg, health checks and all.
            (PASSES_TCP, "tcp", "check-ssl verify none send-proxy-v2"),
            (PASSES_TCP, "tcp", "send-proxy-v2 proxy-v2-options crc32c,ssl,unique-id"),
            (PASSES_HTTP, "http", "send-proxy-v2"),
        ],
    )
    .await;
    for (way, &port) in haproxy.ports.iter().enumerate() {
        let ends_tls = way == 3;
        let schemes: &[&str] = if ends_tls { &["http"] } else { &["http", "https"] };
        for scheme in schemes {
            let status = async |client, path, forwarded_for| {
                ask(client, scheme, port, path, forwarded_for).await.unwrap().0
            };
            assert_eq!(status(LISTED, "/metrics", None).await, 200, "{way} {scheme}");
            assert_eq!(status(STRANGER, "/metrics", None).await, 403, "{way} {scheme}");
            // What clients write counts for nothing, whether HAProxy passes it on or adds to it.
            assert_eq!(status(STRANGER, "/metrics", Some(LISTED)).await, 403, "{way} {scheme}");
            // To be on HAProxy's machine is not to be on the server's.
            assert_eq!(status("127.0.0.1", "/metrics", None).await, 403, "{way} {scheme}");
            let (_, ready) = ask("127.0.0.1", scheme, port, "/readyz", None).await.unwrap();
            assert_eq!(ready, "ready\n", "{way} {scheme}");
        }
        let push = format!("http://localhost:{port}/v2/app/blobs/uploads/");
        let client = server.client(|client| client);
        let pushed = client.request(Method::POST, push).basic_auth("local", Some(PASSWORD));
        assert_eq!(pushed.send().await.unwrap().status(), 202, "{way}");
        // How the client reached it is HAProxy's to say where it ends TLS, and nobody's elsewhere.
        let unknown = client.get(format!("http://localhost:{port}/v2/"));
        let unknown = unknown.header("x-forwarded-proto", "https").send().await.unwrap();
        let challenge = unknown.headers()["www-authenticate"].to_str().unwrap();
        let scheme = if ends_tls { "https" } else { "http" };
        let realm = format!("Bearer realm=\"{scheme}://localhost:{port}/");
        assert!(challenge.starts_with(&realm), "{way}: {challenge}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_else_says_who_the_client_is() {
    let server = start().await;
    let request = "GET /metrics HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
    assert!(server.raw(request).starts_with("HTTP/1.1 200 "));
    let claimed = format!("PROXY TCP4 {LISTED} 127.0.0.1 4711 5000\r\n");
    let answer = server.raw(&(claimed + request));
    assert!(answer.starts_with("HTTP/1.1 400 "), "{answer}");
    // HAProxy's address without its header.
    for scheme in ["http", "https"] {
        assert!(ask(PASSES_TCP, scheme, server.port(), "/healthz", None).await.is_err());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn private_endpoints_have_listeners_of_their_own() {
    let port = free_port();
    let server = Server::start(&[
        "[[private_endpoint]]",
        "name = \"office\"",
        &format!("listen = [\"127.0.0.1:{port}\"]"),
    ])
    .await;
    for port in [server.port(), port] {
        for scheme in ["http", "https"] {
            let healthy = ask(STRANGER, scheme, port, "/healthz", None).await.unwrap();
            assert_eq!(healthy, (200, "ok\n".to_owned()), "{port} {scheme}");
        }
    }
}
