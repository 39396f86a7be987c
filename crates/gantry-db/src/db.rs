//! The database, whichever it is.

use std::fmt;
use std::path::Path;
use std::sync::Arc;

use crate::plan::Plan;
use crate::postgres::{Postgres, PostgresOptions};
#[cfg(feature = "simulation")]
use crate::simulated::Simulated;
use crate::sqlite::{self, Sqlite, SqliteOptions};
use crate::{Arg, DbError, Durability, Row, Stmt, Tx};

/// A handle on a database; clones share it.
#[derive(Clone)]
pub struct Db {
    driver: Driver,
}

/// Which database answers, for the few places that must know.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dialect {
    /// The embedded database.
    Sqlite,
    /// A PostgreSQL server, or one that speaks its protocol.
    Postgres,
}

/// A server's standby.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Standby {
    /// What it calls itself.
    pub name: String,
    /// A commit waits until it has it.
    pub waited_for: bool,
}

#[derive(Clone)]
enum Driver {
    Sqlite(Arc<Sqlite>),
    Postgres(Arc<Postgres>),
    #[cfg(feature = "simulation")]
    Simulated(Arc<Simulated>),
}

impl Db {
    /// Opens an embedded database, creating the file if there is none. One process at a time may do so.
    pub async fn open_sqlite(path: &Path, options: SqliteOptions) -> Result<Self, DbError> {
        Ok(Self::sqlite(Sqlite::open(path, options).await?))
    }

    /// Opens an embedded database to look at it, also while another process writes to it. Writes are refused.
    pub async fn open_sqlite_read_only(
        path: &Path,
        options: SqliteOptions,
    ) -> Result<Self, DbError> {
        Ok(Self::sqlite(Sqlite::open_read_only(path, options).await?))
    }

    /// Connects to a server, named by a URL or by `key=value` pairs as for `psql`.
    pub async fn connect_postgres(url: &str, options: PostgresOptions) -> Result<Self, DbError> {
        let postgres = Postgres::connect(url, &options).await?;
        Ok(Self { driver: Driver::Postgres(Arc::new(postgres)) })
    }

    /// Which database this is.
    pub fn dialect(&self) -> Dialect {
        match self.driver {
            Driver::Sqlite(_) => Dialect::Sqlite,
            Driver::Postgres(_) => Dialect::Postgres,
            #[cfg(feature = "simulation")]
            Driver::Simulated(_) => Dialect::Sqlite,
        }
    }

    /// The first row of a query, mapped, or `None`. It sees every transaction that was answered before the call.
    ///
    /// On SQLite the query runs inline: it blocks the thread for its few microseconds. Keep reads short.
    pub async fn one<T>(
        &self,
        stmt: &Stmt,
        args: &[Arg<'_>],
        map: impl FnOnce(&Row<'_>) -> Result<T, DbError> + Send,
    ) -> Result<Option<T>, DbError> {
        match &self.driver {
            Driver::Sqlite(sqlite) => sqlite.read(|conn| sqlite::one(conn, stmt, args, map)),
            Driver::Postgres(postgres) => postgres.one(stmt, args, map).await,
            #[cfg(feature = "simulation")]
            Driver::Simulated(simulated) => {
                simulated.read(|conn| sqlite::one(conn, stmt, args, map)).await
            }
        }
    }

    /// Every row of a query, mapped. Give it a `limit`: the rows are held in memory.
    pub async fn all<T>(
        &self,
        stmt: &Stmt,
        args: &[Arg<'_>],
        map: impl FnMut(&Row<'_>) -> Result<T, DbError> + Send,
    ) -> Result<Vec<T>, DbError> {
        match &self.driver {
            Driver::Sqlite(sqlite) => sqlite.read(|conn| sqlite::all(conn, stmt, args, map)),
            Driver::Postgres(postgres) => postgres.all(stmt, args, map).await,
            #[cfg(feature = "simulation")]
            Driver::Simulated(simulated) => {
                simulated.read(|conn| sqlite::all(conn, stmt, args, map)).await
            }
        }
    }

    /// Runs a transaction: all of the body's writes are kept if it returns `Ok`, and none otherwise.
    ///
    /// The body is synchronous, so nothing can be awaited while the transaction is open. It may run more than once
    /// (other transactions in the way, a companion in its batch that failed the commit), each time as if it were the
    /// first; its effects belong in the transaction or in [`Tx::on_commit`]. If it panics, that is an error.
    ///
    /// Once begun it runs to its end, whether or not the future is still there to be answered; a future dropped while
    /// it waits in the queue may still commit. After an error of kind [`DbError::Unavailable`] the outcome may be
    /// unknown; after any other nothing was kept.
    pub async fn write<T, E>(
        &self,
        durability: Durability,
        body: impl Fn(&mut Tx<'_>) -> Result<T, E> + Send + 'static,
    ) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<DbError> + Send + 'static,
    {
        match &self.driver {
            Driver::Sqlite(sqlite) => sqlite.write(durability, body).await,
            Driver::Postgres(postgres) => postgres.write(durability, body).await,
            #[cfg(feature = "simulation")]
            Driver::Simulated(simulated) => simulated.write(body).await,
        }
    }

    /// Prepares a statement and tells how the database would run it, for tests. Nothing is run.
    pub async fn explain(&self, stmt: &Stmt) -> Result<Plan, DbError> {
        let dialect = self.dialect();
        let text = match &self.driver {
            Driver::Sqlite(sqlite) => sqlite.read(|conn| sqlite::explain(conn, stmt))?,
            Driver::Postgres(postgres) => postgres.explain(stmt).await?,
            #[cfg(feature = "simulation")]
            Driver::Simulated(simulated) => {
                simulated.read(|conn| sqlite::explain(conn, stmt)).await?
            }
        };
        Ok(Plan { dialect, text })
    }

    /// The standbys that follow a server, as far as the user may see them; none of an embedded database.
    pub async fn standbys(&self) -> Result<Vec<Standby>, DbError> {
        const STANDBYS: Stmt = Stmt::new(
            "select coalesce(application_name, ''), coalesce(sync_state, '') from pg_stat_replication",
        );
        match &self.driver {
            Driver::Sqlite(_) => Ok(Vec::new()),
            #[cfg(feature = "simulation")]
            Driver::Simulated(_) => Ok(Vec::new()),
            Driver::Postgres(postgres) => {
                let standby = |row: &Row<'_>| {
                    let state: String = row.get(1)?;
                    let waited_for = matches!(state.as_str(), "sync" | "quorum");
                    Ok(Standby { name: row.get(0)?, waited_for })
                };
                postgres.all(&STANDBYS, &[], standby).await
            }
        }
    }

    /// Copies an embedded database, as of one moment, to a file that must not exist, and syncs it. Writers go on.
    /// A server is copied with its own tools.
    pub async fn snapshot_to(&self, path: &Path) -> Result<(), DbError> {
        match &self.driver {
            Driver::Sqlite(sqlite) => sqlite.snapshot_to(path.into()).await,
            Driver::Postgres(_) => {
                Err(DbError::Other("a PostgreSQL database is copied with pg_dump".into()))
            }
            #[cfg(feature = "simulation")]
            Driver::Simulated(_) => Err(DbError::Other("a simulated database has no file".into())),
        }
    }

    /// Reads an embedded database whole and tells what is wrong with it: pages, indexes, foreign keys. A server checks
    /// its own pages as it reads them (data checksums, `pg_amcheck`), so there this finds nothing.
    pub async fn integrity_check(&self) -> Result<Vec<String>, DbError> {
        match &self.driver {
            Driver::Sqlite(sqlite) => sqlite.integrity_check().await,
            Driver::Postgres(_) => Ok(Vec::new()),
            #[cfg(feature = "simulation")]
            Driver::Simulated(_) => Ok(Vec::new()),
        }
    }

    /// Refuses further calls, finishes the transactions that are queued, and closes the database.
    pub async fn close(&self) {
        match &self.driver {
            Driver::Sqlite(sqlite) => sqlite.close().await,
            Driver::Postgres(postgres) => postgres.close(),
            #[cfg(feature = "simulation")]
            Driver::Simulated(_) => {}
        }
    }

    #[cfg(feature = "simulation")]
    pub(crate) fn simulated(simulated: Simulated) -> Self {
        Self { driver: Driver::Simulated(Arc::new(simulated)) }
    }

    fn sqlite(sqlite: Sqlite) -> Self {
        Self { driver: Driver::Sqlite(Arc::new(sqlite)) }
    }
}

impl fmt::Debug for Db {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Db").field("dialect", &self.dialect()).finish_non_exhaustive()
    }
}
