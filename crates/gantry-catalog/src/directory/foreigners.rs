//! Those whom outside issuers know: remembered as they came last, so that roles and groups can be
//! looked up without their token.

use gantry_arm::Guid;
use gantry_db::{DbError, Row, Stmt, args};
use gantry_model::EpochSubject;
use gantry_model::directory::Foreigner;

use crate::column::{RowExt, moment};
use crate::{Catalog, Transaction};

pub(crate) const FIND: Stmt = Stmt::new(
    "select id, issuer, subject, name, groups, seen_at from directory_foreigner where id = $1",
);

pub(crate) const SET: Stmt = Stmt::new(
    "insert into directory_foreigner (id, issuer, subject, name, groups, seen_at)
     values ($1, $2, $3, $4, $5, $6)
         on conflict (id) do update
        set name = excluded.name, groups = excluded.groups, seen_at = excluded.seen_at",
);

impl Catalog {
    /// Whom outside issuers know by that id.
    pub async fn foreigner_find(&self, id: Guid) -> Result<Option<Foreigner>, DbError> {
        self.db.one(&FIND, &args![id.to_string()], foreigner).await
    }
}

impl Transaction<'_, '_> {
    /// Whom outside issuers know by that id.
    pub fn foreigner_find(&mut self, id: Guid) -> Result<Option<Foreigner>, DbError> {
        self.tx.one(&FIND, &args![id.to_string()], foreigner)
    }

    /// Remembers someone as they came just now. Groups that they are no more in count no more.
    pub fn foreigner_set(&mut self, seen: &Foreigner) -> Result<(), DbError> {
        let id = seen.id.to_string();
        let before = self.tx.one(&FIND, &args![id], foreigner)?;
        let groups = serde_json::to_string(&seen.groups).expect("ids are plain data");
        self.tx.exec(
            &SET,
            &args![id, seen.issuer, seen.subject, seen.name, groups, moment(seen.seen_at)],
        )?;
        // Whoever asked for their roles before they came is told of none of their groups.
        if before.map(|before| before.groups).unwrap_or_default() != seen.groups {
            self.epoch_raise(None, EpochSubject::assigned(&id))?;
        }
        Ok(())
    }
}

fn foreigner(row: &Row<'_>) -> Result<Foreigner, DbError> {
    Ok(Foreigner {
        id: row.parsed(0)?,
        issuer: row.get(1)?,
        subject: row.get(2)?,
        name: row.get(3)?,
        groups: row.json(4)?,
        seen_at: row.moment(5)?,
    })
}
