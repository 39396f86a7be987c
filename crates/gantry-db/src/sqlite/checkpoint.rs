//! Keeping the write-ahead log short.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use rusqlite::Connection;

use crate::DbError;

/// Pages in the log from which on a quiet moment is used to move them into the file: 16 MiB. One batch then waits for
/// two fsyncs, some 20 ms; a page written often is moved once, so a longer log is less work in all, but a slower start
/// after a crash.
const QUIET_PAGES: u32 = 4_000;
/// Pages from which on they are moved between two batches, quiet or not.
const BUSY_PAGES: u32 = 2 * QUIET_PAGES;
/// Pages from which on readers are waited for, so that the log starts over.
const WAITING_PAGES: u32 = 8 * QUIET_PAGES;
/// How long they are waited for. A reader is normally gone in microseconds; a backup isn't.
const PATIENCE: Duration = Duration::from_millis(100);
/// What the log's file may keep of its size once it started over.
pub(super) const KEPT_WAL_BYTES: u64 = 16 << 20;

/// Decides when the writer moves the log into the database file.
///
/// The ordinary (passive) checkpoint waits for nobody, and once it reached the end of the log readers look at the file
/// alone, so the next commit starts the log over. Only readers that began before that moment keep it growing.
pub(super) struct Checkpoints {
    /// The log's length after the last commit, told by SQLite.
    pages: Arc<AtomicU32>,
    /// The length at the last look, to see that it started over.
    seen: u32,
    /// Not again before this length: a reader in the way must not cost two fsyncs per batch.
    not_before: u32,
}

impl Checkpoints {
    pub(super) fn new() -> Self {
        Self { pages: Arc::new(AtomicU32::new(0)), seen: 0, not_before: 0 }
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

    /// Moves the log if it is long enough; a shorter one will do when no work is waiting.
    pub(super) fn run_if_due(&mut self, conn: &Connection, quiet: bool) {
        let pages = self.pages.load(Ordering::Relaxed);
        if pages < self.seen {
            self.not_before = 0;
        }
        self.seen = pages;
        let enough = if quiet { QUIET_PAGES } else { BUSY_PAGES };
        if pages < enough.max(self.not_before) {
            return;
        }
        self.not_before = pages + QUIET_PAGES;
        let outcome =
            if pages < WAITING_PAGES { checkpoint(conn, "passive") } else { restart(conn) };
        if let Err(error) = outcome {
            tracing::warn!(%error, wal.pages = pages, "the write-ahead log could not be checkpointed");
        }
    }
}

/// Empties the log before the database is closed.
pub(super) fn truncate(conn: &Connection) -> Result<(), DbError> {
    checkpoint(conn, "truncate")
}

fn restart(conn: &Connection) -> Result<(), DbError> {
    conn.busy_timeout(PATIENCE)?;
    let outcome = checkpoint(conn, "restart");
    conn.busy_timeout(super::open::BUSY)?;
    outcome
}

fn checkpoint(conn: &Connection, mode: &str) -> Result<(), DbError> {
    // The row tells whether readers were in the way, which is no failure.
    Ok(conn.query_row(&format!("pragma wal_checkpoint({mode})"), [], |_| Ok(()))?)
}
