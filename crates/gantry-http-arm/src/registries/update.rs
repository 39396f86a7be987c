//! What a `PATCH` changes. A value already in force is accepted, as clients send back whole objects;
//! changing what can't be changed is refused, naming it; nothing is ignored.

use gantry_model::{Registry, RegistrySettings, RoleAssignmentMode};
use ipnet::IpNet;
use serde_json::Value;
use std::net::IpAddr;

use crate::error::ArmError;

/// The settings with what `wanted` changes of what is `shown`.
pub(crate) fn apply(
    registry: &Registry,
    shown: &Value,
    wanted: &Value,
) -> Result<RegistrySettings, ArmError> {
    let mut settings = registry.settings.clone();
    let mut change = Change { settings: &mut settings };
    change.walk("", shown, wanted)?;
    check_tier(&settings)?;
    Ok(settings)
}

struct Change<'a> {
    settings: &'a mut RegistrySettings,
}

impl Change<'_> {
    fn walk(&mut self, path: &str, shown: &Value, wanted: &Value) -> Result<(), ArmError> {
        if path != "properties.networkRuleSet.ipRules"
            && let Value::Object(fields) = wanted
        {
            for (key, value) in fields {
                let path = if path.is_empty() { key.clone() } else { format!("{path}.{key}") };
                self.walk(&path, &shown[key], value)?;
            }
            return Ok(());
        }
        if self.set(path, wanted)? || same(shown, wanted) {
            return Ok(());
        }
        let message = format!("the property '{path}' can't be changed to {wanted}");
        Err(ArmError::new(http::StatusCode::BAD_REQUEST, "PropertyChangeNotSupported", message))
    }

    /// Sets what can be set; false for everything else.
    fn set(&mut self, path: &str, wanted: &Value) -> Result<bool, ArmError> {
        let refuse = || ArmError::bad_request(format!("{path} can't be {wanted}"));
        let flag = || wanted.as_bool().ok_or_else(refuse);
        let word = |words: [&str; 2]| {
            let text = wanted.as_str().ok_or_else(refuse)?;
            let at = words.iter().position(|word| word.eq_ignore_ascii_case(text));
            at.map(|at| at == 0).ok_or_else(refuse)
        };
        let settings = &mut *self.settings;
        match path {
            // What isn't said is no wish.
            _ if wanted.is_null() => return Ok(false),
            "properties.adminUserEnabled" => settings.admin_enabled = flag()?,
            "properties.anonymousPullEnabled" => settings.anonymous_pull = flag()?,
            "properties.dataEndpointEnabled" => settings.network.data_endpoint = flag()?,
            "properties.publicNetworkAccess" => {
                settings.network.public_access = word(["Enabled", "Disabled"])?;
            }
            "properties.networkRuleBypassOptions" => {
                settings.network.trusted_services = word(["AzureServices", "None"])?;
            }
            "properties.networkRuleSet.defaultAction" => {
                settings.network.allow_by_default = word(["Allow", "Deny"])?;
            }
            "properties.networkRuleSet.ipRules" => settings.network.allowed = rules(wanted)?,
            "properties.policies.azureADAuthenticationAsArmPolicy.status" => {
                settings.access.arm_audience = word(["enabled", "disabled"])?;
            }
            "properties.roleAssignmentMode" => {
                let legacy = word(["LegacyRegistryPermissions", "AbacRepositoryPermissions"])?;
                settings.access.role_assignment_mode = match legacy {
                    true => RoleAssignmentMode::Registry,
                    false => RoleAssignmentMode::Repositories,
                };
            }
            _ => return Ok(false),
        }
        Ok(true)
    }
}

/// Whether nothing would change. An empty list or object is what isn't there.
fn same(shown: &Value, wanted: &Value) -> bool {
    let nothing = |value: &Value| match value {
        Value::Null => true,
        Value::Array(items) => items.is_empty(),
        Value::Object(fields) => fields.is_empty(),
        _ => false,
    };
    match (shown, wanted) {
        (_, Value::Null) => true,
        (Value::String(shown), Value::String(wanted)) => shown.eq_ignore_ascii_case(wanted),
        (shown, wanted) => shown == wanted || nothing(shown) && nothing(wanted),
    }
}

fn rules(wanted: &Value) -> Result<Vec<IpNet>, ArmError> {
    let Value::Array(items) = wanted else {
        return Err(ArmError::bad_request("ipRules is a list"));
    };
    items.iter().map(rule).collect()
}

fn rule(item: &Value) -> Result<IpNet, ArmError> {
    let refuse = || ArmError::bad_request(format!("{item} is no IP rule"));
    let allows = item["action"].as_str().unwrap_or("Allow").eq_ignore_ascii_case("Allow");
    let text = item["value"].as_str().filter(|_| allows).ok_or_else(refuse)?;
    let network = text.parse::<IpNet>().or_else(|_| text.parse::<IpAddr>().map(IpNet::from));
    Ok(network.map_err(|_| refuse())?.trunc())
}

/// Refuses what the registry's tier doesn't have.
fn check_tier(settings: &RegistrySettings) -> Result<(), ArmError> {
    let (tier, limits) = (settings.tier, settings.tier.limits());
    let refuse = |what: &str| {
        let message = format!("{what} is not there in the tier {}", tier.as_str());
        Err(ArmError::new(http::StatusCode::BAD_REQUEST, "FeatureNotSupportedForSku", message))
    };
    let network = &settings.network;
    if settings.anonymous_pull && !limits.anonymous_pull {
        return refuse("anonymous pull");
    }
    if network.allowed.len() > limits.network_rules {
        let message = format!("the tier has {} IP rules at most", limits.network_rules);
        return Err(ArmError::new(http::StatusCode::BAD_REQUEST, "IpRulesLimitExceeded", message));
    }
    let closed = !network.public_access || !network.allow_by_default || network.data_endpoint;
    if closed && !limits.private_network {
        return refuse("a network rule, disabled public access or a data endpoint");
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use gantry_model::{RegistryId, Tier, Timestamp};
    use serde_json::json;

    use super::*;

    fn registry(tier: Tier) -> Registry {
        Registry {
            id: RegistryId::NONE,
            name: "contoso".parse().unwrap(),
            location: "local".into(),
            resource_group: "default".into(),
            settings: RegistrySettings { tier, ..RegistrySettings::default() },
            epoch: 0,
            sign_in_epoch: 0,
            created_at: Timestamp::from_micros(0),
        }
    }

    #[test]
    fn what_is_in_force_is_accepted_and_what_can_not_change_is_refused() {
        let shown = json!({
            "location": "local",
            "properties": { "zoneRedundancy": "Disabled", "policies": { "exportPolicy": { "status": "enabled" } } },
        });
        let registry = registry(Tier::Premium);
        let same = json!({
            "location": "LOCAL",
            "tags": {},
            "identity": null,
            "properties": {
                "zoneRedundancy": "disabled",
                "encryption": null,
                "policies": { "exportPolicy": { "status": "Enabled" } },
            },
        });
        assert_eq!(apply(&registry, &shown, &same).unwrap(), registry.settings);
        for other in [
            json!({ "properties": { "zoneRedundancy": "Enabled" } }),
            json!({ "properties": { "invented": 1 } }),
            json!({ "tags": { "a": "b" } }),
            json!({ "properties": { "adminUserEnabled": "yes" } }),
        ] {
            assert!(apply(&registry, &shown, &other).is_err(), "{other}");
        }
    }

    #[test]
    fn rules_are_networks_and_addresses() {
        let wanted = json!({ "properties": { "networkRuleSet": {
            "defaultAction": "Deny",
            "ipRules": [{ "value": "192.0.2.1" }, { "action": "Allow", "value": "10.1.2.3/8" }],
        } } });
        let settings = apply(&registry(Tier::Premium), &json!({}), &wanted).unwrap();
        let allowed: Vec<_> = settings.network.allowed.iter().map(ToString::to_string).collect();
        assert_eq!(allowed, ["192.0.2.1/32", "10.0.0.0/8"]);
        assert!(!settings.network.allow_by_default);
        assert!(apply(&registry(Tier::Basic), &json!({}), &wanted).is_err());
        let anonymous = json!({ "properties": { "anonymousPullEnabled": true } });
        assert!(apply(&registry(Tier::Basic), &json!({}), &anonymous).is_err());
        assert!(apply(&registry(Tier::Standard), &json!({}), &anonymous).is_ok());
    }
}
