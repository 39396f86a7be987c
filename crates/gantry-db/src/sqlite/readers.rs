//! Read connections: a query runs inline on the caller's thread.

use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};

use rusqlite::Connection;

use super::{SqliteOptions, open};
use crate::DbError;

/// Idle read-only connections, the one used last on top, since its page cache is the warmest.
///
/// A query takes 5-10 µs, less than handing it to another thread would, so it runs where it is asked. There are as
/// many connections as queries ran at one time, not as threads ever asked, and closing the database closes them.
/// Each query is its own read transaction and sees every commit that was answered before it began.
pub(super) struct Readers {
    path: PathBuf,
    options: SqliteOptions,
    /// `None` once closed.
    idle: Mutex<Option<Vec<Connection>>>,
}

impl Readers {
    pub(super) fn new(path: PathBuf, options: SqliteOptions) -> Self {
        Self { path, options, idle: Mutex::new(Some(Vec::new())) }
    }

    /// Runs `read` on a connection of its own. One that panics loses its connection, nothing else.
    pub(super) fn with<T>(
        &self,
        read: impl FnOnce(&Connection) -> Result<T, DbError>,
    ) -> Result<T, DbError> {
        let taken = match &mut *self.idle() {
            Some(idle) => idle.pop(),
            None => return Err(super::closed()),
        };
        let conn = match taken {
            Some(conn) => conn,
            None => open::reader(&self.path, &self.options)?,
        };
        let result = read(&conn);
        let surplus = match &mut *self.idle() {
            Some(idle) if idle.len() < self.options.idle_readers => {
                idle.push(conn);
                None
            }
            _ => Some(conn),
        };
        drop(surplus);
        result
    }

    /// Closes the idle connections, and each busy one when its query ends.
    pub(super) fn close(&self) {
        let idle = self.idle().take();
        drop(idle);
    }

    fn idle(&self) -> std::sync::MutexGuard<'_, Option<Vec<Connection>>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
