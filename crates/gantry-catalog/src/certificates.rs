//! Certificates from authorities: one for each name, and how the attempts at the next one go.

use gantry_db::{DbError, Row, Stmt, args};
use gantry_model::{EpochSubject, Timestamp};

use crate::column::{RowExt, moment};
use crate::{Catalog, Transaction};

pub(crate) const LIST: Stmt = Stmt::new(
    "select name, directory, chain, sealed_key, not_before, not_after, renew_at,
            attempted_by, attempts, failure, attempted_at, next_attempt_at
       from certificate
      order by name",
);

pub(crate) const ISSUED: Stmt = Stmt::new(
    "insert into certificate
            (name, directory, chain, sealed_key, not_before, not_after, renew_at, attempts)
     values ($1, $2, $3, $4, $5, $6, $7, 0)
         on conflict (name) do update
        set directory = excluded.directory, chain = excluded.chain,
            sealed_key = excluded.sealed_key, not_before = excluded.not_before,
            not_after = excluded.not_after, renew_at = excluded.renew_at,
            attempted_by = null, attempts = 0, failure = null, attempted_at = null,
            next_attempt_at = null",
);

pub(crate) const FAILED: Stmt = Stmt::new(
    "insert into certificate (name, attempted_by, attempts, failure, attempted_at, next_attempt_at)
     values ($1, $2, $3, $4, $5, $6)
         on conflict (name) do update
        set attempted_by = excluded.attempted_by, attempts = excluded.attempts,
            failure = excluded.failure, attempted_at = excluded.attempted_at,
            next_attempt_at = excluded.next_attempt_at",
);

/// Only of the certificate that was looked at.
pub(crate) const RENEW_AT: Stmt =
    Stmt::new("update certificate set renew_at = $3 where name = $1 and not_after = $2");

pub(crate) const DELETE: Stmt = Stmt::new("delete from certificate where name = $1");

/// What is known of a name that needs a certificate.
#[derive(Clone, PartialEq, Eq)]
pub struct Certificate {
    /// A host name, maybe with a wildcard for its first label.
    pub name: String,
    /// The one in use.
    pub issued: Option<IssuedCertificate>,
    /// What came of the attempts since.
    pub attempts: Option<Attempts>,
}

/// A certificate that was issued.
#[derive(Clone, PartialEq, Eq)]
pub struct IssuedCertificate {
    /// The directory of the authority that issued it.
    pub directory: String,
    /// It and its intermediates, as PEM.
    pub chain: String,
    /// Its private key, sealed under the master key.
    pub sealed_key: Vec<u8>,
    /// The first moment of its validity.
    pub not_before: Timestamp,
    /// The last.
    pub not_after: Timestamp,
    /// When to ask for the next.
    pub renew_at: Timestamp,
}

/// Attempts that failed, one after the other.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attempts {
    /// With which authority and by which challenge.
    pub by: String,
    /// How many there were.
    pub count: u64,
    /// Why the last one failed, for people.
    pub failure: String,
    /// When that was.
    pub at: Timestamp,
    /// When to try again.
    pub next_at: Timestamp,
}

impl Catalog {
    /// All that is known of names that need certificates.
    pub async fn certificate_list(&self) -> Result<Vec<Certificate>, DbError> {
        self.db.all(&LIST, &[], certificate).await
    }
}

impl Transaction<'_, '_> {
    /// Keeps a certificate for `name` in place of the one before, and tells all nodes.
    pub fn certificate_issued(
        &mut self,
        name: &str,
        issued: &IssuedCertificate,
    ) -> Result<(), DbError> {
        let IssuedCertificate { directory, chain, sealed_key, not_before, not_after, renew_at } =
            issued;
        self.tx.exec(
            &ISSUED,
            &args![
                name,
                directory,
                chain,
                &sealed_key[..],
                moment(*not_before),
                moment(*not_after),
                moment(*renew_at)
            ],
        )?;
        self.epoch_raise(None, EpochSubject::certificates())
    }

    /// Notes that an attempt failed. What is in use stays.
    pub fn certificate_failed(&mut self, name: &str, attempts: &Attempts) -> Result<(), DbError> {
        let Attempts { by, count, failure, at, next_at } = attempts;
        self.tx
            .exec(&FAILED, &args![name, by, *count, failure, moment(*at), moment(*next_at)])
            .map(drop)
    }

    /// Changes when the certificate that ends at `not_after` is replaced.
    pub fn certificate_renew_at(
        &mut self,
        name: &str,
        not_after: Timestamp,
        renew_at: Timestamp,
    ) -> Result<(), DbError> {
        self.tx.exec(&RENEW_AT, &args![name, moment(not_after), moment(renew_at)]).map(drop)
    }

    /// Forgets a name, and tells all nodes.
    pub fn certificate_delete(&mut self, name: &str) -> Result<(), DbError> {
        self.tx.exec(&DELETE, &args![name])?;
        self.epoch_raise(None, EpochSubject::certificates())
    }
}

fn certificate(row: &Row<'_>) -> Result<Certificate, DbError> {
    let issued = match row.get::<Option<String>>(2)? {
        None => None,
        Some(chain) => Some(IssuedCertificate {
            directory: row.get(1)?,
            chain,
            sealed_key: row.get(3)?,
            not_before: row.moment(4)?,
            not_after: row.moment(5)?,
            renew_at: row.moment(6)?,
        }),
    };
    let attempts = match row.get::<Option<String>>(9)? {
        None => None,
        Some(failure) => Some(Attempts {
            by: row.get(7)?,
            count: row.get(8)?,
            failure,
            at: row.moment(10)?,
            next_at: row.moment(11)?,
        }),
    };
    Ok(Certificate { name: row.get(0)?, issued, attempts })
}
