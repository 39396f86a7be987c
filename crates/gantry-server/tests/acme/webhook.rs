//! A webhook that sets records in the DNS, as an operator would write one.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use axum::extract::{Path, State};
use axum::routing::post;
use axum::{Json, Router};
use http::{HeaderMap, StatusCode};
use serde_json::{Value, json};

pub(crate) const SECRET: &str = "a-secret-for-tests";

/// A running webhook.
pub(crate) struct Webhook {
    address: SocketAddr,
    calls: Calls,
}

type Calls = Arc<Mutex<Vec<String>>>;

impl Webhook {
    /// Starts one that sets records at `records`.
    pub(crate) async fn start(records: SocketAddr) -> Self {
        let calls = Calls::default();
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let router = Router::new()
            .route("/hook/{deed}", post(record))
            .with_state((records, Arc::clone(&calls)));
        #[expect(clippy::disallowed_methods, reason = "it ends with the test's runtime")]
        tokio::spawn(async move { axum::serve(listener, router).await });
        Self { address, calls }
    }

    /// Its address.
    pub(crate) fn url(&self) -> String {
        format!("http://{}/hook", self.address)
    }

    /// What it was asked to do, and for which names.
    pub(crate) fn calls(&self) -> Vec<String> {
        self.calls.lock().unwrap().clone()
    }
}

async fn record(
    State((records, calls)): State<(SocketAddr, Calls)>,
    Path(deed): Path<String>,
    headers: HeaderMap,
    Json(record): Json<Value>,
) -> StatusCode {
    if headers.get("authorization").map(|value| value.as_bytes())
        != Some(format!("Bearer {SECRET}").as_bytes())
    {
        return StatusCode::UNAUTHORIZED;
    }
    let (name, value) = (record["name"].as_str().unwrap(), record["value"].as_str().unwrap());
    assert!(record["ttl"].as_u64().unwrap() > 0);
    calls.lock().unwrap().push(format!("{deed} {name}"));
    let (path, body) = match deed.as_str() {
        "present" => ("set-txt", json!({"host": format!("{name}."), "value": value})),
        "cleanup" => ("clear-txt", json!({"host": format!("{name}.")})),
        _ => return StatusCode::NOT_FOUND,
    };
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    let set = client.post(format!("http://{records}/{path}")).json(&body).send().await.unwrap();
    assert!(set.status().is_success());
    StatusCode::NO_CONTENT
}
