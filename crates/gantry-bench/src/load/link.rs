//! A connection's bytes, plain or over TLS.

use std::io;
use std::net::Ipv4Addr;

use anyhow::{Context, ensure};
use rustix::net::{RecvFlags, recv};
use tokio::io::{AsyncWriteExt as _, Interest};
use tokio::net::TcpStream;

use super::Address;
use super::tls::{Tls, Wants};

/// Read at once where the bytes are looked at: heads, small answers, bodies that are hashed.
const READ: usize = 16 << 10;
/// Dropped at once where they are only counted.
const DROP: usize = 1 << 20;

/// An open connection.
pub(super) struct Link {
    stream: TcpStream,
    tls: Option<Tls>,
    /// Where plain bytes are read to. Its far part is only named to the kernel, never touched.
    space: Vec<u8>,
}

impl Link {
    /// Connects, with the handshake where there is one.
    pub(super) async fn open(address: &Address) -> anyhow::Result<Self> {
        let stream = TcpStream::connect((Ipv4Addr::LOCALHOST, address.port)).await;
        let stream = stream.context("connecting")?;
        stream.set_nodelay(true)?;
        let tls = address.tls.as_ref().map(Tls::new).transpose()?;
        let mut link = Self { stream, tls, space: vec![0; DROP] };
        if let Some(config) = &address.tls {
            link.shake_hands().await.context("the TLS handshake")?;
            let offered = config.alpn_protocols.first().map_or(&b""[..], Vec::as_slice);
            link.tls.iter().try_for_each(|tls| tls.check_protocol(offered))?;
        }
        Ok(link)
    }

    /// The socket, for those who write more than requests. Plain connections only.
    pub(super) fn plain(&mut self) -> anyhow::Result<&mut TcpStream> {
        ensure!(self.tls.is_none(), "pushes are plain");
        Ok(&mut self.stream)
    }

    /// Sends a request.
    pub(super) async fn send(&mut self, request: &[u8]) -> anyhow::Result<()> {
        match &mut self.tls {
            None => self.stream.write_all(request).await.context("sending")?,
            Some(tls) => {
                let sealed = tls.encrypt(request)?;
                self.stream.write_all(&sealed).await.context("sending")?;
            }
        }
        Ok(())
    }

    /// Waits for bytes and passes them on.
    pub(super) async fn receive(&mut self, mut sink: impl FnMut(&[u8])) -> anyhow::Result<()> {
        let Some(tls) = &mut self.tls else {
            let space = &mut self.space[..READ];
            let length = read(&self.stream, |stream| stream.try_read(space)).await?;
            sink(&self.space[..length]);
            return Ok(());
        };
        loop {
            match tls.advance(&mut sink)? {
                Wants::Nothing => return Ok(()),
                Wants::Output => self.stream.write_all(&tls.take_outgoing()).await?,
                Wants::Input => {
                    let space = tls.space();
                    let length = read(&self.stream, |stream| stream.try_read(space)).await?;
                    tls.filled(length);
                }
            }
        }
    }

    /// Waits for bytes and drops them, at most `most`. Tells how many there were.
    ///
    /// Plain ones the kernel counts without handing them over (`MSG_TRUNC`, tcp(7)).
    pub(super) async fn skip(&mut self, most: u64) -> anyhow::Result<u64> {
        if self.tls.is_some() {
            let mut length = 0;
            self.receive(|bytes| length += bytes.len() as u64).await?;
            return Ok(length);
        }
        let most = usize::try_from(most).unwrap_or(usize::MAX).min(DROP);
        let space = &mut self.space[..most];
        let length = read(&self.stream, |stream| {
            stream.try_io(Interest::READABLE, || {
                let (_, length) = recv(stream, &mut *space, RecvFlags::TRUNC)?;
                Ok(length)
            })
        });
        Ok(length.await? as u64)
    }

    async fn shake_hands(&mut self) -> anyhow::Result<()> {
        while let Some(tls) = self.tls.as_mut().filter(|tls| !tls.is_ready()) {
            match tls.advance(&mut |_| ())? {
                Wants::Nothing => {}
                Wants::Output => self.stream.write_all(&tls.take_outgoing()).await?,
                Wants::Input => {
                    let space = tls.space();
                    let length = read(&self.stream, |stream| stream.try_read(space)).await?;
                    tls.filled(length);
                }
            }
        }
        // The last flight.
        if let Some(tls) = &mut self.tls
            && tls.advance(&mut |_| ())? == Wants::Output
        {
            self.stream.write_all(&tls.take_outgoing()).await?;
        }
        Ok(())
    }
}

/// Reads with `attempt` once there is something; the end of the stream is an error.
async fn read(
    stream: &TcpStream,
    mut attempt: impl FnMut(&TcpStream) -> io::Result<usize>,
) -> anyhow::Result<usize> {
    loop {
        match attempt(stream) {
            Ok(0) => anyhow::bail!("the server closed the connection"),
            Ok(length) => return Ok(length),
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => stream.readable().await?,
            Err(error) => return Err(error).context("receiving"),
        }
    }
}
