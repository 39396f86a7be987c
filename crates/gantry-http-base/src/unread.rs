//! The rest of a request's body after an early refusal.
//!
//! A client that is still sending when the connection closes sees a broken pipe, not the answer.
//! So what it sends is read and dropped for a while before a refusal is sent.

use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use axum::body::Body;
use bytes::Bytes;
use http_body::{Body as _, Frame, SizeHint};

/// Beyond this, closing is cheaper than listening.
const BYTES: u64 = 32 << 20;
const TIME: Duration = Duration::from_secs(10);

/// A body that two hold: the handler that reads it, and whoever reads what the handler left.
#[derive(Clone)]
pub(crate) struct Unread(Arc<Mutex<Body>>);

impl Unread {
    pub(crate) fn new(body: Body) -> Self {
        Self(Arc::new(Mutex::new(body)))
    }

    fn poll_next(&self, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        Pin::new(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner)).poll_frame(cx)
    }

    /// Reads and drops what is left, within bounds. A body that announces more than that is left
    /// alone.
    pub(crate) async fn drain(&self) {
        if self.size_hint().lower() > BYTES {
            return;
        }
        let mut read = 0;
        let drained = async {
            while let Some(Ok(frame)) = std::future::poll_fn(|cx| self.poll_next(cx)).await {
                read += frame.data_ref().map_or(0, |data| data.len() as u64);
                if read > BYTES {
                    return;
                }
            }
        };
        // Whether it came to its end makes no difference to the answer.
        let _ = tokio::time::timeout(TIME, drained).await;
    }
}

impl http_body::Body for Unread {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        self.poll_next(cx)
    }

    fn is_end_stream(&self) -> bool {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).size_hint()
    }
}
