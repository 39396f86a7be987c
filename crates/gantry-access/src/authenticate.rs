//! From what a request shows of itself to an actor.

use std::net::IpAddr;
use std::sync::Arc;

use gantry_arm::Guid;
use gantry_catalog::DbError;
use gantry_directory::sign_in::{ClientProof, SignInContext, SignInError};
use gantry_directory::{Attempt, Principal, TooManyAttempts};
use gantry_model::permission::{Actor, Identity};
use gantry_model::{Epoch, EpochSubject, Registry, Timestamp};
use gantry_oci::{Authorization, AuthorizationError, Secret};
use gantry_secrets::SecretHash;
use gantry_sha2::Sha256;
use quick_cache::sync::Cache;

use crate::claims::TokenError;
use crate::{Access, SignedIn};

/// The user name of whoever shows a token for a password, as `az acr login` has Docker do.
const NULL_GUID: &str = "00000000-0000-0000-0000-000000000000";
/// Sign-ins of the directory that are remembered, and for how long: a client that sends a password
/// with each request has it checked once a minute.
const REMEMBERED: usize = 4 << 10;
const MINUTE_SECONDS: i64 = 60;

/// Why a request's credential is refused.
#[derive(Debug, thiserror::Error)]
pub enum AuthenticationError {
    /// The header can't be read.
    #[error(transparent)]
    Header(#[from] AuthorizationError),
    /// No such user and password.
    #[error("user name or password is wrong")]
    Credentials,
    /// The token is refused.
    #[error(transparent)]
    Token(#[from] TokenError),
    /// The directory refuses.
    #[error("{0}")]
    Directory(String),
    /// Too many have failed.
    #[error(transparent)]
    TooMany(#[from] TooManyAttempts),
    /// The catalog failed.
    #[error("catalog: {0}")]
    Catalog(#[from] DbError),
}

/// Passwords of the directory that were right a moment ago, by a hash of everything.
#[derive(Debug)]
pub(crate) struct Remembered(Cache<[u8; 32], (Guid, Epoch, i64)>);

impl Default for Remembered {
    fn default() -> Self {
        Self(Cache::new(REMEMBERED))
    }
}

impl Access {
    /// The actor behind an `Authorization` header, or behind none, at `address`.
    ///
    /// A refused credential is an error, never an anonymous actor: whoever shows one means it.
    pub async fn authenticate(
        &self,
        registry: &Registry,
        header: Option<&str>,
        address: Option<IpAddr>,
    ) -> Result<Arc<Actor>, AuthenticationError> {
        let Some(header) = header else { return Ok(self.nobody(registry).await?.actor) };
        match header.parse()? {
            Authorization::Basic { user, password } => {
                Ok(self.sign_in(registry, &user, &password, address).await?.actor)
            }
            Authorization::Bearer { token } => self.verify_token(registry, token.expose()).await,
        }
    }

    /// Nobody in particular.
    pub async fn nobody(&self, registry: &Registry) -> Result<SignedIn, AuthenticationError> {
        let found = self.profile(registry, &Identity::anonymous()).await?;
        let profile = found.ok_or(AuthenticationError::Credentials)?;
        let actor = Arc::new(profile.actor(registry));
        Ok(SignedIn { profile, actor, until: None })
    }

    /// Whom a user name and password are of: the admin account, a repository-scoped token, an
    /// application, a user of the directory; or a token, shown for a password.
    pub async fn sign_in(
        &self,
        registry: &Registry,
        user: &str,
        password: &Secret,
        address: Option<IpAddr>,
    ) -> Result<SignedIn, AuthenticationError> {
        if user.is_empty() || user == NULL_GUID {
            return self.sign_in_with_token(registry, password.expose()).await;
        }
        if user.contains('@') || user.parse::<Guid>().is_ok() {
            return self.sign_in_by_directory(registry, user, password, address).await;
        }
        // One name may be of one registry's token and of another's.
        let account = format!("{}/{user}", registry.name);
        let attempt = Attempt { account: &account, address };
        let permit = self.0.directory.admit(attempt).await?;
        match self.sign_in_here(registry, user, password.expose()).await {
            Ok(Some(signed_in)) => {
                permit.succeed();
                Ok(signed_in)
            }
            Ok(None) => {
                permit.fail().await;
                Err(AuthenticationError::Credentials)
            }
            Err(error) => {
                permit.leave();
                Err(error.into())
            }
        }
    }

    /// The registry's own accounts.
    async fn sign_in_here(
        &self,
        registry: &Registry,
        user: &str,
        password: &str,
    ) -> Result<Option<SignedIn>, DbError> {
        let admin = user.eq_ignore_ascii_case(registry.name.as_str());
        let identity = match admin {
            true => Identity::admin(registry.name.as_str()),
            false => Identity::token(&user.to_ascii_lowercase()),
        };
        let profile = self.profile(registry, &identity).await?;
        let now = self.0.clock.now();
        // Of an account that isn't there a password is looked at too.
        let shown = SecretHash::of(password);
        let Some(profile) = profile else { return Ok(None) };
        let Some(until) = profile.password(&shown, now) else { return Ok(None) };
        let actor = Arc::new(profile.actor(registry));
        // What is got for a password ends with it.
        Ok(Some(SignedIn { profile, actor, until: until.map(Timestamp::seconds) }))
    }

    async fn sign_in_with_token(
        &self,
        registry: &Registry,
        text: &str,
    ) -> Result<SignedIn, AuthenticationError> {
        match self.sign_in_with_refresh_token(registry, text).await {
            // It may be of the other kind.
            Err(AuthenticationError::Token(TokenError::Invalid)) => {
                self.sign_in_with_access_token(registry, text).await
            }
            outcome => outcome,
        }
    }

    async fn sign_in_by_directory(
        &self,
        registry: &Registry,
        user: &str,
        password: &Secret,
        address: Option<IpAddr>,
    ) -> Result<SignedIn, AuthenticationError> {
        let key = Sha256::of(format!("{user}\0{}", password.expose()).as_bytes());
        let now = self.0.clock.now().seconds();
        let remembered =
            self.0.remembered.0.get(&key).filter(|(_, Epoch(subject, value), until)| {
                now < *until && self.0.catalog.epoch_known(subject) == Some(*value)
            });
        let (id, epoch) = match remembered {
            Some((id, Epoch(_, epoch), _)) => (id, epoch),
            None => {
                let principal = self.ask_directory(user, password, address).await?;
                let epoch =
                    Epoch(EpochSubject::sign_in(&principal.id.to_string()), principal.epoch);
                self.0.remembered.0.insert(key, (principal.id, epoch, now + MINUTE_SECONDS));
                (principal.id, principal.epoch)
            }
        };
        let identity = Identity::principal(&id.to_string());
        let profile = self.profile(registry, &identity).await?;
        // Whoever was signed out since the password was looked at isn't let in.
        let profile = profile.filter(|profile| profile.sign_in == epoch);
        let profile = profile.ok_or(AuthenticationError::Credentials)?;
        let actor = Arc::new(profile.actor(registry));
        Ok(SignedIn { profile, actor, until: None })
    }

    async fn ask_directory(
        &self,
        user: &str,
        password: &Secret,
        address: Option<IpAddr>,
    ) -> Result<Principal, AuthenticationError> {
        let directory = &self.0.directory;
        let context = SignInContext { address, issuer: "" };
        let outcome = match user.contains('@') {
            true => directory.sign_in_person(user, password, None, context).await,
            false => {
                let proof = ClientProof::Secret(password.clone());
                directory.sign_in_application(user, &proof, context).await
            }
        };
        outcome.map_err(|error| match error {
            SignInError::Client | SignInError::Person => AuthenticationError::Credentials,
            SignInError::TooMany(wait) => wait.into(),
            SignInError::Catalog(error) => error.into(),
            error => AuthenticationError::Directory(error.to_string()),
        })
    }

    /// The present.
    pub fn now(&self) -> Timestamp {
        self.0.clock.now()
    }
}
