//! Between whom a connection is: what its socket says, or a proxy that we believe.

use std::io;
use std::net::SocketAddr;

use tokio::io::AsyncReadExt;
use tokio::net::TcpStream;

use crate::connection::canonical;
use crate::peers::Peers;
use crate::proxy_header::ProxyHeader;

/// More than any header without long extensions.
const AHEAD: usize = 256;

/// Both ends of a connection, and who says so.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Ends {
    pub(crate) peer: SocketAddr,
    pub(crate) local: SocketAddr,
    /// The proxy that handed it on.
    pub(crate) via: Option<SocketAddr>,
}

impl Ends {
    /// Those of a connection from `sender`, from which a header is taken if it is one of `proxies`:
    /// one of them that sends none is refused, since who is behind it would be anyone's guess. Nobody
    /// else is believed, or even understood. `None`: the sender left without a byte. The caller
    /// bounds the wait.
    pub(crate) async fn of(
        stream: &mut TcpStream,
        sender: SocketAddr,
        proxies: &Peers,
    ) -> io::Result<Option<Self>> {
        let local = canonical(stream.local_addr()?);
        if !proxies.include(sender.ip()) {
            return Ok(Some(Self { peer: sender, local, via: None }));
        }
        let Some(header) = take_header(stream).await? else { return Ok(None) };
        Ok(Some(match header {
            ProxyHeader::Unspecified => Self { peer: sender, local, via: Some(sender) },
            ProxyHeader::Connected { source, destination } => {
                Self { peer: source, local: destination, via: Some(sender) }
            }
        }))
    }

    /// The socket's other end.
    pub(crate) fn sender(&self) -> SocketAddr {
        self.via.unwrap_or(self.peer)
    }
}

/// Takes the header off the stream, and not a byte more: what follows is for others to look at.
async fn take_header(stream: &mut TcpStream) -> io::Result<Option<ProxyHeader>> {
    let mut bytes = Vec::new();
    loop {
        let taken = bytes.len();
        let mut ahead = [0; AHEAD];
        let count = stream.peek(&mut ahead).await?;
        match count {
            0 if taken == 0 => return Ok(None),
            0 => return Err(io::ErrorKind::UnexpectedEof.into()),
            _ => bytes.extend_from_slice(&ahead[..count]),
        }
        let parsed = ProxyHeader::parse(&bytes)
            .map_err(|error| io::Error::new(io::ErrorKind::InvalidData, error))?;
        // A header that isn't complete is taken as far as it goes, so that peeking waits for more.
        let upto = parsed.map_or(bytes.len(), |(_, length)| length);
        stream.read_exact(&mut ahead[..upto - taken]).await?;
        if let Some((header, _)) = parsed {
            return Ok(Some(header));
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use tokio::io::AsyncWriteExt;
    use tokio::net::TcpListener;

    use super::*;

    /// What becomes of a connection on which these pieces come, and what is left of them.
    async fn ends(pieces: &[&[u8]], proxies: &Peers) -> (io::Result<Option<Ends>>, Vec<u8>) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let mut client = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
        let (mut accepted, sender) = listener.accept().await.unwrap();
        let send = async {
            for piece in pieces {
                client.write_all(piece).await.unwrap();
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
            client.shutdown().await.unwrap();
        };
        let (ends, ()) = tokio::join!(Ends::of(&mut accepted, sender, proxies), send);
        let mut left = Vec::new();
        accepted.read_to_end(&mut left).await.unwrap();
        (ends, left)
    }

    const LINE: &[u8] = b"PROXY TCP4 192.0.2.1 192.0.2.2 1 2\r\n";

    #[tokio::test]
    async fn a_header_is_taken_however_it_comes_and_nothing_behind_it() {
        let told = |ends: Ends| (ends.peer.to_string(), ends.local.to_string(), ends.via.is_some());
        let expected = ("192.0.2.1:1".to_owned(), "192.0.2.2:2".to_owned(), true);
        let bytes: Vec<&[u8]> = LINE.chunks(1).collect();
        let long = [
            b"\r\n\r\n\0\r\nQUIT\n\x21\x11\x04\x0f\xc0\0\x02\x01\xc0\0\x02\x02\0\x01\0\x02\x04\x04\0",
            &[7; 1024][..],
        ]
        .concat();
        for pieces in [
            vec![LINE, b"GET"],
            vec![&[LINE, b"GET"].concat()[..]],
            [&bytes[..], &[b"GET"]].concat(),
            vec![&long, b"GET"],
            vec![&long[..300], &long[300..], b"GET"],
        ] {
            let (ends, left) = ends(&pieces, &Peers::loopback()).await;
            assert_eq!(told(ends.unwrap().unwrap()), expected);
            assert_eq!(left, b"GET");
        }
    }

    #[tokio::test]
    async fn a_header_from_anyone_else_stays_where_it_is() {
        let (ends, left) = ends(&[LINE], &Peers::default()).await;
        let ends = ends.unwrap().unwrap();
        assert_eq!((ends.peer.ip().to_string(), ends.via), ("127.0.0.1".to_owned(), None));
        assert_eq!(left, LINE);
    }

    #[tokio::test]
    async fn what_a_proxy_must_say_is_not_made_up() {
        let proxies = Peers::loopback();
        assert_eq!(ends(&[], &proxies).await.0.unwrap(), None);
        for (pieces, kind) in [
            (&[&b"GET / HTTP/1.1\r\n"[..]][..], io::ErrorKind::InvalidData),
            (&[b"\x16\x03\x01\x02\0"], io::ErrorKind::InvalidData),
            (&[&LINE[..20]], io::ErrorKind::UnexpectedEof),
            (&[b"P"], io::ErrorKind::UnexpectedEof),
        ] {
            assert_eq!(ends(pieces, &proxies).await.0.unwrap_err().kind(), kind);
        }
        let (unspecified, _) = ends(&[b"PROXY UNKNOWN\r\n"], &proxies).await;
        let unspecified = unspecified.unwrap().unwrap();
        assert_eq!(unspecified.via, Some(unspecified.peer));
    }
}
