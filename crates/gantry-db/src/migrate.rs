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
    /// Who can run on the schema with this step.
    pub kind: Step,
}

/// What a step does to releases that don't know it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// It adds: the release before runs on beside the one that took it, and may be started again.
    Expands,
    /// It takes away what the release before may still use. That release is refused.
    Contracts,
}

/// How a schema is, compared with what this release knows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SchemaState {
    /// Steps that are known and not taken yet.
    pub missing: Vec<&'static str>,
    /// Steps that a later release has taken, and that this one can live with.
    pub ahead: Vec<String>,
}

/// Why a schema could not be brought up to date.
#[derive(Clone, Debug, thiserror::Error)]
pub enum MigrateError {
    /// A later release was here before, and what it changed this one can't do without.
    #[error(
        "the schema has step {name}, which this release does not know and can't run on: start the release that made it, or a later one"
    )]
    Newer {
        /// The first unknown step.
        name: String,
    },
    /// The schema lacks steps, and nobody asked for them to be taken.
    #[error("the schema lacks step {0}: run `gantry migrate`")]
    Missing(&'static str),
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
/// Names the steps that releases which don't know them can live with. A table of its own, since
/// the first release made the other one.
const CREATE_EXPANDING: &str =
    "create table if not exists schema_expansion (name {TEXT} primary key not null) {TABLE}";
const CREATE_LOCK: &str =
    "create table if not exists schema_lock (id {INT} primary key not null) {TABLE}";
const APPLIED: Stmt = Stmt::new(
    "select m.name, e.name is not null
       from schema_migration m left join schema_expansion e on e.name = m.name
      order by m.position",
);
const APPLIED_AT_FIRST: Stmt =
    Stmt::new("select name, 1 = 0 from schema_migration order by position");
const RECORD: Stmt = Stmt::new("insert into schema_migration (position, name) values ($1, $2)");
const RECORD_EXPANDING: Stmt =
    Stmt::new("insert into schema_expansion (name) values ($1) on conflict (name) do nothing");
const LOCK_ROW: Stmt =
    Stmt::new("insert into schema_lock (id) values (1) on conflict (id) do nothing");
/// Nodes that start at once take turns. A row does what an advisory lock would, and works behind
/// every pooler and on every server that speaks the protocol.
const LOCK: Stmt = Stmt::new("select id from schema_lock where id = 1 /*FOR UPDATE*/");

impl Db {
    /// Brings the schema up to date and returns the names of the steps it took, none if it was.
    ///
    /// Steps are applied in order, each in a transaction of its own, and recorded. There is no way back.
    pub async fn migrate(
        &self,
        migrations: &'static [Migration],
    ) -> Result<Vec<&'static str>, MigrateError> {
        // Who may not change the schema can still run on one that is up to date.
        if self.schema_state(migrations).await?.missing.is_empty() {
            return Ok(Vec::new());
        }
        self.prepare_to_migrate().await?;
        let mut taken = Vec::new();
        // Each turn looks anew: another node may have taken the step in the meantime.
        while let Some(name) = self.write(Durability::Power, move |tx| step(tx, migrations)).await?
        {
            tracing::info!(migration.name = name, "took a step of the schema");
            taken.push(name);
        }
        Ok(taken)
    }

    /// Compares the schema with the steps that are known. Changes nothing; an empty database lacks
    /// every step.
    pub async fn schema_state(
        &self,
        migrations: &'static [Migration],
    ) -> Result<SchemaState, MigrateError> {
        // A question is no place to make tables: the first release made one, an empty database has
        // none.
        for stmt in [&APPLIED, &APPLIED_AT_FIRST] {
            match self.all(stmt, &[], applied).await {
                Err(DbError::MissingTable(_)) => {}
                found => return compare(migrations, &found?),
            }
        }
        compare(migrations, &[])
    }

    /// Makes the migrator's own tables. Two that do so at once may both find one missing.
    async fn prepare_to_migrate(&self) -> Result<(), DbError> {
        const ATTEMPTS: u32 = 20;
        let dialect = self.dialect();
        let mut attempt = 1;
        loop {
            let made = self
                .write(Durability::Power, move |tx| {
                    if dialect == Dialect::Postgres {
                        tx.batch("set local client_min_messages = warning")?;
                    }
                    for sql in [CREATE, CREATE_EXPANDING, CREATE_LOCK] {
                        tx.batch(&render(sql, dialect)?)?;
                    }
                    tx.exec(&LOCK_ROW, &[]).map(drop)
                })
                .await;
            match made {
                Err(DbError::UniqueConflict(_) | DbError::Other(_)) if attempt < ATTEMPTS => {}
                made => return made,
            }
            attempt += 1;
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        }
    }
}

/// A step that was taken, and whether releases that don't know it can live with it.
type Applied = (String, bool);

fn applied(row: &crate::Row<'_>) -> Result<Applied, DbError> {
    Ok((row.get(0)?, row.get(1)?))
}

/// Takes the first step that is missing, if one is.
fn step(
    tx: &mut Tx<'_>,
    migrations: &'static [Migration],
) -> Result<Option<&'static str>, MigrateError> {
    let dialect = tx.dialect();
    if dialect == Dialect::Postgres {
        tx.batch("set local statement_timeout = 0")?;
    }
    tx.one(&LOCK, &[], |_| Ok(()))?;
    let taken = tx.all(&APPLIED, &[], applied)?;
    let SchemaState { missing, .. } = compare(migrations, &taken)?;
    let Some(missing) = missing.first() else { return Ok(None) };
    let next = migrations.iter().find(|migration| migration.name == *missing);
    let Migration { name, sql, kind } = next.expect("it is one of them");
    let run = |tx: &mut Tx<'_>| {
        tx.batch(&render(sql, dialect)?)?;
        if *kind == Step::Expands {
            tx.exec(&RECORD_EXPANDING, &args![name])?;
        }
        tx.exec(&RECORD, &args![taken.len() as u64, name])
    };
    run(tx).map_err(|source| MigrateError::Step { name, source })?;
    Ok(Some(name))
}

fn compare(
    migrations: &'static [Migration],
    applied: &[Applied],
) -> Result<SchemaState, MigrateError> {
    let ahead = applied.get(migrations.len()..).unwrap_or_default();
    for (migration, (found, _)) in migrations.iter().zip(applied) {
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
    if let Some((name, _)) = ahead.iter().find(|(_, expands)| !expands) {
        return Err(MigrateError::Newer { name: name.clone() });
    }
    let missing = migrations.get(applied.len()..).unwrap_or_default();
    Ok(SchemaState {
        missing: missing.iter().map(|migration| migration.name).collect(),
        ahead: ahead.iter().map(|(name, _)| name.clone()).collect(),
    })
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
