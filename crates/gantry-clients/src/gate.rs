//! A forwarder that lets one transport through and refuses the other.
//!
//! The server answers TLS and plain HTTP on one port, and clients that are told
//! "insecure" like to try HTTPS first. Through a gate, a test over plain HTTP is
//! over plain HTTP, and one over TLS never falls back.

use std::io::{self, Write as _};
use std::net::{Ipv4Addr, Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use crate::Transport;

/// The first byte of a TLS record that carries a handshake (RFC 8446 §5.1).
const TLS_HANDSHAKE: u8 = 0x16;

/// A running gate; it stops accepting when dropped.
#[derive(Debug)]
pub(crate) struct Gate {
    port: u16,
    closed: Arc<AtomicBool>,
}

impl Gate {
    /// Forwards `transport` from a free port of 127.0.0.1 to `to`.
    pub(crate) fn open(transport: Transport, to: SocketAddr) -> Self {
        let listener =
            TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("loopback has a free port");
        let port = listener.local_addr().expect("a bound listener has an address").port();
        let closed: Arc<AtomicBool> = Arc::default();
        let gate = Self { port, closed: Arc::clone(&closed) };
        thread::spawn(move || accept(&listener, &closed, transport, to));
        gate
    }

    /// The port it listens on, on 127.0.0.1.
    pub(crate) fn port(&self) -> u16 {
        self.port
    }
}

impl Drop for Gate {
    fn drop(&mut self) {
        self.closed.store(true, Ordering::SeqCst);
        // Wakes the accepting thread.
        let _ = TcpStream::connect((Ipv4Addr::LOCALHOST, self.port));
    }
}

fn accept(listener: &TcpListener, closed: &AtomicBool, transport: Transport, to: SocketAddr) {
    for client in listener.incoming().flatten() {
        if closed.load(Ordering::SeqCst) {
            return;
        }
        thread::spawn(move || forward(&client, transport, to));
    }
}

fn forward(client: &TcpStream, transport: Transport, to: SocketAddr) -> io::Result<()> {
    let mut first = [0];
    let spoken = match client.peek(&mut first)? {
        0 => return Ok(()),
        _ if first[0] == TLS_HANDSHAKE => Transport::Tls,
        _ => Transport::Http,
    };
    if spoken != transport {
        return refuse(client);
    }
    let server = TcpStream::connect(to)?;
    client.set_nodelay(true)?;
    server.set_nodelay(true)?;
    thread::scope(|scope| {
        scope.spawn(|| copy(client, &server));
        copy(&server, client)
    })
}

/// Answers as a server of the other transport does, in plain HTTP either way.
fn refuse(mut client: &TcpStream) -> io::Result<()> {
    client.write_all(b"HTTP/1.0 400 Bad Request\r\nConnection: close\r\n\r\n")?;
    client.shutdown(Shutdown::Write)?;
    // Unread input at the close would turn into a reset that overtakes the answer.
    client.set_read_timeout(Some(Duration::from_secs(5)))?;
    io::copy(&mut client, &mut io::sink()).map(drop)
}

/// Copies until `from` ends or `to` refuses, and passes the end on.
fn copy(mut from: &TcpStream, mut to: &TcpStream) -> io::Result<()> {
    let copied = io::copy(&mut from, &mut to);
    if copied.is_err() {
        // Nothing more can be delivered. An answer on its way back still can.
        let _ = from.shutdown(Shutdown::Read);
    }
    let _ = to.shutdown(Shutdown::Write);
    copied.map(drop)
}
