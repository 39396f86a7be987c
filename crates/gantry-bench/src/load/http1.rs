//! One HTTP/1.1 connection, one request at a time.

use anyhow::{bail, ensure};
use gantry_sha2::Sha256;
use tokio::net::TcpStream;

use super::Address;
use super::link::Link;
use super::wire::{Head, path_of};

/// How much of a refusal is quoted.
const QUOTED: usize = 200;

/// An open connection.
pub(crate) struct Connection {
    link: Link,
    /// Received and not used yet.
    ahead: Vec<u8>,
}

/// An answer's head; its body is still to be taken.
#[derive(Clone, Debug)]
pub(crate) struct Answer {
    /// The status code.
    pub(crate) status: u16,
    /// Length of the body.
    pub(crate) length: u64,
    /// Path and query of `Location`.
    pub(crate) location: Option<String>,
}

impl Connection {
    /// Connects.
    pub(crate) async fn open(address: &Address) -> anyhow::Result<Self> {
        Ok(Self { link: Link::open(address).await?, ahead: Vec::with_capacity(32 << 10) })
    }

    /// Sends a request and reads the head of its answer.
    pub(crate) async fn ask(&mut self, request: &[u8]) -> anyhow::Result<Answer> {
        self.link.send(request).await?;
        self.answer().await
    }

    /// Sends a request, drops the body of its answer, and tells how long that was. Fails unless
    /// the answer is 200.
    pub(crate) async fn pull(&mut self, request: &[u8]) -> anyhow::Result<u64> {
        self.finish(request, 200).await
    }

    /// The same of an answer with another status.
    pub(crate) async fn finish(&mut self, request: &[u8], status: u16) -> anyhow::Result<u64> {
        let answer = self.expect(request, status).await?;
        self.skip(answer.length).await?;
        Ok(answer.length)
    }

    /// Sends a HEAD request; its answer has no body, whatever length it tells.
    pub(crate) async fn probe(&mut self, request: &[u8]) -> anyhow::Result<u64> {
        self.link.send(request).await?;
        let answer = self.answer().await?;
        ensure!(answer.status == 200, "HEAD was answered {}", answer.status);
        Ok(answer.length)
    }

    /// Sends a request and hashes the body of its answer.
    pub(crate) async fn hash(&mut self, request: &[u8]) -> anyhow::Result<String> {
        let mut left = self.expect(request, 200).await?.length;
        let mut hasher = Sha256::new();
        let mut take = |bytes: &[u8]| {
            hasher.update(bytes);
            left = left.saturating_sub(bytes.len() as u64);
            left
        };
        let mut left = take(&std::mem::take(&mut self.ahead));
        while left > 0 {
            self.link.receive(|bytes| left = take(bytes)).await?;
        }
        Ok(format!("sha256:{}", hex::encode(hasher.finish())))
    }

    /// Sends a request and returns the body of its answer.
    pub(crate) async fn body(&mut self, request: &[u8]) -> anyhow::Result<Vec<u8>> {
        let answer = self.expect(request, 200).await?;
        self.take(answer.length).await
    }

    /// Sends a request whose answer must have that status.
    pub(crate) async fn expect(&mut self, request: &[u8], status: u16) -> anyhow::Result<Answer> {
        let answer = self.ask(request).await?;
        self.check(answer, status).await
    }

    /// Fails, with the words of the server, unless the answer has that status.
    pub(super) async fn check(&mut self, answer: Answer, status: u16) -> anyhow::Result<Answer> {
        if answer.status == status {
            return Ok(answer);
        }
        let body = self.take(answer.length).await.unwrap_or_default();
        let body = String::from_utf8_lossy(&body[..body.len().min(QUOTED)]).into_owned();
        bail!("answered {}, not {status}: {}", answer.status, body.trim())
    }

    /// The socket, for whoever sends a body.
    pub(super) fn plain(&mut self) -> anyhow::Result<&mut TcpStream> {
        self.link.plain()
    }

    /// Reads the head of an answer.
    pub(super) async fn answer(&mut self) -> anyhow::Result<Answer> {
        loop {
            if let Some(head) = Head::parse(&self.ahead)? {
                let answer = Answer {
                    status: head.status,
                    length: head.length.unwrap_or(0),
                    location: head.location.map(|location| path_of(location).to_owned()),
                };
                let used = head.bytes;
                self.ahead.drain(..used);
                return Ok(answer);
            }
            let ahead = &mut self.ahead;
            self.link.receive(|bytes| ahead.extend_from_slice(bytes)).await?;
        }
    }

    /// Takes a body's bytes.
    async fn take(&mut self, length: u64) -> anyhow::Result<Vec<u8>> {
        let length = usize::try_from(length)?;
        while self.ahead.len() < length {
            let ahead = &mut self.ahead;
            self.link.receive(|bytes| ahead.extend_from_slice(bytes)).await?;
        }
        let rest = self.ahead.split_off(length);
        Ok(std::mem::replace(&mut self.ahead, rest))
    }

    /// Drops a body's bytes, counting them.
    pub(super) async fn skip(&mut self, length: u64) -> anyhow::Result<()> {
        let here = length.min(self.ahead.len() as u64);
        self.ahead.drain(..here as usize);
        let mut left = length - here;
        while left > 0 {
            let skipped = self.link.skip(left).await?;
            ensure!(skipped <= left, "more came than Content-Length says");
            left -= skipped;
        }
        Ok(())
    }
}
