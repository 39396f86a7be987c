//! Accounts with authorities that issue certificates over ACME, one for each directory.

use gantry_db::{DbError, Stmt, args};

use crate::column::{RowExt, moment};
use crate::{Catalog, Transaction};

pub(crate) const FIND: Stmt =
    Stmt::new("select url, contacts, sealed_key from acme_account where directory = $1");

pub(crate) const SET: Stmt = Stmt::new(
    "insert into acme_account (directory, url, contacts, sealed_key, created_at)
     values ($1, $2, $3, $4, $5)
         on conflict (directory) do update
        set url = excluded.url, contacts = excluded.contacts, sealed_key = excluded.sealed_key",
);

/// An account.
#[derive(Clone, PartialEq, Eq)]
pub struct AcmeAccount {
    /// The address of the authority's directory.
    pub directory: String,
    /// The account's own address.
    pub url: String,
    /// Whom the authority writes to, as `mailto:` addresses.
    pub contacts: Vec<String>,
    /// The private key, sealed under the master key.
    pub sealed_key: Vec<u8>,
}

impl Catalog {
    /// The account with the authority of this directory.
    pub async fn acme_account_find(&self, directory: &str) -> Result<Option<AcmeAccount>, DbError> {
        self.db
            .one(&FIND, &args![directory], |row| {
                Ok(AcmeAccount {
                    directory: directory.to_owned(),
                    url: row.get(0)?,
                    contacts: row.json(1)?,
                    sealed_key: row.get(2)?,
                })
            })
            .await
    }
}

impl Transaction<'_, '_> {
    /// Keeps an account, in place of one with the same authority.
    pub fn acme_account_set(&mut self, account: &AcmeAccount) -> Result<(), DbError> {
        let AcmeAccount { directory, url, contacts, sealed_key } = account;
        let contacts = serde_json::to_string(contacts).expect("texts are JSON");
        self.tx
            .exec(&SET, &args![directory, url, contacts, &sealed_key[..], moment(self.now)])
            .map(drop)
    }
}
