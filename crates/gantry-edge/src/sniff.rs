//! The first bytes tell TLS from plain HTTP, and HTTP/2 from HTTP/1.

use std::io;
use std::time::Duration;

use tokio::net::TcpStream;

/// The first byte of a TLS handshake record (RFC 8446 §5.1); no HTTP method begins with it.
const TLS_HANDSHAKE: u8 = 0x16;
/// How an HTTP/2 connection begins (RFC 9113 §3.4); no method is called so.
const HTTP2_PREFACE: &[u8] = b"PRI";
/// Peeking doesn't wait for more than it was shown before, so there are pauses: each twice as long as
/// the one before, or thousands of peers that say `P` and no more would keep the processors busy.
const FIRST_PAUSE: Duration = Duration::from_millis(5);
const LONGEST_PAUSE: Duration = Duration::from_millis(500);

/// What a connection opened with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Opening {
    Tls,
    Http1,
    Http2,
    /// The peer left without a byte, as health checks of load balancers do.
    Nothing,
}

/// Looks at the first bytes and leaves them there. The caller bounds the wait.
pub(crate) async fn sniff(stream: &TcpStream) -> io::Result<Opening> {
    let mut seen = 0;
    let mut pauses = pauses();
    loop {
        let mut bytes = [0; HTTP2_PREFACE.len()];
        let count = stream.peek(&mut bytes).await?;
        match &bytes[..count] {
            [] => return Ok(Opening::Nothing),
            [TLS_HANDSHAKE, ..] => return Ok(Opening::Tls),
            HTTP2_PREFACE => return Ok(Opening::Http2),
            // `P` and `PR` are how PUT, POST, PATCH and PROPFIND begin as well. A peer that shut
            // its side down after one byte shows the same byte for ever; the deadline ends that.
            start if HTTP2_PREFACE.starts_with(start) => {
                if count == seen {
                    tokio::time::sleep(pauses.next().unwrap_or(LONGEST_PAUSE)).await;
                }
                seen = count;
            }
            _ => return Ok(Opening::Http1),
        }
    }
}

fn pauses() -> impl Iterator<Item = Duration> {
    std::iter::successors(Some(FIRST_PAUSE), |pause| Some((*pause * 2).min(LONGEST_PAUSE)))
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::TcpListener;

    use super::*;

    async fn opening_of(pieces: &[&[u8]]) -> Opening {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let mut client = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
        let (mut accepted, _) = listener.accept().await.unwrap();
        let send = async {
            for piece in pieces {
                client.write_all(piece).await.unwrap();
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
            client.shutdown().await.unwrap();
        };
        let (opening, ()) = tokio::join!(sniff(&accepted), send);
        let mut left = Vec::new();
        accepted.read_to_end(&mut left).await.unwrap();
        assert_eq!(left, pieces.concat(), "nothing is taken away");
        opening.unwrap()
    }

    #[test]
    fn a_peer_that_says_too_little_is_looked_at_now_and_then() {
        let mut waited = Duration::ZERO;
        let looks = pauses().take_while(|pause| {
            waited += *pause;
            waited < Duration::from_secs(10)
        });
        assert!(looks.count() < 40);
    }

    #[tokio::test]
    async fn openings_are_told_apart() {
        assert_eq!(opening_of(&[]).await, Opening::Nothing);
        assert_eq!(opening_of(&[b"\x16\x03\x01"]).await, Opening::Tls);
        assert_eq!(opening_of(&[b"GET / HTTP/1.1\r\n"]).await, Opening::Http1);
        assert_eq!(opening_of(&[b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"]).await, Opening::Http2);
        assert_eq!(opening_of(&[b"P", b"R", b"I * HTTP/2.0\r\n"]).await, Opening::Http2);
        assert_eq!(opening_of(&[b"P", b"UT / HTTP/1.1\r\n"]).await, Opening::Http1);
    }
}
