//! The embedded driver: reads inline, writes through one thread.

mod checkpoint;
mod error;
mod job;
mod open;
mod readers;
mod statement;
mod upkeep;
mod writer;

use std::path::{Path, PathBuf};

use readers::Readers;
pub(crate) use statement::{all, batch, column, exec, explain, one};
use writer::Writer;

use crate::{DbError, Durability, Tx};

/// Bounds of the embedded database.
#[derive(Clone, Debug)]
pub struct SqliteOptions {
    /// The file's largest size; beyond it writes fail with [`DbError::Full`].
    pub max_bytes: Option<u64>,
    /// How much of the file is mapped. Mapped pages are the kernel's, not this process's, memory.
    pub mmap_bytes: u64,
    /// The writer's page cache.
    pub writer_cache_bytes: u64,
    /// The page cache of each read connection: only pages that are still in the log go through it.
    pub reader_cache_bytes: u64,
    /// Read connections kept open between queries.
    pub idle_readers: usize,
    /// Transactions waiting for the writer; a caller beyond that waits for room.
    pub queue: usize,
    /// Transactions in one commit.
    pub batch: usize,
}

/// An open file with its connections.
pub(crate) struct Sqlite {
    path: PathBuf,
    options: SqliteOptions,
    readers: Readers,
    /// `None` if opened for reading alone.
    writer: Option<Writer>,
}

impl Default for SqliteOptions {
    fn default() -> Self {
        Self {
            max_bytes: None,
            mmap_bytes: 1 << 30,
            writer_cache_bytes: 4 << 20,
            reader_cache_bytes: 1 << 20,
            idle_readers: 16,
            queue: 1024,
            batch: 256,
        }
    }
}

impl Sqlite {
    pub(crate) async fn open(path: &Path, options: SqliteOptions) -> Result<Self, DbError> {
        let start =
            |path: &Path, options: &SqliteOptions| Writer::start(path.into(), options.clone());
        let writer = upkeep::aside(path.into(), options.clone(), start).await?;
        Ok(Self { writer: Some(writer), ..Self::reading(path, options) })
    }

    pub(crate) async fn open_read_only(
        path: &Path,
        options: SqliteOptions,
    ) -> Result<Self, DbError> {
        let probe = |path: &Path, options: &SqliteOptions| open::reader(path, options).map(drop);
        upkeep::aside(path.into(), options.clone(), probe).await?;
        Ok(Self::reading(path, options))
    }

    /// Runs one query inline. It blocks for as long as the query takes.
    pub(crate) fn read<T>(
        &self,
        query: impl FnOnce(&rusqlite::Connection) -> Result<T, DbError>,
    ) -> Result<T, DbError> {
        self.readers.with(query)
    }

    pub(crate) async fn write<T, E, F>(&self, durability: Durability, body: F) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<DbError> + Send + 'static,
        F: Fn(&mut Tx<'_>) -> Result<T, E> + Send + 'static,
    {
        match &self.writer {
            Some(writer) => writer.write(durability, body).await,
            None => Err(DbError::Unavailable("it is open for reading alone".into()).into()),
        }
    }

    pub(crate) async fn snapshot_to(&self, target: PathBuf) -> Result<(), DbError> {
        let copy =
            move |path: &Path, options: &SqliteOptions| upkeep::snapshot(path, options, &target);
        upkeep::aside(self.path.clone(), self.options.clone(), copy).await
    }

    pub(crate) async fn integrity_check(&self) -> Result<Vec<String>, DbError> {
        upkeep::aside(self.path.clone(), self.options.clone(), upkeep::check).await
    }

    /// Closes the readers first, so that the writer is the last and removes the log.
    pub(crate) async fn close(&self) {
        self.readers.close();
        if let Some(writer) = &self.writer {
            writer.close().await;
        }
    }

    fn reading(path: &Path, options: SqliteOptions) -> Self {
        let readers = Readers::new(path.into(), options.clone());
        Self { path: path.into(), options, readers, writer: None }
    }
}

fn closed() -> DbError {
    DbError::Unavailable("it is closed".into())
}
