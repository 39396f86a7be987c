//! Who is asking, and what they are granted: credentials, tokens, roles.
//!
//! [`Access::authenticate`] turns what a request shows of itself into an
//! [`Actor`](gantry_model::Actor) with everything that it is granted; what the actor may do is decided
//! in the model. Sources of grants are the admin account, repository-scoped tokens with their scope
//! maps, roles of those whom the directory knows, and what a registry grants to everyone.

mod access_tokens;
mod admin;
mod administration;
pub mod assignments;
mod audit;
mod authenticate;
mod authority;
mod claims;
mod profile;
mod refresh_tokens;
pub mod roles;
pub mod scope_maps;
mod signing;
pub mod tokens;

use std::sync::Arc;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
pub use gantry_catalog::DbError;
use gantry_catalog::{Catalog, Kept};
use gantry_directory::{Directory, KeptKey};
use gantry_model::{Clock, Registry, Tiers};
use gantry_oci::Secret;
use gantry_secrets::{MasterKey, SealError};

use access_tokens::VerifiedTokens;
pub use access_tokens::{AccessToken, SignedIn, TooManyScopes};
pub use audit::{Audit, Noted};
pub use authenticate::AuthenticationError;
use authenticate::Remembered;
pub use authority::Authority;
use authority::KeptRoles;
pub use claims::TokenError;
use profile::Profiles;
pub use profile::scope_has;
use signing::SigningKeys;

/// What sealed texts begin with; no name does.
const SEALED: char = '~';

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
    /// The directory's keys.
    #[error(transparent)]
    Directory(#[from] gantry_directory::OpenError),
    /// A signing key is no key.
    #[error("signing key {0} is damaged")]
    Key(String),
}

/// Everyone's credentials, and the tokens made from them. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Access(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    catalog: Catalog,
    clock: Arc<dyn Clock>,
    master_key: MasterKey,
    directory: Directory,
    options: AccessOptions,
    keys: Kept<SigningKeys>,
    verified: VerifiedTokens,
    profiles: Profiles,
    roles: KeptRoles,
    remembered: Remembered,
    audit: Audit,
}

/// What access needs to know at start.
#[derive(Debug)]
pub struct AccessOptions {
    /// How long an access token is good.
    pub token_lifetime: Duration,
    /// The admin password that an operator wants a registry to have.
    pub admin_password: Option<Secret>,
    /// How much of what each tier allows.
    pub tiers: Tiers,
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
        directory: &Directory,
        registries: &[Arc<Registry>],
        default_registry: &Registry,
        options: AccessOptions,
    ) -> Result<Self, SetupError> {
        for registry in registries {
            let is_default = registry.id == default_registry.id;
            let wanted = options.admin_password.as_ref().filter(|_| is_default);
            admin::establish(catalog, master_key, registry, wanted).await?;
        }
        let keys = SigningKeys::open(catalog, master_key).await?;
        let audit = Audit::new(catalog, &clock);
        Ok(Self(Arc::new(Inner {
            catalog: catalog.clone(),
            clock,
            master_key: master_key.clone(),
            directory: directory.clone(),
            options,
            keys: Kept::new(keys),
            verified: VerifiedTokens::default(),
            profiles: Profiles::default(),
            roles: KeptRoles::default(),
            remembered: Remembered::default(),
            audit,
        })))
    }

    /// The directory.
    pub fn directory(&self) -> &Directory {
        &self.0.directory
    }

    /// Where sign-ins and refusals are noted.
    pub fn audit(&self) -> &Audit {
        &self.0.audit
    }

    /// Brings the keys that are kept in memory up to the catalog, after another node has made one.
    pub async fn refresh_keys(&self) -> Result<(), SetupError> {
        let begun = self.0.keys.begin();
        let keys = SigningKeys::open(&self.0.catalog, &self.0.master_key).await?;
        self.0.keys.store(begun, keys);
        Ok(())
    }

    /// Makes new keys for registries' tokens and for the directory's, where those in use are older
    /// than `most`. Tokens that the old ones signed stay good.
    pub async fn rotate_old_keys(&self, most: Duration) -> Result<(), SetupError> {
        let before = self.0.clock.now().minus(most);
        if self.0.keys.load().made_at().is_none_or(|made_at| made_at < before) {
            self.rotate_keys().await?;
        }
        if self.0.directory.key_made_at() < before {
            self.0.directory.rotate_keys().await?;
        }
        Ok(())
    }

    /// Makes a new key for registries' tokens.
    pub async fn rotate_keys(&self) -> Result<(), SetupError> {
        signing::rotate(&self.0.catalog, &self.0.master_key).await?;
        self.refresh_keys().await
    }

    /// The keys of registries' tokens that are kept, newest first.
    pub fn kept_keys(&self) -> Vec<KeptKey> {
        self.0.keys.load().kept(self.0.clock.now())
    }

    /// Seals a text that a client is to bring back without knowing what it says.
    pub fn seal_text(&self, purpose: &str, text: &str) -> String {
        let sealed = self.0.master_key.seal(purpose, text.as_bytes());
        format!("{SEALED}{}", URL_SAFE_NO_PAD.encode(sealed))
    }

    /// The text that was sealed, if it was here and for that purpose.
    pub fn open_text(&self, purpose: &str, sealed: &str) -> Option<String> {
        let bytes = URL_SAFE_NO_PAD.decode(sealed.strip_prefix(SEALED)?).ok()?;
        String::from_utf8(self.0.master_key.open(purpose, &bytes).ok()?).ok()
    }

    /// The resource id of the registry in the management API.
    pub fn resource_id(&self, registry: &Registry) -> String {
        format!(
            "/subscriptions/{}/resourceGroups/{}/providers/Microsoft.ContainerRegistry/registries/{}",
            self.0.directory.tenant().subscription,
            registry.resource_group,
            registry.name
        )
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
