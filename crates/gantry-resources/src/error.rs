//! Why a resource can't be written or deleted.

use gantry_catalog::DbError;
use gantry_model::PreconditionFailed;
use gantry_model::resource::{CacheRuleError, CredentialSetError, WebhookError};

/// Why a resource can't be written or deleted.
#[derive(Debug, thiserror::Error)]
pub enum ResourceError {
    /// There is none of that name.
    #[error("there is no {kind} {name}")]
    Missing {
        /// What it would be.
        kind: &'static str,
        /// Its name.
        name: String,
    },
    /// It can't have that name.
    #[error("{name:?} can't be the name of a {kind}")]
    Name {
        /// What it would be.
        kind: &'static str,
        /// The name.
        name: String,
    },
    /// It has changed.
    #[error(transparent)]
    Precondition(#[from] PreconditionFailed),
    /// The registry has as many as its tier allows.
    #[error("the registry has {present} of {kind}, as many as the tier {tier} allows")]
    TooMany {
        /// Of what.
        kind: &'static str,
        /// How many.
        present: u64,
        /// The tier.
        tier: &'static str,
    },
    /// What a new one needs isn't said.
    #[error("the property '{0}' is required")]
    Required(&'static str),
    /// What can't be changed would.
    #[error("the property '{0}' can't be changed after the resource was made")]
    Fixed(&'static str),
    /// It is in a location where the registry isn't.
    #[error("the registry is not in the location {0}")]
    Elsewhere(String),
    /// An address that none is.
    #[error("{0}")]
    Target(String),
    /// It can't be as a webhook.
    #[error(transparent)]
    Webhook(#[from] WebhookError),
    /// It can't be as a cache rule.
    #[error(transparent)]
    CacheRule(#[from] CacheRuleError),
    /// Another rule fills the same.
    #[error("the cache rule {0} fills that target repository already")]
    SameTarget(String),
    /// It names a credential set that isn't there.
    #[error("there is no credential set {0} in the registry")]
    NoCredentialSet(String),
    /// It can't be as a credential set.
    #[error(transparent)]
    CredentialSet(#[from] CredentialSetError),
    /// A cache rule signs in with it.
    #[error("the cache rule {0} uses the credential set: remove it there first")]
    InUse(String),
    /// What is sealed of it can't be opened.
    #[error("what is sealed of {0} can't be opened")]
    Sealed(String),
    /// The catalog failed.
    #[error("catalog: {0}")]
    Catalog(#[from] DbError),
}
