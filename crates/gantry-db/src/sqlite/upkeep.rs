//! What operators ask of the embedded database: copies and checks.

use std::fs::File;
use std::path::{Path, PathBuf};

use super::{SqliteOptions, open};
use crate::DbError;

/// Writes a consistent, compact copy that is on stable storage when this returns.
pub(super) fn snapshot(
    source: &Path,
    options: &SqliteOptions,
    target: &Path,
) -> Result<(), DbError> {
    let text = target
        .to_str()
        .ok_or_else(|| DbError::Other(format!("the path {} is not UTF-8", target.display())))?;
    open::reader(source, options)?.execute("vacuum into ?1", [text])?;
    let sync = |path: &Path| File::open(path)?.sync_all();
    let directory = target.parent().filter(|parent| !parent.as_os_str().is_empty());
    sync(target)
        .and_then(|()| sync(directory.unwrap_or(Path::new("."))))
        .map_err(|error| DbError::Unavailable(format!("syncing {}: {error}", target.display())))
}

/// Reads every page and index and every foreign key, and tells what is wrong; nothing, if it returns nothing.
pub(super) fn check(source: &Path, options: &SqliteOptions) -> Result<Vec<String>, DbError> {
    let conn = open::reader(source, options)?;
    let mut findings = Vec::new();
    let mut integrity = conn.prepare("pragma integrity_check")?;
    let mut rows = integrity.query([])?;
    while let Some(row) = rows.next()? {
        let line: String = row.get(0)?;
        if line != "ok" {
            findings.push(line);
        }
    }
    let mut keys = conn.prepare("pragma foreign_key_check")?;
    let mut rows = keys.query([])?;
    while let Some(row) = rows.next()? {
        let (child, parent): (String, String) = (row.get(0)?, row.get(2)?);
        findings.push(format!("a row of {child} names a row of {parent} that is not there"));
    }
    Ok(findings)
}

/// Runs work that reads a whole database where it may block.
pub(super) async fn aside<T: Send + 'static>(
    path: PathBuf,
    options: SqliteOptions,
    work: impl FnOnce(&Path, &SqliteOptions) -> Result<T, DbError> + Send + 'static,
) -> Result<T, DbError> {
    tokio::task::spawn_blocking(move || work(&path, &options))
        .await
        .unwrap_or_else(|error| Err(DbError::Other(format!("database upkeep stopped: {error}"))))
}
