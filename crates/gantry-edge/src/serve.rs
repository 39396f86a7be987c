//! The life of a connection: accept, sniff, handshake, requests, close.

use std::convert::Infallible;
use std::error::Error;
use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures_util::FutureExt;
use gantry_filelane::FileLane;
use http::{Request, Response};
use http_body::Body;
use hyper::body::Incoming;
use hyper::rt::Executor;
use hyper::server::conn::{http1, http2};
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use hyper_util::server::graceful::GracefulConnection;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::{Instant, sleep, sleep_until, timeout};
use tower::ServiceExt;

use crate::activity::{Activity, Verdict, Watched};
use crate::certificates::Certificates;
use crate::challenges::{self, Challenges};
use crate::connection::{ConnectionInfo, Scheme, canonical};
use crate::ends::Ends;
use crate::entrance::Entrance;
use crate::lifecycle::Lifecycle;
use crate::peers::Peers;
use crate::per_address::{Counted, PerAddress};
use crate::reply;
use crate::sniff::{Opening, sniff};
use crate::tls::Handshakes;
use crate::tuning::Limits;
use crate::untaken::with_patience;

/// After a close was announced: time for the last bytes to leave.
const CLOSING: Duration = Duration::from_secs(5);
/// Between attempts to accept while the process is out of descriptors or memory.
const ACCEPT_PAUSE: Duration = Duration::from_millis(200);

pub(crate) type BoxError = Box<dyn Error + Send + Sync>;

/// What every connection of an edge shares.
pub(crate) struct Shared<S> {
    pub(crate) service: S,
    pub(crate) certificates: Arc<Certificates>,
    pub(crate) challenges: Option<Arc<dyn Challenges>>,
    pub(crate) handshakes: Handshakes,
    pub(crate) plain: Peers,
    pub(crate) proxy_protocol: Peers,
    pub(crate) per_address: Arc<PerAddress>,
    pub(crate) limits: Limits,
    pub(crate) http1: http1::Builder,
    pub(crate) http2: http2::Builder<OnLifecycle>,
    pub(crate) connections: Arc<Semaphore>,
    pub(crate) life: Lifecycle,
}

/// Runs HTTP/2 streams as tasks of the lifecycle, while their answers are taken.
#[derive(Clone)]
pub(crate) struct OnLifecycle {
    pub(crate) life: Lifecycle,
    pub(crate) send_timeout: Duration,
}

impl<F> Executor<F> for OnLifecycle
where
    F: Future<Output = ()> + Send + 'static,
{
    fn execute(&self, task: F) {
        self.life.spawn(with_patience(task, self.send_timeout));
    }
}

/// Takes connections until the drain; the port is free when this returns.
pub(crate) async fn accept<S, B>(listener: TcpListener, entrance: Entrance, shared: Arc<Shared<S>>)
where
    S: tower::Service<Request<Incoming>, Response = Response<B>> + Clone + Send + Sync + 'static,
    S::Future: Send + 'static,
    S::Error: Into<BoxError>,
    B: Body<Data = Bytes> + Send + Unpin + 'static,
    B::Error: Into<BoxError>,
{
    let draining = shared.life.draining();
    let accepting = async {
        let mut failing = false;
        loop {
            let slot = slot(&shared.connections).await;
            match listener.accept().await {
                Ok((stream, peer)) => {
                    failing = false;
                    let conversation =
                        converse(stream, peer, entrance.clone(), Arc::clone(&shared), slot);
                    shared.life.spawn(conversation);
                }
                Err(error) if is_the_peers(&error) => {}
                Err(error) => {
                    if !failing {
                        tracing::error!(%error, "cannot accept connections for now");
                    }
                    failing = true;
                    sleep(ACCEPT_PAUSE).await;
                }
            }
        }
    };
    tokio::select! {
        () = draining => {}
        () = accepting => {}
    }
}

async fn slot(connections: &Arc<Semaphore>) -> OwnedSemaphorePermit {
    if connections.available_permits() == 0 {
        tracing::warn!("the limit on connections is reached: new ones wait");
    }
    Arc::clone(connections).acquire_owned().await.expect("the semaphore is never closed")
}

/// Errors of `accept` that concern only the connection that was to be accepted.
fn is_the_peers(error: &io::Error) -> bool {
    use io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset, Interrupted};
    matches!(error.kind(), ConnectionAborted | ConnectionRefused | ConnectionReset | Interrupted)
}

/// One connection from its acceptance to its end. Failures end here, with a line for those who debug.
async fn converse<S, B>(
    stream: TcpStream,
    sender: SocketAddr,
    entrance: Entrance,
    shared: Arc<Shared<S>>,
    _slot: OwnedSemaphorePermit,
) where
    S: tower::Service<Request<Incoming>, Response = Response<B>> + Clone + Send + Sync + 'static,
    S::Future: Send + 'static,
    S::Error: Into<BoxError>,
    B: Body<Data = Bytes> + Send + Unpin + 'static,
    B::Error: Into<BoxError>,
{
    let sender = canonical(sender);
    let opening = tokio::select! {
        biased;
        () = shared.life.draining() => return,
        opening = timeout(shared.limits.handshake_timeout, open(stream, sender, &shared)) => opening,
    };
    let ended = match opening {
        Err(_) => Err("nothing was said, or the handshake took too long".into()),
        Ok(Err(error)) => Err(error),
        Ok(Ok(None)) => Ok(()),
        Ok(Ok(Some(opened))) => shared.requests_of(opened, entrance).await,
    };
    if let Err(error) = ended {
        tracing::debug!(peer.address = %sender, error = &*error as &dyn Error, "connection ended early");
    }
}

enum Version {
    Http1,
    Http2,
}

/// A connection on which requests are next.
struct Opened {
    stream: Spoken,
    version: Version,
    ends: Ends,
    _counted: Option<Counted>,
}

enum Spoken {
    Plain(TcpStream),
    Tls(Box<tokio_rustls::server::TlsStream<TcpStream>>),
}

/// Whether the requests of a connection reach the service.
#[derive(Clone, Copy)]
enum Audience {
    Welcome,
    MustSpeakHttps,
}

/// Finds out who connects and what is spoken. `None`: the sender left without a word, or all is said.
async fn open<S>(
    mut stream: TcpStream,
    sender: SocketAddr,
    shared: &Shared<S>,
) -> Result<Option<Opened>, BoxError> {
    let Some(ends) = Ends::of(&mut stream, sender, &shared.proxy_protocol).await? else {
        return Ok(None);
    };
    let counted = shared.per_address.enter(&ends)?;
    let (stream, version) = match sniff(&stream).await? {
        Opening::Nothing => return Ok(None),
        Opening::Http1 => (Spoken::Plain(stream), Version::Http1),
        Opening::Http2 => (Spoken::Plain(stream), Version::Http2),
        Opening::Tls => {
            let local = ends.local.ip();
            shared.certificates.local().include(local);
            let Some(stream) = Box::pin(shared.handshakes.accept(stream, local)).await? else {
                return Ok(None);
            };
            let version = match stream.get_ref().1.alpn_protocol() {
                Some(b"h2") => Version::Http2,
                _ => Version::Http1,
            };
            (Spoken::Tls(stream), version)
        }
    };
    Ok(Some(Opened { stream, version, ends, _counted: counted }))
}

impl<S, B> Shared<S>
where
    S: tower::Service<Request<Incoming>, Response = Response<B>> + Clone + Send + Sync + 'static,
    S::Future: Send + 'static,
    S::Error: Into<BoxError>,
    B: Body<Data = Bytes> + Send + Unpin + 'static,
    B::Error: Into<BoxError>,
{
    /// Answers the requests of a connection, plain or not.
    async fn requests_of(&self, opened: Opened, entrance: Entrance) -> Result<(), BoxError> {
        let Opened { stream, version, ends, _counted } = opened;
        let Ends { peer, local, via } = ends;
        let info = |scheme, server_name| ConnectionInfo {
            peer,
            local,
            via,
            scheme,
            server_name,
            entrance,
        };
        match stream {
            Spoken::Plain(stream) => {
                // Whom a proxy names can't be more welcome than the proxy itself.
                let audience = match self.plain.include(ends.sender().ip()) {
                    true => Audience::Welcome,
                    false => Audience::MustSpeakHttps,
                };
                let (stream, lane) = FileLane::wrap(stream);
                self.requests(stream, version, info(Scheme::Http, None), Some(lane), audience).await
            }
            Spoken::Tls(stream) => {
                let server_name = stream.get_ref().1.server_name().map(Arc::from);
                let info = info(Scheme::Https, server_name);
                self.requests(*stream, version, info, None, Audience::Welcome).await
            }
        }
    }

    /// Answers the connection's requests.
    async fn requests<I>(
        &self,
        stream: I,
        version: Version,
        info: ConnectionInfo,
        lane: Option<FileLane>,
        audience: Audience,
    ) -> Result<(), BoxError>
    where
        I: AsyncRead + AsyncWrite + Send + Unpin + 'static,
    {
        let activity = Activity::new(matches!(version, Version::Http1));
        let io = TokioIo::new(Watched::new(stream, Arc::clone(&activity)));
        let service = service_fn({
            let activity = Arc::clone(&activity);
            let service = self.service.clone();
            let challenges = self.challenges.clone();
            move |mut request: Request<Incoming>| {
                let in_progress = activity.begin();
                request.extensions_mut().insert(info.clone());
                if let Some(lane) = &lane {
                    request.extensions_mut().insert(lane.clone());
                }
                let (service, challenges) = (service.clone(), challenges.clone());
                async move {
                    if let Some(answer) = challenged(challenges.as_deref(), &request).await {
                        return Ok(reply::text(answer));
                    }
                    Ok::<_, Infallible>(match audience {
                        Audience::MustSpeakHttps => reply::speak_https(),
                        Audience::Welcome => match guarded(service, request).await {
                            Some(response) => reply::answer(response, in_progress),
                            None => reply::internal_error(),
                        },
                    })
                }
            }
        });
        match version {
            Version::Http1 => self.drive(self.http1.serve_connection(io, service), &activity).await,
            Version::Http2 => self.drive(self.http2.serve_connection(io, service), &activity).await,
        }
    }

    /// Moves the connection forward, ends it when it is idle or slow, and asks it to finish when
    /// the drain begins.
    async fn drive<C>(&self, connection: C, activity: &Activity) -> Result<(), BoxError>
    where
        C: GracefulConnection<Error = hyper::Error>,
    {
        tokio::pin!(connection);
        let draining = self.life.draining();
        tokio::pin!(draining);
        let check = sleep_until(Instant::now() + self.limits.between_looks());
        tokio::pin!(check);
        let mut closing = false;
        loop {
            tokio::select! {
                biased;
                ended = connection.as_mut() => return ended.map_err(Into::into),
                () = &mut draining, if !closing => {
                    closing = true;
                    connection.as_mut().graceful_shutdown();
                    check.as_mut().reset(Instant::now() + CLOSING);
                }
                () = &mut check => {
                    let next = match activity.verdict(&self.limits) {
                        Verdict::Cut(reason) => return Err(reason.into()),
                        Verdict::KeepUntil(then) if !closing || activity.is_busy() => then,
                        Verdict::KeepUntil(_) | Verdict::Close if closing => return Ok(()),
                        Verdict::KeepUntil(_) | Verdict::Close => {
                            closing = true;
                            connection.as_mut().graceful_shutdown();
                            Instant::now() + CLOSING
                        }
                    };
                    check.as_mut().reset(next);
                }
            }
        }
    }
}

/// What a certificate authority is answered, if the request is its. Whoever else asks is as welcome as
/// with any other request.
async fn challenged(
    challenges: Option<&dyn Challenges>,
    request: &Request<Incoming>,
) -> Option<String> {
    challenges?.over_http(challenges::token(request)?).await
}

/// Calls the service. `None`: it panicked or failed, which is logged here and told as an internal
/// error; whatever locks and leases it held were dropped in unwinding.
async fn guarded<S, B>(service: S, request: Request<Incoming>) -> Option<Response<B>>
where
    S: tower::Service<Request<Incoming>, Response = Response<B>>,
    S::Error: Into<BoxError>,
    B: Body<Data = Bytes>,
{
    let (method, uri) = (request.method().clone(), request.uri().clone());
    match AssertUnwindSafe(service.oneshot(request)).catch_unwind().await {
        Ok(Ok(response)) => Some(response),
        Ok(Err(error)) => {
            let error = error.into();
            let path = uri.path();
            tracing::error!(%method, path, error = &*error as &dyn Error, "the service failed");
            None
        }
        Err(panic) => {
            let (path, panic) = (uri.path(), reply::panic_text(&*panic));
            tracing::error!(%method, path, panic, "a handler panicked");
            None
        }
    }
}
