//! Redirects, hop by hop.

use gantry_outbound::{FetchError, Redirects};
use http::header::AUTHORIZATION;
use http::{HeaderValue, Method};

use crate::server::{Reply, Server};
use crate::{get, json, outbound};

#[tokio::test]
async fn redirects_on_one_host_are_followed_up_to_three() {
    let server = Server::start(|head| {
        let left: u32 = head.split(['/', ' ']).nth(2).unwrap().parse().unwrap();
        match left {
            0 => Reply::json("{}"),
            _ => Reply::redirect(&format!("/{}", left - 1)),
        }
    })
    .await;
    assert!(json(&outbound(), &server.url("/3")).await.is_ok());
    let many = json(&outbound(), &server.url("/4")).await;
    assert!(matches!(many, Err(FetchError::TooManyRedirects { .. })), "{many:?}");
    assert_eq!(server.requests().len(), 4 + 4);
}

#[tokio::test]
async fn redirect_to_a_private_address_is_refused() {
    for target in [
        "http://127.0.0.2/",
        "https://10.0.0.1/",
        "https://169.254.169.254/latest/meta-data/",
        "http://[::ffff:127.0.0.2]/",
        "https://localhost.localdomain.127.0.0.2/",
        "//127.0.0.3/",
    ] {
        let server = Server::start(move |_| Reply::redirect(target)).await;
        let fetch = get(&server.url("/")).redirects(Redirects::AnyHost);
        let answer = outbound().fetch(fetch).await;
        let refused = matches!(
            answer,
            Err(FetchError::ForbiddenAddress { .. }
                | FetchError::Url
                | FetchError::RedirectNowhere { .. })
        );
        assert!(refused, "{target}: {answer:?}");
    }
}

#[tokio::test]
async fn documents_are_not_fetched_from_another_host() {
    let other = Server::start(|_| Reply::json("{}")).await;
    let target = other.url("/");
    let server = Server::start(move |_| Reply::redirect(&target)).await;
    let answer = json(&outbound(), &server.url("/")).await;
    assert!(matches!(answer, Err(FetchError::RedirectElsewhere { .. })), "{answer:?}");
    assert!(other.requests().is_empty());
}

#[tokio::test]
async fn credentials_do_not_follow_to_another_host() {
    let other = Server::start(|_| Reply::json("{}")).await;
    let target = other.url("/elsewhere");
    let server = Server::start(move |head| match head.starts_with("GET /first") {
        true => Reply::redirect("/second"),
        false => Reply::redirect(&target),
    })
    .await;
    let fetch = get(&server.url("/first"))
        .authorization(HeaderValue::from_static("Bearer secret"))
        .redirects(Redirects::AnyHost);
    assert_eq!(outbound().fetch(fetch).await.unwrap().status, 200);
    assert!(server.requests().iter().all(|head| head.contains("Bearer secret")));
    assert_eq!((server.requests().len(), other.requests().len()), (2, 1));
    assert!(!other.requests()[0].to_ascii_lowercase().contains(AUTHORIZATION.as_str()));
}

#[tokio::test]
async fn what_was_posted_is_not_posted_elsewhere() {
    let server = Server::start(|_| Reply::redirect("/second")).await;
    let fetch = gantry_outbound::Fetch::new(Method::POST, &server.url("/first"))
        .unwrap()
        .redirects(Redirects::AnyHost);
    assert_eq!(outbound().fetch(fetch).await.unwrap().status, 302);
    assert_eq!(server.requests().len(), 1);
}

#[tokio::test]
async fn redirect_without_an_address_is_an_error() {
    for reply in ["", "Location: http://[\r\n", "Location: \u{fc}\r\n"] {
        let server = Server::start(move |_| Reply::new(301, reply, b"")).await;
        let answer = json(&outbound(), &server.url("/")).await;
        assert!(matches!(answer, Err(FetchError::RedirectNowhere { .. })), "{reply}: {answer:?}");
    }
}
