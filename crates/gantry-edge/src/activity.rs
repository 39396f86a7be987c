//! Whether a connection has earned to be kept.
//!
//! A connection waits for one of three things: the next request (idle), the rest of a header that
//! has begun, or the reader of an answer. Each has its own bound, so a slow header can't hide behind
//! a long keep-alive, nor does a short header time-out close connections that merely rest.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::Instant;

use crate::tuning::Limits;

/// No header has begun, no write waits.
const NONE: u64 = u64::MAX;

/// What happens on one connection, as its bytes and requests pass.
#[derive(Debug)]
pub(crate) struct Activity {
    opened: Instant,
    is_http1: bool,
    requests: AtomicU32,
    /// When the connection last had something to do, in milliseconds since `opened`.
    rested_at: AtomicU64,
    /// When the header being read began, likewise; [`NONE`] outside a header.
    header_at: AtomicU64,
    /// Since when the peer takes nothing of what is to be written, likewise; [`NONE`] while it does.
    blocked_at: AtomicU64,
}

/// What to do with a connection now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// Nothing, and ask again then.
    KeepUntil(Instant),
    /// It has been idle for too long.
    Close,
    /// It holds something up, namely this.
    Cut(&'static str),
}

/// A request in progress, until its answer's last byte is handed over.
#[derive(Debug)]
pub(crate) struct InProgress(Arc<Activity>);

impl Activity {
    /// On HTTP/1 bytes between requests are the next header or the tail of the last answer; on
    /// HTTP/2 they may be pings, which keep no connection.
    pub(crate) fn new(is_http1: bool) -> Arc<Self> {
        Arc::new(Self {
            opened: Instant::now(),
            is_http1,
            requests: AtomicU32::new(0),
            rested_at: AtomicU64::new(0),
            header_at: AtomicU64::new(NONE),
            blocked_at: AtomicU64::new(NONE),
        })
    }

    /// A header is complete and its request begins.
    pub(crate) fn begin(self: &Arc<Self>) -> InProgress {
        self.requests.fetch_add(1, Ordering::Relaxed);
        self.header_at.store(NONE, Ordering::Relaxed);
        InProgress(Arc::clone(self))
    }

    /// Whether a request is in progress.
    pub(crate) fn is_busy(&self) -> bool {
        self.requests.load(Ordering::Relaxed) > 0
    }

    /// Judges the connection at this moment.
    pub(crate) fn verdict(&self, limits: &Limits) -> Verdict {
        let after = |at: u64, bound: Duration| self.opened + Duration::from_millis(at) + bound;
        let since = |at: &AtomicU64, bound: Duration| {
            let at = at.load(Ordering::Relaxed);
            (at != NONE).then(|| after(at, bound))
        };
        let now = Instant::now();
        // What begins in the meantime must not get the longer bound of something else.
        let next_look = now + limits.between_looks();
        let sent_until = since(&self.blocked_at, limits.send_timeout);
        if sent_until.is_some_and(|until| until <= now) {
            return Verdict::Cut("its answer was not taken for too long");
        }
        let next_look = sent_until.map_or(next_look, |until| until.min(next_look));
        if self.is_busy() {
            return Verdict::KeepUntil(next_look);
        }
        let idle_until = after(self.rested_at.load(Ordering::Relaxed), limits.idle_timeout);
        match since(&self.header_at, limits.header_timeout) {
            Some(until) if until <= now => Verdict::Cut("its header took too long"),
            Some(until) => Verdict::KeepUntil(until.min(next_look)),
            None if idle_until <= now => Verdict::Close,
            None => Verdict::KeepUntil(idle_until.min(next_look)),
        }
    }

    fn millis(&self) -> u64 {
        u64::try_from(self.opened.elapsed().as_millis()).unwrap_or(u64::MAX - 1)
    }

    fn received(&self) {
        if self.is_http1 && !self.is_busy() && self.header_at.load(Ordering::Relaxed) == NONE {
            self.header_at.store(self.millis(), Ordering::Relaxed);
        }
    }

    fn sent(&self) {
        // The tail of an answer on its way to a slow reader.
        if self.is_http1 && !self.is_busy() {
            self.rested_at.store(self.millis(), Ordering::Relaxed);
        }
    }

    /// Notes whether the peer took what was to be written.
    fn note_taken<T>(&self, written: &Poll<T>) {
        let is_blocked = self.blocked_at.load(Ordering::Relaxed) != NONE;
        match written {
            Poll::Pending if !is_blocked => {
                self.blocked_at.store(self.millis(), Ordering::Relaxed);
            }
            Poll::Ready(_) if is_blocked => self.blocked_at.store(NONE, Ordering::Relaxed),
            Poll::Pending | Poll::Ready(_) => {}
        }
    }
}

impl Drop for InProgress {
    fn drop(&mut self) {
        self.0.rested_at.store(self.0.millis(), Ordering::Relaxed);
        self.0.requests.fetch_sub(1, Ordering::Relaxed);
    }
}

/// A stream whose bytes are noted.
#[derive(Debug)]
pub(crate) struct Watched<I> {
    stream: I,
    activity: Arc<Activity>,
}

impl<I> Watched<I> {
    pub(crate) fn new(stream: I, activity: Arc<Activity>) -> Self {
        Self { stream, activity }
    }

    fn noted(&self, written: Poll<io::Result<usize>>) -> Poll<io::Result<usize>> {
        self.activity.note_taken(&written);
        if matches!(written, Poll::Ready(Ok(count)) if count > 0) {
            self.activity.sent();
        }
        written
    }
}

impl<I: AsyncRead + Unpin> AsyncRead for Watched<I> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        let read = Pin::new(&mut self.stream).poll_read(cx, buffer);
        if buffer.filled().len() > before {
            self.activity.received();
        }
        read
    }
}

impl<I: AsyncWrite + Unpin> AsyncWrite for Watched<I> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write(cx, bytes);
        self.noted(written)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write_vectored(cx, slices);
        self.noted(written)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let flushed = Pin::new(&mut self.stream).poll_flush(cx);
        self.activity.note_taken(&flushed);
        flushed
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn limits() -> Limits {
        Limits {
            header_timeout: Duration::from_secs(30),
            idle_timeout: Duration::from_secs(120),
            send_timeout: Duration::from_secs(300),
            ..Limits::default()
        }
    }

    /// Follows the verdicts until one ends the connection.
    async fn ends(activity: &Activity) -> (Verdict, Duration) {
        let start = Instant::now();
        loop {
            match activity.verdict(&limits()) {
                Verdict::KeepUntil(until) => tokio::time::sleep_until(until).await,
                end => return (end, start.elapsed()),
            }
        }
    }

    #[tokio::test(start_paused = true)]
    async fn resting_connection_is_closed_after_the_idle_bound() {
        let activity = Activity::new(true);
        assert_eq!(ends(&activity).await, (Verdict::Close, Duration::from_secs(120)));
    }

    #[tokio::test(start_paused = true)]
    async fn begun_header_is_cut_after_its_own_bound() {
        let activity = Activity::new(true);
        tokio::time::advance(Duration::from_secs(100)).await;
        activity.received();
        tokio::time::advance(Duration::from_secs(10)).await;
        activity.received();
        let cut = Verdict::Cut("its header took too long");
        assert_eq!(ends(&activity).await, (cut, Duration::from_secs(20)));
    }

    #[tokio::test(start_paused = true)]
    async fn request_in_progress_is_never_ended() {
        let activity = Activity::new(true);
        activity.received();
        let request = activity.begin();
        tokio::time::advance(Duration::from_secs(3600)).await;
        activity.received();
        assert!(matches!(activity.verdict(&limits()), Verdict::KeepUntil(_)));
        drop(request);
        assert_eq!(ends(&activity).await, (Verdict::Close, Duration::from_secs(120)));
    }

    #[tokio::test(start_paused = true)]
    async fn pings_of_http2_are_no_headers_and_keep_no_connection() {
        let activity = Activity::new(false);
        activity.received();
        tokio::time::advance(Duration::from_secs(100)).await;
        activity.received();
        activity.sent();
        assert_eq!(ends(&activity).await, (Verdict::Close, Duration::from_secs(20)));
    }

    #[tokio::test(start_paused = true)]
    async fn an_answer_that_is_not_taken_is_cut() {
        for busy in [true, false] {
            let activity = Activity::new(true);
            let request = busy.then(|| activity.begin());
            for _ in 0..10 {
                activity.note_taken(&Poll::<()>::Pending);
                tokio::time::advance(Duration::from_secs(119)).await;
                activity.note_taken(&Poll::Ready(()));
                activity.sent();
            }
            activity.note_taken(&Poll::<()>::Pending);
            tokio::time::advance(Duration::from_secs(50)).await;
            activity.note_taken(&Poll::<()>::Pending);
            let (end, after) = match busy {
                true => (Verdict::Cut("its answer was not taken for too long"), 250),
                // The tail of an answer is no reason to keep a connection for longer than idling.
                false => (Verdict::Close, 70),
            };
            assert_eq!(ends(&activity).await, (end, Duration::from_secs(after)), "{busy}");
            drop(request);
        }
    }
}
