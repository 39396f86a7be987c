//! Templates that are deployed: what they make, what is refused, and what is told of it.

use http::Method;
use serde_json::{Value, json};

use super::Manager;
use crate::support::Server;

const SCHEMA: &str =
    "https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#";
const ACR_PULL: &str = "7f951dda-4ed3-4680-a7ca-43fe172d538d";

fn template(resources: &Value, outputs: &Value) -> Value {
    json!({
        "$schema": SCHEMA,
        "contentVersion": "1.0.0.0",
        "parameters": {
            "registryName": { "type": "string", "minLength": 5, "maxLength": 50 },
            "sku": {
                "type": "string",
                "defaultValue": "Premium",
                "allowedValues": ["Basic", "Standard", "Premium"],
            },
            "secret": { "type": "securestring", "defaultValue": "hush" },
        },
        "resources": resources,
        "outputs": outputs,
    })
}

fn registry() -> Value {
    json!({
        "type": "Microsoft.ContainerRegistry/registries",
        "apiVersion": "2023-07-01",
        "name": "[parameters('registryName')]",
        "location": "[resourceGroup().location]",
        "sku": { "name": "[parameters('sku')]" },
        "properties": { "adminUserEnabled": true },
    })
}

fn wanted(template: &Value, name: &str) -> Value {
    json!({ "properties": {
        "mode": "Incremental",
        "template": template,
        "parameters": { "registryName": { "value": name } },
    } })
}

impl Manager<'_> {
    fn deployment(&self, name: &str) -> String {
        let group = format!("{}/resourceGroups/default", self.subscription);
        format!("{group}/providers/Microsoft.Resources/deployments/{name}")
    }

    async fn names(&self) -> Vec<String> {
        let path =
            format!("{}/providers/Microsoft.ContainerRegistry/registries", self.subscription);
        let all = self.done_at(Method::GET, &path, Value::Null).await;
        let names =
            all["value"].as_array().unwrap().iter().map(|one| one["name"].as_str().unwrap());
        names.map(str::to_owned).collect()
    }
}

#[tokio::test]
async fn a_template_makes_what_it_says_and_tells_of_it() {
    let server = Server::start(&[]).await;
    let manager = Manager::of(&server).await;
    let id = "resourceId('Microsoft.ContainerRegistry/registries', parameters('registryName'))";
    let mut resources = json!([
        {
            "type": "Microsoft.ContainerRegistry/registries/tokens",
            "apiVersion": "2023-07-01",
            "name": "[concat(parameters('registryName'), '/reader')]",
            "dependsOn": ["[resourceId('Microsoft.ContainerRegistry/registries/scopeMaps', parameters('registryName'), 'readers')]"],
            "properties": {
                "scopeMapId": format!("[concat({id}, '/scopeMaps/readers')]"),
                "status": "enabled",
            },
        },
        {
            "type": "Microsoft.ContainerRegistry/registries/scopeMaps",
            "apiVersion": "2023-07-01",
            "name": "[format('{0}/{1}', parameters('registryName'), 'readers')]",
            "dependsOn": [format!("[{id}]")],
            "properties": { "actions": ["repositories/app/content/read"] },
        },
        registry(),
        {
            "type": "Microsoft.Authorization/roleAssignments",
            "apiVersion": "2022-04-01",
            "name": format!("[guid({id}, '{ACR_PULL}')]"),
            "scope": format!("[format('Microsoft.ContainerRegistry/registries/{{0}}', parameters('registryName'))]"),
            "dependsOn": [format!("[{id}]")],
            "properties": {
                "roleDefinitionId": format!(
                    "[subscriptionResourceId('Microsoft.Authorization/roleDefinitions', '{ACR_PULL}')]"
                ),
                "principalId": format!("[reference({id}, '2023-07-01', 'Full').identity.principalId]"),
            },
        },
    ]);
    resources[2]["identity"] = json!({ "type": "SystemAssigned" });
    let outputs = json!({
        "loginServer": { "type": "string", "value": format!("[reference({id}).loginServer]") },
        "user": { "type": "string", "value": format!("[listCredentials({id}, '2023-07-01').username]") },
        "hidden": { "type": "securestring", "value": "[parameters('secret')]" },
    });
    let body = wanted(&template(&resources, &outputs), "deployed01");
    let path = manager.deployment("first");

    let looked = manager.done_at(Method::POST, &format!("{path}/validate"), body.clone()).await;
    assert_eq!(looked["properties"]["validatedResources"].as_array().unwrap().len(), 4);
    assert_eq!(manager.names().await, ["local"]);
    let (status, made) = manager.call_at(Method::PUT, &path, body.clone()).await;

    assert_eq!(status, 201, "{made}");
    let properties = &made["properties"];
    assert_eq!(properties["provisioningState"], "Succeeded", "{made:#}");
    let login_server = properties["outputs"]["loginServer"]["value"].as_str().unwrap();
    assert!(login_server.starts_with("deployed01."), "{login_server}");
    assert_eq!(properties["outputs"]["user"]["value"], "deployed01");
    assert!(!made.to_string().contains("hush"), "{made}");
    assert_eq!(properties["outputResources"].as_array().unwrap().len(), 4);
    assert_eq!(manager.names().await, ["deployed01", "local"]);
    let token = format!("{}/tokens/reader", manager.registry_in("default", "deployed01"));
    manager.done_at(Method::GET, &token, Value::Null).await;
    let operations = manager.done_at(Method::GET, &format!("{path}/operations"), Value::Null).await;
    let kinds = operations["value"].as_array().unwrap().iter();
    let kinds: Vec<_> = kinds
        .map(|one| one["properties"]["targetResource"]["resourceType"].as_str().unwrap())
        .collect();
    let place = |kind: &str| kinds.iter().position(|one| one.ends_with(kind)).unwrap();
    assert!(place("registries") < place("scopeMaps") && place("scopeMaps") < place("tokens"));
    assert!(place("registries") < place("roleAssignments"));
    let exported = format!("{path}/exportTemplate");
    let exported = manager.done_at(Method::POST, &exported, Value::Null).await;
    assert_eq!(exported["template"], body["properties"]["template"]);
    let other = format!("{path}/operationStatuses/other");
    assert_eq!(manager.refused_at(Method::GET, &other, Value::Null).await.0, 404);
    // Again: nothing is made twice, and the record is replaced.
    assert_eq!(manager.call_at(Method::PUT, &path, body).await.0, 200);
    let list = path.trim_end_matches("/first");
    let listed = manager.done_at(Method::GET, list, Value::Null).await;
    assert_eq!(listed["value"].as_array().unwrap().len(), 1);
    assert_eq!(
        manager.refused_at(Method::POST, &format!("{path}/cancel"), Value::Null).await.0,
        409
    );
    let what_if = format!("{path}/whatIf");
    assert_eq!(manager.refused_at(Method::POST, &what_if, json!({})).await.1, "FeatureNotBuilt");
    assert_eq!(manager.call_at(Method::DELETE, &path, Value::Null).await.0, 204);
    assert_eq!(manager.refused_at(Method::GET, &path, Value::Null).await.1, "DeploymentNotFound");
    assert_eq!(manager.names().await, ["deployed01", "local"]);
}

#[tokio::test]
async fn what_is_not_ours_is_refused_before_anything_is_made() {
    let server = Server::start(&[]).await;
    let manager = Manager::of(&server).await;
    let storage = json!({
        "type": "Microsoft.Storage/storageAccounts",
        "apiVersion": "2023-01-01",
        "name": "store",
        "location": "local",
    });
    let tasks = json!({
        "type": "Microsoft.ContainerRegistry/registries/tasks",
        "apiVersion": "2019-06-01-preview",
        "name": "[concat(parameters('registryName'), '/build')]",
        "location": "local",
    });
    let path = manager.deployment("second");
    let of = |resources: Value| wanted(&template(&resources, &json!({})), "deployed02");
    let mut absent = of(json!([registry()]));
    absent["properties"]["parameters"] = json!({});
    let mut deep = of(json!([]));
    deep["properties"]["template"]["metadata"] =
        (0..200).fold(json!(0), |within, _| json!([within]));
    let mut complete = of(json!([{
        "type": "Microsoft.Resources/deployments",
        "apiVersion": "2022-09-01",
        "name": "within",
        "properties": {
            "mode": "Incremental",
            "expressionEvaluationOptions": { "scope": "inner" },
            "template": { "$schema": SCHEMA, "contentVersion": "1.0.0.0", "resources": [] },
        },
    }]));
    complete["properties"]["mode"] = "Complete".into();
    let mut link = of(json!([]));
    link["properties"]["templateLink"] = json!({ "uri": "https://templates.example/a.json" });
    let mut secret = of(json!([registry()]));
    secret["properties"]["parameters"]["registryName"] =
        json!({ "reference": { "keyVault": { "id": "a" }, "secretName": "b" } });
    for (body, code) in [
        (of(json!([registry(), storage])), "InvalidResourceType"),
        (of(json!([registry(), tasks])), "FeatureNotBuilt"),
        (wanted(&template(&json!([registry()]), &json!({})), "a"), "InvalidTemplate"),
        (absent, "InvalidTemplate"),
        (deep, "InvalidRequestContent"),
        (complete, "InvalidDeploymentMode"),
        (link, "InvalidDeployment"),
        (secret, "InvalidTemplate"),
        (json!({ "properties": { "template": "text" } }), "InvalidTemplate"),
        (json!({ "properties": {} }), "InvalidTemplate"),
    ] {
        for (method, path) in
            [(Method::PUT, path.clone()), (Method::POST, format!("{path}/validate"))]
        {
            let refused = manager.refused_at(method, &path, body.clone()).await;
            assert_eq!(refused, (400, code.to_owned()), "{body}");
        }
    }
    assert_eq!(manager.names().await, ["local"]);
    let nowhere = path.replace("/default/", "/absent/");
    let refused = manager.refused_at(Method::PUT, &nowhere, of(json!([]))).await;
    assert_eq!(refused, (404, "ResourceGroupNotFound".to_owned()));
    let on_registry = format!("{}/providers/Microsoft.Resources/deployments/a", manager.registry);
    let refused = manager.refused_at(Method::PUT, &on_registry, of(json!([]))).await;
    assert_eq!(refused, (400, "InvalidDeploymentScope".to_owned()));
}

#[tokio::test]
async fn a_deployment_that_fails_tells_where_and_why() {
    let server = Server::start(&[]).await;
    let manager = Manager::of(&server).await;
    let broken = json!({
        "type": "Microsoft.ContainerRegistry/registries/webhooks",
        "apiVersion": "2023-07-01",
        "name": "[concat(parameters('registryName'), '/hooked')]",
        "location": "local",
        "dependsOn": ["[parameters('registryName')]"],
        "properties": { "serviceUri": "not an address", "actions": ["push"] },
    });
    let path = manager.deployment("third");
    let body = wanted(&template(&json!([registry(), broken]), &json!({})), "deployed03");

    let made = manager.done_at(Method::PUT, &path, body).await;

    let properties = &made["properties"];
    assert_eq!(properties["provisioningState"], "Failed");
    assert_eq!(properties["error"]["code"], "DeploymentFailed");
    let detail = &properties["error"]["details"][0];
    assert_eq!(detail["code"], "InvalidProperty", "{made:#}");
    assert!(detail["target"].as_str().unwrap().ends_with("/webhooks/hooked"));
    assert_eq!(properties["outputResources"].as_array().unwrap().len(), 1);
    assert_eq!(manager.names().await, ["deployed03", "local"]);
    let operations = manager.done_at(Method::GET, &format!("{path}/operations"), Value::Null).await;
    let last = &operations["value"][1]["properties"];
    assert_eq!(
        (&last["provisioningState"], &last["statusCode"]),
        (&json!("Failed"), &json!("BadRequest"))
    );
}

#[tokio::test]
async fn deployments_are_within_others_and_to_the_subscription() {
    let server = Server::start(&[]).await;
    let manager = Manager::of(&server).await;
    let module = json!({
        "type": "Microsoft.Resources/deployments",
        "apiVersion": "2022-09-01",
        "name": "module",
        "resourceGroup": "grouped",
        "dependsOn": ["[subscriptionResourceId('Microsoft.Resources/resourceGroups', 'grouped')]"],
        "properties": {
            "mode": "Incremental",
            "expressionEvaluationOptions": { "scope": "inner" },
            "parameters": { "registryName": { "value": "[parameters('registryName')]" } },
            "template": template(&json!([registry()]), &json!({
                "host": { "type": "string", "value": "[reference(parameters('registryName')).loginServer]" },
            })),
        },
    });
    let mut whole = template(
        &json!([
            module,
            {
                "type": "Microsoft.Resources/resourceGroups",
                "apiVersion": "2022-09-01",
                "name": "grouped",
                "location": "[deployment().location]",
            },
        ]),
        &json!({ "host": { "type": "string", "value":
            "[reference(extensionResourceId(subscriptionResourceId('Microsoft.Resources/resourceGroups', 'grouped'), 'Microsoft.Resources/deployments', 'module'), '2022-09-01').outputs.host.value]"
        } }),
    );
    whole["$schema"] = "https://schema.management.azure.com/schemas/2018-05-01/subscriptionDeploymentTemplate.json#".into();
    let mut body = wanted(&whole, "deployed04");
    let path = format!("{}/providers/Microsoft.Resources/deployments/whole", manager.subscription);
    let refused = manager.refused_at(Method::PUT, &path, body.clone()).await;
    assert_eq!(refused, (400, "LocationRequired".to_owned()));
    body["location"] = "local".into();

    let made = manager.done_at(Method::PUT, &path, body).await;

    assert_eq!(made["properties"]["provisioningState"], "Succeeded", "{made:#}");
    let host = made["properties"]["outputs"]["host"]["value"].as_str().unwrap();
    assert!(host.starts_with("deployed04."), "{host}");
    let registry = manager.registry_in("grouped", "deployed04");
    manager.done_at(Method::GET, &registry, Value::Null).await;
    let within = format!(
        "{}/resourceGroups/grouped/providers/Microsoft.Resources/deployments/module",
        manager.subscription
    );
    manager.done_at(Method::GET, &within, Value::Null).await;
    // A group goes with its deployments.
    let group = format!("{}/resourceGroups/grouped", manager.subscription);
    manager.done_at(Method::DELETE, &group, Value::Null).await;
    manager.done_at(Method::PUT, &group, json!({ "location": "local" })).await;
    assert_eq!(manager.refused_at(Method::GET, &within, Value::Null).await.1, "DeploymentNotFound");
}

#[tokio::test]
async fn a_complete_deployment_leaves_nothing_else_in_its_group() {
    let server = Server::start(&[]).await;
    let manager = Manager::of(&server).await;
    let group = format!("{}/resourceGroups/complete", manager.subscription);
    manager.done_at(Method::PUT, &group, json!({ "location": "local" })).await;
    for name in ["kept01", "other01"] {
        let wanted = json!({ "location": "local", "sku": { "name": "Basic" } });
        manager.done_at(Method::PUT, &manager.registry_in("complete", name), wanted).await;
    }
    let mut body = wanted(&template(&json!([registry()]), &json!({})), "KEPT01");
    body["properties"]["mode"] = "Complete".into();
    let path = format!("{group}/providers/Microsoft.Resources/deployments/all");

    let made = manager.done_at(Method::PUT, &path, body).await;

    assert_eq!(made["properties"]["provisioningState"], "Succeeded", "{made:#}");
    assert_eq!(manager.names().await, ["kept01", "local"]);
}
