//! How operator commands reach a running server: HTTP on `DIR/gantry.sock`, which only the
//! server's user may open.

use std::fs;
use std::io;
use std::os::unix::fs::PermissionsExt;

use anyhow::Context;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use axum::{Json, Router};
use gantry_edge::Lifecycle;
use gantry_http_base::App;
use gantry_registry::maintenance::{Collected, Collection};
use http::{Request, StatusCode};
use http_body_util::{BodyExt, Empty, Limited};
use hyper::body::Bytes;
use hyper_util::rt::TokioIo;
use tokio::net::{UnixListener, UnixStream};

use super::background::note;
use crate::data_dir::DataDir;

/// No answer is longer.
const ANSWER_BYTES: usize = 64 << 10;

/// Answers operator commands until `life` drains.
pub(crate) fn spawn(app: &App, data: &DataDir, life: &Lifecycle) -> anyhow::Result<()> {
    let path = data.socket();
    // The directory is ours alone, so whoever left this socket is gone.
    match fs::remove_file(&path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            return Err(error).with_context(|| format!("replacing {}", path.display()));
        }
        _ => {}
    }
    let listener =
        UnixListener::bind(&path).with_context(|| format!("listening on {}", path.display()))?;
    fs::set_permissions(&path, fs::Permissions::from_mode(0o600))?;
    let router = Router::new().route("/collect", post(collect)).with_state(app.clone());
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

async fn collect(State(app): State<App>) -> Response {
    match app.content.collect(Collection::PastGrace).await {
        Ok(collected) => {
            note(&app.metrics, Ok(collected));
            Json(collected).into_response()
        }
        Err(error) => (StatusCode::INTERNAL_SERVER_ERROR, error.to_string()).into_response(),
    }
}

/// Asks the server that owns `data` to collect; `None` where none runs.
pub(crate) async fn ask_to_collect(data: &DataDir) -> anyhow::Result<Option<Collected>> {
    let Ok(stream) = UnixStream::connect(data.socket()).await else { return Ok(None) };
    let (mut sender, connection) =
        hyper::client::conn::http1::handshake::<_, Empty<Bytes>>(TokioIo::new(stream)).await?;
    let request = Request::post("/collect").header("host", "gantry").body(Empty::new())?;
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
