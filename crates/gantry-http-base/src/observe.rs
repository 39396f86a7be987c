//! What is noted of each request: an id, a line in the access log, counts.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::body::Body;
use axum::response::Response;
use gantry_edge::ConnectionInfo;
use gantry_model::Registry;
use gantry_model::permission::Actor;
use http::request::Parts;
use http::{HeaderValue, Method, Request, StatusCode, Uri, header};
use http_body::Body as _;
use prometheus_client::metrics::counter::Counter;
use tracing::Instrument;

use crate::counted::{Counted, count_sent};
use crate::metrics::{EndpointLabel, RegistryLabel, RequestLabels};
use crate::request_id::{REQUEST_ID, RequestId};
use crate::unread::Unread;
use crate::{App, client_address};

/// A surface's answer, and what it knows of the request.
#[derive(Debug)]
pub struct Answered {
    /// The answer.
    pub response: Response,
    /// The registry that was asked.
    pub registry: Option<Arc<Registry>>,
    /// What was asked for.
    pub endpoint: &'static str,
    /// Who asked.
    pub actor: Option<Arc<Actor>>,
}

impl Answered {
    /// An answer from outside the surfaces, about no registry.
    pub fn outside(response: Response) -> Self {
        Self { response, registry: None, endpoint: "", actor: None }
    }
}

/// Gives the request an id, answers it, and notes how that went.
pub async fn observe<F>(
    app: &App,
    request: Request<Body>,
    answer: impl FnOnce(Request<Body>) -> F,
) -> Response
where
    F: Future<Output = Answered>,
{
    let started = Instant::now();
    let (mut parts, body) = request.into_parts();
    let id = RequestId::of(&parts.headers);
    parts.extensions.insert(id.clone());
    let asked = Asked::of(app, &parts);
    let (body, sent) = watch(body);
    let span = tracing::info_span!("request", request.id = id.as_str());

    let mut answered = answer(Request::from_parts(parts, body)).instrument(span).await;

    if let Some(body) = &sent {
        settle(&mut answered.response, body, &asked).await;
    }
    let received = sent.map_or(0, |body| body.received.get());
    note(app, &id, &asked, &answered, received, started.elapsed());
    let Answered { mut response, registry, .. } = answered;
    response.headers_mut().insert(REQUEST_ID, id.into_header());
    if asked.method == Method::HEAD {
        return without_body(response);
    }
    let label = RegistryLabel::of(registry.as_deref());
    let sent = app.metrics.sent.get_or_create(&label);
    response.map(|body| count_sent(body, &sent))
}

/// The answer to a `HEAD`: what is in the body stays here (RFC 9110, 9.3.2), but its length is told. Over
/// HTTP/2 nobody else takes it away, and to clients a body is an error of the protocol.
fn without_body(mut response: Response) -> Response {
    let length = response.body().size_hint().exact().filter(|length| *length > 0);
    if let Some(length) = length {
        response
            .headers_mut()
            .entry(header::CONTENT_LENGTH)
            .or_insert_with(|| HeaderValue::from(length));
    }
    response.map(|_| Body::empty())
}

/// What is to be known of a request when its answer is there. Nothing of it is copied.
struct Asked {
    method: Method,
    uri: Uri,
    peer: Option<SocketAddr>,
    /// The client, where a trusted proxy says that the peer isn't.
    client: Option<IpAddr>,
    /// The client waits for a go-ahead (RFC 9110, 10.1.1): until then it has sent nothing.
    expects: bool,
}

impl Asked {
    fn of(app: &App, parts: &Parts) -> Self {
        let peer = parts.extensions.get::<ConnectionInfo>().map(|info| info.peer);
        let client = client_address(app, parts);
        Self {
            method: parts.method.clone(),
            uri: parts.uri.clone(),
            peer,
            client: client.filter(|client| peer.is_some_and(|peer| peer.ip() != *client)),
            expects: parts.headers.contains_key(header::EXPECT),
        }
    }
}

/// The body of a request that has one.
struct Sent {
    rest: Unread,
    received: Counter,
}

fn watch(body: Body) -> (Body, Option<Sent>) {
    if body.is_end_stream() {
        return (body, None);
    }
    let received = Counter::default();
    let rest = Unread::new(Body::new(Counted { body, bytes: received.clone() }));
    (Body::new(rest.clone()), Some(Sent { rest, received }))
}

/// Sees to what the answer left of the body.
async fn settle(response: &mut Response, body: &Sent, asked: &Asked) {
    if response.status() == StatusCode::REQUEST_TIMEOUT {
        // The rest of the body will not come (RFC 9110, 15.5.9).
        response.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
    } else if response.status().is_client_error() && !asked.expects {
        body.rest.drain().await;
    }
}

fn note(
    app: &App,
    id: &RequestId,
    asked: &Asked,
    answered: &Answered,
    received: u64,
    elapsed: Duration,
) {
    let registry = RegistryLabel::of(answered.registry.as_deref());
    let code = answered.response.status().as_u16();
    let (endpoint, method) = (answered.endpoint, method_label(&asked.method));
    let labels = RequestLabels { registry: registry.clone(), endpoint, method, code };
    app.metrics.requests.get_or_create(&labels).inc();
    let seconds = app.metrics.seconds.get_or_create(&EndpointLabel { endpoint });
    seconds.observe(elapsed.as_secs_f64());
    if received > 0 {
        app.metrics.received.get_or_create(&registry).inc_by(received);
    }
    tracing::info!(
        target: "gantry::access",
        {
        request.id = id.as_str(),
        peer = asked.peer.map(tracing::field::display),
        client = asked.client.map(tracing::field::display),
        identity = answered.actor.as_ref().map(|actor| actor.identity().as_str()),
        registry.name = registry.as_str(),
        http.method = asked.method.as_str(),
        http.path = asked.uri.path(),
        http.status = code,
        received_bytes = received,
        duration_ms = elapsed.as_micros() as f64 / 1000.0,
        },
        "answered"
    );
}

fn method_label(method: &Method) -> &'static str {
    match method.as_str() {
        "GET" => "GET",
        "HEAD" => "HEAD",
        "PUT" => "PUT",
        "POST" => "POST",
        "PATCH" => "PATCH",
        "DELETE" => "DELETE",
        _ => "other",
    }
}
