//! What can be set on a registry, on the default one as on others.
//!
//! What isn't given is no wish: the management API may have set it, and keeps it.

use gantry_model::{BlobReads, RegistrySettings, RoleAssignmentMode, Tier};
use gantry_oci::RepositoryPattern;
use ipnet::IpNet;

use super::network::Cidr;
use super::reader::Reader;
use super::setting::TextSetting;

/// What the operator sets on a registry, as far as they do.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct SettingWishes {
    tier: Option<Tier>,
    anonymous_pull: Option<bool>,
    public_repositories: Option<Vec<RepositoryPattern>>,
    sparse_content: Option<bool>,
    admin_enabled: Option<bool>,
    blob_reads: Option<BlobReads>,
    role_assignment_mode: Option<RoleAssignmentMode>,
    arm_audience: Option<bool>,
    filtered_catalog: Option<bool>,
    public_access: Option<bool>,
    allow_by_default: Option<bool>,
    allowed_networks: Option<Vec<IpNet>>,
    trusted_services: Option<bool>,
    data_endpoint: Option<bool>,
    regional_endpoint: Option<bool>,
}

impl SettingWishes {
    /// Reads them, each after `prefix`. `blob_reads` is what holds for registries that don't say.
    pub(super) fn read(reader: &mut Reader, prefix: &str, blob_reads: Option<BlobReads>) -> Self {
        let key = |name: &str| format!("{prefix}{name}");
        let mut boolean = |name: &str, default: bool| {
            reader.optional(&key(name), if default { "true" } else { "false" })
        };
        let default = RegistrySettings::default();
        let wishes = Self {
            anonymous_pull: boolean("anonymous_pull", default.anonymous_pull),
            sparse_content: boolean("sparse_content", default.sparse_content),
            admin_enabled: boolean("admin_enabled", default.admin_enabled),
            arm_audience: boolean("arm_audience", default.access.arm_audience),
            filtered_catalog: boolean("filtered_catalog", default.access.filtered_catalog),
            public_access: boolean("public_access", default.network.public_access),
            trusted_services: boolean("trusted_services", default.network.trusted_services),
            data_endpoint: boolean("data_endpoint", default.network.data_endpoint),
            regional_endpoint: boolean("regional_endpoint", default.network.regional_endpoint),
            ..Self::default()
        };
        let network: Option<DefaultAction> = reader.optional(&key("default_action"), "allow");
        let mode: Option<Mode> = reader.optional(&key("role_assignment_mode"), "rbac");
        let patterns = reader.list::<RepositoryPattern>(&key("public_repositories"), "none");
        let networks = reader.list::<Cidr>(&key("allowed_networks"), "none");
        Self {
            blob_reads: reader.optional(&key("blob_reads"), "stream").or(blob_reads),
            role_assignment_mode: mode.map(|mode| mode.0),
            allow_by_default: network.map(|action| action == DefaultAction::Allow),
            public_repositories: patterns
                .map(|given| given.into_iter().map(|(pattern, _)| pattern).collect()),
            allowed_networks: networks
                .map(|given| given.into_iter().map(|(network, _)| network.0).collect()),
            ..wishes
        }
    }

    /// Reads the tier too, which the default registry can't choose.
    pub(super) fn with_tier(mut self, reader: &mut Reader) -> Self {
        self.tier = reader.optional("tier", Tier::Premium.as_str());
        self
    }

    /// The settings with what is wished.
    pub(crate) fn apply(&self, settings: &mut RegistrySettings) {
        fn set<T: Clone>(wish: Option<&T>, setting: &mut T) {
            if let Some(wish) = wish {
                *setting = wish.clone();
            }
        }
        set(self.tier.as_ref(), &mut settings.tier);
        set(self.anonymous_pull.as_ref(), &mut settings.anonymous_pull);
        set(self.sparse_content.as_ref(), &mut settings.sparse_content);
        set(self.admin_enabled.as_ref(), &mut settings.admin_enabled);
        set(self.blob_reads.as_ref(), &mut settings.blob_reads);
        let access = &mut settings.access;
        set(self.public_repositories.as_ref(), &mut access.public_repositories);
        set(self.role_assignment_mode.as_ref(), &mut access.role_assignment_mode);
        set(self.arm_audience.as_ref(), &mut access.arm_audience);
        set(self.filtered_catalog.as_ref(), &mut access.filtered_catalog);
        let network = &mut settings.network;
        set(self.public_access.as_ref(), &mut network.public_access);
        set(self.allow_by_default.as_ref(), &mut network.allow_by_default);
        set(self.allowed_networks.as_ref(), &mut network.allowed);
        set(self.trusted_services.as_ref(), &mut network.trusted_services);
        set(self.data_endpoint.as_ref(), &mut network.data_endpoint);
        set(self.regional_endpoint.as_ref(), &mut network.regional_endpoint);
    }
}

/// What happens to those whom no rule allows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum DefaultAction {
    Allow,
    Deny,
}

#[derive(Debug, thiserror::Error)]
#[error("write allow or deny")]
struct DefaultActionError;

impl std::str::FromStr for DefaultAction {
    type Err = DefaultActionError;

    fn from_str(text: &str) -> Result<Self, DefaultActionError> {
        match text {
            "allow" => Ok(Self::Allow),
            "deny" => Ok(Self::Deny),
            _ => Err(DefaultActionError),
        }
    }
}

impl TextSetting for DefaultAction {
    const WANTED: &'static str = "allow or deny";
}

/// The mode as `az acr create --role-assignment-mode` writes it.
struct Mode(RoleAssignmentMode);

#[derive(Debug, thiserror::Error)]
#[error("write rbac or rbac-abac")]
struct ModeError;

impl std::str::FromStr for Mode {
    type Err = ModeError;

    fn from_str(text: &str) -> Result<Self, ModeError> {
        match text {
            "rbac" => Ok(Self(RoleAssignmentMode::Registry)),
            "rbac-abac" => Ok(Self(RoleAssignmentMode::Repositories)),
            _ => Err(ModeError),
        }
    }
}

impl TextSetting for Mode {
    const WANTED: &'static str = "rbac or rbac-abac";
}

impl TextSetting for RepositoryPattern {
    const WANTED: &'static str = "a repository, or a pattern such as samples/*";
}

impl TextSetting for BlobReads {
    const WANTED: &'static str = "stream or redirect";
}

impl TextSetting for Tier {
    const WANTED: &'static str = "basic, standard or premium";
}
