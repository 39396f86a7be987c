//! What was pushed does nothing: neither in a browser nor in the server, however large it is.

use std::io::ErrorKind;
use std::net::TcpListener;

use gantry_oci::Digest;
use http::Method;
use serde_json::json;

use crate::support::{PASSWORD, Server, basic};

const IMAGE: &str = "application/vnd.oci.image.manifest.v1+json";

#[tokio::test]
async fn nothing_that_was_pushed_runs_in_a_browser() {
    let server = Server::start(&[]).await;
    let page = b"<script>alert(1)</script>";
    let blob = server.push_blob("app", page).await;
    let text = json!({
        "schemaVersion": 2,
        "mediaType": "application/vnd.oci.image.index.v1+json",
        "manifests": [],
        "annotations": { "page": "<script>alert(1)</script>" },
    });
    server.push_manifest("app", "v1", "image.index", text.to_string()).await;
    for (path, kind) in [
        (format!("/v2/app/blobs/{blob}"), "application/octet-stream"),
        ("/v2/app/manifests/v1".to_owned(), "application/vnd.oci.image.index.v1+json"),
    ] {
        let request = server.request(Method::GET, &path).header("accept", "text/html, */*");
        let answer = request.basic_auth("local", Some(PASSWORD)).send().await.unwrap();
        assert_eq!(answer.status(), 200, "{path}");
        for (name, value) in [
            ("content-type", kind),
            ("x-content-type-options", "nosniff"),
            ("content-security-policy", "default-src 'none'; sandbox; frame-ancestors 'none'"),
            ("cross-origin-resource-policy", "same-origin"),
        ] {
            assert_eq!(answer.headers()[name], value, "{path}");
        }
    }
}

#[tokio::test]
async fn addresses_of_layers_are_kept_and_not_asked() {
    let elsewhere = TcpListener::bind("127.0.0.1:0").unwrap();
    elsewhere.set_nonblocking(true).unwrap();
    let address = format!("http://{}/layer", elsewhere.local_addr().unwrap());
    // The server could reach it.
    let server = Server::start(&["[outbound]", "allowed_networks = [\"127.0.0.0/8\"]"]).await;
    let config = server.push_blob("app", b"{}").await;
    let layer = Digest::sha256(b"layer");
    let image = json!({
        "schemaVersion": 2,
        "mediaType": IMAGE,
        "config": { "mediaType": "application/vnd.oci.empty.v1+json", "digest": config.to_string(), "size": 2 },
        "layers": [{
            "mediaType": "application/vnd.oci.image.layer.nondistributable.v1.tar",
            "digest": layer.to_string(),
            "size": 5,
            "urls": [address],
        }],
    })
    .to_string();
    server.push_manifest("app", "v1", "image.manifest", image.clone()).await;
    let get = async |path: &str| {
        let request = server.request(Method::GET, path).basic_auth("local", Some(PASSWORD));
        let answer = request.send().await.unwrap();
        (answer.status().as_u16(), answer.text().await.unwrap())
    };
    assert_eq!(get("/v2/app/manifests/v1").await, (200, image));
    assert_eq!(get(&format!("/v2/app/blobs/{layer}")).await.0, 404);
    assert_eq!(elsewhere.accept().unwrap_err().kind(), ErrorKind::WouldBlock, "nobody came");
}

#[tokio::test]
async fn a_manifest_has_bounds() {
    let server = Server::start(&[]).await;
    let put = async |query: &str, body: String| {
        let request = server.request(Method::PUT, &format!("/v2/app/manifests/{query}"));
        let request = request.basic_auth("local", Some(PASSWORD)).body(body);
        let request = request.header("content-type", "application/vnd.oci.image.index.v1+json");
        request.send().await.unwrap().status().as_u16()
    };
    let index = |padding: usize| {
        let padding = "x".repeat(padding);
        json!({
            "schemaVersion": 2,
            "mediaType": "application/vnd.oci.image.index.v1+json",
            "manifests": [],
            "annotations": { "padding": padding },
        })
        .to_string()
    };
    let most = 4 << 20;
    let around = index(0).len();
    assert_eq!(put("v1", index(most - around)).await, 201);
    let digest = Digest::sha256(index(0).as_bytes());
    // Each is a header of the answer, and clients differ in how many they read.
    for (count, status) in [(100, 201), (101, 414)] {
        let tags: Vec<String> = (0..count).map(|n| format!("tag=t{n}")).collect();
        let (body, authorization) = (index(0), basic("local", PASSWORD));
        let answer = server.raw(&format!(
            "PUT /v2/app/manifests/{digest}?{} HTTP/1.1\r\nHost: localhost\r\n\
             Authorization: {authorization}\r\nContent-Length: {}\r\nConnection: close\r\n\
             Content-Type: application/vnd.oci.image.index.v1+json\r\n\r\n{body}",
            tags.join("&"),
            body.len()
        ));
        assert!(answer.starts_with(&format!("HTTP/1.1 {status} ")), "{count}: {answer}");
    }
    assert_eq!(put(&"x".repeat(129), index(0)).await, 400);
    let deep =
        format!("{{\"schemaVersion\":2,\"manifests\":{}1{}}}", "[".repeat(65), "]".repeat(65));
    assert_eq!(put("v1", deep).await, 400);
    // That is not read to its end, so its connection is of no more use.
    assert_eq!(put("v1", index(most - around + 1)).await, 413);
}
