//! What a `PATCH` changes. A value already in force is accepted, as clients send back whole objects;
//! changing what can't be changed is refused, naming it; nothing is ignored.

use std::net::IpAddr;

use gantry_model::{RegistrySettings, RoleAssignmentMode};
use gantry_registry::registries::Wishes;
use http::StatusCode;
use ipnet::IpNet;
use serde_json::Value;

use crate::error::ArmError;

/// What `wanted` changes of a registry that is `shown` like this.
pub(crate) fn read(shown: &Value, wanted: &Value) -> Result<Wishes, ArmError> {
    let mut changes = Vec::new();
    walk("", shown, wanted, &mut changes)?;
    Ok(Wishes::new(move |settings| changes.iter().for_each(|change| change(settings))))
}

type Change = Box<dyn Fn(&mut RegistrySettings) + Send + Sync>;

fn walk(
    path: &str,
    shown: &Value,
    wanted: &Value,
    changes: &mut Vec<Change>,
) -> Result<(), ArmError> {
    if path != "properties.networkRuleSet.ipRules"
        && let Value::Object(fields) = wanted
    {
        for (key, value) in fields {
            let path = if path.is_empty() { key.clone() } else { format!("{path}.{key}") };
            walk(&path, &shown[key], value, changes)?;
        }
        return Ok(());
    }
    match change(path, wanted)? {
        Some(change) => changes.push(change),
        None if same(shown, wanted) => {}
        None => {
            let message = format!("the property '{path}' can't be changed to {wanted}");
            let code = "PropertyChangeNotSupported";
            return Err(ArmError::new(StatusCode::BAD_REQUEST, code, message));
        }
    }
    Ok(())
}

/// What sets the property, where that can be.
fn change(path: &str, wanted: &Value) -> Result<Option<Change>, ArmError> {
    let refuse = || ArmError::bad_request(format!("{path} can't be {wanted}"));
    let flag = || wanted.as_bool().ok_or_else(refuse);
    let word = |words: [&str; 2]| {
        let text = wanted.as_str().ok_or_else(refuse)?;
        let at = words.iter().position(|word| word.eq_ignore_ascii_case(text));
        at.map(|at| at == 0).ok_or_else(refuse)
    };
    Ok(Some(match path {
        // What isn't said is no wish.
        _ if wanted.is_null() => return Ok(None),
        "properties.adminUserEnabled" => setting(flag()?, |all, on| all.admin_enabled = on),
        "properties.anonymousPullEnabled" => setting(flag()?, |all, on| all.anonymous_pull = on),
        "properties.dataEndpointEnabled" => {
            setting(flag()?, |all, on| all.network.data_endpoint = on)
        }
        "properties.regionalEndpoints" => {
            setting(word(["Enabled", "Disabled"])?, |all, on| all.network.regional_endpoint = on)
        }
        "properties.publicNetworkAccess" => {
            setting(word(["Enabled", "Disabled"])?, |all, on| all.network.public_access = on)
        }
        "properties.networkRuleBypassOptions" => {
            setting(word(["AzureServices", "None"])?, |all, on| all.network.trusted_services = on)
        }
        "properties.networkRuleSet.defaultAction" => {
            setting(word(["Allow", "Deny"])?, |all, on| all.network.allow_by_default = on)
        }
        "properties.networkRuleSet.ipRules" => {
            setting(rules(wanted)?, |all, rules| all.network.allowed = rules)
        }
        "properties.policies.azureADAuthenticationAsArmPolicy.status" => {
            setting(word(["enabled", "disabled"])?, |all, on| all.access.arm_audience = on)
        }
        "properties.roleAssignmentMode" => {
            let mode = match word(["LegacyRegistryPermissions", "AbacRepositoryPermissions"])? {
                true => RoleAssignmentMode::Registry,
                false => RoleAssignmentMode::Repositories,
            };
            setting(mode, |all, mode| all.access.role_assignment_mode = mode)
        }
        _ => return Ok(None),
    }))
}

fn setting<T: Clone + Send + Sync + 'static>(
    value: T,
    set: impl Fn(&mut RegistrySettings, T) + Send + Sync + 'static,
) -> Change {
    Box::new(move |settings| set(settings, value.clone()))
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

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn changed(shown: &Value, wanted: &Value) -> Result<RegistrySettings, ArmError> {
        Ok(read(shown, wanted)?.applied_to(&RegistrySettings::default()))
    }

    #[test]
    fn what_is_in_force_is_accepted_and_what_can_not_change_is_refused() {
        let shown = json!({
            "location": "local",
            "properties": { "zoneRedundancy": "Disabled", "policies": { "exportPolicy": { "status": "enabled" } } },
        });
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
        assert_eq!(changed(&shown, &same).unwrap(), RegistrySettings::default());
        for other in [
            json!({ "properties": { "zoneRedundancy": "Enabled" } }),
            json!({ "properties": { "invented": 1 } }),
            json!({ "tags": { "a": "b" } }),
            json!({ "properties": { "adminUserEnabled": "yes" } }),
        ] {
            assert!(changed(&shown, &other).is_err(), "{other}");
        }
    }

    #[test]
    fn rules_are_networks_and_addresses() {
        let wanted = json!({ "properties": { "networkRuleSet": {
            "defaultAction": "Deny",
            "ipRules": [{ "value": "192.0.2.1" }, { "action": "Allow", "value": "10.1.2.3/8" }],
        } } });
        let settings = changed(&json!({}), &wanted).unwrap();
        let allowed: Vec<_> = settings.network.allowed.iter().map(ToString::to_string).collect();
        assert_eq!(allowed, ["192.0.2.1/32", "10.0.0.0/8"]);
        assert!(!settings.network.allow_by_default);
    }
}
