//! The journal: each change, with its transaction; numbered later, read in that order.
//!
//! A writer never waits for another to number its row. [`Transaction::journal_number`] numbers what
//! is committed, in batches, and readers see numbered rows only, so no reader misses a row that
//! became visible late.

use gantry_db::{Column, ColumnError, DbError, Row, Stmt, args};
use gantry_model::journal::Managed;
use gantry_model::{Change, JournalId, RegistryId, Timestamp};

use crate::column::{RowExt, moment};
use crate::{Catalog, Transaction};

/// A numbered row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JournalRow {
    /// Its place in the order of reading.
    pub number: i64,
    /// The registry it is about.
    pub registry: RegistryId,
    /// What happened.
    pub change: Change,
}

pub(crate) const APPEND: Stmt = Stmt::new(
    "insert into journal (id, number, registry, kind, change, at)
     values ($1, null, $2, $3, $4, $5)",
);

pub(crate) const HEAD: Stmt = Stmt::new("select position from journal_reader where name = 'head'");

pub(crate) const UNNUMBERED: Stmt =
    Stmt::new("select id from journal where number is null order by id limit $1");

pub(crate) const NUMBER: Stmt =
    Stmt::new("update journal set number = $2 where id = $1 and number is null");

pub(crate) const READ: Stmt = Stmt::new(
    "select number, registry, change from journal where number > $1 order by number limit $2",
);

pub(crate) const READ_UNNUMBERED: Stmt =
    Stmt::new("select 0, registry, change from journal where number is null order by id limit $1");

pub(crate) const ACTIVITY: Stmt = Stmt::new(
    "select number, change, at
       from journal
      where kind = 'managed' and number < $1
      order by number desc
      limit $2",
);

pub(crate) const POSITION: Stmt = Stmt::new("select position from journal_reader where name = $1");

pub(crate) const ADVANCE: Stmt = Stmt::new(
    "insert into journal_reader (name, position) values ($1, $2)
         on conflict (name) do update set position = excluded.position",
);

pub(crate) const PASSED: Stmt = Stmt::new("select coalesce(min(position), 0) from journal_reader");

pub(crate) const TRIM: Stmt = Stmt::new(
    "delete from journal
      where id in (select oldest.id
                     from (select id, at from journal
                            where number <= $1
                            order by number
                            limit $3) oldest
                    where oldest.at < $2)",
);

/// An operation of the management API that was done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ActivityRow {
    /// Its place in the order of the journal.
    pub number: i64,
    /// When it was done.
    pub at: Timestamp,
    /// What, by whom.
    pub managed: Managed,
}

/// The position of the last number given.
const HEAD_NAME: &str = "head";

impl Catalog {
    /// The last number given.
    pub async fn journal_head(&self) -> Result<i64, DbError> {
        Ok(self.db.one(&HEAD, &[], |row| row.get(0)).await?.unwrap_or(0))
    }

    /// Up to `limit` rows that have no number yet: their number reads 0.
    pub async fn journal_unnumbered(&self, limit: usize) -> Result<Vec<JournalRow>, DbError> {
        self.db.all(&READ_UNNUMBERED, &args![limit as i64], journal_row).await
    }

    /// Up to `limit` rows behind `number`, in order, for a reader that keeps its position itself.
    pub async fn journal_after(
        &self,
        number: i64,
        limit: usize,
    ) -> Result<Vec<JournalRow>, DbError> {
        self.db.all(&READ, &args![number, limit as i64], journal_row).await
    }

    /// Up to `limit` operations of the management API before the place `number`, newest first. What was
    /// done a moment ago isn't there yet.
    pub async fn activity_before(
        &self,
        number: i64,
        limit: usize,
    ) -> Result<Vec<ActivityRow>, DbError> {
        let rows = self.db.all(&ACTIVITY, &args![number, limit as i64], activity).await?;
        Ok(rows.into_iter().flatten().collect())
    }

    /// Whether there are rows to number.
    pub async fn journal_pending(&self) -> Result<bool, DbError> {
        Ok(self.db.one(&UNNUMBERED, &args![1_i64], |_| Ok(())).await?.is_some())
    }
}

impl Transaction<'_, '_> {
    /// Tells what this transaction changed.
    pub fn journal_append(&mut self, registry: RegistryId, change: &Change) -> Result<(), DbError> {
        let text = serde_json::to_string(change).expect("a change is plain data");
        self.has_changed = true;
        self.tx
            .exec(
                &APPEND,
                &args![
                    JournalId::new(self.now).to_bytes(),
                    registry.to_bytes(),
                    change.kind(),
                    text,
                    moment(self.now)
                ],
            )
            .map(drop)
    }

    /// Numbers up to `limit` committed rows. Only one sequencer may run at a time.
    pub fn journal_number(&mut self, limit: usize) -> Result<usize, DbError> {
        let fresh = self.tx.all(&UNNUMBERED, &args![limit as i64], |row| row.journal_id(0))?;
        if fresh.is_empty() {
            return Ok(0);
        }
        let mut head = self.tx.one(&HEAD, &[], |row| row.get::<i64>(0))?.unwrap_or(0);
        for id in &fresh {
            head += 1;
            self.tx.exec(&NUMBER, &args![id.to_bytes(), head])?;
        }
        self.journal_advance(HEAD_NAME, head)?;
        Ok(fresh.len())
    }

    /// Up to `limit` numbered rows that the reader hasn't passed, in order.
    pub fn journal_read(&mut self, reader: &str, limit: usize) -> Result<Vec<JournalRow>, DbError> {
        let position = self.tx.one(&POSITION, &args![reader], |row| row.get::<i64>(0))?;
        self.tx.all(&READ, &args![position.unwrap_or(0), limit as i64], journal_row)
    }

    /// Notes that the reader has passed `number`.
    pub fn journal_advance(&mut self, reader: &str, number: i64) -> Result<(), DbError> {
        self.tx.exec(&ADVANCE, &args![reader, number]).map(drop)
    }

    /// Looks at the oldest `limit` rows and removes those from before `before` that every reader
    /// has passed.
    pub fn journal_trim(&mut self, before: Timestamp, limit: usize) -> Result<u64, DbError> {
        let passed = self.tx.one(&PASSED, &[], |row| row.get::<i64>(0))?.unwrap_or(0);
        self.tx.exec(&TRIM, &args![passed, moment(before), limit as i64])
    }
}

/// `None` of what a later release wrote in another form.
fn activity(row: &Row<'_>) -> Result<Option<ActivityRow>, DbError> {
    let (number, at) = (row.get(0)?, row.moment(2)?);
    Ok(match row.read(1, change)? {
        Change::Managed(managed) => Some(ActivityRow { number, at, managed }),
        _ => None,
    })
}

fn journal_row(row: &Row<'_>) -> Result<JournalRow, DbError> {
    Ok(JournalRow {
        number: row.get(0)?,
        registry: row.registry_id(1)?,
        change: row.read(2, change)?,
    })
}

fn change(column: Column<'_>) -> Result<Change, ColumnError> {
    serde_json::from_str(column.text()?).map_err(|_| column.not("a change"))
}
