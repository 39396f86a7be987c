//! Leases: who does what only one may do at a time, until when.
//!
//! All by the database's clock, so nodes' clocks may differ.

use std::time::Duration;

use gantry_db::{DbError, Stmt, args};

use crate::Transaction;

pub(crate) const TAKE: Stmt = Stmt::new(
    "insert into lease (name, holder, until) values ($1, $2, $3)
         on conflict (name) do update
        set holder = excluded.holder, until = excluded.until
      where lease.holder = excluded.holder or lease.until < $4",
);

pub(crate) const RELEASE: Stmt =
    Stmt::new("delete from lease where name = $1 and holder = $2 and until <= $3");

impl Transaction<'_, '_> {
    /// Takes the lease for `holder`, or prolongs it, to end `term` from now; answers when that is.
    /// `None` while someone else has it.
    pub fn lease_take(
        &mut self,
        name: &str,
        holder: &str,
        term: Duration,
    ) -> Result<Option<i64>, DbError> {
        let now = self.tx.database_time()?;
        let until = now.saturating_add(i64::try_from(term.as_micros()).unwrap_or(i64::MAX));
        let taken = self.tx.exec(&TAKE, &args![name, holder, until, now])? == 1;
        Ok(taken.then_some(until))
    }

    /// Gives the lease back, if `holder` has it and for no longer than `until`: one that it took
    /// anew, while word of this was on its way, it keeps.
    pub fn lease_release(&mut self, name: &str, holder: &str, until: i64) -> Result<(), DbError> {
        self.tx.exec(&RELEASE, &args![name, holder, until]).map(drop)
    }
}
