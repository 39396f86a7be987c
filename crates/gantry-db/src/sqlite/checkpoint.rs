//! Keeping the write-ahead log short.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, TryRecvError, sync_channel};
use std::thread;
use std::time::Duration;

use rusqlite::Connection;

use super::{SqliteOptions, open};
use crate::DbError;

/// Pages in the log from which on they are moved into the database file: 16 MiB. A page written often is moved once,
/// so a longer log is less work in all, but a slower start after a crash.
const LONG_PAGES: u32 = 4_000;
/// Pages from which on readers are waited for, so that the log starts over.
const WAITING_PAGES: u32 = 8 * LONG_PAGES;
/// How long they are waited for. A reader is normally gone in microseconds; a backup isn't.
const PATIENCE: Duration = Duration::from_millis(100);
/// What the log's file may keep of its size once it started over.
pub(super) const KEPT_WAL_BYTES: u64 = 16 << 20;

/// Decides when the log is moved into the database file, and by whom.
///
/// A (passive) checkpoint waits for nobody, and nobody waits for it, but its fsyncs take tens of milliseconds. So the
/// bulk is done by a thread beside the writer. What was committed meanwhile, the writer moves itself: only when
/// nothing is left in the log do readers look at the file alone, and the next commit starts the log over. Readers
/// that began before that moment keep it growing until the next turn.
pub(super) struct Checkpoints {
    /// The log's length after the last commit, told by SQLite.
    pages: Arc<AtomicU32>,
    /// The length at the last look, to see that it started over.
    seen: u32,
    /// Not again before this length: a reader in the way must not cost fsyncs at every batch.
    not_before: u32,
    helper: Helper,
}

/// The thread beside the writer.
struct Helper {
    asked: SyncSender<()>,
    done: Receiver<()>,
    busy: bool,
    thread: thread::JoinHandle<()>,
}

impl Checkpoints {
    pub(super) fn start(path: &Path, options: &SqliteOptions) -> Result<Self, DbError> {
        let helper = Helper::start(open::writer(path, options)?)?;
        Ok(Self { pages: Arc::new(AtomicU32::new(0)), seen: 0, not_before: 0, helper })
    }

    /// Starts to watch the log of a newly opened connection.
    pub(super) fn watch(&self, conn: &mut Connection) -> Result<(), DbError> {
        let pages = Arc::clone(&self.pages);
        conn.wal_hook(Some(move |_: &mut rusqlite::hooks::Wal, length: i32| {
            pages.store(length.unsigned_abs(), Ordering::Relaxed);
            Ok(())
        }))?;
        Ok(())
    }

    /// Does between two batches what is due.
    pub(super) fn turn(&mut self, conn: &Connection) {
        let pages = self.pages.load(Ordering::Relaxed);
        if pages < self.seen {
            self.not_before = 0;
        }
        self.seen = pages;
        if self.helper.busy {
            if self.helper.finished() {
                self.not_before = pages + LONG_PAGES;
                told(if pages < WAITING_PAGES {
                    checkpoint(conn, "passive")
                } else {
                    restart(conn)
                });
            }
        } else if pages >= LONG_PAGES.max(self.not_before) {
            self.helper.ask();
        }
    }

    /// Ends the helper and empties the log, before the database is closed.
    pub(super) fn finish(self, conn: &Connection) {
        drop(self.helper.asked);
        if self.helper.thread.join().is_err() {
            tracing::error!("the thread for checkpoints panicked");
        }
        told(checkpoint(conn, "truncate"));
    }
}

impl Helper {
    fn start(conn: Connection) -> Result<Self, DbError> {
        let (asked, asks) = sync_channel(1);
        let (tell, done) = sync_channel(1);
        let work = move || {
            while asks.recv().is_ok() {
                told(checkpoint(&conn, "passive"));
                if tell.send(()).is_err() {
                    break;
                }
            }
        };
        let thread = thread::Builder::new()
            .name("gantry-checkpt".into())
            .spawn(work)
            .map_err(|error| DbError::Unavailable(format!("no thread for checkpoints: {error}")))?;
        Ok(Self { asked, done, busy: false, thread })
    }

    fn ask(&mut self) {
        self.busy = self.asked.try_send(()).is_ok();
    }

    fn finished(&mut self) -> bool {
        self.busy = matches!(self.done.try_recv(), Err(TryRecvError::Empty));
        !self.busy
    }
}

/// Waits a little for readers of the log, so that nothing keeps it from starting over.
fn restart(conn: &Connection) -> Result<(), DbError> {
    conn.busy_timeout(PATIENCE)?;
    let outcome = checkpoint(conn, "restart");
    conn.busy_timeout(open::BUSY)?;
    outcome
}

fn checkpoint(conn: &Connection, mode: &str) -> Result<(), DbError> {
    // The row tells whether readers were in the way, which is no failure.
    Ok(conn.query_row(&format!("pragma wal_checkpoint({mode})"), [], |_| Ok(()))?)
}

/// A failed checkpoint costs nothing but space: the log is whole, and the next turn tries again.
fn told(outcome: Result<(), DbError>) {
    if let Err(error) = outcome {
        tracing::warn!(%error, "the write-ahead log could not be moved into the database file");
    }
}
