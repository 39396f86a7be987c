//! Templates in the shape of Azure's quick starts and of what Bicep emits.

mod support;

use gantry_arm_template::{
    Context, Deployment, DeploymentScope, Known, Needed, Resource, Template, Unsettled,
};
use serde_json::{Value, json};
use support::context;

const SUBSCRIPTION: &str = "/subscriptions/00000000-0000-0000-0000-00000000000a";
const GROUP: &str = "/subscriptions/00000000-0000-0000-0000-00000000000a/resourceGroups/rg";
const REGISTRY: &str = "/subscriptions/00000000-0000-0000-0000-00000000000a/resourceGroups/rg/providers/Microsoft.ContainerRegistry/registries/myreg";

const REGISTRY_TEMPLATE: &str = include_str!("templates/registry.json");
const REPLICATIONS_TEMPLATE: &str = include_str!("templates/replications.json");
const BICEP_TEMPLATE: &str = include_str!("templates/bicep.json");
const SUBSCRIPTION_TEMPLATE: &str = include_str!("templates/subscription.json");

fn subscription_context() -> Context {
    let scope = DeploymentScope::Subscription { location: "westus".into() };
    Context { scope, ..context() }
}

fn parse(text: &str) -> Template {
    Template::parse(&serde_json::from_str(text).expect("JSON")).expect("a template")
}

fn names(resources: &[Resource]) -> Vec<&str> {
    resources.iter().map(Resource::name).collect()
}

fn find<'a>(deployment: &'a Deployment, name: &str) -> &'a Resource {
    deployment.resources().iter().find(|resource| resource.name() == name).expect("a resource")
}

fn body(deployment: &Deployment, name: &str) -> Value {
    deployment.body(find(deployment, name), &Known::new()).expect("nothing is asked for")
}

/// Answers all that is needed until there is a value.
fn settled(
    mut evaluate: impl FnMut(&Known) -> Result<Value, Unsettled>,
    mut fetch: impl FnMut(&Needed) -> Value,
) -> Value {
    let mut known = Known::new();
    loop {
        match evaluate(&known) {
            Ok(value) => return value,
            Err(Unsettled::Needed(needed)) => known.insert(&needed, fetch(&needed)),
            Err(Unsettled::Error(error)) => panic!("{error}"),
        }
    }
}

#[test]
fn a_registry_with_its_admin_user() {
    let given = json!({
        "acrName": { "value": "myreg" },
        "ACRSKU": { "value": "Premium" },
        "webhookSecret": { "value": "hush" },
    });
    let deployment = parse(REGISTRY_TEMPLATE).deploy(&given, context()).unwrap();
    assert_eq!(names(deployment.resources()), ["myreg", "myreg/myreghook"]);

    let [registry, webhook] = deployment.resources() else { panic!("two resources") };
    assert_eq!(registry.id(), REGISTRY);
    assert_eq!(registry.resource_type(), "Microsoft.ContainerRegistry/registries");
    assert_eq!(registry.api_version(), "2023-07-01");
    assert!(registry.depends_on().is_empty() && !registry.is_existing());
    assert_eq!(webhook.id(), format!("{REGISTRY}/webhooks/myreghook"));
    assert_eq!(webhook.depends_on(), [REGISTRY]);
    assert_eq!(
        body(&deployment, "myreg"),
        json!({
            "location": "westus",
            "tags": { "team-name": "containers", "literal": "[x]" },
            "sku": { "name": "Premium" },
            "properties": { "adminUserEnabled": true },
        })
    );
    assert_eq!(
        body(&deployment, "myreg/myreghook")["properties"]["customHeaders"]["Authorization"],
        "hush"
    );

    let credentials = json!({ "username": "myreg", "passwords": [{ "value": "pass" }] });
    let mut asked = Vec::new();
    let outputs = settled(
        |known| deployment.outputs(known),
        |needed| {
            asked.push(needed.clone());
            match needed {
                Needed::Reference { .. } => json!({ "properties": { "loginServer": "my.test" } }),
                Needed::List { .. } => credentials.clone(),
            }
        },
    );
    let (id, api_version) = (REGISTRY.to_owned(), "2023-07-01".to_owned());
    assert_eq!(
        asked,
        [
            Needed::Reference { id: id.clone(), api_version: api_version.clone() },
            Needed::List { function: "listCredentials".into(), id, api_version, body: None },
        ]
    );
    assert_eq!(
        outputs,
        json!({
            "acrLoginServer": { "type": "String", "value": "my.test" },
            "acrPassword": { "type": "SecureString" },
            "userName": { "type": "String", "value": "myreg" },
        })
    );
    assert_eq!(
        deployment.parameters(),
        json!({
            "acrName": { "type": "String", "value": "myreg" },
            "location": { "type": "String", "value": "westus" },
            "acrSku": { "type": "String", "value": "Premium" },
            "acrAdminUserEnabled": { "type": "Bool", "value": true },
            "webhookSecret": { "type": "SecureString" },
        })
    );
}

#[test]
fn replications_are_made_one_after_the_other() {
    let given = json!({ "registryName": { "value": "myreg" } });
    let deployment = parse(REPLICATIONS_TEMPLATE).deploy(&given, context()).unwrap();
    assert_eq!(
        names(deployment.resources()),
        ["myreg", "myreg/eastus", "myreg/westeurope", "myreg/reader"]
    );
    assert_eq!(names(deployment.left_out()), ["myreg/readers"]);
    let (east, west) =
        (format!("{REGISTRY}/replications/eastus"), format!("{REGISTRY}/replications/westeurope"));
    assert_eq!(find(&deployment, "myreg/eastus").depends_on(), [REGISTRY]);
    assert_eq!(find(&deployment, "myreg/westeurope").depends_on(), [REGISTRY, &east]);
    // What the left out scope map depended on, and the loop.
    assert_eq!(find(&deployment, "myreg/reader").depends_on(), [REGISTRY, &east, &west]);
    assert_eq!(
        body(&deployment, "myreg/westeurope"),
        json!({ "location": "westeurope", "properties": { "zoneRedundancy": "Disabled" } })
    );
    assert_eq!(
        body(&deployment, "myreg")["properties"]["networkRuleSet"],
        json!({
            "defaultAction": "Deny",
            "ipRules": [
                { "action": "Allow", "value": "10.0.1.0/24" },
                { "action": "Allow", "value": "10.0.2.0/24" },
            ],
        })
    );
    assert_eq!(
        deployment.outputs(&Known::new()).unwrap()["names"],
        json!({ "type": "Array", "value": ["EASTUS", "WESTEUROPE"] })
    );
}

#[test]
fn what_bicep_emits() {
    let given = json!({ "registryName": { "value": "myreg" }, "principalId": { "value": "p" } });
    let deployment = parse(BICEP_TEMPLATE).deploy(&given, context()).unwrap();
    let identity = format!(
        "{SUBSCRIPTION}/resourceGroups/identities/providers/Microsoft.ManagedIdentity/userAssignedIdentities/puller"
    );
    let [first, registry, assignment, rest @ ..] = deployment.resources() else {
        panic!("three resources and more")
    };
    assert_eq!((first.id(), first.is_existing()), (&*identity, true));
    assert_eq!(registry.id(), REGISTRY);
    assert_eq!(names(rest), ["caches", "myreg/readers", "myreg/app", "myreg/base"]);

    let scope = format!("{REGISTRY}/providers/Microsoft.Authorization/roleAssignments/");
    let guid = assignment.id().strip_prefix(&scope).unwrap();
    assert_eq!((guid.len(), guid), (36, assignment.name()));
    assert_eq!(assignment.depends_on(), [&identity, REGISTRY]);
    let assigned = settled(
        |known| deployment.body(assignment, known),
        |needed| {
            let (id, api_version) = (identity.clone(), "2023-01-31".to_owned());
            assert_eq!(*needed, Needed::Reference { id, api_version });
            json!({ "properties": { "principalId": "5e1f" } })
        },
    );
    assert_eq!(assigned["properties"]["principalId"], "5e1f");

    let made = body(&deployment, "myreg");
    assert_eq!(made["sku"]["name"], "Standard");
    assert_eq!(made["identity"]["userAssignedIdentities"][&identity], json!({}));
    assert_eq!(
        body(&deployment, "myreg/readers")["properties"]["actions"],
        json!(["repositories/app/content/read", "repositories/base/content/read"])
    );
    // The module's own expressions are left to its own deployment.
    let module = body(&deployment, "caches");
    assert_eq!(module["properties"]["parameters"]["registryName"]["value"], "myreg");
    assert_eq!(
        module["properties"]["template"]["resources"][0]["name"],
        "[format('{0}/hub', parameters('registryName'))]"
    );

    let mut asked = Vec::new();
    let outputs = settled(
        |known| deployment.outputs(known),
        |needed| {
            let (Needed::Reference { id, .. } | Needed::List { id, .. }) = needed;
            asked.push(id.clone());
            json!({
                "location": "westus", "username": "u",
                "properties": { "loginServer": "my.test", "status": "enabled" },
            })
        },
    );
    assert_eq!(asked, [format!("{REGISTRY}/tokens/app"), REGISTRY.into(), REGISTRY.into()]);
    assert_eq!(outputs["firstToken"]["value"]["status"], "enabled");
    assert_eq!(outputs["location"]["value"], "westus");
    assert_eq!(outputs["loginServer"]["value"], "my.test");
    assert_eq!(outputs["userName"]["value"], "u");
}

#[test]
fn a_deployment_to_a_subscription() {
    let template = parse(SUBSCRIPTION_TEMPLATE);
    let given = json!({ "groupName": { "value": "new" } });
    let deployment = template.deploy(&given, subscription_context()).unwrap();
    let group = format!("{SUBSCRIPTION}/resourceGroups/new");
    let ids: Vec<_> = deployment.resources().iter().map(Resource::id).collect();
    assert_eq!(
        ids,
        [&group, &format!("{group}/providers/Microsoft.Resources/deployments/registry")]
    );
    assert_eq!(body(&deployment, "new"), json!({ "location": "westus" }));
    assert_eq!(find(&deployment, "registry").depends_on(), [&*group]);
    assert_eq!(deployment.outputs(&Known::new()).unwrap()["groupId"]["value"], *group);

    let error = template.deploy(&given, context()).unwrap_err();
    assert_eq!(
        error.to_string(),
        "Deployment template validation failed: 'The template's schema is for deployments to a subscription, but the deployment is to a resource group'."
    );
}

#[test]
fn an_extension_can_be_written_as_a_child() {
    let template = support::template(json!({ "resources": [{
        "type": "Microsoft.ContainerRegistry/registries/providers/locks",
        "apiVersion": "2020-05-01",
        "name": "myreg/Microsoft.Authorization/keep",
    }] }));
    let deployment = template.unwrap().deploy(&Value::Null, context()).unwrap();
    let id = format!("{REGISTRY}/providers/Microsoft.Authorization/locks/keep");
    assert_eq!(deployment.resources()[0].id(), id);
    assert!(id.starts_with(GROUP));
}

#[test]
fn what_is_made_counts_before_what_is_referred_to() {
    let resource = json!({ "type": "A.B/c", "apiVersion": "2", "name": "x" });
    let existing = json!({ "type": "A.B/c", "apiVersion": "1", "name": "x", "existing": true });
    let user = json!({
        "type": "A.B/c", "apiVersion": "1", "name": "y",
        "properties": "[reference(resourceId('A.B/c', 'x')).size]",
    });
    let template = support::template(json!({
        "languageVersion": "2.0",
        "resources": { "a": existing, "b": user, "c": resource },
    }));
    let deployment = template.unwrap().deploy(&Value::Null, context()).unwrap();
    let existing: Vec<_> = deployment.resources().iter().map(Resource::is_existing).collect();
    assert_eq!(
        (names(deployment.resources()), existing),
        (vec!["x", "x", "y"], vec![true, false, false])
    );
    let Err(Unsettled::Needed(needed)) = deployment.body(find(&deployment, "y"), &Known::new())
    else {
        panic!("the reference is needed")
    };
    let (id, api_version) = (format!("{GROUP}/providers/A.B/c/x"), "2".to_owned());
    assert_eq!(needed, Needed::Reference { id, api_version });
}

#[test]
fn batches_wait_for_those_before() {
    for (batch, waits) in [(json!(2), [0, 0, 1, 1]), (json!(u64::MAX), [0, 0, 0, 0])] {
        let template = support::template(json!({ "resources": [{
            "type": "A.B/c", "apiVersion": "1", "name": "[concat('x', copyIndex(1))]",
            "copy": { "name": "loop", "count": 4, "mode": "Serial", "batchSize": batch },
        }] }));
        let deployment = template.unwrap().deploy(&Value::Null, context()).unwrap();
        assert_eq!(names(deployment.resources()), ["x1", "x2", "x3", "x4"]);
        let counts: Vec<_> =
            deployment.resources().iter().map(|resource| resource.depends_on().len()).collect();
        assert_eq!(counts, waits);
    }
}

#[test]
fn a_deployment_can_go_to_another_thread() {
    fn is_send_and_sync<T: Send + Sync>() {}
    is_send_and_sync::<(Template, Deployment, Known, Unsettled)>();
}
