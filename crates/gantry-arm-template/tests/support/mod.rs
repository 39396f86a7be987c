//! What the tests deploy with.

use gantry_arm_template::{Context, DeploymentScope, Subscription, Template, TemplateError};
use serde_json::{Value, json};
use uuid::Uuid;

pub(crate) fn context() -> Context {
    Context {
        scope: DeploymentScope::ResourceGroup {
            name: "rg".into(),
            location: "westus".into(),
            tags: json!({}),
        },
        subscription: Subscription { id: Uuid::from_u128(10), display_name: "Dev".into() },
        tenant_id: Uuid::from_u128(11),
        deployment_name: "main".into(),
        environment: json!({ "name": "Gantry" }),
        new_guid: Uuid::from_u128(12),
        utc_now: "2026-01-02T03:04:05Z".parse().expect("a moment"),
    }
}

/// A template with these members beside the necessary ones.
pub(crate) fn template(members: Value) -> Result<Template, TemplateError> {
    let mut template = json!({
        "$schema": "https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#",
        "contentVersion": "1.0.0.0",
        "resources": [],
    });
    let Value::Object(members) = members else { panic!("members are an object") };
    template.as_object_mut().expect("an object").extend(members);
    Template::parse(&template)
}
