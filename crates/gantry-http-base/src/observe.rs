//! What is noted of each request: an id, a line in the access log, counts.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Instant;

use axum::body::Body;
use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::Response;
use bytes::Bytes;
use http::{HeaderValue, Method, StatusCode, header};
use http_body::{Frame, SizeHint};
use prometheus_client::metrics::counter::Counter;
use tracing::Instrument;

use crate::App;
use crate::caller::peer;
use crate::metrics::{EndpointLabel, RegistryLabel, RequestLabels};
use crate::request_id::{REQUEST_ID, RequestId};
use crate::unread::Unread;

/// What a surface knows of the request it answered; it leaves this in the answer's extensions.
#[derive(Clone, Debug, Default)]
pub struct Answered {
    /// The registry's name.
    pub registry: Option<Arc<gantry_model::Registry>>,
    /// What was asked for.
    pub endpoint: &'static str,
    /// Who asked.
    pub identity: Option<Arc<str>>,
}

/// Gives the request an id, answers it, and notes how that went.
pub async fn observe(State(app): State<App>, mut request: Request, next: Next) -> Response {
    let started = Instant::now();
    let id = RequestId::of(request.headers());
    let (method, path) = (request.method().clone(), request.uri().path().to_owned());
    let peer = peer(&request);
    let received = Counter::default();
    let body = std::mem::take(request.body_mut());
    let waits = request.headers().contains_key(header::EXPECT);
    let rest = Unread::new(Body::new(Counted { body, bytes: received.clone() }));
    *request.body_mut() = Body::new(rest.clone());
    let span = tracing::info_span!("request", request.id = id.as_str());

    let mut response = next.run(request).instrument(span).await;

    if response.status() == StatusCode::REQUEST_TIMEOUT {
        // The rest of the body will not come (RFC 9110, 15.5.9).
        response.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
    } else if response.status().is_client_error() && !waits {
        // A client that waits for a go-ahead (RFC 9110, 10.1.1) has sent nothing to be read.
        rest.drain().await;
    }
    let elapsed = started.elapsed();
    let answered = response.extensions_mut().remove::<Answered>().unwrap_or_default();
    let registry = answered.registry.as_ref().map_or("", |registry| registry.name.as_str());
    let status = response.status();
    let metrics = &app.metrics;
    metrics
        .requests
        .get_or_create(&RequestLabels {
            registry: registry.to_owned(),
            endpoint: answered.endpoint,
            method: method_label(&method),
            code: status.as_u16(),
        })
        .inc();
    metrics
        .seconds
        .get_or_create(&EndpointLabel { endpoint: answered.endpoint })
        .observe(elapsed.as_secs_f64());
    metrics.received.get_or_create(&RegistryLabel::new(registry)).inc_by(received.get());
    tracing::info!(
        target: "gantry::access",
        {
        request.id = id.as_str(),
        peer = peer.map(tracing::field::display),
        identity = answered.identity.as_deref(),
        registry.name = registry,
        http.method = method.as_str(),
        http.path = path,
        http.status = status.as_u16(),
        received_bytes = received.get(),
        duration_ms = elapsed.as_micros() as f64 / 1000.0,
        },
        "answered"
    );
    let sent = metrics.sent.get_or_create(&RegistryLabel::new(registry)).clone();
    response.headers_mut().insert(REQUEST_ID, id.into_header());
    response.map(|body| Body::new(Counted { body, bytes: sent }))
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

/// A body whose bytes are counted as they pass.
struct Counted {
    body: Body,
    bytes: Counter,
}

impl http_body::Body for Counted {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        let frame = std::task::ready!(Pin::new(&mut self.body).poll_frame(cx));
        if let Some(Ok(frame)) = &frame
            && let Some(data) = frame.data_ref()
        {
            self.bytes.inc_by(data.len() as u64);
        }
        Poll::Ready(frame)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
