//! The registry: a named tenant with a login server.

mod blob_reads;
mod label;
mod settings;
mod tags;
mod tier;

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

pub use blob_reads::{BlobReads, BlobReadsError};
pub use label::{DomainLabel, LabelScope};
pub use settings::{
    AccessSettings, NetworkSettings, PolicySettings, PrivateEndpoint, PrivateEndpointState,
    RegistrySettings, RoleAssignmentMode,
};
pub use tags::{Tags, TagsError};
pub use tier::{NotInTier, Tier, TierError, TierLimits, Tiers};

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

/// Names order as their texts do, so lists are cut by text.
impl std::borrow::Borrow<str> for RegistryName {
    fn borrow(&self) -> &str {
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
    /// What its login server begins with, where that isn't its name alone.
    pub label: Option<DomainLabel>,
    /// Whose sign-in it has itself, for what it asks of others.
    pub identity: Identities,
    /// What operators note on it.
    pub tags: Tags,
    /// What an operator sets.
    pub settings: RegistrySettings,
    /// Raised by whatever must end access tokens at once; tokens carry the value they were made under.
    pub epoch: i64,
    /// Raised by whatever must end refresh tokens too.
    pub sign_in_epoch: i64,
    /// When it was made.
    pub created_at: Timestamp,
    /// Who made it and changed it last, where that is known.
    pub authors: Authors,
}

/// Who made a resource and who changed it last (`systemData`).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Authors {
    /// Who made it.
    pub created_by: String,
    /// Who changed it last.
    pub changed_by: String,
    /// When.
    pub changed_at: Option<Timestamp>,
}

/// The managed identities that a resource has (`identity`).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Identities {
    /// The service principal of its own identity, if it has one.
    pub own: Option<String>,
}

impl Authors {
    /// Notes who changes the resource now.
    pub fn note(&mut self, by: &str, now: Timestamp) {
        by.clone_into(&mut self.changed_by);
        self.changed_at = Some(now);
    }
}

impl Registry {
    /// A new registry of that name, with nothing else to it.
    pub fn new(
        name: RegistryName,
        location: &str,
        settings: RegistrySettings,
        now: Timestamp,
    ) -> Self {
        Self {
            id: RegistryId::new(now),
            name,
            location: location.to_owned(),
            resource_group: Self::FIRST_GROUP.to_owned(),
            label: None,
            identity: Identities::default(),
            tags: Tags::default(),
            settings,
            epoch: 0,
            sign_in_epoch: 0,
            created_at: now,
            authors: Authors::default(),
        }
    }

    /// The resource group that registries of the configuration are in.
    pub const FIRST_GROUP: &'static str = "default";

    /// The first label of its login server.
    pub fn host_label(&self) -> String {
        match &self.label {
            Some(label) => format!("{}-{}", self.name, label.hash),
            None => self.name.to_string(),
        }
    }

    /// Where the same name gets the same login server again; `None` if it begins with the name alone.
    pub fn label_scope(&self) -> Option<LabelScope> {
        self.label.as_ref().map(|label| label.scope)
    }

    /// The hosts of its own that it has in its location, where its hosts end with `suffix`.
    pub fn location_hosts(&self, suffix: &str) -> Vec<String> {
        let network = &self.settings.network;
        let data = network.data_endpoint.then(|| self.data_host(suffix));
        let regional = network.regional_endpoint.then(|| self.regional_host(suffix));
        data.into_iter().chain(regional).collect()
    }

    /// The host that its blobs are downloaded from, where its hosts end with `suffix`.
    pub fn data_host(&self, suffix: &str) -> String {
        format!("{}.{}.data.{suffix}", self.host_label(), self.location)
    }

    /// The host that it answers on in its location, where its hosts end with `suffix`.
    pub fn regional_host(&self, suffix: &str) -> String {
        format!("{}.{}.geo.{suffix}", self.host_label(), self.location)
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
