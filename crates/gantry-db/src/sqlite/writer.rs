//! The writer: one thread, group commit.

use std::path::PathBuf;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

use rusqlite::Connection;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, oneshot};

use super::checkpoint::Checkpoints;
use super::job::{Body, Job};
use super::{SqliteOptions, closed, open};
use crate::{DbError, Durability, Tx};

/// The queue before the writer thread. Bounded: a caller beyond the bound waits for room.
pub(super) struct Writer {
    queue: Sender<Message>,
    room: Arc<Semaphore>,
    thread: Mutex<Option<thread::JoinHandle<()>>>,
}

enum Message {
    Job(Box<dyn Job>, OwnedSemaphorePermit),
    Close(oneshot::Sender<()>),
}

impl Writer {
    /// Opens the file, creating it if needed, and starts the thread.
    pub(super) fn start(path: PathBuf, options: SqliteOptions) -> Result<Self, DbError> {
        let mut conn = open::writer(&path, &options)?;
        let checkpoints = Checkpoints::start(&path, &options)?;
        checkpoints.watch(&mut conn)?;
        let room = Arc::new(Semaphore::new(options.queue));
        let (queue, inbox) = channel();
        let committer = Committer { path, options, conn, synchronous: None, checkpoints };
        let thread = thread::Builder::new()
            .name("gantry-writer".into())
            .spawn(move || committer.run(&inbox))
            .map_err(|error| DbError::Unavailable(format!("no thread for the writer: {error}")))?;
        Ok(Self { queue, room, thread: Mutex::new(Some(thread)) })
    }

    pub(super) async fn write<T, E, F>(&self, durability: Durability, body: F) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<DbError> + Send + 'static,
        F: Fn(&mut Tx<'_>) -> Result<T, E> + Send + 'static,
    {
        let room = Arc::clone(&self.room).acquire_owned().await.map_err(|_| closed())?;
        let (reply, answer) = oneshot::channel();
        let job = Body { durability, body, reply, result: None, hooks: Vec::new() };
        self.queue.send(Message::Job(Box::new(job), room)).map_err(|_| closed())?;
        answer.await.unwrap_or_else(|_| Err(closed().into()))
    }

    /// Refuses new work, commits what is queued, empties the log and closes the file.
    pub(super) async fn close(&self) {
        self.room.close();
        let (done, finished) = oneshot::channel();
        if self.queue.send(Message::Close(done)).is_ok() {
            // Both a word and its absence mean that the thread is through with its work.
            let _ = finished.await;
        }
        let thread = self.thread.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(Err(_)) = thread.map(thread::JoinHandle::join) {
            tracing::error!("the writer thread panicked");
        }
    }
}

/// The thread's side: owns the only connection that writes.
struct Committer {
    path: PathBuf,
    options: SqliteOptions,
    conn: Connection,
    /// What the connection's `synchronous` is set for.
    synchronous: Option<Durability>,
    checkpoints: Checkpoints,
}

impl Committer {
    fn run(mut self, inbox: &Receiver<Message>) {
        let mut closing = None;
        while closing.is_none() {
            self.checkpoints.turn(&self.conn);
            let Ok(mut message) = inbox.recv() else { break };
            let mut jobs = Vec::new();
            loop {
                match message {
                    Message::Job(job, _room) => jobs.push(job),
                    Message::Close(done) => {
                        closing = Some(done);
                        break;
                    }
                }
                if jobs.len() >= self.options.batch {
                    break;
                }
                let Ok(next) = inbox.try_recv() else { break };
                message = next;
            }
            self.commit(jobs);
        }
        self.checkpoints.finish(&self.conn);
        drop(self.conn);
        if let Some(done) = closing {
            let _ = done.send(());
        }
    }

    /// Commits the jobs together, then runs their hooks, then answers them.
    ///
    /// A failure that may be one body's doing (no space, a constraint checked at the commit) is found by running each
    /// alone, so that a body too large for the disk fails alone. After an I/O error nobody is tried twice.
    fn commit(&mut self, mut jobs: Vec<Box<dyn Job>>) {
        if jobs.is_empty() {
            return;
        }
        let outcome = self.prepare(&jobs).and_then(|()| together(&self.conn, &mut jobs));
        if outcome.is_ok() {
            for job in &mut jobs {
                job.committed();
            }
        } else {
            self.abandon();
        }
        match outcome {
            Err(ref error)
                if jobs.len() > 1
                    && !matches!(error, DbError::Unavailable(_) | DbError::Corrupt(_)) =>
            {
                for job in jobs {
                    self.commit(vec![job]);
                }
            }
            outcome => {
                for job in jobs {
                    job.answer(outcome.clone());
                }
            }
        }
    }

    /// Makes the connection usable and as durable as the most demanding job asks.
    fn prepare(&mut self, jobs: &[Box<dyn Job>]) -> Result<(), DbError> {
        if !self.conn.is_autocommit() {
            self.reopen()?;
        }
        let power = jobs.iter().any(|job| job.durability() == Durability::Power);
        let (wanted, level) =
            if power { (Durability::Power, "full") } else { (Durability::Process, "normal") };
        if self.synchronous != Some(wanted) {
            self.conn.pragma_update(None, "synchronous", level)?;
            self.synchronous = Some(wanted);
        }
        Ok(())
    }

    /// Rolls back what a failed commit left. If even that fails, `prepare` takes a new connection.
    fn abandon(&self) {
        if self.conn.is_autocommit() {
            return;
        }
        if let Err(error) = self.conn.execute_batch("rollback") {
            tracing::error!(%error, "a failed commit could not be rolled back; reopening the database");
        }
    }

    /// Replaces the connection. The new one is opened first: closing the last one would checkpoint the log, and
    /// opening the first one would recover it, including frames of a commit that was answered as failed.
    fn reopen(&mut self) -> Result<(), DbError> {
        let mut conn = open::writer(&self.path, &self.options)?;
        self.checkpoints.watch(&mut conn)?;
        self.conn = conn;
        self.synchronous = None;
        Ok(())
    }
}

/// Runs every job in a savepoint of its own inside one transaction, and commits it.
fn together(conn: &Connection, jobs: &mut [Box<dyn Job>]) -> Result<(), DbError> {
    cached(conn, "begin immediate")?;
    for job in jobs {
        cached(conn, "savepoint job")?;
        let keep = job.run(conn);
        if conn.is_autocommit() {
            // Some failures, a full disk among them, make SQLite roll back the whole transaction on its own.
            return Err(DbError::Other("the transaction was rolled back".into()));
        }
        if !keep {
            cached(conn, "rollback to job")?;
        }
        cached(conn, "release job")?;
    }
    cached(conn, "commit")
}

fn cached(conn: &Connection, sql: &str) -> Result<(), DbError> {
    conn.prepare_cached(sql)?.raw_execute()?;
    Ok(())
}
