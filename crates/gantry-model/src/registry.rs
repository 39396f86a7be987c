//! The registry: a named tenant with a login server.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

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

/// A service tier. What each allows is a table, not code.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Tier {
    /// The smallest.
    Basic,
    /// The middle one.
    Standard,
    /// Everything.
    Premium,
}

impl Tier {
    /// The tier's name as the catalog and the configuration write it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Basic => "basic",
            Self::Standard => "standard",
            Self::Premium => "premium",
        }
    }
}

impl FromStr for Tier {
    type Err = TierError;

    fn from_str(text: &str) -> Result<Self, TierError> {
        [Self::Basic, Self::Standard, Self::Premium]
            .into_iter()
            .find(|tier| text.eq_ignore_ascii_case(tier.as_str()))
            .ok_or(TierError)
    }
}

/// A text that names no tier.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a tier is basic, standard or premium")]
pub struct TierError;

/// How a blob's bytes reach a client.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum BlobReads {
    /// Through the server: works for every client.
    #[default]
    Stream,
    /// From the blob store itself, by a short-lived address, where the store can be asked so.
    Redirect,
}

impl BlobReads {
    /// Its name as the catalog and the configuration write it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Stream => "stream",
            Self::Redirect => "redirect",
        }
    }
}

impl FromStr for BlobReads {
    type Err = BlobReadsError;

    fn from_str(text: &str) -> Result<Self, BlobReadsError> {
        [Self::Stream, Self::Redirect]
            .into_iter()
            .find(|reads| text == reads.as_str())
            .ok_or(BlobReadsError)
    }
}

impl fmt::Display for BlobReads {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A text that names no way to read blobs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("blobs are read by stream or redirect")]
pub struct BlobReadsError;

/// What an operator sets on a registry.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RegistrySettings {
    /// Service tier.
    pub tier: Tier,
    /// Anyone may pull, without signing in.
    pub anonymous_pull: bool,
    /// Manifests may name content that the repository doesn't hold, and what a manifest names may
    /// be deleted.
    pub sparse_content: bool,
    /// The admin account may sign in.
    pub admin_enabled: bool,
    /// How blobs reach clients.
    #[serde(default)]
    pub blob_reads: BlobReads,
}

impl Default for RegistrySettings {
    fn default() -> Self {
        Self {
            tier: Tier::Premium,
            anonymous_pull: false,
            sparse_content: false,
            admin_enabled: true,
            blob_reads: BlobReads::default(),
        }
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
    /// What an operator sets.
    pub settings: RegistrySettings,
    /// Raised by whatever must end access tokens at once; tokens carry the value they were made under.
    pub epoch: i64,
    /// When it was made.
    pub created_at: Timestamp,
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
