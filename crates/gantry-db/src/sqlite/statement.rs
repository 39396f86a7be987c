//! Binding, stepping and reading statements on one connection.

use rusqlite::types::{ToSqlOutput, ValueRef};
use rusqlite::{CachedStatement, Connection};

use crate::{Arg, Column, ColumnError, DbError, Row, Stmt};

/// The first row, mapped. A statement that writes still runs to its end: foreign keys are checked there.
pub(crate) fn one<T>(
    conn: &Connection,
    stmt: &Stmt,
    args: &[Arg<'_>],
    map: impl FnOnce(&Row<'_>) -> Result<T, DbError>,
) -> Result<Option<T>, DbError> {
    let mut prepared = prepare(conn, stmt, args)?;
    let writes = !prepared.readonly();
    let mut rows = prepared.raw_query();
    let Some(row) = rows.next()? else { return Ok(None) };
    let first = map(&Row::sqlite(row))?;
    while writes && rows.next()?.is_some() {}
    Ok(Some(first))
}

/// Every row, mapped.
pub(crate) fn all<T>(
    conn: &Connection,
    stmt: &Stmt,
    args: &[Arg<'_>],
    mut map: impl FnMut(&Row<'_>) -> Result<T, DbError>,
) -> Result<Vec<T>, DbError> {
    let mut prepared = prepare(conn, stmt, args)?;
    let mut rows = prepared.raw_query();
    let mut mapped = Vec::new();
    while let Some(row) = rows.next()? {
        mapped.push(map(&Row::sqlite(row))?);
    }
    Ok(mapped)
}

/// Runs a statement and counts the rows it touched.
pub(crate) fn exec(conn: &Connection, stmt: &Stmt, args: &[Arg<'_>]) -> Result<u64, DbError> {
    Ok(prepare(conn, stmt, args)?.raw_execute()? as u64)
}

/// Runs statements that take no arguments.
pub(crate) fn batch(conn: &Connection, sql: &str) -> Result<(), DbError> {
    Ok(conn.execute_batch(sql)?)
}

/// The column at `index` of a row.
pub(crate) fn column<'r>(row: &'r rusqlite::Row<'r>, index: usize) -> Result<Column<'r>, DbError> {
    let unknown = |found| DbError::Column { index, problem: ColumnError::unknown_kind(found) };
    match row.get_ref(index)? {
        ValueRef::Null => Ok(Column::Null),
        ValueRef::Integer(value) => Ok(Column::Int(value)),
        ValueRef::Text(value) => {
            str::from_utf8(value).map(Column::Text).map_err(|_| unknown("text that is not UTF-8"))
        }
        ValueRef::Blob(value) => Ok(Column::Bytes(value)),
        ValueRef::Real(_) => Err(unknown("a real")),
    }
}

/// What the planner makes of a statement, whatever its arguments.
pub(crate) fn explain(conn: &Connection, stmt: &Stmt) -> Result<String, DbError> {
    let mut prepared = conn.prepare(&format!("explain query plan {}", stmt.sql()))?;
    let mut rows = prepared.raw_query();
    let mut lines = Vec::new();
    while let Some(row) = rows.next()? {
        lines.push(row.get::<_, String>("detail")?);
    }
    Ok(lines.join("\n"))
}

fn prepare<'c>(
    conn: &'c Connection,
    stmt: &Stmt,
    args: &[Arg<'_>],
) -> Result<CachedStatement<'c>, DbError> {
    let mut prepared = conn.prepare_cached(stmt.sql())?;
    let mut highest = 0;
    // SQLite takes `$2` for a name and numbers names by first appearance, so that `$2 … $1` binds backwards by place.
    for place in 1..=prepared.parameter_count() {
        let position = prepared
            .parameter_name(place)
            .and_then(|name| name.strip_prefix('$')?.parse::<usize>().ok())
            .ok_or_else(|| {
                DbError::Other(format!("parameters are written $1, $2, …: {}", stmt.sql()))
            })?;
        let Some(arg) = position.checked_sub(1).and_then(|n| args.get(n)) else {
            return Err(DbError::Argument { position, problem: "none was given" });
        };
        if let Some(problem) = arg.problem() {
            return Err(DbError::Argument { position, problem });
        }
        prepared.raw_bind_parameter(place, Bound(*arg))?;
        highest = highest.max(position);
    }
    if highest < args.len() {
        return Err(DbError::Argument {
            position: args.len(),
            problem: "the statement has no such parameter",
        });
    }
    Ok(prepared)
}

/// An argument in the form the driver binds, still borrowed.
struct Bound<'a>(Arg<'a>);

impl rusqlite::ToSql for Bound<'_> {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::Borrowed(match self.0 {
            Arg::Null | Arg::OutOfRange => ValueRef::Null,
            Arg::Int(value) => ValueRef::Integer(value),
            Arg::Text(value) => ValueRef::Text(value.as_bytes()),
            Arg::Bytes(value) => ValueRef::Blob(value),
        }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::args;

    const SWAPPED: Stmt = Stmt::new("select $2, $1, $2");

    #[test]
    fn arguments_bind_by_name_whatever_their_order() {
        let conn = Connection::open_in_memory().unwrap();
        let row = one(&conn, &SWAPPED, &args![1_i64, 2_i64], |row| {
            Ok((row.get::<i64>(0)?, row.get::<i64>(1)?, row.get::<i64>(2)?))
        });
        assert_eq!(row.unwrap(), Some((2, 1, 2)));
    }

    #[test]
    fn a_wrong_number_of_arguments_is_refused() {
        let conn = Connection::open_in_memory().unwrap();
        for args in [&args![1_i64][..], &args![1_i64, 2_i64, 3_i64][..]] {
            let error = all(&conn, &SWAPPED, args, |_| Ok(())).unwrap_err();
            assert!(matches!(error, DbError::Argument { .. }), "{error}");
        }
    }
}
