//! Pushing blobs, in the forms that clients use. Over plain connections.

use std::io::{self, IoSlice};

use anyhow::{Context, bail};
use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpStream;

use super::http1::Connection;
use super::wire::request;

/// A piece of a streamed body, as Go's clients send it: what `io.Copy` reads at once.
const PIECE: usize = 32 << 10;
/// Pieces handed to the kernel at once.
const PIECES: usize = 16;
const PIECE_HEAD: &[u8] = b"8000\r\n";

/// How a blob is pushed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Form {
    /// `POST`, then `PUT` with the whole body.
    PostPut,
    /// `POST`, `PATCH` with a chunked body of unknown length, then `PUT` without one: docker's way.
    Streamed,
    /// `POST` with the digest and the whole body.
    SinglePost,
}

/// A blob's bytes, in two parts: what is its own, and what it may share with others.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Payload<'b> {
    /// The digest of both.
    pub(crate) digest: &'b str,
    /// The first bytes.
    pub(crate) own: &'b [u8],
    /// The rest.
    pub(crate) rest: &'b [u8],
}

impl<'b> Payload<'b> {
    /// A blob in one part.
    pub(crate) fn whole(digest: &'b str, bytes: &'b [u8]) -> Self {
        Self { digest, own: bytes, rest: &[] }
    }

    fn length(&self) -> usize {
        self.own.len() + self.rest.len()
    }
}

/// Pushes a blob to a repository.
pub(crate) async fn push(
    connection: &mut Connection,
    host: &str,
    authorization: Option<&str>,
    repository: &str,
    form: Form,
    payload: Payload<'_>,
) -> anyhow::Result<()> {
    let uploads = format!("/v2/{repository}/blobs/uploads/");
    let head = |method: &str, path: &str, headers: &[(&str, &str)]| {
        request(method, path, host, authorization, headers)
    };
    let length = payload.length().to_string();
    let body = [("Content-Length", length.as_str()), ("Content-Type", "application/octet-stream")];
    let nothing = [("Content-Length", "0")];
    if form == Form::SinglePost {
        let path = with_digest(&uploads, payload.digest);
        return send(connection, &head("POST", &path, &body), payload, 201).await;
    }
    let post = head("POST", &uploads, &nothing);
    let mut session = started(connection, &post).await.context("POST")?;
    if form == Form::PostPut {
        let path = with_digest(&session, payload.digest);
        return send(connection, &head("PUT", &path, &body), payload, 201).await.context("PUT");
    }
    let chunked = [("Transfer-Encoding", "chunked"), ("Content-Type", "application/octet-stream")];
    session =
        streamed(connection, &head("PATCH", &session, &chunked), payload).await.context("PATCH")?;
    let put = head("PUT", &with_digest(&session, payload.digest), &nothing);
    let answer = connection.expect(&put, 201).await.context("PUT")?;
    connection.skip(answer.length).await
}

async fn started(connection: &mut Connection, post: &[u8]) -> anyhow::Result<String> {
    let answer = connection.expect(post, 202).await?;
    connection.skip(answer.length).await?;
    answer.location.context("no Location")
}

/// Sends a request with its body and checks the answer.
async fn send(
    connection: &mut Connection,
    head: &[u8],
    payload: Payload<'_>,
    status: u16,
) -> anyhow::Result<()> {
    let parts = [head, payload.own, payload.rest];
    let sent = write_all(connection.plain()?, &mut parts.map(IoSlice::new)).await;
    // A server that refuses answers before it has the body.
    let answer = connection.answer().await;
    let answer = match (sent, answer) {
        (_, Ok(answer)) => connection.check(answer, status).await?,
        (Err(error), Err(_)) => bail!("sending: {error}"),
        (Ok(()), Err(error)) => return Err(error),
    };
    connection.skip(answer.length).await
}

/// Sends a body in pieces and answers where the session goes on.
async fn streamed(
    connection: &mut Connection,
    head: &[u8],
    payload: Payload<'_>,
) -> anyhow::Result<String> {
    let stream = connection.plain()?;
    stream.write_all(head).await?;
    for part in [payload.own, payload.rest] {
        for pieces in part.chunks(PIECE * PIECES) {
            let last = format!("{:x}\r\n", pieces.len() % PIECE);
            let mut slices = Vec::with_capacity(3 * PIECES);
            for piece in pieces.chunks(PIECE) {
                let size = if piece.len() == PIECE { PIECE_HEAD } else { last.as_bytes() };
                slices.extend([size, piece, b"\r\n"].map(IoSlice::new));
            }
            write_all(stream, &mut slices).await?;
        }
    }
    stream.write_all(b"0\r\n\r\n").await?;
    let answer = connection.answer().await?;
    let answer = connection.check(answer, 202).await?;
    connection.skip(answer.length).await?;
    answer.location.context("no Location")
}

async fn write_all(stream: &mut TcpStream, mut slices: &mut [IoSlice<'_>]) -> io::Result<()> {
    IoSlice::advance_slices(&mut slices, 0);
    while !slices.is_empty() {
        let written = stream.write_vectored(slices).await?;
        IoSlice::advance_slices(&mut slices, written);
    }
    Ok(())
}

fn with_digest(path: &str, digest: &str) -> String {
    let separator = if path.contains('?') { '&' } else { '?' };
    format!("{path}{separator}digest={digest}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_digest_joins_what_the_location_says() {
        assert_eq!(with_digest("/u/1", "d"), "/u/1?digest=d");
        assert_eq!(with_digest("/u/1?state=x", "d"), "/u/1?state=x&digest=d");
    }

    #[test]
    fn the_head_of_a_piece_is_its_length() {
        assert_eq!(PIECE_HEAD, format!("{PIECE:x}\r\n").as_bytes());
    }
}
