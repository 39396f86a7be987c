//! HTTP/2 answers that nobody takes.
//!
//! A reader that keeps its window shut holds a stream for as long as it likes, while the connection
//! is in the best of health: pings are answered, other streams go on. So each stream's task is
//! watched. When nothing of its answer was taken for too long it is dropped, and with it the stream.

use std::future::poll_fn;
use std::pin::{Pin, pin};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::Poll;
use std::time::Duration;

use tokio::time::{Instant, Sleep, sleep_until};

tokio::task_local! {
    static UNTAKEN: Untaken;
}

/// Since when a part of an answer is waiting to be taken, if one is. Clones are the same answer's.
#[derive(Clone, Debug, Default)]
pub(crate) struct Untaken(Arc<Mutex<Option<Instant>>>);

impl Untaken {
    /// That of the stream whose task this is.
    pub(crate) fn of_stream() -> Option<Self> {
        UNTAKEN.try_with(Clone::clone).ok()
    }

    /// Some of the answer is there for the reader from now on.
    pub(crate) fn begin(&self) {
        self.set(Some(Instant::now()));
    }

    /// The reader isn't what the answer waits for.
    pub(crate) fn end(&self) {
        self.set(None);
    }

    fn since(&self) -> Option<Instant> {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn set(&self, since: Option<Instant>) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = since;
    }
}

/// Runs a stream's task, to its end or until its answer wasn't taken for as long as `patience`.
pub(crate) async fn with_patience(task: impl Future<Output = ()>, patience: Duration) {
    let untaken = Untaken::default();
    let mut task = pin!(UNTAKEN.scope(untaken.clone(), task));
    // Most answers are taken at once and need no timer.
    let mut timer: Option<Pin<Box<Sleep>>> = None;
    poll_fn(|cx| {
        if task.as_mut().poll(cx).is_ready() {
            return Poll::Ready(());
        }
        let Some(since) = untaken.since() else { return Poll::Pending };
        let until = since + patience;
        let timer = timer.get_or_insert_with(|| Box::pin(sleep_until(until)));
        if timer.deadline() != until {
            timer.as_mut().reset(until);
        }
        timer.as_mut().poll(cx).map(|()| tracing::debug!("an answer was not taken: stream reset"))
    })
    .await;
}

#[cfg(test)]
mod tests {
    use tokio::time::sleep;

    use super::*;

    const PATIENCE: Duration = Duration::from_secs(300);

    /// How long a task runs under watch.
    async fn lasts(task: impl Future<Output = ()>) -> Duration {
        let start = Instant::now();
        with_patience(task, PATIENCE).await;
        start.elapsed()
    }

    #[tokio::test(start_paused = true)]
    async fn an_answer_that_is_not_taken_ends() {
        let stuck = async {
            sleep(Duration::from_secs(1000)).await;
            Untaken::of_stream().unwrap().begin();
            std::future::pending::<()>().await;
        };
        assert_eq!(lasts(stuck).await, Duration::from_secs(1300));
    }

    #[tokio::test(start_paused = true)]
    async fn an_answer_that_is_taken_slowly_goes_on() {
        let slow = async {
            for _ in 0..10 {
                Untaken::of_stream().unwrap().begin();
                sleep(Duration::from_secs(299)).await;
            }
        };
        assert_eq!(lasts(slow).await, Duration::from_secs(2990));
    }

    #[tokio::test(start_paused = true)]
    async fn an_answer_that_is_slow_to_make_goes_on() {
        let slow = async {
            let untaken = Untaken::of_stream().unwrap();
            untaken.begin();
            sleep(Duration::from_secs(1)).await;
            untaken.end();
            sleep(Duration::from_secs(1000)).await;
        };
        assert_eq!(lasts(slow).await, Duration::from_secs(1001));
    }
}
