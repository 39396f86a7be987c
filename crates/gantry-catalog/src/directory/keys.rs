//! The keys that sign the directory's tokens. They are not the keys of access tokens: what one kind
//! of token says must never count for the other.

use gantry_db::{DbError, Stmt, args};
use gantry_model::Timestamp;

use crate::column::{RowExt, moment};
use crate::{Catalog, Transaction};

/// A key pair.
#[derive(Clone, PartialEq, Eq)]
pub struct DirectoryKey {
    /// Its `kid`.
    pub id: String,
    /// The private key, sealed under the master key.
    pub sealed: Vec<u8>,
    /// The public key, as its JWK.
    pub public_key: Vec<u8>,
    /// When it was made; the newest signs.
    pub created_at: Timestamp,
}

pub(crate) const LIST: Stmt = Stmt::new(
    "select id, sealed, public_key, created_at from directory_key order by created_at desc, id",
);

pub(crate) const INSERT: Stmt = Stmt::new(
    "insert into directory_key (id, sealed, public_key, created_at) values ($1, $2, $3, $4)",
);

pub(crate) const PRESENT: Stmt = Stmt::new("select 1 from directory_key limit 1");

pub(crate) const DELETE: Stmt = Stmt::new("delete from directory_key where id = $1");

impl Catalog {
    /// Every key, newest first.
    pub async fn directory_key_list(&self) -> Result<Vec<DirectoryKey>, DbError> {
        self.db
            .all(&LIST, &[], |row| {
                Ok(DirectoryKey {
                    id: row.get(0)?,
                    sealed: row.get(1)?,
                    public_key: row.get(2)?,
                    created_at: row.moment(3)?,
                })
            })
            .await
    }
}

impl Transaction<'_, '_> {
    /// Adds the first key, unless there is one.
    pub fn directory_key_establish(&mut self, key: &DirectoryKey) -> Result<(), DbError> {
        self.deployment_lock()?;
        match self.tx.one(&PRESENT, &[], |_| Ok(()))? {
            Some(()) => Ok(()),
            None => self.directory_key_insert(key),
        }
    }

    /// Adds a key.
    pub fn directory_key_insert(&mut self, key: &DirectoryKey) -> Result<(), DbError> {
        let created_at = moment(key.created_at);
        self.tx
            .exec(&INSERT, &args![key.id, &key.sealed[..], &key.public_key[..], created_at])
            .map(drop)
    }

    /// Removes a key.
    pub fn directory_key_delete(&mut self, id: &str) -> Result<(), DbError> {
        self.tx.exec(&DELETE, &args![id]).map(drop)
    }
}
