//! A registry in ARM's shape.

use gantry_http_base::App;
use gantry_model::{LabelScope, PolicySettings, Registry, RoleAssignmentMode};
use schemars::JsonSchema;
use serde::Serialize;

use crate::private_endpoints::{self, Connection};
use crate::shape::{Common, Identity, Shaped, Sku, SystemData, enabled, lowercase_enabled};
use crate::{Call, names};

/// A registry.
pub(crate) type Shown = Shaped<Properties>;

#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(inline, rename = "Registry")]
pub(crate) struct Properties {
    login_server: String,
    creation_date: String,
    provisioning_state: &'static str,
    admin_user_enabled: bool,
    anonymous_pull_enabled: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    network_rule_set: Option<NetworkRuleSet>,
    policies: Policies,
    encryption: Status,
    data_endpoint_enabled: bool,
    data_endpoint_host_names: Vec<String>,
    #[schemars(extend("enum" = ["Enabled", "Disabled"]))]
    regional_endpoints: &'static str,
    regional_endpoint_host_names: Vec<String>,
    #[schemars(extend("enum" = ["IPv4", "IPv4AndIPv6"]))]
    endpoint_protocol: &'static str,
    private_endpoint_connections: Vec<Connection>,
    #[schemars(extend("enum" = ["Enabled", "Disabled"]))]
    public_network_access: &'static str,
    #[schemars(extend("enum" = ["AzureServices", "None"]))]
    network_rule_bypass_options: &'static str,
    network_rule_bypass_allowed_for_tasks: bool,
    #[schemars(extend("enum" = ["Enabled", "Disabled"]))]
    zone_redundancy: &'static str,
    #[schemars(extend("enum" = ["Enabled", "Disabled"]))]
    metadata_search: &'static str,
    #[schemars(extend("enum" = ["Enabled", "Disabled"]))]
    writable_cache_repos: &'static str,
    #[schemars(extend("enum" = ["LegacyRegistryPermissions", "AbacRepositoryPermissions"]))]
    role_assignment_mode: &'static str,
    #[schemars(extend("enum" = ["Unsecure", "TenantReuse", "SubscriptionReuse", "ResourceGroupReuse", "NoReuse"]))]
    auto_generated_domain_name_label_scope: &'static str,
}

#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct NetworkRuleSet {
    #[schemars(extend("enum" = ["Allow", "Deny"]))]
    default_action: &'static str,
    ip_rules: Vec<IpRule>,
    virtual_network_rules: Vec<IpRule>,
}

#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct IpRule {
    #[schemars(extend("enum" = ["Allow"]))]
    action: &'static str,
    value: String,
}

#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct Policies {
    quarantine_policy: Status,
    trust_policy: TrustPolicy,
    retention_policy: RetentionPolicy,
    export_policy: Status,
    #[serde(rename = "azureADAuthenticationAsArmPolicy")]
    azure_ad_authentication_as_arm_policy: Status,
    soft_delete_policy: SoftDeletePolicy,
}

#[derive(Serialize, JsonSchema)]
#[schemars(rename = "PolicyStatus")]
struct Status {
    #[schemars(extend("enum" = ["enabled", "disabled"]))]
    status: &'static str,
}

#[derive(Serialize, JsonSchema)]
struct TrustPolicy {
    #[serde(rename = "type")]
    kind: &'static str,
    #[schemars(extend("enum" = ["enabled", "disabled"]))]
    status: &'static str,
}

#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct RetentionPolicy {
    days: u32,
    last_updated_time: String,
    #[schemars(extend("enum" = ["enabled", "disabled"]))]
    status: &'static str,
}

#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct SoftDeletePolicy {
    retention_days: u32,
    last_updated_time: String,
    #[schemars(extend("enum" = ["enabled", "disabled"]))]
    status: &'static str,
}

pub(crate) fn registry(call: &Call<'_>, registry: &Registry) -> Shown {
    let settings = &registry.settings;
    let network = &settings.network;
    let created = registry.created_at.to_string();
    Shaped {
        id: call.app.access.resource_id(registry),
        name: registry.name.to_string(),
        kind: "Microsoft.ContainerRegistry/registries".to_owned(),
        common: Common {
            location: Some(registry.location.clone()),
            tags: Some(registry.tags.clone()),
            sku: Some(Sku::of(registry)),
            identity: Identity::of(call, &registry.identity),
            system_data: Some(SystemData::of(&registry.authors, registry.created_at)),
        },
        properties: Properties {
            login_server: names::login_server(call.app, call.base, registry),
            policies: policies(&settings.policies, settings.access.arm_audience, &created),
            creation_date: created,
            provisioning_state: "Succeeded",
            admin_user_enabled: settings.admin_enabled,
            anonymous_pull_enabled: settings.anonymous_pull,
            network_rule_set: rules(call.app, registry),
            encryption: Status { status: lowercase_enabled(false) },
            data_endpoint_enabled: network.data_endpoint,
            data_endpoint_host_names: data_hosts(call.app, registry),
            regional_endpoints: enabled(network.regional_endpoint),
            regional_endpoint_host_names: regional_hosts(call.app, registry),
            endpoint_protocol: "IPv4AndIPv6",
            private_endpoint_connections: private_endpoints::all(call, registry),
            public_network_access: enabled(network.public_access),
            network_rule_bypass_options: match network.trusted_services {
                true => "AzureServices",
                false => "None",
            },
            network_rule_bypass_allowed_for_tasks: false,
            zone_redundancy: enabled(settings.policies.zone_redundancy),
            metadata_search: enabled(false),
            writable_cache_repos: enabled(false),
            role_assignment_mode: mode(settings.access.role_assignment_mode),
            auto_generated_domain_name_label_scope: registry
                .label_scope()
                .map_or("Unsecure", LabelScope::name),
        },
    }
}

fn policies(policies: &PolicySettings, arm_audience: bool, created: &str) -> Policies {
    let off = lowercase_enabled(false);
    let status = |on| Status { status: lowercase_enabled(on) };
    Policies {
        quarantine_policy: status(false),
        trust_policy: TrustPolicy { kind: "Notary", status: off },
        retention_policy: RetentionPolicy {
            days: 7,
            last_updated_time: created.to_owned(),
            status: off,
        },
        export_policy: status(policies.export),
        azure_ad_authentication_as_arm_policy: status(arm_audience),
        soft_delete_policy: SoftDeletePolicy {
            retention_days: 7,
            last_updated_time: created.to_owned(),
            status: off,
        },
    }
}

/// Nothing, where the tier has no rules: clients take an empty set for one that somebody made.
fn rules(app: &App, registry: &Registry) -> Option<NetworkRuleSet> {
    if app.content.registries().tiers().of(registry.settings.tier).network_rules == 0 {
        return None;
    }
    let network = &registry.settings.network;
    let rule = |network: &ipnet::IpNet| {
        // An address by itself is written without its length.
        let whole = network.prefix_len() == network.max_prefix_len();
        let value = if whole { network.addr().to_string() } else { network.to_string() };
        IpRule { action: "Allow", value }
    };
    Some(NetworkRuleSet {
        default_action: if network.allow_by_default { "Allow" } else { "Deny" },
        ip_rules: network.allowed.iter().map(rule).collect(),
        virtual_network_rules: Vec::new(),
    })
}

fn data_hosts(app: &App, registry: &Registry) -> Vec<String> {
    if !registry.settings.network.data_endpoint {
        return Vec::new();
    }
    vec![registry.data_host(&app.content.registries().suffix())]
}

fn regional_hosts(app: &App, registry: &Registry) -> Vec<String> {
    if !registry.settings.network.regional_endpoint {
        return Vec::new();
    }
    vec![registry.regional_host(&app.content.registries().suffix())]
}

fn mode(mode: RoleAssignmentMode) -> &'static str {
    match mode {
        RoleAssignmentMode::Registry => "LegacyRegistryPermissions",
        RoleAssignmentMode::Repositories => "AbacRepositoryPermissions",
    }
}
