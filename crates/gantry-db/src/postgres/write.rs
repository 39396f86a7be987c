//! Transactions: a synchronous body over an asynchronous client.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Duration;

use deadpool_postgres::Object;
use tokio::runtime::Handle;

use super::{Statements, statement};
use crate::tx::{Hook, panicked, run_hooks};
use crate::{Arg, DbError, Durability, Row, Stmt, Tx};

/// The longest pause before a transaction is tried again.
const LONGEST_PAUSE: Duration = Duration::from_millis(100);

/// An open transaction's connection, driven from a thread that may block.
#[derive(Clone, Copy)]
pub(crate) struct Session<'c> {
    client: &'c Object,
    statements: Statements,
    runtime: &'c Handle,
}

/// The statements that begin a transaction.
pub(super) fn begin(durability: Durability, setup: &str) -> String {
    let synchronous_commit = match durability {
        Durability::Power => "on",
        Durability::Process => "off",
    };
    format!(
        "begin isolation level read committed read write; set local synchronous_commit = {synchronous_commit}{setup}"
    )
}

/// Runs a body to its commit, again while other transactions are in its way, then its hooks.
pub(super) fn run<T, E: From<DbError>>(
    runtime: &Handle,
    client: Object,
    statements: Statements,
    begin: &str,
    attempts: u32,
    body: &impl Fn(&mut Tx<'_>) -> Result<T, E>,
) -> Result<T, E> {
    let session = Session { client: &client, statements, runtime };
    let mut attempt = 1;
    let outcome = loop {
        match session.attempt(begin, body) {
            Err(Failure::Contended(_)) if attempt < attempts => session.pause(attempt),
            outcome => break outcome,
        }
        attempt += 1;
    };
    match outcome {
        Ok((value, hooks)) => {
            run_hooks(hooks);
            Ok(value)
        }
        Err(Failure::Own(error) | Failure::Contended(error)) => Err(error),
        Err(Failure::Broken(error)) => {
            // Nobody knows what state the connection is in, so it isn't given back to the pool.
            drop(Object::take(client));
            Err(error)
        }
    }
}

/// Why an attempt didn't commit.
enum Failure<E> {
    /// The body's own doing; rolled back.
    Own(E),
    /// Other transactions were in the way; rolled back, worth another attempt.
    Contended(E),
    /// It could not be rolled back, or the commit's outcome is unknown.
    Broken(E),
}

impl Session<'_> {
    pub(crate) fn one<T>(
        &self,
        stmt: &Stmt,
        args: &[Arg<'_>],
        map: impl FnOnce(&Row<'_>) -> Result<T, DbError>,
    ) -> Result<Option<T>, DbError> {
        self.query(stmt, args)?.first().map(|row| map(&Row::postgres(row))).transpose()
    }

    pub(crate) fn all<T>(
        &self,
        stmt: &Stmt,
        args: &[Arg<'_>],
        mut map: impl FnMut(&Row<'_>) -> Result<T, DbError>,
    ) -> Result<Vec<T>, DbError> {
        self.query(stmt, args)?.iter().map(|row| map(&Row::postgres(row))).collect()
    }

    pub(crate) fn exec(&self, stmt: &Stmt, args: &[Arg<'_>]) -> Result<u64, DbError> {
        self.runtime.block_on(statement::exec(self.client, self.statements, stmt, args))
    }

    pub(crate) fn batch(&self, sql: &str) -> Result<(), DbError> {
        Ok(self.runtime.block_on(self.client.batch_execute(sql))?)
    }

    fn query(&self, stmt: &Stmt, args: &[Arg<'_>]) -> Result<Vec<tokio_postgres::Row>, DbError> {
        self.runtime.block_on(statement::query(self.client, self.statements, stmt, args))
    }

    fn attempt<T, E: From<DbError>>(
        &self,
        begin: &str,
        body: &impl Fn(&mut Tx<'_>) -> Result<T, E>,
    ) -> Result<(T, Vec<Hook>), Failure<E>> {
        self.batch(begin).map_err(|error| Failure::Broken(error.into()))?;

        let ran = catch_unwind(AssertUnwindSafe(|| {
            let mut tx = Tx::new(crate::tx::Session::Postgres(*self));
            let result = body(&mut tx);
            // A row that a statement names may have been deleted since the body looked for it: the
            // next attempt sees that it is gone, and says so in its own words.
            let contended = matches!(
                tx.failure(),
                Some(DbError::Contention(_) | DbError::ForeignKeyConflict(_))
            );
            // Such as a server that has become a standby and takes no more writes.
            let lost = matches!(tx.failure(), Some(DbError::Unavailable(_)));
            (tx.finish(result), contended, lost)
        }));
        let ((result, hooks), contended, lost) =
            ran.unwrap_or_else(|_| ((Err(panicked().into()), Vec::new()), false, false));

        match result {
            Ok(value) => match self.batch("commit") {
                Ok(()) => Ok((value, hooks)),
                // A commit the server refused is rolled back; one whose answer is missing may stand.
                Err(error @ DbError::Contention(_)) => Err(Failure::Contended(error.into())),
                Err(error @ DbError::Unavailable(_)) => Err(Failure::Broken(error.into())),
                Err(error) => Err(Failure::Own(error.into())),
            },
            Err(error) => match self.batch("rollback") {
                Err(_) => Err(Failure::Broken(error)),
                Ok(()) if lost => Err(Failure::Broken(error)),
                Ok(()) if contended => Err(Failure::Contended(error)),
                Ok(()) => Err(Failure::Own(error)),
            },
        }
    }

    /// Waits a little longer after each attempt, and not as long on each connection, lest two meet again.
    fn pause(&self, attempt: u32) {
        let longest = Duration::from_millis(1 << attempt.min(7)).min(LONGEST_PAUSE);
        let share = std::ptr::from_ref(self.client).addr() / 64 % 16;
        let share = u32::try_from(share).expect("a number under 16 fits");
        std::thread::sleep(longest * (share + 1) / 16);
    }
}
