//! Running statements on one connection, prepared and kept or sent whole.

use deadpool_postgres::Object;
use tokio_postgres::types::{Kind, ToSql, Type};
use tokio_postgres::{Row, Statement};

use super::Statements;
use crate::{Arg, DbError, Stmt};

/// The arguments as the client takes them.
type Params<'a> = Vec<&'a (dyn ToSql + Sync)>;
type TypedParams<'a> = Vec<(&'a (dyn ToSql + Sync), Type)>;

pub(super) async fn query(
    client: &Object,
    statements: Statements,
    stmt: &Stmt,
    args: &[Arg<'_>],
) -> Result<Vec<Row>, DbError> {
    Ok(match statements {
        Statements::Prepared => {
            let (prepared, params) = prepare(client, stmt, args).await?;
            client.query(&prepared, &params).await?
        }
        Statements::Unnamed => client.query_typed(&stmt.postgres(), &typed(stmt, args)?).await?,
    })
}

pub(super) async fn exec(
    client: &Object,
    statements: Statements,
    stmt: &Stmt,
    args: &[Arg<'_>],
) -> Result<u64, DbError> {
    Ok(match statements {
        Statements::Prepared => {
            let (prepared, params) = prepare(client, stmt, args).await?;
            client.execute(&prepared, &params).await?
        }
        Statements::Unnamed => client.execute_typed(&stmt.postgres(), &typed(stmt, args)?).await?,
    })
}

/// The statement, from the connection's cache if it is there, with arguments that fit it.
async fn prepare<'a>(
    client: &Object,
    stmt: &Stmt,
    args: &'a [Arg<'a>],
) -> Result<(Statement, Params<'a>), DbError> {
    check(stmt, args)?;
    let prepared = client.prepare_cached(&stmt.postgres()).await?;
    Ok((prepared, args.iter().map(|arg| arg as &(dyn ToSql + Sync)).collect()))
}

/// The arguments with their types, for a statement that nobody has asked the server about.
fn typed<'a>(stmt: &Stmt, args: &'a [Arg<'a>]) -> Result<TypedParams<'a>, DbError> {
    check(stmt, args)?;
    let with_type = args.iter().map(|arg| {
        let kind = match arg {
            Arg::Int(_) => Type::INT8,
            Arg::Text(_) => Type::TEXT,
            Arg::Bytes(_) => Type::BYTEA,
            // Type 0: the server infers it.
            Arg::Null | Arg::OutOfRange => {
                Type::new("inferred".into(), 0, Kind::Pseudo, "pg_catalog".into())
            }
        };
        (arg as &(dyn ToSql + Sync), kind)
    });
    Ok(with_type.collect())
}

/// Whether the arguments are ones that can be stored, and as many as the statement takes.
fn check(stmt: &Stmt, args: &[Arg<'_>]) -> Result<(), DbError> {
    for (arg, position) in args.iter().zip(1..) {
        if let Some(problem) = arg.problem() {
            return Err(DbError::Argument { position, problem });
        }
    }
    match stmt.parameters() {
        wanted if wanted > args.len() => {
            Err(DbError::Argument { position: args.len() + 1, problem: "none was given" })
        }
        wanted if wanted < args.len() => Err(DbError::Argument {
            position: args.len(),
            problem: "the statement has no such parameter",
        }),
        _ => Ok(()),
    }
}
