//! One row of a result.

use crate::{Column, ColumnError, DbError, FromColumn, postgres, sqlite};

/// A row under the cursor, valid while the function that maps it runs.
pub struct Row<'r> {
    source: Source<'r>,
}

enum Source<'r> {
    Sqlite(&'r rusqlite::Row<'r>),
    Postgres(&'r tokio_postgres::Row),
}

impl<'r> Row<'r> {
    /// Reads the column at `index`, counted from 0.
    pub fn get<T: FromColumn>(&self, index: usize) -> Result<T, DbError> {
        self.read(index, T::from_column)
    }

    /// Reads the column at `index` with a function that may keep what it borrows from the row.
    pub fn read<T>(
        &self,
        index: usize,
        parse: impl FnOnce(Column<'r>) -> Result<T, ColumnError>,
    ) -> Result<T, DbError> {
        parse(self.column(index)?).map_err(|problem| DbError::Column { index, problem })
    }

    /// The column at `index` as the database holds it.
    pub fn column(&self, index: usize) -> Result<Column<'r>, DbError> {
        match self.source {
            Source::Sqlite(row) => sqlite::column(row, index),
            Source::Postgres(row) => postgres::column(row, index),
        }
    }

    pub(crate) fn sqlite(row: &'r rusqlite::Row<'r>) -> Self {
        Self { source: Source::Sqlite(row) }
    }

    pub(crate) fn postgres(row: &'r tokio_postgres::Row) -> Self {
        Self { source: Source::Postgres(row) }
    }
}
