//! A line to a server that can be told to misbehave: to refuse, to be slow, to break off.

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use gantry_lossydisk::SplitMix;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::sleep;

/// What is handed on at a time.
const PIECE: usize = 16 << 10;
/// How long each piece takes on a slow line.
const PAUSE: Duration = Duration::from_millis(200);
/// After at most so many bytes of answers a connection breaks off.
const BREAK: usize = 200 << 10;

/// How a line treats those who use it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Manner {
    /// It hands on what comes.
    Well,
    /// It answers each request by 503 itself.
    Refuses,
    /// It hands on a little at a time.
    Slow,
    /// It closes each connection somewhere in the midst of its answers.
    BreaksOff,
}

/// A line from an address of its own to a server. Closed when dropped.
#[derive(Debug)]
pub struct Line {
    manner: watch::Sender<Manner>,
    _tasks: JoinSet<()>,
}

impl Line {
    /// Listens at `at` and hands on to `server`.
    ///
    /// # Errors
    /// When it can't listen there.
    pub async fn open(at: SocketAddr, server: SocketAddr, seed: u64) -> io::Result<Self> {
        let listener = TcpListener::bind(at).await?;
        let (manner, changes) = watch::channel(Manner::Well);
        let mut tasks = JoinSet::new();
        tasks.spawn(async move {
            let mut dice = SplitMix::new(seed);
            let mut connections = JoinSet::new();
            loop {
                tokio::select! {
                    accepted = listener.accept() => {
                        let Ok((client, _)) = accepted else { return };
                        let rest = 1 + dice.below(BREAK);
                        connections.spawn(carry(client, server, changes.clone(), rest));
                    }
                    Some(_) = connections.join_next() => {}
                }
            }
        });
        Ok(Self { manner, _tasks: tasks })
    }

    /// Treats everyone so from now on; those who are connected have to come again.
    pub fn behave(&self, manner: Manner) {
        self.manner.send_replace(manner);
    }
}

/// Carries one connection until it ends or the manner changes. How it ends, its user sees.
async fn carry(
    client: TcpStream,
    server: SocketAddr,
    mut changes: watch::Receiver<Manner>,
    rest: usize,
) {
    let manner = *changes.borrow_and_update();
    let carried = async {
        match manner {
            Manner::Refuses => refuse(client).await,
            Manner::Well => between(client, server, Duration::ZERO, usize::MAX).await,
            Manner::Slow => between(client, server, PAUSE, usize::MAX).await,
            Manner::BreaksOff => between(client, server, Duration::ZERO, rest).await,
        }
    };
    tokio::select! {
        _ = carried => {}
        _ = changes.changed() => {}
    }
}

async fn refuse(mut client: TcpStream) -> io::Result<()> {
    const ANSWER: &[u8] =
        b"HTTP/1.1 503 Slow Down\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
    let mut head = Vec::new();
    while !head.windows(4).any(|end| end == b"\r\n\r\n") {
        if client.read_buf(&mut head).await? == 0 {
            return Ok(());
        }
    }
    client.write_all(ANSWER).await?;
    // Its body isn't wanted, but whoever sends it shall read the answer.
    client.shutdown().await?;
    let mut dropped = vec![0; PIECE];
    while client.read(&mut dropped).await? > 0 {}
    Ok(())
}

async fn between(
    client: TcpStream,
    server: SocketAddr,
    pause: Duration,
    rest: usize,
) -> io::Result<()> {
    let (from_server, to_server) = TcpStream::connect(server).await?.into_split();
    let (from_client, to_client) = client.into_split();
    tokio::select! {
        sent = hand_on(from_client, to_server, pause, usize::MAX) => sent,
        answered = hand_on(from_server, to_client, pause, rest) => answered,
    }
}

/// Hands bytes on until their end, or until `rest` of them have gone.
async fn hand_on(
    mut from: impl AsyncRead + Unpin,
    mut to: impl AsyncWrite + Unpin,
    pause: Duration,
    mut rest: usize,
) -> io::Result<()> {
    let mut piece = vec![0; PIECE];
    while rest > 0 {
        let most = PIECE.min(rest);
        let length = from.read(&mut piece[..most]).await?;
        if length == 0 {
            return Ok(());
        }
        if !pause.is_zero() {
            sleep(pause).await;
        }
        to.write_all(&piece[..length]).await?;
        rest -= length;
    }
    Ok(())
}
