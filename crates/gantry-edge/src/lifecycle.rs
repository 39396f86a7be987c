//! One way to start tasks and one way to end them.
//!
//! The first signal drains: tasks see [`Lifecycle::draining`] and finish what they have begun. The
//! second signal, or the deadline, cuts: every task is dropped at its next `.await`. So each task
//! keeps its state right before an `.await`, as it must anyway for a power cut.

use std::future::Future;
use std::io;
use std::time::Duration;

use tokio::signal::unix::{SignalKind, signal};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// How long dropped tasks get to unwind after the cut.
const UNWIND: Duration = Duration::from_secs(5);

/// How the process came to its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    /// Every task finished by itself.
    Drained,
    /// A second signal or the deadline ended some.
    Cut,
}

/// The life of a process: what runs, whether it drains, when it is over. Clones are handles.
#[derive(Clone, Debug)]
pub struct Lifecycle {
    soft: CancellationToken,
    hard: CancellationToken,
    tracker: TaskTracker,
    deadline: Duration,
}

impl Lifecycle {
    /// A life that, once draining, is cut after `deadline`.
    pub fn new(deadline: Duration) -> Self {
        Self {
            soft: CancellationToken::new(),
            hard: CancellationToken::new(),
            tracker: TaskTracker::new(),
            deadline,
        }
    }

    /// Makes SIGTERM and SIGINT drain, and the next of either cut. From here on they no longer end
    /// the process by themselves.
    ///
    /// # Errors
    /// When the handlers cannot be installed.
    #[expect(
        clippy::disallowed_methods,
        reason = "this task lives as long as the process; tracking it would keep the tracker waiting for ever"
    )]
    pub fn obey_signals(&self) -> io::Result<()> {
        let mut terminate = signal(SignalKind::terminate())?;
        let mut interrupt = signal(SignalKind::interrupt())?;
        let life = self.clone();
        tokio::spawn(async move {
            loop {
                let name = tokio::select! {
                    _ = terminate.recv() => "SIGTERM",
                    _ = interrupt.recv() => "SIGINT",
                };
                if life.is_draining() {
                    tracing::warn!(signal = name, "second signal: cutting what still runs");
                    life.cut();
                } else {
                    tracing::info!(signal = name, "draining: finishing what runs, refusing new");
                    life.drain();
                }
            }
        });
        Ok(())
    }

    /// Runs `task` to its end or to the cut, when it is dropped at its next `.await`.
    pub fn spawn<F>(&self, task: F) -> JoinHandle<()>
    where
        F: Future<Output = ()> + Send + 'static,
    {
        // A token of its own, so that tasks polling it don't meet on one lock.
        let cut = self.hard.child_token();
        self.tracker.spawn(async move {
            cut.run_until_cancelled(task).await;
        })
    }

    /// Begins the drain, as the first signal does.
    pub fn drain(&self) {
        self.soft.cancel();
    }

    /// Cuts, as the second signal does.
    pub fn cut(&self) {
        self.soft.cancel();
        self.hard.cancel();
    }

    /// Completes when the drain has begun. Cancel-safe.
    pub fn draining(&self) -> impl Future<Output = ()> + Send + 'static {
        self.soft.child_token().cancelled_owned()
    }

    /// Whether the drain has begun.
    pub fn is_draining(&self) -> bool {
        self.soft.is_cancelled()
    }

    /// Waits for the drain to begin and then for every task to end, cutting at the deadline.
    pub async fn finished(&self) -> Ending {
        self.soft.cancelled().await;
        self.tracker.close();
        tokio::select! {
            biased;
            () = self.tracker.wait() => return self.ending(),
            () = self.hard.cancelled() => {}
            () = tokio::time::sleep(self.deadline) => {
                tracing::warn!(
                    tasks = self.tracker.len(),
                    deadline_ms = u64::try_from(self.deadline.as_millis()).unwrap_or(u64::MAX),
                    "drain deadline passed: cutting what still runs"
                );
                self.cut();
            }
        }
        // A task stuck in blocking code doesn't see the cut; the process must end nevertheless.
        if tokio::time::timeout(UNWIND, self.tracker.wait()).await.is_err() {
            tracing::error!(tasks = self.tracker.len(), "tasks did not yield to the cut");
        }
        Ending::Cut
    }

    fn ending(&self) -> Ending {
        if self.hard.is_cancelled() { Ending::Cut } else { Ending::Drained }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicBool, Ordering};

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn drain_waits_for_tasks_that_finish() {
        let life = Lifecycle::new(Duration::from_secs(30));
        let done = Arc::new(AtomicBool::new(false));
        let seen = Arc::clone(&done);
        life.spawn(async move {
            tokio::time::sleep(Duration::from_secs(20)).await;
            seen.store(true, Ordering::SeqCst);
        });
        life.drain();
        assert_eq!(life.finished().await, Ending::Drained);
        assert!(done.load(Ordering::SeqCst));
    }

    #[tokio::test(start_paused = true)]
    async fn deadline_cuts_tasks_that_do_not_finish() {
        let life = Lifecycle::new(Duration::from_secs(30));
        let task = life.spawn(std::future::pending());
        life.drain();
        assert!(life.is_draining());
        assert_eq!(life.finished().await, Ending::Cut);
        assert!(task.is_finished());
    }

    #[tokio::test(start_paused = true)]
    async fn second_signal_cuts_at_once() {
        let life = Lifecycle::new(Duration::from_secs(3600));
        let task = life.spawn(std::future::pending());
        life.drain();
        let waiting = tokio::time::Instant::now();
        life.cut();
        assert_eq!(life.finished().await, Ending::Cut);
        assert!(task.is_finished());
        assert_eq!(waiting.elapsed(), Duration::ZERO);
    }

    #[tokio::test]
    async fn finished_waits_for_the_drain_to_begin() {
        let life = Lifecycle::new(Duration::from_secs(30));
        let early = tokio::time::timeout(Duration::from_millis(20), life.finished()).await;
        assert!(early.is_err());
        life.drain();
        life.draining().await;
        assert_eq!(life.finished().await, Ending::Drained);
    }
}
