//! A socket that recognises file bytes.

use std::io::{self, IoSlice};
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use rustix::io::Errno;
use rustix::net::{SendAncillaryBuffer, SendFlags};
use tokio::io::{AsyncRead, AsyncWrite, Interest, ReadBuf};
use tokio::net::TcpStream;

use crate::FileLane;
use crate::lane::Part;

/// A plain connection. Slices that stand for parts of files go out by `sendfile`, everything
/// else as on any socket.
#[derive(Debug)]
pub struct LaneStream {
    connection: TcpStream,
    lane: FileLane,
}

impl LaneStream {
    pub(crate) fn new(connection: TcpStream, lane: FileLane) -> Self {
        Self { connection, lane }
    }

    /// The connection underneath.
    pub fn get_ref(&self) -> &TcpStream {
        &self.connection
    }

    /// Sends the bytes that `slice` stands for.
    fn poll_send_file(
        &mut self,
        cx: &mut Context<'_>,
        slice: &[u8],
        part: &Part,
    ) -> Poll<io::Result<usize>> {
        let sent = ready!(self.poll_when_writable(cx, |connection| {
            let mut offset = part.offset;
            rustix::fs::sendfile(connection, &part.file, Some(&mut offset), slice.len())
        }));
        match sent {
            // The file has been cut: nothing that could follow would be right.
            Ok(0) => Poll::Ready(Err(io::ErrorKind::UnexpectedEof.into())),
            Ok(sent) => {
                self.lane.count(sent);
                Poll::Ready(Ok(sent))
            }
            // The file system has no way to do this; the slice has the same bytes.
            Err(Errno::INVAL | Errno::NOSYS) => {
                Pin::new(&mut self.connection).poll_write(cx, slice)
            }
            Err(error) => Poll::Ready(Err(error.into())),
        }
    }

    /// Writes what comes before the bytes of a file, and lets the kernel hold it back until those
    /// follow, so that a head and the start of its body share a packet.
    fn poll_send_head(
        &mut self,
        cx: &mut Context<'_>,
        head: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let flags = SendFlags::MORE | SendFlags::NOSIGNAL;
        self.poll_when_writable(cx, |connection| {
            rustix::net::sendmsg(connection, head, &mut SendAncillaryBuffer::default(), flags)
        })
        .map_err(io::Error::from)
    }

    fn poll_when_writable(
        &self,
        cx: &mut Context<'_>,
        mut write: impl FnMut(&TcpStream) -> Result<usize, Errno>,
    ) -> Poll<Result<usize, Errno>> {
        loop {
            if let Err(error) = ready!(self.connection.poll_write_ready(cx)) {
                return Poll::Ready(Err(Errno::from_io_error(&error).unwrap_or(Errno::IO)));
            }
            let outcome = self
                .connection
                .try_io(Interest::WRITABLE, || write(&self.connection).map_err(io::Error::from));
            match outcome {
                Ok(written) => return Poll::Ready(Ok(written)),
                Err(error) => match Errno::from_io_error(&error) {
                    // `try_io` has noted that the socket is full, or found that it still is.
                    None | Some(Errno::AGAIN) => {}
                    Some(Errno::INTR) => {}
                    Some(errno) => return Poll::Ready(Err(errno)),
                },
            }
        }
    }
}

impl AsyncWrite for LaneStream {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slice: &[u8],
    ) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        match this.lane.find(slice) {
            Some(part) if !slice.is_empty() => this.poll_send_file(cx, slice, &part),
            _ => Pin::new(&mut this.connection).poll_write(cx, slice),
        }
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        match this.lane.first(slices) {
            None => Pin::new(&mut this.connection).poll_write_vectored(cx, slices),
            Some((first, part)) if slices[..first].iter().all(|head| head.is_empty()) => {
                this.poll_send_file(cx, &slices[first], &part)
            }
            Some((first, _)) => this.poll_send_head(cx, &slices[..first]),
        }
    }

    fn is_write_vectored(&self) -> bool {
        true
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().connection).poll_flush(cx)
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().connection).poll_shutdown(cx)
    }
}

impl AsyncRead for LaneStream {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().connection).poll_read(cx, buffer)
    }
}
