//! The server on this machine, by its socket. It knows whoever opens that as its operator, who may do
//! everything.

use std::io;

use http::{Request, header};
use http_body_util::{BodyExt, Full, Limited};
use hyper::body::Bytes;
use hyper_util::rt::TokioIo;
use tokio::net::UnixStream;

use super::question::{ANSWER_BYTES, Question, Reply, Whom};
use super::refusal::Refusal;
use crate::data_dir::DataDir;

/// The way to the server that runs on a data directory.
#[derive(Clone, Debug)]
pub(super) struct Socket {
    data: DataDir,
    /// The name and port that clients reach the server by: what it tells of addresses goes by it.
    host: String,
}

impl Socket {
    pub(super) fn new(data: DataDir, host: String) -> Self {
        Self { data, host }
    }

    /// The server's data directory.
    pub(super) fn data(&self) -> &DataDir {
        &self.data
    }

    pub(super) async fn send(&self, question: Question<'_>) -> Result<Reply, Refusal> {
        let stream = self.connect().await?;
        let broken = |error: hyper::Error| Refusal::BrokenOff(error.into());
        let handshake = hyper::client::conn::http1::handshake::<_, Full<Bytes>>;
        let (mut sender, connection) = handshake(TokioIo::new(stream)).await.map_err(broken)?;
        let host = match question.to {
            Whom::Server => &self.host,
            Whom::Registry { login_server, .. } => login_server,
        };
        let request = Request::builder()
            .method(question.method)
            .uri(question.path)
            .header(header::HOST, host)
            .header(header::CONTENT_TYPE, "application/json")
            .body(Full::from(question.body))
            .map_err(|error| Refusal::BrokenOff(error.into()))?;
        let answer = async move {
            let response = sender.send_request(request).await.map_err(broken)?;
            let status = response.status();
            let link = response.headers().get(header::LINK).cloned();
            let body = Limited::new(response.into_body(), ANSWER_BYTES).collect().await;
            Ok(Reply { status, link, body: body.map_err(Refusal::BrokenOff)?.to_bytes() })
        };
        tokio::join!(answer, connection).0
    }

    async fn connect(&self) -> Result<UnixStream, Refusal> {
        use io::ErrorKind::{ConnectionRefused, NotFound, PermissionDenied};
        let socket = self.data.socket();
        UnixStream::connect(&socket).await.map_err(|error| match error.kind() {
            NotFound | ConnectionRefused => Refusal::NoServer(self.data.path().to_owned()),
            PermissionDenied => Refusal::NotOurs(socket),
            _ => Refusal::Socket(error),
        })
    }
}
