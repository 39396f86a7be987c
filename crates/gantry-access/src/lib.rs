//! Who is asking: credentials, access tokens, signing keys.
//!
//! [`Access::authenticate`] turns what a request shows of itself into an
//! [`Actor`](gantry_model::Actor). What the actor may do is decided in the model.

mod admin;
mod authenticate;
mod sealing;
mod signing;
mod tokens;

use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwap;
use gantry_catalog::{Catalog, DbError};
use gantry_model::{Clock, Registry};
use gantry_oci::Secret;

use admin::AdminAccounts;
pub use authenticate::AuthenticationError;
pub use sealing::{MasterKey, SealError};
use signing::SigningKeys;
use tokens::VerifiedTokens;
pub use tokens::{AccessToken, TokenError, TooManyScopes};

/// Why access can't be set up.
#[derive(Debug, thiserror::Error)]
pub enum SetupError {
    /// The catalog failed.
    #[error("catalog: {0}")]
    Catalog(#[from] DbError),
    /// A secret of the catalog can't be opened.
    #[error("{what} can't be opened")]
    Sealed {
        /// Which secret.
        what: String,
        /// Why.
        source: SealError,
    },
    /// A signing key is no key.
    #[error("signing key {0} is damaged")]
    Key(String),
}

/// Everyone's credentials, and the tokens made from them. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Access(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    clock: Arc<dyn Clock>,
    master_key: MasterKey,
    admins: ArcSwap<AdminAccounts>,
    keys: ArcSwap<SigningKeys>,
    verified: VerifiedTokens,
    token_lifetime: Duration,
}

/// What access needs to know at start.
#[derive(Debug)]
pub struct AccessOptions {
    /// How long an access token is good.
    pub token_lifetime: Duration,
    /// The admin password that an operator wants a registry to have.
    pub admin_password: Option<Secret>,
}

impl Access {
    /// Opens the credentials and keys in `catalog`, and makes those that are missing: two
    /// passwords for each registry's admin account, and a signing key. The password of `options`
    /// becomes the first one of `default_registry`.
    ///
    /// May raise registries' epochs, so what is kept of them elsewhere must be refreshed.
    pub async fn open(
        catalog: &Catalog,
        clock: Arc<dyn Clock>,
        master_key: &MasterKey,
        registries: &[Arc<Registry>],
        default_registry: &Registry,
        options: AccessOptions,
    ) -> Result<Self, SetupError> {
        let wanted =
            options.admin_password.as_ref().map(|password| (default_registry.id, password));
        let admins = AdminAccounts::open(catalog, master_key, registries, wanted).await?;
        let keys = SigningKeys::open(catalog, master_key).await?;
        Ok(Self(Arc::new(Inner {
            clock,
            master_key: master_key.clone(),
            admins: ArcSwap::from_pointee(admins),
            keys: ArcSwap::from_pointee(keys),
            verified: VerifiedTokens::new(),
            token_lifetime: options.token_lifetime,
        })))
    }

    /// The first password of the registry's admin account.
    pub fn admin_password(&self, registry: &Registry) -> Option<Secret> {
        self.0.admins.load().first_password(registry.id).cloned()
    }

    /// Brings what is kept in memory up to the catalog, after another node has changed it.
    pub async fn refresh(
        &self,
        catalog: &Catalog,
        registries: &[Arc<Registry>],
    ) -> Result<(), SetupError> {
        let admins = AdminAccounts::open(catalog, &self.0.master_key, registries, None).await?;
        let keys = SigningKeys::open(catalog, &self.0.master_key).await?;
        self.0.admins.store(Arc::new(admins));
        self.0.keys.store(Arc::new(keys));
        Ok(())
    }

    /// Whether the secrets in `catalog`, where there are any, were sealed under `master_key`.
    /// Changes nothing.
    pub async fn check_master_key(
        catalog: &Catalog,
        master_key: &MasterKey,
    ) -> Result<(), SetupError> {
        match SigningKeys::check(catalog, master_key).await {
            Err(SetupError::Catalog(DbError::MissingTable(_))) => Ok(()),
            checked => checked,
        }
    }
}
