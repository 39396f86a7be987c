//! The PostgreSQL driver: pipelined reads, pooled transactions.

mod connect;
mod error;
mod read;
mod statement;
mod tls;
mod url;
mod value;
mod write;

use deadpool_postgres::{Object, Pool};
use read::ReadLanes;
pub(crate) use value::column;
pub(crate) use write::Session;

use crate::{Arg, DbError, Durability, Row, Stmt, Tx};

/// How statements reach the server.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Statements {
    /// Prepared once on each connection, then named: the fastest.
    #[default]
    Prepared,
    /// Sent whole each time, and nothing is asked of the connection at its start: works behind
    /// poolers that lend a connection for one transaction, such as PgBouncer in transaction mode.
    Unnamed,
}

/// Bounds of the connections to a PostgreSQL server.
#[derive(Clone, Debug)]
pub struct PostgresOptions {
    /// Connections for transactions; a transaction has one to itself. One beyond that waits.
    pub write_connections: usize,
    /// Connections for reads, each carrying many queries at once.
    pub read_connections: usize,
    /// How long connecting, or waiting for a free connection, may take.
    pub patience: std::time::Duration,
    /// How long the network may be silent before a connection counts as lost.
    pub silence: std::time::Duration,
    /// How long the server works on one statement before it gives up.
    pub statement_timeout: std::time::Duration,
    /// How long a transaction may do nothing. One whose node has died, or been cut off, must not
    /// hold its locks for longer; a body has nothing to wait for between its statements.
    pub between_statements: std::time::Duration,
    /// How often a transaction's body is run when other transactions are in its way.
    pub attempts: u32,
    /// How statements reach the server.
    pub statements: Statements,
}

/// A server, reached through two sets of connections.
pub(crate) struct Postgres {
    readers: ReadLanes,
    writers: Pool,
    attempts: u32,
    statements: Statements,
    /// What each transaction begins with where nothing could be set on its connection.
    setup: String,
}

impl Default for PostgresOptions {
    fn default() -> Self {
        Self {
            write_connections: 16,
            read_connections: 4,
            patience: std::time::Duration::from_secs(5),
            silence: std::time::Duration::from_secs(10),
            statement_timeout: std::time::Duration::from_secs(30),
            between_statements: std::time::Duration::from_secs(3),
            attempts: 10,
            statements: Statements::default(),
        }
    }
}

impl Postgres {
    pub(crate) async fn connect(url: &str, options: &PostgresOptions) -> Result<Self, DbError> {
        let readers = ReadLanes::new(url, options)?;
        let writers = connect::pool(url, options, connect::Use::Write, options.write_connections)?;
        let (attempts, statements) = (options.attempts.max(1), options.statements);
        let setup = match statements {
            Statements::Prepared => String::new(),
            Statements::Unnamed => format!(
                "; set local statement_timeout = {}; set local idle_in_transaction_session_timeout = {}",
                options.statement_timeout.as_millis(),
                options.between_statements.as_millis()
            ),
        };
        let postgres = Self { readers, writers, attempts, statements, setup };
        // A wrong address or password is told now, not at the first request.
        drop(connect::take(&postgres.writers).await?);
        Ok(postgres)
    }

    pub(crate) async fn one<T>(
        &self,
        stmt: &Stmt,
        args: &[Arg<'_>],
        map: impl FnOnce(&Row<'_>) -> Result<T, DbError> + Send,
    ) -> Result<Option<T>, DbError> {
        let rows = self.readers.query(stmt, args).await?;
        rows.first().map(|row| map(&Row::postgres(row))).transpose()
    }

    pub(crate) async fn all<T>(
        &self,
        stmt: &Stmt,
        args: &[Arg<'_>],
        mut map: impl FnMut(&Row<'_>) -> Result<T, DbError> + Send,
    ) -> Result<Vec<T>, DbError> {
        let rows = self.readers.query(stmt, args).await?;
        rows.iter().map(|row| map(&Row::postgres(row))).collect()
    }

    pub(crate) async fn write<T, E, F>(&self, durability: Durability, body: F) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<DbError> + Send + 'static,
        F: Fn(&mut Tx<'_>) -> Result<T, E> + Send + 'static,
    {
        let client = connect::take(&self.writers).await?;
        let (runtime, attempts) = (tokio::runtime::Handle::current(), self.attempts);
        let (statements, setup) = (self.statements, self.setup.clone());
        // On a thread of its own the body may wait for each statement, and goes on when its caller is gone.
        tokio::task::spawn_blocking(move || {
            let begin = write::begin(durability, &setup);
            write::run(&runtime, client, statements, &begin, attempts, &body)
        })
        .await
        .unwrap_or_else(|error| {
            Err(DbError::Unavailable(format!("the transaction was stopped: {error}")).into())
        })
    }

    /// What the planner makes of a statement, whatever its arguments.
    pub(crate) async fn explain(&self, stmt: &Stmt) -> Result<String, DbError> {
        let client = connect::take(&self.writers).await?;
        let nulls = match stmt.parameters() {
            0 => String::new(),
            parameters => format!("({})", vec!["null"; parameters].join(", ")),
        };
        // On a nearly empty table a scan is the cheapest plan; with scans made dear, one that is left has no index.
        let setup =
            "begin; set local plan_cache_mode = force_generic_plan; set local enable_seqscan = off";
        client.batch_execute(setup).await?;
        let planned = async {
            client.batch_execute(&format!("prepare explained as {}", stmt.postgres())).await?;
            let explain = format!("explain (costs off) execute explained{nulls}");
            client.query_typed(&explain, &[]).await
        };
        let planned = planned.await;
        // The statement goes with the connection, or would be in the way of the next.
        let _ = client.batch_execute("rollback; deallocate all").await;
        drop(Object::take(client));
        let lines: Result<Vec<String>, _> = planned?.iter().map(|row| row.try_get(0)).collect();
        Ok(lines?.join("\n"))
    }

    pub(crate) fn close(&self) {
        self.readers.close();
        self.writers.close();
    }
}
