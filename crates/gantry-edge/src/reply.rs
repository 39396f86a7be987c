//! The few answers the edge gives by itself, and what it adds to those of the service.

use std::any::Any;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use http::header::{CONNECTION, CONTENT_TYPE};
use http::{HeaderValue, Response, StatusCode};
use http_body::{Body, Frame, SizeHint};
use http_body_util::{Either, Full};

use crate::activity::InProgress;
use crate::untaken::Untaken;

/// An answer's body: the service's or ours, and the request in progress until it is through.
pub(crate) struct ReplyBody<B> {
    body: Either<B, Full<Bytes>>,
    /// Where somebody watches whether it is taken.
    untaken: Option<Untaken>,
    _request: Option<InProgress>,
}

/// The service's answer.
pub(crate) fn answer<B>(response: Response<B>, request: InProgress) -> Response<ReplyBody<B>> {
    response.map(|body| ReplyBody {
        body: Either::Left(body),
        untaken: Untaken::of_stream(),
        _request: Some(request),
    })
}

/// 400: plain HTTP where only HTTPS is spoken. In the form of the distribution-spec's errors, since
/// the readers are registry clients.
pub(crate) fn speak_https<B>() -> Response<ReplyBody<B>> {
    let mut response = own(
        StatusCode::BAD_REQUEST,
        r#"{"errors":[{"code":"UNSUPPORTED","message":"this server speaks HTTPS here","detail":"plain HTTP is answered only to this machine and to trusted proxies; use https:// instead"}]}"#,
    );
    response.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
    response
}

/// 200: a text that only programs read (RFC 8555 §8.3).
pub(crate) fn text<B>(text: String) -> Response<ReplyBody<B>> {
    let mut response = whole(StatusCode::OK, Bytes::from(text));
    let media_type = HeaderValue::from_static("application/octet-stream");
    response.headers_mut().insert(CONTENT_TYPE, media_type);
    response
}

/// 500: the handler panicked or failed. What happened is for the log alone.
pub(crate) fn internal_error<B>() -> Response<ReplyBody<B>> {
    own(
        StatusCode::INTERNAL_SERVER_ERROR,
        r#"{"errors":[{"code":"UNKNOWN","message":"internal error"}]}"#,
    )
}

/// The text of a panic.
pub(crate) fn panic_text(panic: &(dyn Any + Send)) -> &str {
    panic
        .downcast_ref::<&str>()
        .copied()
        .or_else(|| panic.downcast_ref::<String>().map(String::as_str))
        .unwrap_or("a panic without a text")
}

fn own<B>(status: StatusCode, json: &'static str) -> Response<ReplyBody<B>> {
    let mut response = whole(status, Bytes::from_static(json.as_bytes()));
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response
}

fn whole<B>(status: StatusCode, body: Bytes) -> Response<ReplyBody<B>> {
    let body = Either::Right(Full::new(body));
    let mut response = Response::new(ReplyBody { body, untaken: None, _request: None });
    *response.status_mut() = status;
    response
}

impl<B> Drop for ReplyBody<B> {
    fn drop(&mut self) {
        if let Some(untaken) = &self.untaken {
            untaken.end();
        }
    }
}

impl<B> Body for ReplyBody<B>
where
    B: Body<Data = Bytes> + Unpin,
    B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
{
    type Data = Bytes;
    type Error = Box<dyn std::error::Error + Send + Sync>;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        let frame = Pin::new(&mut self.body).poll_frame(cx);
        if let Some(untaken) = &self.untaken {
            match &frame {
                Poll::Ready(Some(Ok(_))) => untaken.begin(),
                Poll::Ready(_) | Poll::Pending => untaken.end(),
            }
        }
        frame
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
