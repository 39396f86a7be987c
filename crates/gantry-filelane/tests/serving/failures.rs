//! Clients that vanish, and files that break the rules.

use std::sync::Arc;
use std::time::Duration;

use gantry_filelane::{FileBody, FileLane};
use http_body_util::BodyExt;

use crate::server::{Server, Way, pattern};

const WAYS: [Way; 3] = [Way::Http1Lane, Way::Http1Read, Way::Http2];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn client_that_vanishes_leaves_nothing_behind() {
    for way in WAYS {
        let server = Server::start(32 << 20, way).await;
        let idle = Arc::strong_count(&server.file);
        for _ in 0..8 {
            let (response, mut connection) = server.begin(0..32 << 20, way).await.unwrap();
            let mut body = response.into_body();
            body.frame().await.unwrap().unwrap();
            connection.shutdown().await;
        }
        let gone = async {
            // The accepting task holds one, each connection that lives one more.
            while Arc::strong_count(&server.file) > idle {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        };
        tokio::time::timeout(Duration::from_secs(30), gone).await.expect("bodies are dropped");
        assert!(server.get(5..500_000, way).await.unwrap() == server.whole[5..500_000]);
    }
}

#[tokio::test]
async fn file_shorter_than_the_range_breaks_the_body_off() {
    for way in WAYS {
        let server = Server::start(1 << 20, way).await;
        server.get(0..(1 << 20) + 1, way).await.expect_err("a body that can't be complete");
    }
}

#[tokio::test]
async fn file_cut_on_the_way_breaks_the_body_off() {
    for way in WAYS {
        let server = Server::start(64 << 20, way).await;
        let (response, _connection) = server.begin(0..64 << 20, way).await.unwrap();
        let mut body = response.into_body();
        let first = body.frame().await.unwrap().unwrap().into_data().unwrap();
        assert!(first == server.whole[..first.len()]);
        server.file.set_len(100).unwrap();
        // What was on its way already may still come, and then an error, not an end.
        let mut received = first.len();
        let outcome = loop {
            match body.frame().await {
                Some(Ok(frame)) => received += frame.into_data().unwrap().len(),
                Some(Err(error)) => break Err(error),
                None => break Ok(()),
            }
        };
        outcome.expect_err("an error ends the body");
        assert!(received < 64 << 20, "{way:?}");
    }
}

#[tokio::test]
async fn whoever_looks_at_the_buffers_finds_the_bytes() {
    let server = Server::start(10 << 20, Way::Http1Lane).await;
    let body = FileBody::new(server.file.clone(), 3..9 << 20, Some(FileLane::default()));
    let bytes = body.collect().await.unwrap().to_bytes();
    assert!(bytes == pattern(10 << 20)[3..9 << 20]);
}
