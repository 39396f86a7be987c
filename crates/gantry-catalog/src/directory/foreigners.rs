//! Those whom outside issuers know: remembered as they came last, so that roles and groups can be
//! looked up without their token.

use gantry_arm::Guid;
use gantry_db::{DbError, Row, Stmt, args};
use gantry_model::EpochSubject;
use gantry_model::directory::Foreigner;

use crate::column::{RowExt, moment};
use crate::{Catalog, Transaction};

pub(crate) const FIND: Stmt = Stmt::new(
    "select id, issuer, subject, name, groups, seen_at, token_at
       from directory_foreigner
       where id = $1",
);

pub(crate) const SET: Stmt = Stmt::new(
    "insert into directory_foreigner (id, issuer, subject, name, groups, seen_at, token_at)
     values ($1, $2, $3, $4, $5, $6, $7)
         on conflict (id) do update
        set name = excluded.name, groups = excluded.groups, seen_at = excluded.seen_at,
            token_at = excluded.token_at
      where directory_foreigner.token_at < excluded.token_at",
);

pub(crate) const CLAIM: Stmt = Stmt::new(
    "insert into directory_foreign_id (id, issuer) values ($1, $2) on conflict (id) do nothing",
);

pub(crate) const OWNER: Stmt = Stmt::new("select issuer from directory_foreign_id where id = $1");

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

    /// Whether an id is the issuer's: of those that bring it, the first one's for good.
    pub fn foreign_id_claim(&mut self, id: Guid, issuer: &str) -> Result<bool, DbError> {
        let id = id.to_string();
        self.tx.exec(&CLAIM, &args![id, issuer])?;
        let owner: Option<String> = self.tx.one(&OWNER, &args![id], |row| row.get(0))?;
        Ok(owner.as_deref() == Some(issuer))
    }

    /// Remembers someone as they came, unless by an older token than they came by before. Groups that
    /// they are no more in count no more.
    pub fn foreigner_set(&mut self, seen: &Foreigner) -> Result<(), DbError> {
        let id = seen.id.to_string();
        let before = self.tx.one(&FIND, &args![id], foreigner)?;
        let groups = serde_json::to_string(&seen.groups).expect("ids are plain data");
        let (seen_at, token_at) = (moment(seen.seen_at), moment(seen.token_at));
        let args = args![id, seen.issuer, seen.subject, seen.name, groups, seen_at, token_at];
        let is_newest = self.tx.exec(&SET, &args)? == 1;
        // Whoever asked for their roles before they came is told of none of their groups.
        if is_newest && before.map(|before| before.groups).unwrap_or_default() != seen.groups {
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
        token_at: row.moment(6)?,
    })
}
