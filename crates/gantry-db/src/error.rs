//! What a database can answer instead of rows.

use crate::column::ColumnError;

/// A failure of the database, told alike for both.
///
/// Messages name tables, columns and constraints but never an argument or a stored value, so an error may be logged
/// in full. It is cheap to clone because one failed commit answers every caller in its batch.
#[derive(Clone, Debug, thiserror::Error)]
pub enum DbError {
    /// The database can't be reached, is closed, or its disk gave an I/O error. If a commit was under way, its outcome
    /// is unknown until the database is back; it is whole or absent, never half.
    #[error("the database is unavailable: {0}")]
    Unavailable(String),
    /// No space is left. Nothing of the transaction was kept; the same call succeeds once there is space.
    #[error("the database has no space left")]
    Full,
    /// The row breaks a unique or primary key.
    #[error("unique constraint: {0}")]
    UniqueConflict(String),
    /// The row names one that isn't there, or is named by one that is.
    #[error("foreign key constraint: {0}")]
    ForeignKeyConflict(String),
    /// Transactions were in each other's way, and still were after a bounded number of attempts.
    #[error("transactions conflict: {0}")]
    Contention(String),
    /// A table isn't there: the schema was never made, or is of an earlier release.
    #[error("{0}")]
    MissingTable(String),
    /// The database's own file is damaged.
    #[error("the database is damaged: {0}")]
    Corrupt(String),
    /// An argument that neither database can store.
    #[error("argument ${position}: {problem}")]
    Argument {
        /// The `n` of `$n`.
        position: usize,
        /// What is wrong with it.
        problem: &'static str,
    },
    /// A column didn't hold what its reader expected.
    #[error("column {index}: {problem}")]
    Column {
        /// The column's place in the result, from 0.
        index: usize,
        /// What was expected and found.
        problem: ColumnError,
    },
    /// Everything else: a mistake in a statement, a check constraint, a body that panicked.
    #[error("{0}")]
    Other(String),
}
