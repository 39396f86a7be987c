//! Serves one file over plain HTTP and TLS, to measure the data path by itself.
//!
//! `cargo run --release -p gantry-filelane --example serve -- FILE PLAIN_ADDR TLS_ADDR`
//!
//! It also shows the settings of hyper and rustls that the data path wants.

use std::convert::Infallible;
use std::fs::File;
use std::net::SocketAddr;
use std::sync::Arc;

use anyhow::Context;
use gantry_filelane::{FileBody, FileLane, SharedFile};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto;
use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;
use tokio_rustls::TlsAcceptor;

#[tokio::main(flavor = "multi_thread", worker_threads = 2)]
async fn main() -> anyhow::Result<()> {
    let mut arguments = std::env::args().skip(1);
    let mut argument = || arguments.next().context("usage: serve FILE PLAIN_ADDR TLS_ADDR");
    let file = File::open(argument()?)?;
    let length = file.metadata()?.len();
    let plain: SocketAddr = argument()?.parse()?;
    let tls: SocketAddr = argument()?.parse()?;
    let file: SharedFile = Arc::new(file);

    let mut servers = JoinSet::new();
    servers.spawn(serve(TcpListener::bind(plain).await?, None, Arc::clone(&file), length));
    servers.spawn(serve(TcpListener::bind(tls).await?, Some(acceptor()?), file, length));
    while let Some(server) = servers.join_next().await {
        server??;
    }
    Ok(())
}

async fn serve(
    listener: TcpListener,
    tls: Option<TlsAcceptor>,
    file: SharedFile,
    length: u64,
) -> anyhow::Result<()> {
    let mut connections = JoinSet::new();
    loop {
        let (socket, _) = listener.accept().await?;
        socket.set_nodelay(true)?;
        let (tls, file) = (tls.clone(), Arc::clone(&file));
        connections.spawn(async move {
            // Clients come and go.
            drop(connection(socket, tls, file, length).await);
        });
        while connections.try_join_next().is_some() {}
    }
}

async fn connection(
    socket: TcpStream,
    tls: Option<TlsAcceptor>,
    file: SharedFile,
    length: u64,
) -> anyhow::Result<()> {
    let mut server = auto::Builder::new(TokioExecutor::new());
    // One pooled buffer at a time waits for its client. Also bounds the head of a request.
    server.http1().timer(TokioTimer::new()).max_buf_size(64 * 1024);
    // What waits on the way out, then how much of a push may be on its way in.
    server
        .http2()
        .timer(TokioTimer::new())
        .max_send_buf_size(128 * 1024)
        .max_frame_size(256 * 1024)
        .initial_stream_window_size(1024 * 1024)
        .initial_connection_window_size(2 * 1024 * 1024);

    let answer = move |mut request: Request<Incoming>, lane: Option<FileLane>| {
        if let Some(lane) = lane {
            request.extensions_mut().insert(lane);
        }
        let lane = FileLane::of(request.version(), request.extensions());
        Response::new(FileBody::new(Arc::clone(&file), 0..length, lane))
    };
    let outcome = match tls {
        None => {
            let (stream, lane) = FileLane::wrap(socket);
            let service = service_fn(move |request| {
                let response = answer(request, Some(lane.clone()));
                async { Ok::<_, Infallible>(response) }
            });
            server.serve_connection(TokioIo::new(stream), service).await
        }
        Some(tls) => {
            let stream = tls.accept(socket).await?;
            let service = service_fn(move |request| {
                let response = answer(request, None);
                async { Ok::<_, Infallible>(response) }
            });
            server.serve_connection(TokioIo::new(stream), service).await
        }
    };
    outcome.map_err(|error| anyhow::anyhow!(error))
}

fn acceptor() -> anyhow::Result<TlsAcceptor> {
    let made = rcgen::generate_simple_self_signed(["localhost".to_owned()])?;
    let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(made.signing_key.serialize_der()));
    let mut config = rustls::ServerConfig::builder()
        .with_no_client_auth()
        .with_single_cert(vec![made.cert.der().clone()], key)?;
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Ok(TlsAcceptor::from(Arc::new(config)))
}
