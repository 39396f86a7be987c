//! Epochs: how tokens end before their time without a list of tokens.
//!
//! A token carries the epochs of whatever it depends on. What must end it at once raises one of
//! them, and the token's value is no longer the present one.

use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

const REGISTRIES: &str = "registries";
const KEYS: &str = "keys";
const CERTIFICATES: &str = "certificates";

/// Something that tokens depend on, by a text that is never used for another.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct EpochSubject(Arc<str>);

impl EpochSubject {
    /// Whether an identity of a directory may sign in: disabled, deleted, sessions ended.
    pub fn sign_in(principal: &str) -> Self {
        Self(format!("sign-in {principal}").into())
    }

    /// What is assigned to a principal: roles, memberships.
    pub fn assigned(principal: &str) -> Self {
        Self(format!("assigned {principal}").into())
    }

    /// What a role allows.
    pub fn role(id: &str) -> Self {
        Self(format!("role {id}").into())
    }

    /// A repository-scoped token, by its id: its status, its passwords, its scope map.
    pub fn token(id: impl fmt::Display) -> Self {
        Self(format!("token {id}").into())
    }

    /// The actions of a scope map, by its id.
    pub fn scope_map(id: impl fmt::Display) -> Self {
        Self(format!("scope-map {id}").into())
    }

    /// The passwords of a registry's admin account, by the registry's id.
    pub fn admin(registry: impl fmt::Display) -> Self {
        Self(format!("admin {registry}").into())
    }

    /// A resource of a registry, by its id: no token depends on it, but its versions are told apart by it.
    pub fn resource(id: impl fmt::Display) -> Self {
        Self(format!("resource {id}").into())
    }

    /// A resource group, by its name in lower case; likewise.
    pub fn resource_group(key: &str) -> Self {
        Self(format!("resource-group {key}").into())
    }

    /// Which registries there are, and their settings: no token depends on them, but each node sees by
    /// it whether it knows them as they are.
    pub fn registries() -> Self {
        Self(REGISTRIES.into())
    }

    /// The keys that sign tokens: nothing depends on them, but there is one more.
    pub fn keys() -> Self {
        Self(KEYS.into())
    }

    /// The server's certificates: no token depends on them, but nodes see by it that there are others.
    pub fn certificates() -> Self {
        Self(CERTIFICATES.into())
    }

    /// Whether the keys that sign tokens are meant.
    pub fn is_of_keys(&self) -> bool {
        &*self.0 == KEYS
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for EpochSubject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for EpochSubject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// An epoch that a token was made under.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Epoch(pub EpochSubject, pub i64);
