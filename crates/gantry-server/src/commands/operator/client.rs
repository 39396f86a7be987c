//! The client of the operator's socket.

use std::io;
use std::path::PathBuf;

use gantry_model::AuditId;
use http::{Method, Request, StatusCode, Uri, header};
use http_body_util::{BodyExt, Full, Limited};
use hyper::body::Bytes;
use hyper_util::rt::TokioIo;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use tokio::net::UnixStream;

use crate::data_dir::DataDir;
use crate::serving::control::{AuditPage, AuditQuestion, KnownKey, Whereabouts};

/// No answer is longer.
const ANSWER_BYTES: usize = 32 << 20;

/// Asks the server that runs on a data directory. The server knows whoever opens its socket as its
/// operator, who may do everything.
#[derive(Clone, Debug)]
pub(crate) struct OperatorClient {
    data: DataDir,
    /// The name and port that clients reach the server by: what it tells of addresses goes by it.
    host: String,
}

/// Why the server did not do what it was asked for.
#[derive(Debug, thiserror::Error)]
enum Refusal {
    #[error("no server runs on {0}: start it with gantry serve")]
    NoServer(PathBuf),
    #[error("{0} can't be opened: run this as the user that the server runs as")]
    NotOurs(PathBuf),
    #[error("the server's socket")]
    Socket(#[source] io::Error),
    #[error("the server broke off: {0}")]
    BrokenOff(Box<dyn std::error::Error + Send + Sync>),
    /// Said by the server, whose words these are.
    #[error("{message}")]
    Said { status: StatusCode, message: String },
}

impl OperatorClient {
    pub(crate) fn new(data: DataDir, host: String) -> Self {
        Self { data, host }
    }

    /// The server's data directory.
    pub(crate) fn data(&self) -> &DataDir {
        &self.data
    }

    pub(crate) async fn get(&self, path: &str) -> anyhow::Result<Value> {
        Ok(self.call(Method::GET, path, None::<&()>).await?)
    }

    /// The same; `None` if there is no such thing.
    pub(crate) async fn find(&self, path: &str) -> anyhow::Result<Option<Value>> {
        match self.call(Method::GET, path, None::<&()>).await {
            Err(Refusal::Said { status: StatusCode::NOT_FOUND, .. }) => Ok(None),
            answer => Ok(Some(answer?)),
        }
    }

    /// Everything of a list, however many pages it has.
    pub(crate) async fn all(&self, path: &str) -> anyhow::Result<Vec<Value>> {
        let (mut path, mut all) = (path.to_owned(), Vec::new());
        loop {
            let mut page = self.get(&path).await?;
            if let Value::Array(values) = page["value"].take() {
                all.extend(values);
            }
            let next = page["nextLink"].as_str().or(page["@odata.nextLink"].as_str());
            let Some(next) = next else { return Ok(all) };
            let next: Uri = next.parse()?;
            path = next.path_and_query().map_or_else(String::new, ToString::to_string);
        }
    }

    pub(crate) async fn post(&self, path: &str, body: &Value) -> anyhow::Result<Value> {
        Ok(self.call(Method::POST, path, Some(body)).await?)
    }

    pub(crate) async fn put(&self, path: &str, body: &Value) -> anyhow::Result<Value> {
        Ok(self.call(Method::PUT, path, Some(body)).await?)
    }

    pub(crate) async fn patch(&self, path: &str, body: &Value) -> anyhow::Result<Value> {
        Ok(self.call(Method::PATCH, path, Some(body)).await?)
    }

    pub(crate) async fn delete(&self, path: &str) -> anyhow::Result<()> {
        let _: Value = self.call(Method::DELETE, path, None::<&()>).await?;
        Ok(())
    }

    /// Where things are.
    pub(crate) async fn whereabouts(&self) -> anyhow::Result<Whereabouts> {
        Ok(self.call(Method::GET, "/whereabouts", None::<&()>).await?)
    }

    /// The keys that sign tokens.
    pub(crate) async fn keys(&self) -> anyhow::Result<Vec<KnownKey>> {
        Ok(self.call(Method::GET, "/keys", None::<&()>).await?)
    }

    /// Makes the keys that sign tokens anew.
    pub(crate) async fn rotate_keys(&self) -> anyhow::Result<Vec<KnownKey>> {
        Ok(self.call(Method::POST, "/keys/rotate", None::<&()>).await?)
    }

    /// A page of the audit stream.
    pub(crate) async fn audit(&self, question: &AuditQuestion) -> anyhow::Result<AuditPage> {
        Ok(self.call(Method::POST, "/audit", Some(question)).await?)
    }

    async fn call<T: DeserializeOwned>(
        &self,
        method: Method,
        path: &str,
        body: Option<&(impl Serialize + Sync)>,
    ) -> Result<T, Refusal> {
        let stream = self.connect().await?;
        let broken = |error: hyper::Error| Refusal::BrokenOff(error.into());
        let handshake = hyper::client::conn::http1::handshake::<_, Full<Bytes>>;
        let (mut sender, connection) = handshake(TokioIo::new(stream)).await.map_err(broken)?;
        let body = body.map(serde_json::to_vec).transpose();
        let body = body.map_err(|error| Refusal::BrokenOff(error.into()))?.unwrap_or_default();
        let request = Request::builder()
            .method(method)
            .uri(path)
            .header(header::HOST, &self.host)
            .header(header::CONTENT_TYPE, "application/json")
            .body(Full::from(body))
            .map_err(|error| Refusal::BrokenOff(error.into()))?;
        let answer = async move {
            let response = sender.send_request(request).await.map_err(broken)?;
            let status = response.status();
            let body = Limited::new(response.into_body(), ANSWER_BYTES).collect().await;
            Ok((status, body.map_err(Refusal::BrokenOff)?.to_bytes()))
        };
        let (answer, _) = tokio::join!(answer, connection);
        let (status, bytes) = answer?;
        if !status.is_success() {
            return Err(Refusal::Said { status, message: message(status, &bytes) });
        }
        let bytes = if bytes.is_empty() { &b"null"[..] } else { &bytes };
        serde_json::from_slice(bytes).map_err(|error| Refusal::BrokenOff(error.into()))
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

impl AuditQuestion {
    /// The question for what is behind a page, if there is more.
    pub(crate) fn behind(self, last: Option<AuditId>) -> Option<Self> {
        last.map(|last| Self { after: Some(last), ..self })
    }
}

/// What an answer that is no success says: in Azure's form, or as plain text.
fn message(status: StatusCode, bytes: &[u8]) -> String {
    let said: Value = serde_json::from_slice(bytes).unwrap_or_default();
    match said["error"]["message"].as_str() {
        Some(message) => message.to_owned(),
        None if bytes.is_empty() => format!("the server answered {status}"),
        None => String::from_utf8_lossy(bytes).into_owned(),
    }
}

/// A text as one segment of a path, or as a value in a query.
pub(crate) fn segment(text: &str) -> String {
    let keep = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~@".contains(&byte);
    text.bytes().fold(String::new(), |mut escaped, byte| {
        match keep(byte) {
            true => escaped.push(char::from(byte)),
            false => escaped.push_str(&format!("%{byte:02X}")),
        }
        escaped
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_server_s_own_words_are_shown() {
        let of = |status: u16, text: &str| {
            message(StatusCode::from_u16(status).unwrap(), text.as_bytes())
        };
        assert_eq!(of(409, r#"{"error":{"code":"X","message":"it is taken"}}"#), "it is taken");
        assert_eq!(of(404, "there is no registry x"), "there is no registry x");
        assert_eq!(of(405, ""), "the server answered 405 Method Not Allowed");
    }

    #[test]
    fn names_are_one_segment() {
        assert_eq!(segment("o'neil@b.example"), "o%27neil@b.example");
        assert_eq!(segment("a b/c?d#e%f"), "a%20b%2Fc%3Fd%23e%25f");
    }
}
