//! How connections are opened and set up.

use std::path::Path;
use std::time::Duration;

use rusqlite::config::DbConfig;
use rusqlite::{Connection, OpenFlags};

use super::SqliteOptions;
use crate::DbError;

/// How long to wait for a lock that another process holds, such as a backup tool.
pub(super) const BUSY: Duration = Duration::from_secs(5);

/// Statements kept prepared per connection: all of the catalog's busy ones.
const PREPARED: usize = 128;

/// The one connection that writes, creating the file if there is none.
pub(super) fn writer(path: &Path, options: &SqliteOptions) -> Result<Connection, DbError> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE
        | OpenFlags::SQLITE_OPEN_CREATE
        | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let conn = connect(path, flags, options, options.writer_cache_bytes)?;
    let mode: String =
        conn.pragma_update_and_check(None, "journal_mode", "wal", |row| row.get(0))?;
    if mode != "wal" {
        return Err(DbError::Unavailable(format!(
            "{} is on a file system without shared memory, as network file systems are; use a local disk",
            path.display()
        )));
    }
    conn.pragma_update(None, "foreign_keys", true)?;
    conn.pragma_update(None, "journal_size_limit", signed(super::checkpoint::KEPT_WAL_BYTES))?;
    // The writer decides when, not whichever commit happens to cross a line.
    conn.pragma_update(None, "wal_autocheckpoint", 0)?;
    if let Some(bytes) = options.max_bytes {
        let page: i64 = conn.pragma_query_value(None, "page_size", |row| row.get(0))?;
        conn.pragma_update(None, "max_page_count", signed(bytes) / page)?;
    }
    Ok(conn)
}

/// A connection that can't write, whatever it is asked to run.
pub(super) fn reader(path: &Path, options: &SqliteOptions) -> Result<Connection, DbError> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    connect(path, flags, options, options.reader_cache_bytes)
}

fn connect(
    path: &Path,
    flags: OpenFlags,
    options: &SqliteOptions,
    cache: u64,
) -> Result<Connection, DbError> {
    let conn = Connection::open_with_flags(path, flags)?;
    conn.busy_timeout(BUSY)?;
    conn.set_prepared_statement_cache_capacity(PREPARED);
    conn.pragma_update(None, "trusted_schema", false)?;
    // Without this the planner looks at the values bound, and plans anew whenever they change: ten times the work of
    // a lookup. It also makes the plan that a test saw the plan that runs.
    conn.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
    conn.pragma_update(None, "mmap_size", signed(options.mmap_bytes))?;
    // A negative size is in KiB instead of pages.
    conn.pragma_update(None, "cache_size", -signed(cache / 1024))?;
    Ok(conn)
}

/// A size as SQLite takes it. One beyond 2^63 means "no limit" anyway.
fn signed(bytes: u64) -> i64 {
    i64::try_from(bytes).unwrap_or(i64::MAX)
}
