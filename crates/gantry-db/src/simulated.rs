//! A database for simulations: in memory, behind a network that a test makes.
//!
//! What a caller may count on is what it may count on of a PostgreSQL server. A transaction that has
//! reached the database runs to its end, whether or not anyone is left to be answered; one whose
//! answer is lost is [`DbError::Unavailable`], and its outcome unknown; its
//! [`on_commit`](crate::Tx::on_commit) hooks run on the node that hears of the commit. Where a server
//! runs statements of several transactions side by side, here each runs alone, at the moment it
//! arrives: what order does, not what locks do, is simulated.
//!
//! Nothing here asks the operating system for the time or for a thread, so that a test whose [`Wire`]
//! draws from a seed replays.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use rusqlite::Connection;
use rusqlite::functions::FunctionFlags;
use tokio::sync::oneshot;
use tokio::time::timeout;

use crate::tx::{Hook, Session, panicked, run_hooks};
use crate::{Db, DbError, PostgresOptions, Tx};

/// Resolves when a message has arrived; with what went wrong where the connection broke.
pub type Carried = Pin<Box<dyn Future<Output = Result<(), String>> + Send>>;

/// The network between a node and the database.
pub trait Wire: Send + Sync {
    /// Carries a message, in either direction. Asked for as soon as there is something to carry: of
    /// an answer, right after the database has done what it is about.
    ///
    /// A message that is lost in silence never arrives; the node gives up waiting after a while, as
    /// the PostgreSQL driver does. One that arrives later than that is still acted on.
    fn carry(&self, message: Message) -> Carried;
}

/// What is carried.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Message {
    /// A question, to the database.
    Query,
    /// Its rows.
    Rows,
    /// A transaction, to the database.
    Transaction,
    /// How it ended.
    Outcome,
}

/// The database that all nodes of a simulation share. Cheap to clone.
#[derive(Clone)]
pub struct SimulatedDatabase(Arc<Mutex<Connection>>);

/// One node's way to it.
pub(crate) struct Simulated {
    database: SimulatedDatabase,
    wire: Arc<dyn Wire>,
    /// How long the node waits for an answer.
    patience: Duration,
}

impl SimulatedDatabase {
    /// An empty database, whose clock tells `microseconds` since 1970.
    pub fn new(microseconds: impl Fn() -> i64 + Send + 'static) -> Result<Self, DbError> {
        let conn = Connection::open_in_memory()?;
        conn.pragma_update(None, "foreign_keys", true)?;
        conn.set_prepared_statement_cache_capacity(256);
        // In the place of SQLite's own, which `Tx::database_time` asks.
        let clock = move |_: &rusqlite::functions::Context<'_>| Ok(microseconds() as f64 / 1e6);
        conn.create_scalar_function("unixepoch", 1, FunctionFlags::SQLITE_UTF8, clock)?;
        Ok(Self(Arc::new(Mutex::new(conn))))
    }

    /// A node's handle on it.
    pub fn connect(&self, wire: Arc<dyn Wire>) -> Db {
        let patience = PostgresOptions::default().silence;
        Db::simulated(Simulated { database: self.clone(), wire, patience })
    }

    fn conn(&self) -> MutexGuard<'_, Connection> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Runs a body alone, and keeps its writes if it succeeds.
    fn transaction<T, E: From<DbError>>(
        &self,
        body: &impl Fn(&mut Tx<'_>) -> Result<T, E>,
    ) -> (Result<T, E>, Vec<Hook>) {
        let conn = self.conn();
        if let Err(error) = conn.execute_batch("begin immediate") {
            return (Err(DbError::from(error).into()), Vec::new());
        }
        let ran = catch_unwind(AssertUnwindSafe(|| {
            let mut tx = Tx::new(Session::Sqlite(&conn));
            let result = body(&mut tx);
            tx.finish(result)
        }));
        let (result, hooks) = ran.unwrap_or_else(|_| (Err(panicked().into()), Vec::new()));
        let end = if result.is_ok() { "commit" } else { "rollback" };
        let Err(error) = conn.execute_batch(end) else { return (result, hooks) };
        // Not left open for the next.
        let _ = conn.execute_batch("rollback");
        (Err(DbError::from(error).into()), Vec::new())
    }
}

impl Simulated {
    pub(crate) async fn read<T>(
        &self,
        query: impl FnOnce(&Connection) -> Result<T, DbError>,
    ) -> Result<T, DbError> {
        let answered = async {
            self.wire.carry(Message::Query).await.map_err(DbError::Unavailable)?;
            let rows = query(&self.database.conn());
            self.wire.carry(Message::Rows).await.map_err(DbError::Unavailable)?;
            rows
        };
        timeout(self.patience, answered).await.unwrap_or_else(|_| Err(unanswered()))
    }

    pub(crate) async fn write<T, E, F>(&self, body: F) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<DbError> + Send + 'static,
        F: Fn(&mut Tx<'_>) -> Result<T, E> + Send + 'static,
    {
        let (database, wire) = (self.database.clone(), Arc::clone(&self.wire));
        let (tell, told) = oneshot::channel();
        // What is on its way arrives, however long its sender waits.
        let carried = async move {
            wire.carry(Message::Transaction).await?;
            let (result, hooks) = database.transaction(&body);
            wire.carry(Message::Outcome).await?;
            Ok((result, hooks))
        };
        spawn(async move { drop(tell.send(carried.await)) });

        let patience = self.patience;
        let node = spawn(async move {
            let outcome = match timeout(patience, told).await {
                Ok(Ok(outcome)) => outcome.map_err(DbError::Unavailable),
                Ok(Err(_)) | Err(_) => Err(unanswered()),
            };
            let (result, hooks) = outcome?;
            run_hooks(hooks);
            result
        });
        node.await.unwrap_or_else(|error| {
            Err(DbError::Unavailable(format!("the transaction was stopped: {error}")).into())
        })
    }
}

#[expect(clippy::disallowed_methods, reason = "nobody waits for a simulation's messages")]
fn spawn<T: Send + 'static>(
    work: impl Future<Output = T> + Send + 'static,
) -> tokio::task::JoinHandle<T> {
    tokio::spawn(work)
}

fn unanswered() -> DbError {
    DbError::Unavailable("no answer came in time".into())
}
