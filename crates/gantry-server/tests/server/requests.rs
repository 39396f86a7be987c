//! Requests at the edges of HTTP, and the answers they get.

use http::Method;

use crate::support::{PASSWORD, Server};

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
