//! Reads share connections: many queries are on their way on each at once.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use deadpool_postgres::{Object, Pool};
use tokio::sync::Mutex;
use tokio_postgres::Row;

use super::connect::{self, Use};
use super::{PostgresOptions, Statements, statement};
use crate::{Arg, DbError, Stmt};

/// Connections used in turn. A query doesn't wait for the answers to those before it, only behind them, so queries
/// must be short; all of ours are index ranges with a limit. Dropping a query's future leaves the others alone.
pub(super) struct ReadLanes {
    pool: Pool,
    lanes: Box<[Mutex<Option<Arc<Object>>>]>,
    turn: AtomicUsize,
    statements: Statements,
    silence: Duration,
}

impl ReadLanes {
    pub(super) fn new(url: &str, options: &PostgresOptions) -> Result<Self, DbError> {
        let count = options.read_connections.max(1);
        // Twice as many as lanes, since a dead connection is held until its last query has noticed.
        let pool = connect::pool(url, options, Use::Read, 2 * count)?;
        Ok(Self {
            pool,
            lanes: (0..count).map(|_| Mutex::default()).collect(),
            turn: AtomicUsize::new(0),
            statements: options.statements,
            silence: options.silence,
        })
    }

    pub(super) async fn query(&self, stmt: &Stmt, args: &[Arg<'_>]) -> Result<Vec<Row>, DbError> {
        let (lane, client) = self.client().await?;
        let answer = statement::query(&client, self.statements, stmt, args);
        match tokio::time::timeout(self.silence, answer).await {
            Ok(answer) => answer,
            Err(_) => {
                // Others wait behind it on the same connection: the next takes a new one.
                self.lanes[lane].lock().await.take_if(|held| Arc::ptr_eq(held, &client));
                Err(DbError::Unavailable("a query was not answered in time".into()))
            }
        }
    }

    pub(super) fn close(&self) {
        self.pool.close();
    }

    /// The next lane and its connection, made anew if it is gone.
    async fn client(&self) -> Result<(usize, Arc<Object>), DbError> {
        if self.pool.is_closed() {
            return Err(DbError::Unavailable("it is closed".into()));
        }
        let turn = self.turn.fetch_add(1, Ordering::Relaxed) % self.lanes.len();
        let mut lane = self.lanes[turn].lock().await;
        if let Some(client) = lane.as_ref().filter(|client| !client.is_closed()) {
            return Ok((turn, Arc::clone(client)));
        }
        let client = Arc::new(connect::take(&self.pool).await?);
        *lane = Some(Arc::clone(&client));
        Ok((turn, client))
    }
}
