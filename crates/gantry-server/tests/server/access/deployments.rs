//! A deployment does what its caller may do one by one, and nothing else.

use http::Method;
use serde_json::{Value, json};

use super::Manager;
use super::people::Directory;
use crate::support::Server;

#[tokio::test]
async fn whoever_may_deploy_may_do_no_more_by_it() {
    let server = Server::start(&[]).await;
    let (manager, directory) = (Manager::of(&server).await, Directory::of(&server).await);
    let role = uuid::Uuid::new_v4();
    let authorization = format!("{}/providers/Microsoft.Authorization", manager.subscription);
    let definition = json!({ "properties": {
        "roleName": "Deployer",
        "type": "CustomRole",
        "permissions": [{ "actions": [
            "Microsoft.Resources/deployments/*",
            "Microsoft.ContainerRegistry/registries/scopeMaps/*",
        ] }],
        "assignableScopes": [manager.subscription],
    } });
    let path = format!("{authorization}/roleDefinitions/{role}");
    assert_eq!(manager.call_at(Method::PUT, &path, definition).await.0, 201);
    let one = directory.application("deployer").await;
    manager.assign(&role.to_string(), &manager.subscription, &one.principal, None).await;
    let token = directory.management(&one).await;
    let deploy = async |name: &str, resources: Value, outputs: Value| {
        let group = format!("{}/resourceGroups/default", manager.subscription);
        let path = format!("{group}/providers/Microsoft.Resources/deployments/{name}");
        let schema =
            "https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#";
        let body = json!({ "properties": { "mode": "Incremental", "template": {
            "$schema": schema,
            "contentVersion": "1.0.0.0",
            "resources": resources,
            "outputs": outputs,
        } } });
        let path = format!("{path}?api-version=2025-11-01");
        let request = server.request(Method::PUT, &path).bearer_auth(&token).json(&body);
        let answer: Value = request.send().await.unwrap().json().await.unwrap();
        let properties = &answer["properties"];
        assert!(properties["provisioningState"].is_string(), "{answer}");
        let code = &properties["error"]["details"][0]["code"];
        code.as_str().unwrap_or_default().to_owned()
    };
    let map = json!([{
        "type": "Microsoft.ContainerRegistry/registries/scopeMaps",
        "apiVersion": "2023-07-01",
        "name": "local/deployed",
        "properties": { "actions": ["repositories/app/content/read"] },
    }]);
    let owner = json!([{
        "type": "Microsoft.Authorization/roleAssignments",
        "apiVersion": "2022-04-01",
        "name": uuid::Uuid::new_v4(),
        "properties": {
            "principalId": one.principal,
            "roleDefinitionId": format!("{authorization}/roleDefinitions/8e3af657-a8ff-443c-a75c-2fe8c4bcb635"),
        },
    }]);
    let other = json!([{
        "type": "Microsoft.ContainerRegistry/registries",
        "apiVersion": "2023-07-01",
        "name": "another1",
        "location": "local",
        "sku": { "name": "Basic" },
    }]);
    let id = "resourceId('Microsoft.ContainerRegistry/registries', 'local')";
    let secret = json!({ "p": {
        "type": "string",
        "value": format!("[listCredentials({id}, '2023-07-01').passwords[0].value]"),
    } });
    let seen = json!({ "s": { "type": "string", "value": format!("[reference({id}, '2023-07-01').loginServer]") } });

    assert_eq!(deploy("map", map, json!({})).await, "");

    for (name, resources, outputs) in [
        ("owner", owner, json!({})),
        ("registry", other, json!({})),
        ("secret", json!([]), secret),
        ("seen", json!([]), seen),
    ] {
        let code = deploy(name, resources, outputs).await;
        assert_eq!(code, "AuthorizationFailed", "{name}");
    }
    // Each of them is told of as if it had been asked for by itself.
    let audit = server.operator("audit");
    for told in ["/scopeMaps/deployed", "/roleAssignments/", "/registries/another1"] {
        assert!(audit.contains(told), "{told}: {audit}");
    }
}
