//! The schema and its changes.

use crate::{Db, DbError, Dialect, Durability, Stmt, Tx, args};

/// One step of the schema. Its name starts with a timestamp, so that the order of names is the order of steps.
///
/// `sql` is statements of DDL in which these tokens stand for what differs:
///
/// | token           | SQLite                  | PostgreSQL         |
/// | --------------- | ----------------------- | ------------------ |
/// | `{INT}`         | `INTEGER`               | `BIGINT`           |
/// | `{TEXT}`        | `TEXT`                  | `TEXT COLLATE "C"` |
/// | `{BYTES}`       | `BLOB`                  | `BYTEA`            |
/// | `{TABLE}`       | `STRICT`                |                    |
/// | `{KEYED_TABLE}` | `STRICT, WITHOUT ROWID` |                    |
///
/// The last two follow a table's closing parenthesis: `{KEYED_TABLE}` stores the rows in their primary key (small
/// rows looked up by it), `{TABLE}` beside it (large rows, several indexes).
#[derive(Clone, Copy, Debug)]
pub struct Migration {
    /// Such as `20261121_1200_repositories`.
    pub name: &'static str,
    /// The statements.
    pub sql: &'static str,
}

/// Why a schema could not be brought up to date.
#[derive(Clone, Debug, thiserror::Error)]
pub enum MigrateError {
    /// A later release was here before.
    #[error(
        "the schema has step {name}, which this release does not know: start the release that made it, or a later one"
    )]
    Newer {
        /// The first unknown step.
        name: String,
    },
    /// A step came in before ones that are already applied.
    #[error("step {expected} of the schema comes before {found}, which is already applied")]
    OutOfOrder {
        /// The step that should have been there.
        expected: &'static str,
        /// The step that was.
        found: String,
    },
    /// A step failed, and was rolled back. The steps before it stay.
    #[error("step {name} of the schema failed")]
    Step {
        /// The step.
        name: &'static str,
        /// The database's answer.
        #[source]
        source: DbError,
    },
    /// The database failed outside any step.
    #[error(transparent)]
    Database(#[from] DbError),
}

const CREATE: &str = "create table if not exists schema_migration (position {INT} primary key, name {TEXT} not null unique) {TABLE}";
const APPLIED: Stmt = Stmt::new("select name from schema_migration order by position");
const RECORD: Stmt = Stmt::new("insert into schema_migration (position, name) values ($1, $2)");
/// Two nodes that start at once take turns. The number is any that other users of the server don't lock.
const POSTGRES_LOCK: &str =
    "set local statement_timeout = 0; select pg_advisory_xact_lock(7020125118221)";

impl Db {
    /// Brings the schema up to date and returns the names of the steps it took, none if it was.
    ///
    /// Steps are applied in order, each in a transaction of its own, and recorded. There is no way back.
    pub async fn migrate(
        &self,
        migrations: &'static [Migration],
    ) -> Result<Vec<&'static str>, MigrateError> {
        let mut taken = Vec::new();
        // Each turn looks anew: another node may have taken the step in the meantime.
        while let Some(name) = self.write(Durability::Power, move |tx| step(tx, migrations)).await?
        {
            tracing::info!(migration.name = name, "took a step of the schema");
            taken.push(name);
        }
        Ok(taken)
    }
}

/// Takes the first step that is missing, if one is.
fn step(
    tx: &mut Tx<'_>,
    migrations: &'static [Migration],
) -> Result<Option<&'static str>, MigrateError> {
    let dialect = tx.dialect();
    if dialect == Dialect::Postgres {
        tx.batch(POSTGRES_LOCK)?;
    }
    tx.batch(&render(CREATE, dialect)?)?;
    let applied: Vec<String> = tx.all(&APPLIED, &args![], |row| row.get(0))?;
    for (migration, found) in migrations.iter().zip(&applied) {
        if migration.name != found {
            let known = migrations.iter().any(|migration| migration.name == found);
            let (expected, found) = (migration.name, found.clone());
            return Err(if known {
                MigrateError::OutOfOrder { expected, found }
            } else {
                MigrateError::Newer { name: found }
            });
        }
    }
    if let Some(name) = applied.get(migrations.len()) {
        return Err(MigrateError::Newer { name: name.clone() });
    }
    let Some(Migration { name, sql }) = migrations.get(applied.len()) else { return Ok(None) };
    let run = |tx: &mut Tx<'_>| {
        tx.batch(&render(sql, dialect)?)?;
        tx.exec(&RECORD, &args![applied.len() as u64, name])
    };
    run(tx).map_err(|source| MigrateError::Step { name, source })?;
    Ok(Some(name))
}

/// Puts a dialect's words for the tokens.
fn render(sql: &str, dialect: Dialect) -> Result<String, DbError> {
    const TOKENS: [(&str, &str, &str); 5] = [
        ("{INT}", "INTEGER", "BIGINT"),
        ("{TEXT}", "TEXT", "TEXT COLLATE \"C\""),
        ("{BYTES}", "BLOB", "BYTEA"),
        ("{TABLE}", "STRICT", ""),
        ("{KEYED_TABLE}", "STRICT, WITHOUT ROWID", ""),
    ];
    let rendered = TOKENS.iter().fold(sql.to_owned(), |sql, (token, sqlite, postgres)| {
        sql.replace(token, if dialect == Dialect::Sqlite { sqlite } else { postgres })
    });
    match rendered.find(['{', '}']) {
        None => Ok(rendered),
        Some(start) => {
            let rest: String = rendered[start..].chars().take(20).collect();
            Err(DbError::Other(format!("no such token: {rest}")))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_become_the_words_of_each_dialect() {
        let sql = "create table t (id {BYTES} primary key, n {INT}, s {TEXT}) {KEYED_TABLE}; create table u () {TABLE}";
        assert_eq!(
            render(sql, Dialect::Sqlite).unwrap(),
            "create table t (id BLOB primary key, n INTEGER, s TEXT) STRICT, WITHOUT ROWID; create table u () STRICT"
        );
        assert_eq!(
            render(sql, Dialect::Postgres).unwrap(),
            "create table t (id BYTEA primary key, n BIGINT, s TEXT COLLATE \"C\") ; create table u () "
        );
    }

    #[test]
    fn an_unknown_token_is_refused() {
        let error = render("create table t (id {BLOB})", Dialect::Sqlite).unwrap_err();
        assert_eq!(error.to_string(), "no such token: {BLOB})");
    }
}
