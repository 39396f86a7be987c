//! Names and literal addresses before the guard.

use std::io;
use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use async_trait::async_trait;
use gantry_outbound::{FetchError, Names, Outbound, OutboundOptions};

use crate::server::{Reply, Server};
use crate::{json, options, outbound};

/// Answers each question with the next list; the last one stays.
#[derive(Debug)]
struct Changing {
    answers: Vec<Vec<IpAddr>>,
    asked: AtomicUsize,
}

impl Changing {
    fn new(answers: &[&[&str]]) -> Arc<Self> {
        let list = |list: &&[&str]| list.iter().map(|text| text.parse().unwrap()).collect();
        Arc::new(Self { answers: answers.iter().map(list).collect(), asked: AtomicUsize::new(0) })
    }
}

#[async_trait]
impl Names for Changing {
    async fn addresses(&self, _: &str) -> io::Result<Vec<IpAddr>> {
        let nth = self.asked.fetch_add(1, Ordering::SeqCst);
        Ok(self.answers[nth.min(self.answers.len() - 1)].clone())
    }
}

fn forbidden<T>(answer: &Result<T, FetchError>) -> bool {
    matches!(answer, Err(FetchError::ForbiddenAddress { .. }))
}

#[tokio::test]
async fn addresses_that_are_not_allowed_are_refused_before_any_connection() {
    let outbound = Outbound::new(&OutboundOptions::default()).unwrap();
    for host in [
        "127.0.0.1",
        "127.1",
        "2130706433",
        "0x7f000001",
        "017700000001",
        "0",
        "127.0.0.1.",
        "10.0.0.1",
        "169.254.169.254",
        "168.63.129.16",
        "[::1]",
        "[::]",
        "[::ffff:10.0.0.1]",
        "[::ffff:7f00:1]",
        "[64:ff9b::a00:1]",
        "[fd00:ec2::254]",
        "localhost",
    ] {
        let answer = json(&outbound, &format!("https://{host}:1/")).await;
        assert!(forbidden(&answer), "{host}: {answer:?}");
    }
}

#[tokio::test]
async fn plain_http_is_spoken_to_allowed_loopback_addresses_only() {
    let server = Server::start(|_| Reply::json("{}")).await;
    let strict = Outbound::new(&OutboundOptions { plain_http_to_loopback: false, ..options() });
    let refused = json(&strict.unwrap(), &server.url("/")).await;
    assert!(matches!(refused, Err(FetchError::NotHttps { .. })), "{refused:?}");

    assert!(json(&outbound(), &server.url("/")).await.is_ok());
    for host in ["127.0.0.2", "1.1.1.1", "10.0.0.1"] {
        assert!(forbidden(&json(&outbound(), &format!("http://{host}/")).await), "{host}");
    }
    let public = Outbound::with_names(&options(), Changing::new(&[&["1.1.1.1"]])).unwrap();
    assert!(forbidden(&json(&public, "http://public.example/").await));
    assert_eq!(server.requests().len(), 1);
}

#[tokio::test]
async fn name_that_turns_to_a_private_address_is_refused() {
    let good = Server::start(|_| Reply::json("{}")).await;
    let port = good.address.port();
    let private = Server::start_at(&format!("127.0.0.2:{port}"), None, |_| Reply::json("{}")).await;
    let names = Changing::new(&[&["127.0.0.1"], &["127.0.0.2"]]);
    let outbound = Outbound::with_names(&options(), Arc::<Changing>::clone(&names)).unwrap();
    let url = format!("http://rebinding.example:{port}/");
    assert!(json(&outbound, &url).await.is_ok());
    assert!(forbidden(&json(&outbound, &url).await));
    // Each connection was to what the one lookup before it gave.
    assert_eq!(names.asked.load(Ordering::SeqCst), 2);
    assert_eq!((good.requests().len(), private.requests().len()), (1, 0));
}

#[tokio::test]
async fn of_several_addresses_only_the_allowed_are_tried() {
    let good = Server::start(|_| Reply::json("{}")).await;
    let port = good.address.port();
    let private = Server::start_at(&format!("127.0.0.2:{port}"), None, |_| Reply::json("{}")).await;
    let names = Changing::new(&[&["127.0.0.2", "::1", "127.0.0.1"]]);
    let outbound = Outbound::with_names(&options(), names).unwrap();
    assert!(json(&outbound, &format!("http://mixed.example:{port}/")).await.is_ok());
    assert_eq!((good.requests().len(), private.requests().len()), (1, 0));
}

#[tokio::test]
async fn name_without_an_address_is_unreachable() {
    let outbound = Outbound::with_names(&options(), Changing::new(&[&[]])).unwrap();
    let answer = json(&outbound, "https://nowhere.example/").await;
    assert!(matches!(answer, Err(FetchError::Unreachable { .. })), "{answer:?}");
}
