//! The registry: a named tenant with a login server.

mod blob_reads;
mod settings;
mod tier;

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

pub use blob_reads::{BlobReads, BlobReadsError};
pub use settings::{AccessSettings, NetworkSettings, RegistrySettings, RoleAssignmentMode};
pub use tier::{Tier, TierError, TierLimits};

use crate::clock::Timestamp;
use crate::id::RegistryId;

/// A registry's name: 5 to 50 ASCII letters and digits, as ACR has it; compared and kept in lower
/// case, since it is a label of the login server's host name.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RegistryName(Arc<str>);

/// A text that is not a registry's name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a registry's name is 5 to 50 letters and digits")]
pub struct RegistryNameError;

impl RegistryName {
    /// The name's text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for RegistryName {
    type Err = RegistryNameError;

    fn from_str(text: &str) -> Result<Self, RegistryNameError> {
        let fits =
            (5..=50).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_alphanumeric());
        if fits { Ok(Self(text.to_ascii_lowercase().into())) } else { Err(RegistryNameError) }
    }
}

impl fmt::Display for RegistryName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for RegistryName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Serialize for RegistryName {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

impl<'de> Deserialize<'de> for RegistryName {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

/// A registry as the catalog has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Registry {
    /// Stays the same however the registry is renamed or re-configured.
    pub id: RegistryId,
    /// Name, unique on the server; the first label of the login server.
    pub name: RegistryName,
    /// Where the registry has its home.
    pub location: String,
    /// The resource group that it is in, in the management API.
    pub resource_group: String,
    /// What an operator sets.
    pub settings: RegistrySettings,
    /// Raised by whatever must end access tokens at once; tokens carry the value they were made under.
    pub epoch: i64,
    /// Raised by whatever must end refresh tokens too.
    pub sign_in_epoch: i64,
    /// When it was made.
    pub created_at: Timestamp,
}

impl Registry {
    /// The resource group that registries of the configuration are in.
    pub const FIRST_GROUP: &'static str = "default";

    /// The hosts of its own that it has in its location, where its hosts end with `suffix`.
    pub fn location_hosts(&self, suffix: &str) -> Vec<String> {
        let network = &self.settings.network;
        let data = network.data_endpoint.then(|| self.data_host(suffix));
        let regional = network.regional_endpoint.then(|| self.regional_host(suffix));
        data.into_iter().chain(regional).collect()
    }

    /// The host that its blobs are downloaded from, where its hosts end with `suffix`.
    pub fn data_host(&self, suffix: &str) -> String {
        format!("{}.{}.data.{suffix}", self.name, self.location)
    }

    /// The host that it answers on in its location, where its hosts end with `suffix`.
    pub fn regional_host(&self, suffix: &str) -> String {
        format!("{}.{}.geo.{suffix}", self.name, self.location)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn registry_names_follow_acr() {
        assert!("local".parse::<RegistryName>().is_ok());
        assert_eq!("Contoso".parse::<RegistryName>().unwrap().as_str(), "contoso");
        for bad in ["ab", "a-bcdef", "with space", "", &"x".repeat(51)] {
            assert_eq!(bad.parse::<RegistryName>(), Err(RegistryNameError), "{bad}");
        }
    }
}
