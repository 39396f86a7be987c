//! Templates: no JSON makes reading, planning or evaluation stumble, everything comes after
//! what it depends on, and the same template yields the same again.
#![no_main]

use gantry_arm_template::{
    Context, Deployment, DeploymentScope, Known, Needed, Subscription, Template, Unsettled,
};
use jiff::Timestamp;
use libfuzzer_sys::fuzz_target;
use serde_json::{Value, json};
use uuid::Uuid;

// A line with the parameters can follow the template.
fuzz_target!(|text: &str| {
    let (template, given) = text.split_once('\n').unwrap_or((text, "null"));
    let Ok(mut template) = serde_json::from_str::<Value>(template) else { return };
    let given = serde_json::from_str(given).unwrap_or_default();
    if let Some(members) = template.as_object_mut() {
        let schema = members.entry("$schema").or_insert("deploymentTemplate.json#".into());
        *schema = schema.as_str().unwrap_or_default().into();
        members.entry("contentVersion").or_insert("1".into());
    }
    let Ok(template) = Template::parse(&template) else { return };
    let Ok(deployment) = template.deploy(&given, context()) else { return };
    let ids: Vec<_> = deployment.resources().iter().map(|resource| resource.id()).collect();
    for (place, resource) in deployment.resources().iter().enumerate() {
        for needed in resource.depends_on() {
            assert!(ids[..place].contains(&needed.as_str()), "{needed}");
        }
    }
    let again = template.deploy(&given, context()).unwrap();
    assert_eq!(evaluated(&deployment), evaluated(&again));
});

/// All bodies and the outputs, or why there are none.
fn evaluated(deployment: &Deployment) -> Vec<Result<Value, String>> {
    let bodies = deployment.resources().iter();
    let mut all: Vec<_> =
        bodies.map(|resource| settled(|known| deployment.body(resource, known))).collect();
    all.push(settled(|known| deployment.outputs(known)));
    all
}

/// Answers what is needed, a few times.
fn settled(evaluate: impl Fn(&Known) -> Result<Value, Unsettled>) -> Result<Value, String> {
    let mut known = Known::new();
    for _ in 0..8 {
        match evaluate(&known) {
            Ok(value) => return Ok(value),
            Err(Unsettled::Error(error)) => return Err(error.to_string()),
            Err(Unsettled::Needed(needed)) => {
                let (Needed::Reference { id, .. } | Needed::List { id, .. }) = &needed;
                let answer = json!({ "properties": { "id": id, "a": "[x]" }, "a": [1] });
                known.insert(&needed, answer);
            }
        }
    }
    Err("needs more".into())
}

fn context() -> Context {
    Context {
        scope: DeploymentScope::ResourceGroup {
            name: "rg".into(),
            location: "westus".into(),
            tags: json!({}),
        },
        subscription: Subscription { id: Uuid::from_u128(1), display_name: "Dev".into() },
        tenant_id: Uuid::from_u128(2),
        deployment_name: "main".into(),
        environment: json!({}),
        new_guid: Uuid::from_u128(3),
        utc_now: Timestamp::UNIX_EPOCH,
    }
}
