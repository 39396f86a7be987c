//! Every byte, by every way.

use std::time::Duration;

use futures_util::future::join_all;
use http_body_util::BodyExt;
use proptest::prelude::Strategy;
use proptest::test_runner::{Config, TestRunner};
use rustix::fs::Advice;

use crate::server::{Server, Way};

const WAYS: [Way; 3] = [Way::Http1Lane, Way::Http1Read, Way::Http2];
const LENGTH: usize = 9 * 1024 * 1024 + 12_345;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn bodies_of_every_size_arrive_exactly() {
    for way in WAYS {
        let server = Server::start(LENGTH, way).await;
        // Around a small body, a page, a pooled buffer, a window, and all of it.
        for length in [0, 1, 4096, 65_536, 65_537, 131_072, 131_073, 4 << 20, (4 << 20) + 1, LENGTH]
        {
            let body = server.get(0..length, way).await.unwrap();
            assert!(body == server.whole[..length], "{length} bytes by {way:?}");
        }
    }
}

#[test]
fn any_range_arrives_exactly() {
    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    let starts = (0..LENGTH, 0..LENGTH).prop_map(|(one, other)| one.min(other)..one.max(other));
    for way in WAYS {
        let server = runtime.block_on(Server::start(LENGTH, way));
        TestRunner::new(Config { cases: 24, failure_persistence: None, ..Config::default() })
            .run(&starts, |range| {
                let body = runtime.block_on(server.get(range.clone(), way)).unwrap();
                assert!(body == server.whole[range.clone()], "{range:?} by {way:?}");
                Ok(())
            })
            .unwrap();
    }
}

#[tokio::test]
async fn megabyte_over_a_plain_connection_goes_by_sendfile() {
    let server = Server::start(1 << 20, Way::Http1Lane).await;
    server.get(0..1 << 20, Way::Http1Lane).await.unwrap();
    assert_eq!(server.sent_from_file(), 1 << 20, "all of the body, and nothing else");
    server.get(77..1_000_077 - 77, Way::Http1Lane).await.unwrap();
    assert_eq!(server.sent_from_file(), (1 << 20) + 1_000_000 - 77);
}

#[tokio::test]
async fn http_2_has_no_lane() {
    let server = Server::start(1 << 20, Way::Http2).await;
    server.get(0..1 << 20, Way::Http2).await.unwrap();
    assert_eq!(server.sent_from_file(), 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn slow_reader_gets_it_all() {
    for way in WAYS {
        let server = Server::start(LENGTH, way).await;
        let (response, _connection) = server.begin(0..LENGTH, way).await.unwrap();
        let (mut body, mut received, mut frames) = (response.into_body(), Vec::new(), 0);
        while let Some(frame) = body.frame().await {
            received.extend_from_slice(&frame.unwrap().into_data().unwrap());
            frames += 1;
            if frames % 16 == 0 {
                tokio::time::sleep(Duration::from_millis(2)).await;
            }
        }
        assert!(received == server.whole, "{way:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_readers_at_once_do_not_mix() {
    for way in WAYS {
        let server = Server::start(LENGTH, way).await;
        let readers = (0..32_usize).map(|reader| {
            let range = reader * 100_003..LENGTH - reader * 50_021;
            let (server, expected) = (&server, range.clone());
            async move {
                assert!(server.get(range, way).await.unwrap() == server.whole[expected]);
            }
        });
        join_all(readers).await;
    }
}

#[tokio::test]
async fn bytes_that_are_not_cached_are_fetched() {
    for way in WAYS {
        let server = Server::start(LENGTH, way).await;
        for _ in 0..3 {
            server.file.sync_all().unwrap();
            rustix::fs::fadvise(&server.file, 0, None, Advice::DontNeed).unwrap();
            let body = server.get(0..LENGTH, way).await.unwrap();
            assert!(body == server.whole, "{way:?}");
        }
    }
}
