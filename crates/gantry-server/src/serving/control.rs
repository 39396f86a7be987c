//! How operator commands reach a running server: HTTP on `DIR/gantry.sock`, which only the
//! server's user may open. Whoever can is the operator, and may do everything.

mod audit;
mod keys;
mod management;
mod whereabouts;

use std::fs;
use std::io;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;

use anyhow::Context;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use gantry_edge::Lifecycle;
use gantry_http_base::App;
use gantry_oci::Digest;
use gantry_registry::maintenance::{Collected, Collection};
use gantry_registry::{Content, StoreError};
use http::{Request, StatusCode};
use http_body_util::{BodyExt, Full, Limited};
use hyper::body::Bytes;
use hyper_util::rt::TokioIo;
use rustix::fs::Mode;
use rustix::process::umask;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use tokio::net::{UnixListener, UnixStream};

pub(crate) use audit::{AuditPage, AuditQuestion, NotedEvent};
pub(crate) use keys::KnownKey;
pub(crate) use whereabouts::{KnownRegistry, Whereabouts};

use super::background::note;
use crate::data_dir::DataDir;

/// No answer is longer.
const ANSWER_BYTES: usize = 64 << 10;
/// How many blobs one request is about.
const BLOBS: usize = 1000;

/// What a running server says of itself.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Running {
    /// The addresses it listens on.
    pub(crate) addresses: Vec<SocketAddr>,
}

/// Answers operator commands until `life` drains.
pub(crate) fn spawn(
    app: &Arc<App>,
    running: Running,
    data: &DataDir,
    life: &Lifecycle,
) -> anyhow::Result<()> {
    let path = data.socket();
    // The directory is ours alone, so whoever left this socket is gone.
    match fs::remove_file(&path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            return Err(error).with_context(|| format!("replacing {}", path.display()));
        }
        _ => {}
    }
    let listener = bind(&path).with_context(|| format!("listening on {}", path.display()))?;
    let router = Router::new()
        .route("/status", post(async || Json(running)))
        .route("/collect", post(collect))
        .route("/let-go", post(let_go))
        .route("/whereabouts", get(whereabouts::show))
        .route("/audit", post(audit::read))
        .route("/keys", get(keys::list))
        .route("/keys/rotate", post(keys::rotate))
        .fallback(management::answer)
        .with_state(Arc::clone(app));
    let draining = life.draining();
    life.spawn(async move {
        let served = axum::serve(listener, router).with_graceful_shutdown(draining).await;
        if let Err(error) = served {
            tracing::error!(%error, "operator commands are no longer answered");
        }
        let _ = fs::remove_file(&path);
    });
    Ok(())
}

/// Listens on a socket that is ours alone from its first moment on.
fn bind(path: &Path) -> io::Result<UnixListener> {
    let before = umask(Mode::RWXG | Mode::RWXO | Mode::XUSR);
    let listener = UnixListener::bind(path);
    umask(before);
    listener
}

async fn collect(State(app): State<Arc<App>>) -> Response {
    match app.content.collect(Collection::Everything).await {
        Ok(collected) => {
            note(&app.metrics, Ok(collected));
            Json(collected).into_response()
        }
        Err(error) => (StatusCode::INTERNAL_SERVER_ERROR, error.to_string()).into_response(),
    }
}

async fn let_go(State(app): State<Arc<App>>, Json(lost): Json<Vec<LostBlob>>) -> Response {
    match let_go_of(&app.content, &lost).await {
        Ok(holds) => Json(holds).into_response(),
        Err(error) => (StatusCode::INTERNAL_SERVER_ERROR, error.to_string()).into_response(),
    }
}

/// A blob whose bytes are damaged or gone.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct LostBlob {
    /// The name of its registry.
    pub(crate) registry: String,
    /// Its digest.
    pub(crate) digest: Digest,
}

/// Lets all repositories go of the blobs; answers how many holds that ended.
pub(crate) async fn let_go_of(content: &Content, lost: &[LostBlob]) -> Result<u64, StoreError> {
    let registries = content.catalog().registry_list().await?;
    let mut holds = 0;
    for blob in lost {
        if let Some(registry) = registries.iter().find(|one| one.name.as_str() == blob.registry) {
            holds += content.let_go_of_blob(registry.id, blob.digest).await?;
        }
    }
    Ok(holds)
}

/// Asks the server that owns `data` how it runs; `None` where none does.
pub(crate) async fn ask_how_it_runs(data: &DataDir) -> anyhow::Result<Option<Running>> {
    ask(data, "/status", &()).await
}

/// Asks the server that owns `data` to collect; `None` where none runs.
pub(crate) async fn ask_to_collect(data: &DataDir) -> anyhow::Result<Option<Collected>> {
    ask(data, "/collect", &()).await
}

/// Asks the server that owns `data` to let go of the blobs; `None` where none runs.
pub(crate) async fn ask_to_let_go(
    data: &DataDir,
    lost: &[LostBlob],
) -> anyhow::Result<Option<u64>> {
    let mut holds = 0;
    for some in lost.chunks(BLOBS) {
        let Some(ended) = ask::<u64>(data, "/let-go", &some).await? else { return Ok(None) };
        holds += ended;
    }
    Ok(Some(holds))
}

async fn ask<T: DeserializeOwned>(
    data: &DataDir,
    path: &str,
    question: &impl Serialize,
) -> anyhow::Result<Option<T>> {
    let Ok(stream) = UnixStream::connect(data.socket()).await else { return Ok(None) };
    let (mut sender, connection) =
        hyper::client::conn::http1::handshake::<_, Full<Bytes>>(TokioIo::new(stream)).await?;
    let request = Request::post(path)
        .header("host", "gantry")
        .header("content-type", "application/json")
        .body(Full::from(serde_json::to_vec(question)?))?;
    let answer = async move {
        let response = sender.send_request(request).await?;
        let status = response.status();
        let body = Limited::new(response.into_body(), ANSWER_BYTES)
            .collect()
            .await
            .map_err(|error| anyhow::anyhow!("reading the server's answer: {error}"))?
            .to_bytes();
        anyhow::ensure!(status.is_success(), "{}", String::from_utf8_lossy(&body));
        Ok(serde_json::from_slice(&body)?)
    };
    let (answer, _) = tokio::join!(answer, connection);
    answer.map(Some)
}
