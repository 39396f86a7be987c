//! Providers of resources, which are always registered, and what can be done with registries.

use std::collections::BTreeSet;

use axum::Json;
use axum::response::{IntoResponse, Response};
use http::StatusCode;
use schemars::JsonSchema;
use serde::Serialize;

use crate::error::ArmError;
use crate::operation::Right;
use crate::operations::OPERATIONS;
use crate::{Call, page, subscriptions};

/// Those that clients in use ask for; any is answered.
const VERSIONS: [&str; 8] = [
    "2026-09-01-preview",
    "2026-01-01-preview",
    "2025-11-01",
    "2025-04-01",
    "2023-07-01",
    "2022-12-01",
    "2019-05-01",
    "2017-10-01",
];

/// Each namespace with the types of its resources.
const PROVIDERS: &[(&str, &[&str])] = &[
    (
        "Microsoft.ContainerRegistry",
        &[
            "registries",
            "registries/cacheRules",
            "registries/credentialSets",
            "registries/privateEndpointConnections",
            "registries/replications",
            "registries/scopeMaps",
            "registries/tokens",
            "registries/webhooks",
            "checkNameAvailability",
            "deletedRegistries",
            "operations",
        ],
    ),
    ("Microsoft.Insights", &["eventtypes"]),
    ("Microsoft.Authorization", &["locks", "roleAssignments", "roleDefinitions"]),
    ("Microsoft.Resources", &["deployments", "resourceGroups", "subscriptions", "tags", "tenants"]),
];

/// A namespace of types of resources.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Provider {
    id: String,
    namespace: String,
    registration_state: &'static str,
    registration_policy: &'static str,
    resource_types: Vec<ProviderType>,
}

#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct ProviderType {
    resource_type: String,
    locations: Vec<String>,
    api_versions: [&'static str; 8],
}

/// An action that roles can have.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Operation {
    name: &'static str,
    origin: &'static str,
    is_data_action: bool,
    display: OperationDisplay,
}

#[derive(Serialize, JsonSchema)]
struct OperationDisplay {
    provider: &'static str,
    resource: &'static str,
    operation: String,
    description: String,
}

/// `GET providers`
pub(crate) async fn list(call: &Call<'_>) -> Result<Response, ArmError> {
    let all = PROVIDERS.iter().map(|(name, types)| render(call, name, types));
    Ok(page::whole(all.collect()))
}

/// `GET providers/{namespace}`, and its registration.
pub(crate) async fn show(call: &Call<'_>) -> Result<Response, ArmError> {
    let name = call.asked.parameter("resourceProviderNamespace");
    let found = PROVIDERS.iter().find(|(known, _)| known.eq_ignore_ascii_case(name));
    let (name, types) = found.ok_or_else(|| {
        let message = format!("The resource namespace '{name}' is invalid.");
        ArmError::new(StatusCode::NOT_FOUND, "InvalidResourceNamespace", message)
    })?;
    Ok(Json(render(call, name, types)).into_response())
}

fn render(call: &Call<'_>, name: &str, types: &[&str]) -> Provider {
    let of = |kind: &&str| ProviderType {
        resource_type: (*kind).to_owned(),
        locations: subscriptions::names(call),
        api_versions: VERSIONS,
    };
    Provider {
        id: format!("{}/providers/{name}", subscriptions::own(call)),
        namespace: name.to_owned(),
        registration_state: "Registered",
        registration_policy: "RegistrationRequired",
        resource_types: types.iter().map(of).collect(),
    }
}

/// `GET /providers/Microsoft.ContainerRegistry/operations`: the actions that roles can have.
pub(crate) async fn operations(_: &Call<'_>) -> Result<Response, ArmError> {
    const PROVIDER: &str = "Microsoft.ContainerRegistry/";
    let mut actions = BTreeSet::new();
    for operation in OPERATIONS {
        if let Right::Action(action) = operation.right
            && action.starts_with(PROVIDER)
        {
            actions.insert(action);
        }
    }
    let of = |action: &'static str| {
        let (resource, verb) = action[PROVIDER.len()..].rsplit_once('/').unwrap_or((action, ""));
        Operation {
            name: action,
            origin: "user,system",
            is_data_action: false,
            display: OperationDisplay {
                provider: "Microsoft Container Registry",
                resource,
                operation: format!("{verb} {resource}"),
                description: format!("{verb} {resource}"),
            },
        }
    };
    Ok(page::whole(actions.into_iter().map(of).collect()))
}
