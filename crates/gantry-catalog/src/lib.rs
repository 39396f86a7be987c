//! All metadata: every SQL text, one file per aggregate, the journal.
//!
//! [`Catalog`] answers questions, one statement each. Changes are made in a [`Transaction`], whose
//! methods are grouped by aggregate like the questions; what belongs together in one transaction is
//! the use-case's business. A transaction that changes content or configuration appends what it did
//! to the journal ([`Transaction::journal_append`]).
//!
//! Names are noun first (`manifest_find`), so that they sort together. `Ok(None)` is "not there".

mod acme_accounts;
mod acme_challenges;
mod admin_passwords;
mod attributes;
mod audit;
mod blobs;
mod cause;
mod certificates;
mod clearing;
mod collection;
mod column;
mod copied;
mod deployment;
mod directory;
mod edges;
mod epochs;
mod journal;
mod kept;
mod leases;
mod manifests;
mod nodes;
mod rate_buckets;
mod referrers;
mod registries;
mod repositories;
mod resource_groups;
mod resource_locks;
mod resources;
mod roles;
mod schema;
mod scope_maps;
mod signing_keys;
mod statements;
mod tags;
mod template_deployments;
mod tokens;
mod uploads;
mod usage;
mod versions;

use std::sync::Arc;

use gantry_db::{Db, Tx};
pub use gantry_db::{DbError, Durability, MigrateError, SchemaState};
use gantry_model::{Clock, Timestamp};

pub use acme_accounts::AcmeAccount;
pub use acme_challenges::{AcmeChallenge, ChallengeKind};
pub use admin_passwords::AdminPassword;
pub use attributes::manifests::{ManifestAttributes, ManifestFacts};
pub use attributes::repositories::{KeptBy, RepositoryRow};
pub use attributes::tags::TagRow;
pub use attributes::{Order, Place};
pub use audit::AuditRow;
pub use blobs::{BlobLink, BlobRow};
pub use cause::because_of;
pub use certificates::{Attempts, Certificate, IssuedCertificate};
pub use collection::{Garbage, TrashedBytes};
pub use copied::{LEFT_BEHIND, copied_tables};
pub use deployment::CertificateAuthority;
pub use directory::{DeviceCode, DeviceCodeState, DirectoryKey, UserSecrets};
use epochs::Epochs;
pub use journal::{ActivityRow, JournalRow};
pub use kept::{Begun, Kept, Present};
pub use manifests::{FoundManifest, ManifestRow, NewManifest, StoredManifest};
pub use rate_buckets::{RateBucket, RateBucketKey};
pub use referrers::Referrer;
pub use registries::DeletedRegistry;
pub use signing_keys::SigningKeyRow;
pub use statements::all as all_statements;
pub use uploads::{NewUpload, UploadRow};
pub use usage::Usage;

/// All metadata of a deployment.
#[derive(Clone, Debug)]
pub struct Catalog {
    db: Db,
    clock: Arc<dyn Clock>,
    epochs: Arc<Epochs>,
}

impl Catalog {
    /// A catalog in `db`, whose schema must have been brought up by [`Catalog::migrate`].
    pub fn new(db: Db, clock: Arc<dyn Clock>) -> Self {
        Self { db, clock, epochs: Arc::new(Epochs::new()) }
    }

    /// Brings the schema up to this release's; answers the steps that it took.
    pub async fn migrate(&self) -> Result<Vec<&'static str>, MigrateError> {
        self.db.migrate(schema::MIGRATIONS).await
    }

    /// Compares the schema with this release's, and changes nothing.
    pub async fn schema_state(&self) -> Result<SchemaState, MigrateError> {
        self.db.schema_state(schema::MIGRATIONS).await
    }

    /// The database underneath, for what is about the database itself (snapshot, integrity check).
    pub fn db(&self) -> &Db {
        &self.db
    }

    /// The present, by the catalog's clock.
    pub fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// Runs `body` as one transaction: all of it or nothing. It runs to its end even if the
    /// returned future is dropped, and may run again after a serialization failure, so it must
    /// change nothing but the transaction.
    pub async fn transaction<T, E>(
        &self,
        durability: Durability,
        body: impl Fn(&mut Transaction<'_, '_>) -> Result<T, E> + Send + 'static,
    ) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<DbError> + Send + 'static,
    {
        let (clock, epochs) = (Arc::clone(&self.clock), Arc::clone(&self.epochs));
        let cause = cause::present();
        self.db
            .write(durability, move |tx| {
                let now = clock.now();
                let mut tx = Transaction { tx, now, epochs: &epochs, has_changed: false };
                let done = body(&mut tx)?;
                if let Some(cause) = &cause {
                    tx.note_cause(cause)?;
                }
                Ok(done)
            })
            .await
    }
}

/// A transaction under way.
pub struct Transaction<'t, 'c> {
    tx: &'t mut Tx<'c>,
    now: Timestamp,
    epochs: &'t Arc<Epochs>,
    /// It has changed something that its cause is to be told for.
    has_changed: bool,
}

impl Transaction<'_, '_> {
    /// The moment the transaction's changes carry.
    pub fn now(&self) -> Timestamp {
        self.now
    }

    /// The present by the database's clock, in microseconds since 1970.
    pub fn database_time(&mut self) -> Result<i64, DbError> {
        self.tx.database_time()
    }

    /// Runs `hook` once the transaction is committed, before whoever asked for it hears of it.
    pub fn on_commit(&mut self, hook: impl FnOnce() + Send + 'static) {
        self.tx.on_commit(hook);
    }
}
