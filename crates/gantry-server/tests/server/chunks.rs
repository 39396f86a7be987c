//! Chunks of an upload that aren't what their range says.

use http::Method;

use crate::support::{PASSWORD, Server, basic};

/// An upload session's address.
async fn start(server: &Server) -> String {
    let start = server.request(Method::POST, "/v2/app/blobs/uploads/");
    let started = start.basic_auth("local", Some(PASSWORD)).send().await.unwrap();
    started.headers()["location"].to_str().unwrap().to_owned()
}

/// The bytes that the session has.
async fn received(server: &Server, session: &str) -> String {
    let ask = server.request(Method::GET, session).basic_auth("local", Some(PASSWORD));
    ask.send().await.unwrap().headers()["range"].to_str().unwrap().to_owned()
}

#[tokio::test]
async fn a_chunk_is_as_long_as_its_range() {
    let server = Server::start(&[]).await;
    let sized = |length: usize| format!("Content-Length: {length}\r\n\r\n{}", "x".repeat(length));
    let streamed = |length: usize| {
        let body = "x".repeat(length);
        format!("Transfer-Encoding: chunked\r\n\r\n{length:x}\r\n{body}\r\n0\r\n\r\n")
    };
    for (ranges, rest, status, code) in [
        (&["0-9"][..], sized(10), 202, ""),
        (&["0-9"], streamed(10), 202, ""),
        (&["0-9"], sized(11), 400, "SIZE_INVALID"),
        (&["0-9"], sized(9), 400, "SIZE_INVALID"),
        // Refused by what it announces: nothing of it is there to be read.
        (&["0-9"], "Content-Length: 1073741824\r\n\r\n".into(), 400, "SIZE_INVALID"),
        (&["0-9"], sized(0), 400, "SIZE_INVALID"),
        (&["0-9"], streamed(100_000), 400, "SIZE_INVALID"),
        (&["0-9"], streamed(9), 400, "SIZE_INVALID"),
        (&["0-9", "0-9"], sized(10), 400, "BLOB_UPLOAD_INVALID"),
        (&["0-9", "5-14"], sized(10), 400, "BLOB_UPLOAD_INVALID"),
    ] {
        let session = start(&server).await;
        let ranges: String = ranges.iter().map(|r| format!("Content-Range: {r}\r\n")).collect();
        let answer = server.raw(&format!(
            "PATCH {session} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\
             Authorization: {}\r\n{ranges}{rest}",
            basic("local", PASSWORD)
        ));
        assert!(answer.starts_with(&format!("HTTP/1.1 {status} ")), "{ranges}{rest}: {answer}");
        assert!(answer.contains(code), "{answer}");
        let expected = if status == 202 { "0-9" } else { "0-0" };
        assert_eq!(received(&server, &session).await, expected, "{ranges}{rest}");
    }
}
