//! Nodes of a shared deployment: until when each trusts what it has cached, and how far it has
//! followed what the others change. All by the database's clock.

use std::time::Duration;

use gantry_db::{DbError, Stmt, args};

use crate::{Catalog, Transaction};

pub(crate) const FOLLOWS: Stmt = Stmt::new(
    "insert into node (id, followed_at, until) values ($1, 0, $2)
         on conflict (id) do update set until = excluded.until",
);

pub(crate) const FOLLOWED: Stmt = Stmt::new("update node set followed_at = $2 where id = $1");

pub(crate) const BEHIND: Stmt =
    Stmt::new("select 1 from node where followed_at <= $1 and until > $2 limit 1");

pub(crate) const ALIVE: Stmt = Stmt::new("select count(*) from node where until > $1");

pub(crate) const LEAVE: Stmt = Stmt::new("delete from node where id = $1");

pub(crate) const FORGET: Stmt = Stmt::new("delete from node where until < $1");

impl Catalog {
    /// The present by the database's clock, in microseconds since 1970.
    pub async fn database_time(&self) -> Result<i64, DbError> {
        self.transaction(gantry_db::Durability::Process, |tx| tx.tx.database_time()).await
    }

    /// Whether any node serves, by what nodes note twice a second and more.
    pub async fn node_alive(&self) -> Result<bool, DbError> {
        self.node_behind(i64::MAX, self.database_time().await?).await
    }

    /// Whether a node may still answer with what it had cached at `moment`, as of `now`.
    pub async fn node_behind(&self, moment: i64, now: i64) -> Result<bool, DbError> {
        Ok(self.db.one(&BEHIND, &args![moment, now], |_| Ok(())).await?.is_some())
    }
}

impl Transaction<'_, '_> {
    /// How many nodes serve as of `now`.
    pub fn node_count(&mut self, now: i64) -> Result<u64, DbError> {
        Ok(self.tx.one(&ALIVE, &args![now], |row| row.get(0))?.unwrap_or(0))
    }

    /// Notes that the node answers no more.
    pub fn node_leave(&mut self, node: &str) -> Result<(), DbError> {
        self.tx.exec(&LEAVE, &args![node]).map(drop)
    }

    /// Notes that the node begins to read what has changed, and may trust what it has cached for
    /// `trust` from now on; answers the present. Whoever takes something away waits for it from here
    /// on, be it new or back after a while.
    pub fn node_follows(&mut self, node: &str, trust: Duration) -> Result<i64, DbError> {
        let now = self.tx.database_time()?;
        let until = now.saturating_add(i64::try_from(trust.as_micros()).unwrap_or(i64::MAX));
        self.tx.exec(&FOLLOWS, &args![node, until])?;
        // Nodes that are gone.
        const HOUR: i64 = 3_600_000_000;
        self.tx.exec(&FORGET, &args![now - HOUR])?;
        Ok(now)
    }

    /// Notes that the node knows all that was committed before `moment`.
    pub fn node_followed(&mut self, node: &str, moment: i64) -> Result<(), DbError> {
        self.tx.exec(&FOLLOWED, &args![node, moment]).map(drop)
    }
}
