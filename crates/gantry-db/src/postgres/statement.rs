//! Preparing and running statements on one connection.

use deadpool_postgres::Object;
use tokio_postgres::types::ToSql;
use tokio_postgres::{Row, Statement};

use crate::{Arg, DbError, Stmt};

/// The arguments as the client takes them.
type Params<'a> = Vec<&'a (dyn ToSql + Sync)>;

pub(super) async fn query(
    client: &Object,
    stmt: &Stmt,
    args: &[Arg<'_>],
) -> Result<Vec<Row>, DbError> {
    let (prepared, params) = prepare(client, stmt, args).await?;
    Ok(client.query(&prepared, &params).await?)
}

pub(super) async fn exec(client: &Object, stmt: &Stmt, args: &[Arg<'_>]) -> Result<u64, DbError> {
    let (prepared, params) = prepare(client, stmt, args).await?;
    Ok(client.execute(&prepared, &params).await?)
}

/// The statement, from the connection's cache if it is there, with arguments that fit it.
async fn prepare<'a>(
    client: &Object,
    stmt: &Stmt,
    args: &'a [Arg<'a>],
) -> Result<(Statement, Params<'a>), DbError> {
    let prepared = client.prepare_cached(&stmt.postgres()).await?;
    let mut params: Params<'a> = Vec::with_capacity(args.len());
    for (arg, position) in args.iter().zip(1..) {
        if let Some(problem) = arg.problem() {
            return Err(DbError::Argument { position, problem });
        }
        params.push(arg);
    }
    match prepared.params().len() {
        wanted if wanted > args.len() => {
            Err(DbError::Argument { position: args.len() + 1, problem: "none was given" })
        }
        wanted if wanted < args.len() => Err(DbError::Argument {
            position: args.len(),
            problem: "the statement has no such parameter",
        }),
        _ => Ok((prepared, params)),
    }
}
