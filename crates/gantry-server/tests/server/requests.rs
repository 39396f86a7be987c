//! Requests at the edges of HTTP, and the answers they get.

use http::Method;

use crate::support::{PASSWORD, Server, basic};

#[tokio::test]
async fn a_range_is_for_get_alone() {
    let server = Server::start(&[]).await;
    let digest = server.push_blob("app", b"0123456789").await;
    for (method, range, status, length) in [
        (Method::GET, "bytes=2-3", 206, 2),
        (Method::HEAD, "bytes=2-3", 200, 10),
        (Method::HEAD, "bytes=50-", 200, 10),
    ] {
        let ask = server.request(method.clone(), &format!("/v2/app/blobs/{digest}"));
        let ask = ask.basic_auth("local", Some(PASSWORD)).header("range", range);
        let answer = ask.send().await.unwrap();
        assert_eq!(answer.status(), status, "{method} {range}");
        assert_eq!(answer.headers()["content-length"], length.to_string(), "{method} {range}");
    }
}

/// RFC 9110, 9.3.2. Over HTTP/2 a body would be an error of the protocol, and no answer at all.
#[tokio::test]
async fn the_answer_to_a_head_has_no_body() {
    let server = Server::start(&[]).await;
    let blob = server.push_blob("app", b"0123456789").await;
    let [one, two] = [false, true].map(|two| {
        server
            .client(|client| if two { client.http2_prior_knowledge() } else { client.http1_only() })
    });
    for (path, password, status) in [
        (format!("/v2/app/blobs/{blob}"), PASSWORD, 200),
        ("/v2/app/manifests/absent".to_owned(), PASSWORD, 404),
        ("/v2/app/manifests/v1".to_owned(), "wrong", 401),
        ("/nothing".to_owned(), PASSWORD, 404),
        ("/v2/".to_owned(), PASSWORD, 200),
    ] {
        let url = format!("http://localhost:{}{path}", server.port());
        let mut lengths = Vec::new();
        for client in [&one, &two] {
            let ask = client.head(&url).basic_auth("local", Some(password));
            let answer = ask.send().await.unwrap();
            assert_eq!(answer.status(), status, "{path} over {:?}", answer.version());
            lengths.push(answer.headers().get("content-length").cloned());
            assert!(answer.bytes().await.unwrap().is_empty());
        }
        assert_eq!(lengths[0], lengths[1], "{path}");
    }
}

/// RFC 9110, 15.5.6: who is told 405 is told what is allowed.
#[tokio::test]
async fn a_refused_method_comes_with_those_that_are_allowed() {
    let server = Server::start(&[]).await;
    let blob = server.push_blob("app", b"{}").await;
    let manifest = format!(
        r#"{{"schemaVersion":2,"mediaType":"application/vnd.oci.image.manifest.v1+json",
            "config":{{"mediaType":"application/vnd.oci.empty.v1+json","digest":"{blob}","size":2}},
            "layers":[]}}"#
    );
    let image = server.push_manifest("app", "v1", "image.manifest", manifest.clone()).await;
    let index = format!(
        r#"{{"schemaVersion":2,"mediaType":"application/vnd.oci.image.index.v1+json","manifests":[
            {{"mediaType":"application/vnd.oci.image.manifest.v1+json","digest":"{image}","size":{}}}]}}"#,
        manifest.len()
    );
    server.push_manifest("app", "all", "image.index", index).await;
    for (method, path, allowed) in [
        (Method::POST, "/v2/".to_owned(), "GET, HEAD"),
        (Method::PUT, "/v2/app/tags/list".to_owned(), "GET, HEAD"),
        (Method::GET, "/v2/app/blobs/uploads/".to_owned(), "POST"),
        // What is named by something can't be deleted.
        (Method::DELETE, format!("/v2/app/blobs/{blob}"), "GET, HEAD"),
        (Method::DELETE, format!("/v2/app/manifests/{image}"), "GET, HEAD, PUT"),
        (Method::DELETE, "/oauth2/token".to_owned(), "GET, HEAD, POST"),
        (Method::POST, "/healthz".to_owned(), "GET,HEAD"),
    ] {
        let ask = server.request(method.clone(), &path);
        let answer = ask.basic_auth("local", Some(PASSWORD)).send().await.unwrap();
        assert_eq!(answer.status(), 405, "{method} {path}");
        assert_eq!(answer.headers()["allow"], allowed, "{method} {path}");
        let body: serde_json::Value = answer.json().await.unwrap();
        assert_eq!(body["errors"][0]["code"], "UNSUPPORTED", "{method} {path}");
    }
}

#[tokio::test]
async fn a_request_names_one_host() {
    let server = Server::start(&[]).await;
    let (here, there) = (format!("localhost:{}", server.port()), "other.acr.localhost");
    for (target, hosts, status) in [
        ("/v2/".to_owned(), vec![&*here], 401),
        (format!("http://{here}/v2/"), vec![&*here], 401),
        ("/v2/".to_owned(), vec![&*here, &*here], 400),
        ("/v2/".to_owned(), vec![&*here, there], 400),
        ("/v2/".to_owned(), vec![], 400),
        (format!("http://{here}/v2/"), vec![there], 400),
        (format!("http://{there}/v2/"), vec![&*here], 400),
        ("/v2/".to_owned(), vec![there], 404),
    ] {
        let hosts: String = hosts.iter().map(|host| format!("Host: {host}\r\n")).collect();
        for path in [target.clone(), target.replace("/v2/", "/oauth2/token")] {
            let answer =
                server.raw(&format!("GET {path} HTTP/1.1\r\n{hosts}Connection: close\r\n\r\n"));
            assert!(answer.starts_with(&format!("HTTP/1.1 {status} ")), "{path} {hosts}: {answer}");
        }
    }
}

/// RFC 9112, 6: whoever reads two ends out of one message takes the rest of it for another request.
#[tokio::test]
async fn a_message_has_one_end() {
    let server = Server::start(&[]).await;
    let behind = "GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
    for (version, headers) in [
        ("1.0", "Transfer-Encoding: chunked"),
        ("1.1", "Transfer-Encoding: gzip"),
        ("1.1", "Transfer-Encoding: chunked, gzip"),
        ("1.1", "Transfer-Encoding: xchunked"),
        ("1.1", "Content-Length: 0\r\nContent-Length: 5"),
        ("1.1", "Content-Length: 0, 5"),
        ("1.1", "Content-Length: +5"),
        ("1.1", "Content-Length: 0x5"),
    ] {
        let head =
            format!("POST /oauth2/token HTTP/{version}\r\nHost: localhost\r\n{headers}\r\n\r\n");
        let answer = server.raw(&format!("{head}0\r\n\r\n{behind}"));
        assert!(answer.contains(" 400 Bad Request\r\n"), "{headers}: {answer}");
        assert_eq!(answer.matches("HTTP/1.").count(), 1, "{headers}: {answer}");
    }
}

#[tokio::test]
async fn a_request_shows_one_credential() {
    let server = Server::start(&[]).await;
    let good = format!("Authorization: {}\r\n", basic("local", PASSWORD));
    for (headers, status) in [
        (good.clone(), 200),
        (format!("{good}{good}"), 401),
        (format!("{good}Authorization: Bearer x\r\n"), 401),
    ] {
        let answer = server.raw(&format!(
            "GET /v2/ HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n{headers}\r\n"
        ));
        assert!(answer.starts_with(&format!("HTTP/1.1 {status} ")), "{headers}: {answer}");
    }
}

/// The name that TLS was asked for chooses a certificate; the request's host chooses the registry.
#[tokio::test]
async fn a_name_of_no_registry_in_tls_says_nothing() {
    let server = Server::start(&["[[registry]]", "name = \"second\""]).await;
    let client = server.client(|client| client.http1_only().tls_danger_accept_invalid_certs(true));
    for (asked, host, status) in [
        ("localhost", "localhost", 401),
        ("stranger.example", "localhost", 401),
        ("127.0.0.1", "second.acr.localhost", 401),
        ("stranger.example", "stranger.example", 404),
        ("localhost", "stranger.example", 404),
        ("localhost", "second.acr.localhost", 421),
        ("second.acr.localhost", "localhost", 421),
    ] {
        let request = client.get(format!("https://{asked}:{}/v2/", server.port()));
        let answer = request.header("host", host).send().await.unwrap();
        assert_eq!(answer.status(), status, "{asked} {host}");
    }
}
