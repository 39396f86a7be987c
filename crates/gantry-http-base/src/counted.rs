//! Bodies whose bytes are counted as they pass.

use std::pin::Pin;
use std::task::{Context, Poll};

use axum::body::Body;
use bytes::Bytes;
use http_body::{Body as _, Frame, SizeHint};
use prometheus_client::metrics::counter::Counter;

/// An answer up to this length is counted at once: it is in memory, and gone with one write.
const SMALL: u64 = 64 << 10;

/// Counts an answer's bytes.
pub(crate) fn count_sent(body: Body, sent: &Counter) -> Body {
    match body.size_hint().exact() {
        Some(length) if length <= SMALL => {
            sent.inc_by(length);
            body
        }
        _ => Body::new(Counted { body, bytes: sent.clone() }),
    }
}

/// A body whose bytes are counted.
pub(crate) struct Counted {
    pub(crate) body: Body,
    pub(crate) bytes: Counter,
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
