//! From what a request shows of itself to an actor.

use std::sync::Arc;

use gantry_model::Registry;
use gantry_model::permission::{Actions, Actor, Grant, Identity};
use gantry_oci::{Authorization, AuthorizationError};

use crate::{Access, TokenError};

/// Why a request's credential is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
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
}

impl Access {
    /// The actor behind an `Authorization` header, or behind none.
    ///
    /// A refused credential is an error, never an anonymous actor: whoever shows one means it.
    pub fn authenticate(
        &self,
        registry: &Registry,
        header: Option<&str>,
    ) -> Result<Arc<Actor>, AuthenticationError> {
        let Some(header) = header else { return Ok(Arc::new(anonymous(registry))) };
        match header.parse()? {
            Authorization::Basic { user, password } => {
                self.sign_in(registry, &user, password.expose()).map(Arc::new)
            }
            Authorization::Bearer { token } => Ok(self.verify_token(registry, token.expose())?),
        }
    }

    /// The actor behind a user name and password.
    pub fn sign_in(
        &self,
        registry: &Registry,
        user: &str,
        password: &str,
    ) -> Result<Actor, AuthenticationError> {
        if !self.0.admins.load().verify(registry, user, password) {
            return Err(AuthenticationError::Credentials);
        }
        let grants = vec![Grant::EveryRepository(Actions::ALL), Grant::Catalog];
        Ok(Actor::new(registry.id, admin(registry), grants))
    }
}

/// The registry's admin account, which is called like the registry.
fn admin(registry: &Registry) -> Identity {
    Identity::Admin(registry.name.as_str().into())
}

/// The identity that is called so in tokens and records, if the registry has it.
pub(crate) fn identity(registry: &Registry, subject: &str) -> Option<Identity> {
    [Identity::Anonymous, admin(registry)].into_iter().find(|known| known.as_str() == subject)
}

/// Nobody in particular.
fn anonymous(registry: &Registry) -> Actor {
    Actor::new(registry.id, Identity::Anonymous, everyones(registry).into_iter().collect())
}

/// What the registry grants to everyone, signed in or not.
pub(crate) fn everyones(registry: &Registry) -> Option<Grant> {
    registry.settings.anonymous_pull.then_some(Grant::EveryRepository(Actions::PULL))
}
