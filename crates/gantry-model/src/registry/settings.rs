//! What an operator sets on a registry.

use std::collections::BTreeMap;
use std::net::IpAddr;

use gantry_oci::{RepositoryName, RepositoryPattern};
use ipnet::IpNet;
use serde::{Deserialize, Serialize};

use super::{BlobReads, Tier};

/// What an operator sets on a registry.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
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
    /// Who gets in by what.
    #[serde(default)]
    pub access: AccessSettings,
    /// From where.
    #[serde(default)]
    pub network: NetworkSettings,
    /// What happens to content.
    #[serde(default)]
    pub policies: PolicySettings,
}

/// What happens to content.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct PolicySettings {
    /// Content may be brought elsewhere by the service itself (`exportPolicy`). Pulls are another matter.
    pub export: bool,
    /// What was said of redundancy over zones, which ACR keeps and which has no effect there either
    /// (`zoneRedundancy`).
    pub zone_redundancy: bool,
}

/// Who gets in by what.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct AccessSettings {
    /// Repositories that anyone may pull from, where not all are.
    pub public_repositories: Vec<RepositoryPattern>,
    /// Which roles count for content.
    pub role_assignment_mode: RoleAssignmentMode,
    /// Tokens of the directory that are for the management API are good for the registry too
    /// (`azureADAuthenticationAsArmPolicy`).
    pub arm_audience: bool,
    /// The catalog shows those repositories whose metadata they may read to those who may not list
    /// all.
    pub filtered_catalog: bool,
}

/// Which roles count for content (`roleAssignmentMode`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum RoleAssignmentMode {
    /// Actions of roles count, as in `AcrPull`, for the whole registry.
    #[default]
    #[serde(rename = "LegacyRegistryPermissions")]
    Registry,
    /// Data actions of roles count, with conditions on repositories.
    #[serde(rename = "AbacRepositoryPermissions")]
    Repositories,
}

/// From where a registry is reached.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct NetworkSettings {
    /// Those who don't come by a private endpoint are answered (`publicNetworkAccess`).
    pub public_access: bool,
    /// Those whom no rule allows are answered (`networkRuleSet.defaultAction`).
    pub allow_by_default: bool,
    /// Networks that are allowed.
    pub allowed: Vec<IpNet>,
    /// The server's own services get in whatever the rules say (`networkRuleBypassOptions`).
    pub trusted_services: bool,
    /// Blobs are downloaded from a host of their own (`dataEndpointEnabled`).
    pub data_endpoint: bool,
    /// It answers on a host of its location besides (`regionalEndpoints`).
    pub regional_endpoint: bool,
    /// Private endpoints of the server about which something was decided, by name; others are connected.
    pub private_endpoints: BTreeMap<String, PrivateEndpoint>,
}

/// What was decided about a private endpoint (`privateLinkServiceConnectionState`).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PrivateEndpoint {
    /// Whether who comes by it reaches the registry.
    pub state: PrivateEndpointState,
    /// Why, for people.
    pub description: String,
}

/// Whether who comes by a private endpoint reaches the registry.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum PrivateEndpointState {
    /// They do.
    Approved,
    /// They don't.
    Rejected,
    /// They don't, and the connection isn't shown any more.
    Removed,
}

impl Default for RegistrySettings {
    fn default() -> Self {
        Self {
            tier: Tier::Premium,
            anonymous_pull: false,
            sparse_content: false,
            admin_enabled: true,
            blob_reads: BlobReads::default(),
            access: AccessSettings::default(),
            network: NetworkSettings::default(),
            policies: PolicySettings::default(),
        }
    }
}

impl Default for PolicySettings {
    fn default() -> Self {
        Self { export: true, zone_redundancy: false }
    }
}

impl Default for AccessSettings {
    fn default() -> Self {
        Self {
            public_repositories: Vec::new(),
            role_assignment_mode: RoleAssignmentMode::default(),
            arm_audience: true,
            filtered_catalog: true,
        }
    }
}

impl Default for NetworkSettings {
    fn default() -> Self {
        Self {
            public_access: true,
            allow_by_default: true,
            allowed: Vec::new(),
            trusted_services: true,
            data_endpoint: false,
            regional_endpoint: false,
            private_endpoints: BTreeMap::new(),
        }
    }
}

impl NetworkSettings {
    /// Whether nobody is refused, wherever they are.
    pub fn admits_everyone(&self) -> bool {
        self.public_access && self.allow_by_default && self.private_endpoints.is_empty()
    }

    /// Whether who comes by the private endpoint of that name reaches the registry.
    pub fn is_connected(&self, private_endpoint: &str) -> bool {
        let decided = self.private_endpoints.get(private_endpoint);
        decided.is_none_or(|decided| decided.state == PrivateEndpointState::Approved)
    }

    /// Whether someone is answered who comes by a private endpoint, or else from `address`, as far
    /// as that can be told.
    pub fn admits(&self, by_private_endpoint: bool, address: Option<IpAddr>) -> bool {
        let is_allowed = |address: IpAddr| {
            let address = address.to_canonical();
            self.allowed.iter().any(|network| network.contains(&address))
        };
        by_private_endpoint
            || self.public_access && (self.allow_by_default || address.is_some_and(is_allowed))
    }
}

impl RegistrySettings {
    /// Whether there is a repository that anyone may pull from.
    pub fn is_public_somewhere(&self) -> bool {
        self.anonymous_pull || !self.access.public_repositories.is_empty()
    }

    /// Whether anyone may pull from the repository.
    pub fn is_public(&self, repository: &RepositoryName) -> bool {
        let public = &self.access.public_repositories;
        self.anonymous_pull || public.iter().any(|pattern| pattern.has(repository))
    }
}
