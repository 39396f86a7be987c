//! Operations of `Microsoft.ContainerRegistry` that aren't built: each says which feature it is of.

use gantry_arm::{ResourceId, ResourceIdError};
use http::{Method, StatusCode};

use crate::error::ArmError;
use crate::groups;
use crate::operation::decoded;

/// The parts of a registry's path that stand for features that aren't built, and what they are called.
const FEATURES: &[(&str, &str)] = &[
    ("importImage", "importing images"),
    ("scheduleRun", "tasks"),
    ("listBuildSourceUploadUrl", "tasks"),
    ("tasks", "tasks"),
    ("taskRuns", "tasks"),
    ("runs", "tasks"),
    ("agentPools", "agent pools"),
    ("connectedRegistries", "connected registries"),
    ("exportPipelines", "transfer pipelines"),
    ("importPipelines", "transfer pipelines"),
    ("pipelineRuns", "transfer pipelines"),
    ("packages", "archives of packages"),
];

/// What is behind a webhook that isn't built.
const OF_WEBHOOKS: [&str; 2] = ["ping", "listEvents"];

/// What a deployment would change is worked out by nobody.
const WHAT_IF: &str = "/whatif";

/// What is answered where there is no operation.
pub(crate) fn refusal(method: &Method, path: &str) -> ArmError {
    let path = &decoded(path).unwrap_or_default();
    match feature(path) {
        // It isn't an operation for what it names alone.
        None if let Err(ResourceIdError::Name(name, what)) = path.parse::<ResourceId>() => {
            match what {
                "a resource group's name" => groups::bad_name(&name),
                _ => ArmError::bad_name(ResourceIdError::Name(name, what)),
            }
        }
        None => ArmError::no_such_operation(method, path),
        Some(feature) => {
            let message = format!("{feature} aren't built into this server yet: {method} {path}");
            ArmError::new(StatusCode::BAD_REQUEST, "FeatureNotBuilt", message)
        }
    }
}

/// The feature that a path is of.
fn feature(path: &str) -> Option<&'static str> {
    if path.to_ascii_lowercase().ends_with(WHAT_IF) {
        return Some("what-if results of deployments");
    }
    let segments: Vec<&str> = path.trim_matches('/').split('/').collect();
    let (registry, rest) = segments.split_at_checked(8)?;
    let id: ResourceId = format!("/{}", registry.join("/")).parse().ok()?;
    let first = rest.first().filter(|_| id.is_type("Microsoft.ContainerRegistry/registries"))?;
    let last = rest.last()?;
    let is = |one: &str, word: &str| one.eq_ignore_ascii_case(word);
    if is(first, "webhooks") && OF_WEBHOOKS.iter().any(|word| is(last, word)) {
        return Some("events of webhooks");
    }
    FEATURES.iter().find(|(word, _)| is(first, word)).map(|(_, feature)| *feature)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_tells_its_feature() {
        let registry = "/subscriptions/00000000-0000-0000-0000-000000000001/resourceGroups/rg/\
                        providers/Microsoft.ContainerRegistry/registries/local";
        let of = |rest: &str| feature(&format!("{registry}/{rest}"));
        assert_eq!(of("tasks/build"), Some("tasks"));
        assert_eq!(of("CONNECTEDREGISTRIES"), Some("connected registries"));
        assert_eq!(of("webhooks/mine/ping"), Some("events of webhooks"));
        assert_eq!(of("webhooks/mine/other"), None);
        assert_eq!(of("inventions"), None);
        assert_eq!(feature("/subscriptions/x/tasks"), None);
    }
}
