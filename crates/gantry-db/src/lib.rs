//! The SQL seam: one text, driven on SQLite and PostgreSQL.
//!
//! A [`Db`] runs [`Stmt`]s: single queries with [`Db::one`] and [`Db::all`], transactions with [`Db::write`]. The
//! caller's code is the same on both databases, and so are results, errors and guarantees; one contract suite holds
//! both drivers to that. Nothing here knows a table. The feature `simulation` adds a third driver, for tests of several
//! nodes: a database in memory behind a network that the test makes.
//!
//! ```no_run
//! # use gantry_db::{Db, DbError, Durability, SqliteOptions, Stmt, args};
//! const TAG_PUT: Stmt = Stmt::new(
//!     "insert into tag (name, digest) values ($1, $2) on conflict (name) do update set digest = excluded.digest",
//! );
//! const TAG_GET: Stmt = Stmt::new("select digest from tag where name = $1");
//!
//! # async fn example() -> Result<(), DbError> {
//! let db = Db::open_sqlite("gantry.db".as_ref(), SqliteOptions::default()).await?;
//! db.write(Durability::Power, |tx| tx.exec(&TAG_PUT, &args!["latest", [0_u8; 32]])).await?;
//! let digest: Option<[u8; 32]> = db.one(&TAG_GET, &args!["latest"], |row| row.get(0)).await?;
//! # Ok(()) }
//! ```
//!
//! # The common dialect
//!
//! SQLite ≥ 3.45 (it is built in) and PostgreSQL ≥ 14 both know: `insert … on conflict … do update … returning`,
//! common table expressions, row values as in `(repository, name) > ($1, $2)`, partial indexes, window functions,
//! `limit $n`. What to keep in mind:
//!
//! - Three types: 64-bit integers, text and bytes ([`Arg`], [`Column`]). Booleans are 0 and 1. Text sorts by bytes,
//!   has no NUL, and JSON in it is never queried.
//! - Schemas are written with the tokens of [`Migration`], row locks with those of [`Stmt`].
//! - PostgreSQL infers an argument's type from its place. Where there is nothing to infer from, and for `sum`, which
//!   widens, say it: `cast($1 as bigint)`, `cast(sum(size) as bigint)`.
//! - An error ends a transaction: see [`Tx`].
//!
//! # Guarantees
//!
//! A transaction is all or nothing, and answered only once it is as durable as it asked to be ([`Durability`]) and its
//! [`on_commit`](Tx::on_commit) hooks have run. A query sees everything that was answered before it began.
//! On SQLite one thread writes, and commits together what was waiting; queries run inline on connections of their
//! own and are never blocked. On PostgreSQL transactions are `read committed`, and run anew after a deadlock.

mod arg;
mod column;
mod db;
mod error;
mod migrate;
mod plan;
mod postgres;
mod row;
#[cfg(feature = "simulation")]
mod simulated;
mod sqlite;
mod stmt;
mod tx;

pub use arg::{Arg, ToArg};
pub use column::{Column, ColumnError, FromColumn};
pub use db::{Db, Dialect, Standby};
pub use error::DbError;
pub use migrate::{MigrateError, Migration, SchemaState, Step};
pub use plan::Plan;
pub use postgres::{PostgresOptions, Statements};
pub use row::Row;
#[cfg(feature = "simulation")]
pub use simulated::{Carried, Message, SimulatedDatabase, Wire};
pub use sqlite::SqliteOptions;
pub use stmt::Stmt;
pub use tx::{Durability, Tx};
