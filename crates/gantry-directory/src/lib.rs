//! The directory: users, groups, applications, and how they sign in.
//!
//! It speaks of things in the words of Microsoft Entra, since its clients do: a tenant, object ids,
//! applications with their service principals. [`Directory`] changes what the catalog keeps of them,
//! signs them in, and makes the tokens that say so. What they may do is not its business: roles are
//! assigned to object ids elsewhere.

mod applications;
mod audience;
mod bootstrap;
mod certificate;
mod groups;
mod guard;
mod identities;
mod keys;
mod outside;
mod page;
pub mod sign_in;
mod tokens;
mod totp;
mod users;

use std::sync::Arc;

use gantry_arm::Guid;
use gantry_catalog::{Catalog, DbError, Kept};
use gantry_issuers::{Issuers, TrustedIssuer};
use gantry_model::directory::Tenant;
use gantry_model::{Clock, Timestamp};
use gantry_secrets::MasterKey;

pub use applications::{ApplicationError, NewSecret};
pub use audience::Audience;
pub use bootstrap::{Bootstrap, BootstrapWishes};
pub use certificate::CertificateError;
pub use groups::{GroupError, Through};
pub use guard::{Attempt, Permit, TooManyAttempts};
pub use identities::{IdentityError, NewWorkload};
pub use keys::{KeptKey, KeyError, PublicKey};
pub use page::Page;
pub use tokens::{DirectoryToken, Principal, PrincipalKind, TokenRefusal, TokenWish};
pub use totp::TotpSecret;
pub use users::{NewUser, UserError};

use guard::Guard;
use keys::Keys;

/// The directory. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Directory(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    catalog: Catalog,
    clock: Arc<dyn Clock>,
    master_key: MasterKey,
    tenant: Tenant,
    keys: Kept<Keys>,
    guard: Guard,
    devices: sign_in::Started,
    certificates: certificate::Parsed,
    issuers: Issuers,
    /// Outside issuers whose people count as ours.
    trusted: Vec<TrustedIssuer>,
}

/// Why the directory can't be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The catalog failed.
    #[error("catalog: {0}")]
    Catalog(#[from] DbError),
    /// A key can't be used.
    #[error(transparent)]
    Key(#[from] KeyError),
    /// What is to be made can't be put away.
    #[error("the first secrets can't be kept")]
    Keep(#[source] std::io::Error),
    /// A password of the first users can't be hashed.
    #[error("the first user's password: {0}")]
    Password(#[from] gantry_secrets::passwords::PasswordError),
}

impl Directory {
    /// Opens the directory in `catalog`, and makes tenant, subscription, key, first application and
    /// first user where there is no tenant yet, once `keep` has put their secrets away.
    pub async fn open(
        catalog: &Catalog,
        clock: Arc<dyn Clock>,
        master_key: &MasterKey,
        wishes: BootstrapWishes,
        (issuers, trusted): (Issuers, Vec<TrustedIssuer>),
        keep: impl FnOnce(&Bootstrap) -> std::io::Result<()>,
    ) -> Result<Self, OpenError> {
        let tenant = bootstrap::establish(catalog, wishes, keep).await?;
        let keys = Keys::open(catalog, master_key).await?;
        Ok(Self(Arc::new(Inner {
            catalog: catalog.clone(),
            clock,
            master_key: master_key.clone(),
            tenant,
            keys: Kept::new(keys),
            guard: Guard::default(),
            devices: sign_in::Started::default(),
            certificates: certificate::Parsed::default(),
            issuers,
            trusted,
        })))
    }

    /// The tenant.
    pub fn tenant(&self) -> &Tenant {
        &self.0.tenant
    }

    /// Takes a place for an attempt to sign in, which somebody who guesses too often has to wait for.
    pub async fn admit(&self, attempt: Attempt<'_>) -> Result<Permit, TooManyAttempts> {
        self.0.guard.admit(attempt, &*self.0.clock).await
    }

    /// Brings what is kept in memory up to the catalog, after another node has changed it.
    pub async fn refresh(&self) -> Result<(), OpenError> {
        let begun = self.0.keys.begin();
        let keys = Keys::open(&self.0.catalog, &self.0.master_key).await?;
        self.0.keys.store(begun, keys);
        Ok(())
    }

    /// Makes a new key that signs from now on, and forgets those whose last tokens have ended.
    pub async fn rotate_keys(&self) -> Result<(), OpenError> {
        keys::rotate(&self.0.catalog, &self.0.master_key).await?;
        self.refresh().await
    }

    /// When the newest key was made.
    pub fn key_made_at(&self) -> Timestamp {
        self.0.keys.load().made_at().unwrap_or(Timestamp::from_micros(0))
    }

    /// The keys that are kept, newest first.
    pub fn kept_keys(&self) -> Vec<KeptKey> {
        self.0.keys.load().kept(self.now())
    }

    /// The keys that verify tokens.
    pub fn public_keys(&self) -> Vec<PublicKey> {
        self.0.keys.load().public()
    }

    fn now(&self) -> Timestamp {
        self.0.clock.now()
    }
}

/// A new object id.
pub fn new_id() -> Guid {
    // Version 4 of RFC 9562 (section 5.4).
    let mut bytes = gantry_secrets::Generated::bytes::<16>();
    bytes[6] = (bytes[6] & 0x0f) | 0x40;
    bytes[8] = (bytes[8] & 0x3f) | 0x80;
    Guid::from_bytes(bytes)
}
