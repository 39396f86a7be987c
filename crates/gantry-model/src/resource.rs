//! What resources of the management API have in common: groups that they are in, locks, and those of a
//! registry that are configuration and nothing else.

mod cache_rule;
mod credential_set;
mod webhook;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

pub use cache_rule::{CacheRule, CacheRuleError};
pub use credential_set::{CredentialSet, CredentialSetError, SecretNames};
pub use webhook::{Webhook, WebhookAction, WebhookError, WebhookTarget};

use crate::clock::Timestamp;
use crate::id::ResourceRowId;
use crate::registry::{Authors, Identities, Tags};

/// A resource group: registries are in one, and go with it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ResourceGroup {
    /// Its name; names that differ only in case are one.
    pub name: String,
    /// Where it is said to be.
    pub location: String,
    /// What operators note on it.
    pub tags: Tags,
    /// When it was made.
    pub created_at: Timestamp,
}

/// Keeps the resources of a scope from being deleted, or changed (`Microsoft.Authorization/locks`).
/// Content is no resource: that has locks of its own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ResourceLock {
    /// The id of what is locked with all that is in it, as it was written.
    pub scope: String,
    /// Its name.
    pub name: String,
    /// What it keeps from being done.
    pub level: LockLevel,
    /// Why, for people.
    pub notes: String,
}

/// A template that was deployed, and what came of it (`Microsoft.Resources/deployments`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TemplateDeployment {
    /// The id of what it was deployed to, as it was written.
    pub scope: String,
    /// Its name; names that differ only in case are one.
    pub name: String,
    /// What came of it, as a JSON document.
    pub document: String,
    /// When.
    pub deployed_at: Timestamp,
}

/// What a [`ResourceLock`] keeps from being done.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum LockLevel {
    /// Deleting.
    CanNotDelete,
    /// Deleting and changing.
    ReadOnly,
}

impl LockLevel {
    /// Its name as ARM writes it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::CanNotDelete => "CanNotDelete",
            Self::ReadOnly => "ReadOnly",
        }
    }
}

impl std::str::FromStr for LockLevel {
    type Err = LockLevelError;

    fn from_str(text: &str) -> Result<Self, LockLevelError> {
        [Self::CanNotDelete, Self::ReadOnly]
            .into_iter()
            .find(|level| text.eq_ignore_ascii_case(level.as_str()))
            .ok_or(LockLevelError)
    }
}

/// A text that names no level of locks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a lock's level is CanNotDelete or ReadOnly")]
pub struct LockLevelError;

/// What a resource of a registry is made of besides what all have.
pub trait ResourceKind: Clone + Serialize + DeserializeOwned + Send + Sync + 'static {
    /// The last part of its type, as in `Microsoft.ContainerRegistry/registries/webhooks`.
    const KIND: &'static str;

    /// What it is called in texts.
    const NAME: &'static str;

    /// Whether a resource of this kind may have that name.
    fn may_be_called(name: &str) -> bool {
        (5..=50).contains(&name.len()) && name.bytes().all(|b| b.is_ascii_alphanumeric())
    }
}

/// A resource of a registry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Resource<K> {
    /// Another for one that is made again under the same name.
    pub id: ResourceRowId,
    /// Its name; names that differ only in case are one.
    pub name: String,
    /// What all resources have.
    pub about: About,
    /// The rest.
    pub value: K,
    /// When it was made.
    pub created_at: Timestamp,
}

/// What all resources have.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct About {
    /// Where it is.
    pub location: String,
    /// What operators note on it.
    pub tags: Tags,
    /// Whose sign-in it has.
    pub identity: Identities,
    /// Who made and changed it.
    pub authors: Authors,
}

/// The key that a name is found by.
pub fn name_key(name: &str) -> String {
    name.to_ascii_lowercase()
}
