//! A server of one file, and clients for it.

use std::convert::Infallible;
use std::fs::File;
use std::io::Write;
use std::net::SocketAddr;
use std::ops::Range;
use std::path::Path;
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use gantry_filelane::{FileBody, FileLane, SharedFile};
use http_body_util::{BodyExt, Empty};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;

/// Serves `GET /<start>/<end>` from one file until it is dropped.
pub(crate) struct Server {
    pub(crate) address: SocketAddr,
    pub(crate) file: Arc<File>,
    pub(crate) whole: Vec<u8>,
    lanes: Arc<Mutex<Vec<FileLane>>>,
    _tasks: JoinSet<()>,
}

/// Which protocol to ask with, and whether a body may go by the lane.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Way {
    Http1Lane,
    Http1Read,
    Http2,
}

impl Server {
    pub(crate) async fn start(length: usize, way: Way) -> Self {
        let whole = pattern(length);
        let mut file = tempfile::tempfile_in(Path::new(env!("CARGO_TARGET_TMPDIR"))).unwrap();
        file.write_all(&whole).unwrap();
        let file = Arc::new(file);
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let lanes = Arc::<Mutex<Vec<FileLane>>>::default();
        let mut tasks = JoinSet::new();
        tasks.spawn(accept(listener, file.clone(), Arc::clone(&lanes), way));
        Self { address, file, whole, lanes, _tasks: tasks }
    }

    /// The bytes that went by `sendfile` so far.
    pub(crate) fn sent_from_file(&self) -> u64 {
        self.lanes.lock().unwrap().iter().map(FileLane::sent).sum()
    }

    /// Asks for a range over a connection of its own.
    pub(crate) async fn get(&self, range: Range<usize>, way: Way) -> hyper::Result<Bytes> {
        let (response, _connection) = self.begin(range, way).await?;
        response.into_body().collect().await.map(http_body_util::Collected::to_bytes)
    }

    /// Asks for a range, and leaves it to the caller to read the answer.
    pub(crate) async fn begin(
        &self,
        range: Range<usize>,
        way: Way,
    ) -> hyper::Result<(Response<Incoming>, JoinSet<()>)> {
        let request = Request::get(format!("http://server/{}/{}", range.start, range.end))
            .header("host", "server")
            .body(Empty::<Bytes>::new())
            .unwrap();
        let socket = TokioIo::new(TcpStream::connect(self.address).await.unwrap());
        let mut connection = JoinSet::new();
        let response = if way == Way::Http2 {
            let (mut sender, driver) =
                hyper::client::conn::http2::handshake(TokioExecutor::new(), socket).await.unwrap();
            connection.spawn(async { drop(driver.await) });
            sender.send_request(request).await?
        } else {
            let (mut sender, driver) = hyper::client::conn::http1::handshake(socket).await.unwrap();
            connection.spawn(async { drop(driver.await) });
            sender.send_request(request).await?
        };
        assert_eq!(response.headers()["content-length"], range.len().to_string().as_str());
        Ok((response, connection))
    }
}

async fn accept(
    listener: TcpListener,
    file: SharedFile,
    lanes: Arc<Mutex<Vec<FileLane>>>,
    way: Way,
) {
    let mut connections = JoinSet::new();
    loop {
        let (socket, _) = listener.accept().await.unwrap();
        let (stream, lane) = FileLane::wrap(socket);
        lanes.lock().unwrap().push(lane.clone());
        let file = Arc::clone(&file);
        connections.spawn(async move {
            let service = service_fn(move |mut request: Request<Incoming>| {
                if way != Way::Http1Read {
                    request.extensions_mut().insert(lane.clone());
                }
                let lane = FileLane::of(request.version(), request.extensions());
                let range = range(request.uri().path());
                let length = range.end - range.start;
                let mut response = Response::new(FileBody::new(Arc::clone(&file), range, lane));
                response.headers_mut().insert("content-length", length.into());
                async { Ok::<_, Infallible>(response) }
            });
            let server = auto::Builder::new(TokioExecutor::new());
            // Clients vanish on purpose.
            drop(server.serve_connection(TokioIo::new(stream), service).await);
        });
    }
}

fn range(path: &str) -> Range<u64> {
    let mut numbers = path[1..].split('/').map(|number| number.parse().unwrap());
    numbers.next().unwrap()..numbers.next().unwrap()
}

/// Bytes that differ from place to place, with a period that no buffer or window has.
pub(crate) fn pattern(length: usize) -> Vec<u8> {
    let period: Vec<u8> = (0..65_521_u64)
        .map(|index| (index.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 32) as u8)
        .collect();
    let mut bytes = period.repeat(length / period.len() + 1);
    bytes.truncate(length);
    bytes
}
