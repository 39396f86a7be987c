//! Open challenges of authorities that issue certificates over ACME: rows, so that any node answers.

use std::fmt;
use std::str::FromStr;

use gantry_db::{DbError, Row, Stmt, args};
use gantry_model::Timestamp;

use crate::column::{RowExt, moment};
use crate::{Catalog, Transaction};

pub(crate) const INSERT: Stmt = Stmt::new(
    "insert into acme_challenge (token, kind, name, key_authorization, expires_at)
     values ($1, $2, $3, $4, $5)
         on conflict (token) do update
        set kind = excluded.kind, name = excluded.name,
            key_authorization = excluded.key_authorization, expires_at = excluded.expires_at",
);

pub(crate) const FIND: Stmt = Stmt::new(
    "select token, kind, name, key_authorization, expires_at
       from acme_challenge
      where token = $1",
);

/// The newest: of an attempt that was cut short, another may still be there.
pub(crate) const FIND_BY_NAME: Stmt = Stmt::new(
    "select token, kind, name, key_authorization, expires_at
       from acme_challenge
      where name = $1 and kind = $2
      order by expires_at desc
      limit 1",
);

pub(crate) const EXPIRED: Stmt = Stmt::new(
    "select token, kind, name, key_authorization, expires_at
       from acme_challenge
      where expires_at < $1
      order by expires_at
      limit $2",
);

pub(crate) const DELETE: Stmt = Stmt::new("delete from acme_challenge where token = $1");

/// How an authority makes sure that a name is ours.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ChallengeKind {
    /// By a plain HTTP request (RFC 8555 §8.3).
    Http01,
    /// By a TLS handshake (RFC 8737).
    TlsAlpn01,
    /// By a record in the DNS (RFC 8555 §8.4).
    Dns01,
}

/// An open challenge.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AcmeChallenge {
    /// The authority's token.
    pub token: String,
    /// How it asks.
    pub kind: ChallengeKind,
    /// The name it asks about, without a wildcard.
    pub name: String,
    /// The token and the thumbprint of the account's key (RFC 8555 §8.1).
    pub key_authorization: String,
    /// From then on it is a leftover.
    pub expires_at: Timestamp,
}

impl ChallengeKind {
    /// Its name in RFC 8555 and RFC 8737.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Http01 => "http-01",
            Self::TlsAlpn01 => "tls-alpn-01",
            Self::Dns01 => "dns-01",
        }
    }
}

impl fmt::Display for ChallengeKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A text that names no challenge.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ChallengeKindError;

impl fmt::Display for ChallengeKindError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("there are http-01, tls-alpn-01 and dns-01")
    }
}

impl std::error::Error for ChallengeKindError {}

impl FromStr for ChallengeKind {
    type Err = ChallengeKindError;

    fn from_str(text: &str) -> Result<Self, ChallengeKindError> {
        [Self::Http01, Self::TlsAlpn01, Self::Dns01]
            .into_iter()
            .find(|kind| kind.as_str() == text)
            .ok_or(ChallengeKindError)
    }
}

impl Catalog {
    /// The challenge of that token.
    pub async fn acme_challenge_find(&self, token: &str) -> Result<Option<AcmeChallenge>, DbError> {
        self.db.one(&FIND, &args![token], challenge).await
    }

    /// The challenge about that name.
    pub async fn acme_challenge_of(
        &self,
        name: &str,
        kind: ChallengeKind,
    ) -> Result<Option<AcmeChallenge>, DbError> {
        self.db.one(&FIND_BY_NAME, &args![name, kind.as_str()], challenge).await
    }

    /// Up to `limit` challenges that are leftovers at `now`.
    pub async fn acme_challenge_expired(
        &self,
        now: Timestamp,
        limit: usize,
    ) -> Result<Vec<AcmeChallenge>, DbError> {
        self.db.all(&EXPIRED, &args![moment(now), limit as u64], challenge).await
    }
}

impl Transaction<'_, '_> {
    /// Opens a challenge.
    pub fn acme_challenge_open(&mut self, challenge: &AcmeChallenge) -> Result<(), DbError> {
        let AcmeChallenge { token, kind, name, key_authorization, expires_at } = challenge;
        self.tx
            .exec(
                &INSERT,
                &args![token, kind.as_str(), name, key_authorization, moment(*expires_at)],
            )
            .map(drop)
    }

    /// Closes it.
    pub fn acme_challenge_close(&mut self, token: &str) -> Result<(), DbError> {
        self.tx.exec(&DELETE, &args![token]).map(drop)
    }
}

fn challenge(row: &Row<'_>) -> Result<AcmeChallenge, DbError> {
    Ok(AcmeChallenge {
        token: row.get(0)?,
        kind: row.parsed(1)?,
        name: row.get(2)?,
        key_authorization: row.get(3)?,
        expires_at: row.moment(4)?,
    })
}
