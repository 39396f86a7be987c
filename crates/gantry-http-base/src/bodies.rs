//! Bodies of requests: bounded in length and in time.

use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use axum::body::{Body, BodyDataStream};
use bytes::Bytes;
use futures_util::{Stream, StreamExt};
use gantry_registry::uploads::UploadBody;
use http_body_util::{BodyExt, Limited};
use tokio::time::{Instant, Sleep, sleep, timeout};

/// Why there is no whole body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BodyError {
    /// It has more bytes than this.
    TooLong(usize),
    /// It wasn't there after this time.
    TooSlow(Duration),
    /// The client went away.
    BrokenOff,
}

/// The whole body, if it has no more than `most` bytes. No more than that is ever read, and all of
/// it must be there when `patience` ends.
pub async fn read_body(body: Body, most: usize, patience: Duration) -> Result<Bytes, BodyError> {
    let announced = http_body::Body::size_hint(&body).lower();
    if announced > most as u64 {
        return Err(BodyError::TooLong(most));
    }
    match timeout(patience, Limited::new(body, most).collect()).await {
        Ok(Ok(collected)) => Ok(collected.to_bytes()),
        Ok(Err(error)) if error.is::<http_body_util::LengthLimitError>() => {
            Err(BodyError::TooLong(most))
        }
        Ok(Err(_)) => Err(BodyError::BrokenOff),
        Err(_) => Err(BodyError::TooSlow(patience)),
    }
}

/// The body as a stream of blob bytes, which ends in [`StoodStill`] where the body stands still
/// for longer than `patience`.
pub fn upload_body(body: Body, patience: Duration) -> UploadBody {
    Box::pin(Impatient {
        body: body.into_data_stream(),
        timer: Box::pin(sleep(patience)),
        is_waiting: false,
        patience,
    })
}

/// A body stood still for too long.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("no byte arrived for {0:?}")]
pub struct StoodStill(Duration);

/// A body that may not stand still while somebody waits for its next bytes.
struct Impatient {
    body: BodyDataStream,
    timer: Pin<Box<Sleep>>,
    is_waiting: bool,
    patience: Duration,
}

impl Stream for Impatient {
    type Item = Result<Bytes, Box<dyn std::error::Error + Send + Sync>>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let this = &mut *self;
        if let Poll::Ready(item) = this.body.poll_next_unpin(cx) {
            this.is_waiting = false;
            return Poll::Ready(item.map(|chunk| chunk.map_err(Into::into)));
        }
        if !std::mem::replace(&mut this.is_waiting, true) {
            this.timer.as_mut().reset(Instant::now() + this.patience);
        }
        std::task::ready!(this.timer.as_mut().poll(cx));
        Poll::Ready(Some(Err(StoodStill(this.patience).into())))
    }
}

#[cfg(test)]
mod tests {
    use futures_util::stream;

    use super::*;

    const PATIENCE: Duration = Duration::from_secs(60);

    /// A body of one byte after each of these times, in seconds.
    fn slow(waits: &'static [u64]) -> Body {
        Body::from_stream(stream::iter(waits).then(|wait| async move {
            sleep(Duration::from_secs(*wait)).await;
            Ok::<_, std::convert::Infallible>(Bytes::from_static(b"x"))
        }))
    }

    #[tokio::test(start_paused = true)]
    async fn a_small_body_must_be_there_in_time() {
        for (waits, read) in [
            (&[20, 20, 19][..], Ok(3)),
            (&[20, 20, 21], Err(BodyError::TooSlow(PATIENCE))),
            (&[1, 1, 1, 1, 1], Err(BodyError::TooLong(4))),
        ] {
            let body = read_body(slow(waits), 4, PATIENCE).await;
            assert_eq!(body.map(|bytes| bytes.len()), read, "{waits:?}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_blob_may_take_its_time_but_not_stand_still() {
        for (waits, arrived, stood_still) in
            [(&[59, 59, 59, 59][..], 4, false), (&[1, 1, 61, 1], 2, true), (&[61], 0, true)]
        {
            let mut body = upload_body(slow(waits), PATIENCE);
            let mut count = 0;
            let end = loop {
                match body.next().await {
                    Some(Ok(_)) => count += 1,
                    end => break end,
                }
            };
            let cause = end.map(|end| end.unwrap_err().downcast_ref::<StoodStill>().copied());
            let expected = stood_still.then_some(Some(StoodStill(PATIENCE)));
            assert_eq!((count, cause), (arrived, expected), "{waits:?}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn time_that_nobody_waits_for_a_body_does_not_count() {
        let mut body = upload_body(slow(&[0, 0]), PATIENCE);
        assert!(body.next().await.unwrap().is_ok());
        sleep(PATIENCE * 10).await;
        assert!(body.next().await.unwrap().is_ok());
        assert!(body.next().await.is_none());
    }
}
