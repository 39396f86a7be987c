//! The client of a running server, for commands.

use anyhow::{Context, ensure};
use gantry_model::AuditId;
use http::{Method, StatusCode, Uri};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::super::Misuse;
use super::question::{Question, Reply, Whom, take};
use super::refusal::Refusal;
use super::remote::{self, Remote};
use super::socket::Socket;
use crate::data_dir::DataDir;
use crate::serving::control::{AuditPage, AuditQuestion, KnownKey, Whereabouts};

/// Asks a running server.
#[derive(Debug)]
pub(crate) struct OperatorClient {
    connection: Connection,
}

/// Which way it is asked.
#[derive(Debug)]
enum Connection {
    /// By its socket, as its operator.
    Socket(Socket),
    /// Over HTTPS, as whoever signs in.
    Remote(Box<Remote>),
}

impl OperatorClient {
    /// A client of the server that runs on a data directory, and that clients reach at `host`.
    pub(super) fn of_socket(data: DataDir, host: String) -> Self {
        Self { connection: Connection::Socket(Socket::new(data, host)) }
    }

    /// A client of a server on another machine.
    pub(super) fn of_remote(remote: Remote) -> Self {
        Self { connection: Connection::Remote(Box::new(remote)) }
    }

    /// The server's data directory, if it is on this machine.
    pub(crate) fn data(&self) -> Option<&DataDir> {
        match &self.connection {
            Connection::Socket(socket) => Some(socket.data()),
            Connection::Remote(_) => None,
        }
    }

    /// The server on another machine, if it is there.
    pub(super) fn remote(&self) -> Option<&Remote> {
        match &self.connection {
            Connection::Socket(_) => None,
            Connection::Remote(remote) => Some(remote),
        }
    }

    pub(crate) async fn get(&self, path: &str) -> anyhow::Result<Value> {
        self.call(Method::GET, path, None::<&()>).await
    }

    /// The same; `None` if there is no such thing.
    pub(crate) async fn find(&self, path: &str) -> anyhow::Result<Option<Value>> {
        let reply = self.send(Method::GET, path, None::<&()>).await?;
        match reply.status {
            StatusCode::NOT_FOUND => Ok(None),
            _ => Ok(Some(reply.value()?)),
        }
    }

    /// Everything of a list, however many pages it has.
    pub(crate) async fn all(&self, path: &str) -> anyhow::Result<Vec<Value>> {
        let (mut path, mut all) = (path.to_owned(), Vec::new());
        loop {
            let mut page = self.get(&path).await?;
            if let Value::Array(values) = take(&mut page, "value") {
                all.extend(values);
            }
            let next = page["nextLink"].as_str().or(page["@odata.nextLink"].as_str());
            let Some(next) = next else { return Ok(all) };
            let next: Uri = next.parse()?;
            let next = next.path_and_query().map_or_else(String::new, ToString::to_string);
            ensure!(next != path, "the server's list has no end");
            path = next;
        }
    }

    pub(crate) async fn post(&self, path: &str, body: &Value) -> anyhow::Result<Value> {
        self.call(Method::POST, path, Some(body)).await
    }

    pub(crate) async fn put(&self, path: &str, body: &Value) -> anyhow::Result<Value> {
        self.call(Method::PUT, path, Some(body)).await
    }

    pub(crate) async fn patch(&self, path: &str, body: &Value) -> anyhow::Result<Value> {
        self.call(Method::PATCH, path, Some(body)).await
    }

    pub(crate) async fn delete(&self, path: &str) -> anyhow::Result<()> {
        let _: Value = self.call(Method::DELETE, path, None::<&()>).await?;
        Ok(())
    }

    /// Where things are.
    pub(crate) async fn whereabouts(&self) -> anyhow::Result<Whereabouts> {
        match &self.connection {
            Connection::Socket(_) => self.call(Method::GET, "/whereabouts", None::<&()>).await,
            Connection::Remote(remote) => remote::whereabouts(self, remote.authority()).await,
        }
    }

    /// The keys that sign tokens.
    pub(crate) async fn keys(&self) -> anyhow::Result<Vec<KnownKey>> {
        self.check_is_here()?;
        self.call(Method::GET, "/keys", None::<&()>).await
    }

    /// Makes the keys that sign tokens anew.
    pub(crate) async fn rotate_keys(&self) -> anyhow::Result<Vec<KnownKey>> {
        self.check_is_here()?;
        self.call(Method::POST, "/keys/rotate", None::<&()>).await
    }

    /// A page of the audit stream.
    pub(crate) async fn audit(&self, question: &AuditQuestion) -> anyhow::Result<AuditPage> {
        self.check_is_here()?;
        self.call(Method::POST, "/audit", Some(question)).await
    }

    /// Refuses what is told on the server's machine alone.
    fn check_is_here(&self) -> anyhow::Result<()> {
        match &self.connection {
            Connection::Socket(_) => Ok(()),
            Connection::Remote(_) => {
                let problem = "this is for the server's own machine: run it there, without --server \
                               and GANTRY_SERVER";
                Err(Misuse(problem.to_owned()).into())
            }
        }
    }

    async fn call<T: DeserializeOwned>(
        &self,
        method: Method,
        path: &str,
        body: Option<&(impl Serialize + Sync)>,
    ) -> anyhow::Result<T> {
        Ok(self.send(method, path, body).await?.value()?)
    }

    async fn send(
        &self,
        method: Method,
        path: &str,
        body: Option<&(impl Serialize + Sync)>,
    ) -> anyhow::Result<Reply> {
        let body = body.map(serde_json::to_vec).transpose().context("the request's body")?;
        let body = body.unwrap_or_default();
        Ok(self.ask(Question { method, to: Whom::Server, path, body }).await?)
    }

    /// Asks a question, whichever way it goes.
    pub(super) async fn ask(&self, question: Question<'_>) -> Result<Reply, Refusal> {
        // In an address these are steps and no names (RFC 3986, 5.2.4): something else would be meant.
        let path = question.path.split('?').next().unwrap_or_default();
        if let Some(step) = path.split('/').find(|part| matches!(*part, "." | "..")) {
            return Err(Refusal::NoName(step.to_owned()));
        }
        match &self.connection {
            Connection::Socket(socket) => socket.send(question).await,
            Connection::Remote(remote) => remote.send(question).await,
        }
    }
}

impl AuditQuestion {
    /// The question for what is behind a page, if there is more.
    pub(crate) fn behind(self, last: Option<AuditId>) -> Option<Self> {
        last.map(|last| Self { after: Some(last), ..self })
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
    fn names_are_one_segment() {
        assert_eq!(segment("o'neil@b.example"), "o%27neil@b.example");
        assert_eq!(segment("a b/c?d#e%f"), "a%20b%2Fc%3Fd%23e%25f");
    }
}
