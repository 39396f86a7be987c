//! A registry client that shows everything: one connection, one request at a time, and bodies
//! that break off where the test wants it.

use std::convert::Infallible;
use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use futures_util::{StreamExt, stream};
use http::{HeaderMap, Method, Request, StatusCode, header};
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt, Full, StreamBody};
use hyper::body::Frame;
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep, timeout};

use crate::server::PASSWORD;

/// How long an answer may take on a busy machine before the connection counts as lost.
const PATIENCE: Duration = Duration::from_secs(60);

type Body = UnsyncBoxBody<Bytes, io::Error>;

/// How a request's body is sent.
#[derive(Clone, Debug)]
pub enum Payload {
    /// With its length announced.
    Whole(Bytes),
    /// In pieces, no length announced, as docker does.
    Streamed(Vec<Bytes>),
    /// Its length announced, and after these bytes the connection breaks.
    Broken(Bytes, u64),
}

/// A whole answer.
#[derive(Debug)]
pub struct Answer {
    /// Its status.
    pub status: StatusCode,
    /// Its headers.
    pub headers: HeaderMap,
    /// Its body.
    pub body: Bytes,
}

/// No answer came: the connection broke, or there is nobody to connect to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Lost;

/// One client with at most one connection.
#[derive(Debug)]
pub struct Client {
    address: SocketAddr,
    authorization: String,
    sender: Option<SendRequest<Body>>,
    asked: Instant,
    connection: JoinSet<()>,
}

// === impl Payload ===

impl Payload {
    /// No body.
    pub fn empty() -> Self {
        Self::Whole(Bytes::new())
    }

    fn into_body(self) -> (Option<u64>, Body) {
        match self {
            Self::Whole(bytes) => {
                let length = bytes.len() as u64;
                let body = Full::new(bytes).map_err(|never: Infallible| match never {});
                (Some(length), body.boxed_unsync())
            }
            Self::Streamed(pieces) => {
                let frames = pieces.into_iter().map(|piece| Ok(Frame::data(piece)));
                (None, StreamBody::new(stream::iter(frames)).boxed_unsync())
            }
            Self::Broken(bytes, length) => {
                let sent = stream::iter([Ok(Frame::data(bytes))]);
                let broken = stream::once(async {
                    // What came before is to reach the server first.
                    sleep(Duration::from_millis(20)).await;
                    Err(io::Error::other("broken off on purpose"))
                });
                (Some(length), StreamBody::new(sent.chain(broken)).boxed_unsync())
            }
        }
    }
}

// === impl Answer ===

impl Answer {
    /// A header's text.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    /// The path and query of `Location`, which may be absolute.
    pub fn location(&self) -> Option<String> {
        let location = self.header(header::LOCATION.as_str())?;
        let uri: http::Uri = location.parse().ok()?;
        Some(uri.path_and_query()?.to_string())
    }

    /// How many bytes an upload session has. Nothing and one byte look alike on the wire; these
    /// tests never send just one.
    pub fn received(&self) -> Option<u64> {
        let last: u64 = self.header(header::RANGE.as_str())?.strip_prefix("0-")?.parse().ok()?;
        Some(if last == 0 { 0 } else { last + 1 })
    }

    /// Whether the body is an error in the distribution-spec's form, with a code and a message.
    pub fn is_spec_error(&self) -> bool {
        let body: serde_json::Value = serde_json::from_slice(&self.body).unwrap_or_default();
        let error = &body["errors"][0];
        error["code"].is_string() && error["message"].is_string()
    }
}

// === impl Client ===

impl Client {
    /// A client of the server at that address, signed in as the admin.
    pub fn new(address: SocketAddr) -> Self {
        let authorization = format!("Basic {}", STANDARD.encode(format!("local:{PASSWORD}")));
        Self {
            address,
            authorization,
            sender: None,
            asked: Instant::now(),
            connection: JoinSet::new(),
        }
    }

    /// Sends a request and waits for the whole answer.
    ///
    /// # Errors
    /// When none comes.
    pub async fn send(
        &mut self,
        method: Method,
        path: &str,
        headers: &[(&str, &str)],
        payload: Payload,
    ) -> Result<Answer, Lost> {
        self.asked = Instant::now();
        let answer = timeout(PATIENCE, self.exchange(method, path, headers, payload)).await;
        let answer = answer.map_err(|_| Lost).flatten();
        if answer.is_err() {
            self.hang_up();
        }
        answer
    }

    /// When the last request was begun.
    pub fn asked(&self) -> Instant {
        self.asked
    }

    /// Closes the connection; the next request opens another.
    pub fn hang_up(&mut self) {
        self.sender = None;
        self.connection.abort_all();
    }

    /// GET or HEAD.
    ///
    /// # Errors
    /// When no answer comes.
    pub async fn get(&mut self, path: &str) -> Result<Answer, Lost> {
        self.send(Method::GET, path, &[(header::ACCEPT.as_str(), "*/*")], Payload::empty()).await
    }

    /// HEAD.
    ///
    /// # Errors
    /// When no answer comes.
    pub async fn head(&mut self, path: &str) -> Result<Answer, Lost> {
        self.send(Method::HEAD, path, &[(header::ACCEPT.as_str(), "*/*")], Payload::empty()).await
    }

    async fn exchange(
        &mut self,
        method: Method,
        path: &str,
        headers: &[(&str, &str)],
        payload: Payload,
    ) -> Result<Answer, Lost> {
        let (length, body) = payload.into_body();
        let mut request = Request::builder()
            .method(method)
            .uri(path)
            .header(header::HOST, self.address.to_string())
            .header(header::AUTHORIZATION, &self.authorization);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        if let Some(length) = length.filter(|length| *length > 0) {
            request = request.header(header::CONTENT_LENGTH, length);
        }
        let request = request.body(body).expect("paths and headers of these tests are valid");
        let response = self.connected().await?.send_request(request).await.map_err(|_| Lost)?;
        let (parts, body) = response.into_parts();
        let body = body.collect().await.map_err(|_| Lost)?.to_bytes();
        Ok(Answer { status: parts.status, headers: parts.headers, body })
    }

    async fn connected(&mut self) -> Result<&mut SendRequest<Body>, Lost> {
        let alive = match &mut self.sender {
            Some(sender) => sender.ready().await.is_ok(),
            None => false,
        };
        if !alive {
            self.hang_up();
            let stream = TcpStream::connect(self.address).await;
            let stream = TokioIo::new(stream.map_err(|_| Lost)?);
            let (sender, connection) = handshake(stream).await.map_err(|_| Lost)?;
            // How it ends is told by the request under way.
            self.connection.spawn(async move { drop(connection.await) });
            self.sender = Some(sender);
        }
        self.sender.as_mut().ok_or(Lost)
    }
}
