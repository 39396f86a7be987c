//! The keys that sign access tokens.

use gantry_db::{DbError, Stmt, args};
use gantry_model::Timestamp;

use crate::column::{RowExt, moment};
use crate::{Catalog, Transaction};

/// A key pair.
#[derive(Clone, PartialEq, Eq)]
pub struct SigningKeyRow {
    /// Its `kid`.
    pub id: String,
    /// The private key, sealed under the master key.
    pub sealed: Vec<u8>,
    /// The public key: an uncompressed point on P-256.
    pub public_key: Vec<u8>,
    /// When it was made; the newest signs.
    pub created_at: Timestamp,
}

pub(crate) const LIST: Stmt = Stmt::new(
    "select id, sealed, public_key, created_at from signing_key order by created_at desc, id",
);

pub(crate) const INSERT: Stmt = Stmt::new(
    "insert into signing_key (id, sealed, public_key, created_at) values ($1, $2, $3, $4)",
);

impl Catalog {
    /// Every key, newest first.
    pub async fn signing_key_list(&self) -> Result<Vec<SigningKeyRow>, DbError> {
        self.db
            .all(&LIST, &[], |row| {
                Ok(SigningKeyRow {
                    id: row.get(0)?,
                    sealed: row.get(1)?,
                    public_key: row.get(2)?,
                    created_at: row.moment(3)?,
                })
            })
            .await
    }
}

pub(crate) const DELETE: Stmt = Stmt::new("delete from signing_key where id = $1");

pub(crate) const PRESENT: Stmt = Stmt::new("select 1 from signing_key limit 1");

impl Transaction<'_, '_> {
    /// Adds the first key, unless there is one.
    pub fn signing_key_establish(&mut self, key: &SigningKeyRow) -> Result<(), DbError> {
        self.deployment_lock()?;
        match self.tx.one(&PRESENT, &[], |_| Ok(()))? {
            Some(()) => Ok(()),
            None => self.signing_key_insert(key),
        }
    }

    /// Removes a key.
    pub fn signing_key_delete(&mut self, id: &str) -> Result<(), DbError> {
        self.tx.exec(&DELETE, &args![id]).map(drop)
    }

    /// Adds a key.
    pub fn signing_key_insert(&mut self, key: &SigningKeyRow) -> Result<(), DbError> {
        self.tx
            .exec(
                &INSERT,
                &args![key.id, &key.sealed[..], &key.public_key[..], moment(key.created_at)],
            )
            .map(drop)
    }
}
