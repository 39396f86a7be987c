//! A transaction, as its body sees it.

use std::panic::{AssertUnwindSafe, catch_unwind};

use crate::{Arg, DbError, Dialect, Row, Stmt, postgres, sqlite};

/// What a commit must survive before its caller is answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Durability {
    /// Power loss: the commit is on stable storage before the answer.
    Power,
    /// The death of the process (`kill -9`), but not of the machine.
    Process,
}

/// Work to do after the commit and before the caller is answered.
pub(crate) type Hook = Box<dyn FnOnce() + Send>;

/// An open transaction. It sees its own writes and nobody else's unfinished ones.
///
/// **An error ends it.** After any method returned an error the transaction can't succeed: further statements fail,
/// and if the body returns `Ok` all the same, the caller gets that first error. PostgreSQL works that way; SQLite is
/// held to it, so that code tested on one runs on the other. To allow for a conflict write `on conflict do nothing`
/// and look at the number of rows.
pub struct Tx<'c> {
    session: Session<'c>,
    failed: Option<DbError>,
    hooks: Vec<Hook>,
}

/// The driver's side of a transaction.
pub(crate) enum Session<'c> {
    Sqlite(&'c rusqlite::Connection),
    Postgres(postgres::Session<'c>),
}

impl<'c> Tx<'c> {
    pub(crate) fn new(session: Session<'c>) -> Self {
        Self { session, failed: None, hooks: Vec::new() }
    }

    /// Which database this runs on.
    pub fn dialect(&self) -> Dialect {
        match self.session {
            Session::Sqlite(_) => Dialect::Sqlite,
            Session::Postgres(_) => Dialect::Postgres,
        }
    }

    /// The first row of a query or of a `returning` clause, or `None`.
    pub fn one<T>(
        &mut self,
        stmt: &Stmt,
        args: &[Arg<'_>],
        map: impl FnOnce(&Row<'_>) -> Result<T, DbError>,
    ) -> Result<Option<T>, DbError> {
        self.step(|session| match session {
            Session::Sqlite(conn) => sqlite::one(conn, stmt, args, map),
            Session::Postgres(session) => session.one(stmt, args, map),
        })
    }

    /// Every row of a query or of a `returning` clause.
    pub fn all<T>(
        &mut self,
        stmt: &Stmt,
        args: &[Arg<'_>],
        map: impl FnMut(&Row<'_>) -> Result<T, DbError>,
    ) -> Result<Vec<T>, DbError> {
        self.step(|session| match session {
            Session::Sqlite(conn) => sqlite::all(conn, stmt, args, map),
            Session::Postgres(session) => session.all(stmt, args, map),
        })
    }

    /// Runs a statement and tells how many rows it inserted, changed or deleted, cascades not counted.
    pub fn exec(&mut self, stmt: &Stmt, args: &[Arg<'_>]) -> Result<u64, DbError> {
        self.step(|session| match session {
            Session::Sqlite(conn) => sqlite::exec(conn, stmt, args),
            Session::Postgres(session) => session.exec(stmt, args),
        })
    }

    /// Does something once the transaction is committed and before its caller is answered, such as dropping a cache
    /// entry. Hooks run in the order of the commits, and not at all if the transaction fails. They run on the
    /// writer: keep them short, and don't call the database.
    pub fn on_commit(&mut self, hook: impl FnOnce() + Send + 'static) {
        self.hooks.push(Box::new(hook));
    }

    /// The present by the database's own clock, in microseconds since 1970: the one clock that all nodes share.
    pub fn database_time(&mut self) -> Result<i64, DbError> {
        // Of the statement, not of the transaction, which may have waited for a lock.
        const SQLITE: Stmt = Stmt::new("select cast(unixepoch('subsec') * 1000000 as integer)");
        const POSTGRES: Stmt =
            Stmt::new("select cast(extract(epoch from clock_timestamp()) * 1000000 as bigint)");
        let stmt = match self.dialect() {
            Dialect::Sqlite => &SQLITE,
            Dialect::Postgres => &POSTGRES,
        };
        let time = self.one(stmt, &[], |row| row.get(0))?;
        time.ok_or_else(|| DbError::Other("the database tells no time".into()))
    }

    /// Runs several statements of DDL, without arguments.
    pub(crate) fn batch(&mut self, sql: &str) -> Result<(), DbError> {
        self.step(|session| match session {
            Session::Sqlite(conn) => sqlite::batch(conn, sql),
            Session::Postgres(session) => session.batch(sql),
        })
    }

    /// The outcome of a body that returned `result`, and the hooks to run if it is committed.
    pub(crate) fn finish<T, E: From<DbError>>(
        self,
        result: Result<T, E>,
    ) -> (Result<T, E>, Vec<Hook>) {
        match (result, self.failed) {
            (Ok(_), Some(error)) => (Err(error.into()), Vec::new()),
            (result, _) => (result, self.hooks),
        }
    }

    /// The first error, if one happened.
    pub(crate) fn failure(&self) -> Option<&DbError> {
        self.failed.as_ref()
    }

    fn step<T>(
        &mut self,
        run: impl FnOnce(&mut Session<'c>) -> Result<T, DbError>,
    ) -> Result<T, DbError> {
        if let Some(error) = &self.failed {
            return Err(DbError::Other(format!("the transaction failed before: {error}")));
        }
        run(&mut self.session).inspect_err(|error| self.failed = Some(error.clone()))
    }
}

/// Runs the hooks of a committed transaction. One that panics doesn't stop the others: the commit stands.
pub(crate) fn run_hooks(hooks: Vec<Hook>) {
    for hook in hooks {
        if catch_unwind(AssertUnwindSafe(hook)).is_err() {
            tracing::error!("work to be done after a commit panicked");
        }
    }
}

/// The failure of a transaction whose body panicked.
pub(crate) fn panicked() -> DbError {
    DbError::Other("the transaction's body panicked".into())
}
