//! What a deployment's nodes share besides content: its name and its certificate authority.

use gantry_db::{DbError, Stmt, args};

use crate::column::moment;
use crate::{Catalog, Transaction};

/// The authority that signs server certificates.
#[derive(Clone, PartialEq, Eq)]
pub struct CertificateAuthority {
    /// What clients trust, as PEM.
    pub certificate: String,
    /// Its private key, sealed under the master key.
    pub sealed_key: Vec<u8>,
}

/// There is one of each.
const ONLY: &str = "local";
/// The name of the deployment whose rows are on their way.
const ARRIVING: &str = "arriving";

pub(crate) const ID: Stmt = Stmt::new("select id from deployment where name = $1");

pub(crate) const SET_ID: Stmt = Stmt::new(
    "insert into deployment (name, id, created_at) values ($1, $2, $3)
         on conflict (name) do nothing",
);

pub(crate) const FORGET: Stmt = Stmt::new("delete from deployment where name = $1");

pub(crate) const LOCK: Stmt = Stmt::new("select id from deployment where name = $1 /*FOR UPDATE*/");

pub(crate) const AUTHORITY: Stmt =
    Stmt::new("select certificate, sealed_key from certificate_authority where name = $1");

pub(crate) const SET_AUTHORITY: Stmt = Stmt::new(
    "insert into certificate_authority (name, certificate, sealed_key) values ($1, $2, $3)
         on conflict (name) do nothing",
);

impl Catalog {
    /// The deployment's id, once it has one.
    pub async fn deployment_id(&self) -> Result<Option<String>, DbError> {
        self.db.one(&ID, &args![ONLY], |row| row.get(0)).await
    }

    /// The id of the deployment that is being copied to this catalog, which isn't whole until then.
    pub async fn deployment_arriving(&self) -> Result<Option<String>, DbError> {
        self.db.one(&ID, &args![ARRIVING], |row| row.get(0)).await
    }

    /// The certificate authority, once there is one.
    pub async fn certificate_authority(&self) -> Result<Option<CertificateAuthority>, DbError> {
        self.db
            .one(&AUTHORITY, &args![ONLY], |row| {
                Ok(CertificateAuthority { certificate: row.get(0)?, sealed_key: row.get(1)? })
            })
            .await
    }
}

impl Transaction<'_, '_> {
    /// Keeps other nodes from setting the deployment up at the same time.
    pub fn deployment_lock(&mut self) -> Result<(), DbError> {
        self.tx.one(&LOCK, &args![ONLY], |_| Ok(())).map(drop)
    }

    /// Gives the deployment this id, unless it has one.
    pub fn deployment_establish(&mut self, id: &str) -> Result<(), DbError> {
        self.tx.exec(&SET_ID, &args![ONLY, id, moment(self.now)]).map(drop)
    }

    /// Notes that the deployment with this id is being copied to this catalog.
    pub fn deployment_arrives(&mut self, id: &str) -> Result<(), DbError> {
        self.tx.exec(&SET_ID, &args![ARRIVING, id, moment(self.now)]).map(drop)
    }

    /// Notes that all of it is here.
    pub fn deployment_arrived(&mut self, id: &str) -> Result<(), DbError> {
        self.deployment_establish(id)?;
        self.tx.exec(&FORGET, &args![ARRIVING]).map(drop)
    }

    /// Keeps the certificate authority, unless there is one.
    pub fn certificate_authority_establish(
        &mut self,
        authority: &CertificateAuthority,
    ) -> Result<(), DbError> {
        let CertificateAuthority { certificate, sealed_key } = authority;
        self.tx.exec(&SET_AUTHORITY, &args![ONLY, certificate, &sealed_key[..]]).map(drop)
    }
}
