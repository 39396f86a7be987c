//! `az deployment`: templates as those of ACR's quick starts.

use gantry_clients::az::{json, signed_in, words};
use serde_json::json;

#[test]
fn deploys_templates() {
    let (site, _cloud, az) = signed_in();
    site.file("registry.json", REGISTRY);
    let create = "deployment group create --resource-group default --template-file registry.json";

    let outputs = json(&az, &format!("{create} --parameters acrName=quick01 --query properties"));

    assert_eq!(outputs["provisioningState"], "Succeeded");
    assert_eq!(outputs["outputs"]["loginServer"]["value"], "quick01.acr.localhost");
    let shown = json(&az, "acr show --name quick01 --query [sku.name,adminUserEnabled]");
    assert_eq!(shown, json!(["Standard", true]));
    let hook = "acr webhook show --registry quick01 --name hooked --query actions";
    assert_eq!(json(&az, hook), json!(["push"]));
    let names = "deployment group list --resource-group default --query [].name";
    assert_eq!(json(&az, names), json!(["registry"]));
    let operations = "deployment operation group list --resource-group default --name registry \
                      --query [].properties.targetResource.resourceName";
    assert_eq!(json(&az, operations), json!(["quick01", "quick01/hooked"]));

    // What is wrong with it is told, and that nothing is made.
    let said = az.fails(words(&format!("{create} --parameters acrName=x")));
    assert!(said.contains("InvalidTemplate") && said.contains("acrName"), "{said}");
    let taken = format!("{create} --name twice --parameters acrName=local acrSku=Premium");
    let taken = az.fails(words(&format!("{taken} --resource-group default")));
    assert!(taken.contains("DeploymentFailed"), "{taken}");
    assert!(taken.contains("hooked") || taken.contains("InvalidProperty"), "{taken}");
    let said = az.fails(words(
        "deployment group what-if --resource-group default --template-file registry.json \
         --parameters acrName=quick02",
    ));
    assert!(said.contains("what-if"), "{said}");

    // To the subscription, with a group of its own.
    site.file("whole.json", WHOLE);
    let whole = json(
        &az,
        "deployment sub create --location local --template-file whole.json \
         --query properties.outputs.group.value",
    );
    assert_eq!(whole, "quickstart");
    assert_eq!(json(&az, "group show --name quickstart --query tags"), json!({ "by": "whole" }));
    az.run(words("deployment group delete --resource-group default --name registry"));
    assert_eq!(json(&az, "acr show --name quick01 --query name"), "quick01");
}

const REGISTRY: &str = r#"{
  "$schema": "https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#",
  "contentVersion": "1.0.0.0",
  "parameters": {
    "acrName": {
      "type": "string",
      "defaultValue": "[concat('acr', uniqueString(resourceGroup().id))]",
      "minLength": 5,
      "maxLength": 50
    },
    "location": { "type": "string", "defaultValue": "[resourceGroup().location]" },
    "acrSku": {
      "type": "string",
      "defaultValue": "Standard",
      "allowedValues": ["Basic", "Standard", "Premium"]
    }
  },
  "resources": [
    {
      "type": "Microsoft.ContainerRegistry/registries/webhooks",
      "apiVersion": "2023-07-01",
      "name": "[format('{0}/hooked', parameters('acrName'))]",
      "location": "[parameters('location')]",
      "properties": {
        "serviceUri": "[if(equals(parameters('acrSku'), 'Premium'), 'nowhere', 'https://hooks.example/a')]",
        "actions": ["push"]
      },
      "dependsOn": [
        "[resourceId('Microsoft.ContainerRegistry/registries', parameters('acrName'))]"
      ]
    },
    {
      "type": "Microsoft.ContainerRegistry/registries",
      "apiVersion": "2023-07-01",
      "name": "[parameters('acrName')]",
      "location": "[parameters('location')]",
      "tags": { "displayName": "Container Registry" },
      "sku": { "name": "[parameters('acrSku')]" },
      "properties": { "adminUserEnabled": true }
    }
  ],
  "outputs": {
    "loginServer": {
      "type": "string",
      "value": "[reference(resourceId('Microsoft.ContainerRegistry/registries', parameters('acrName')), '2023-07-01').loginServer]"
    }
  }
}"#;

const WHOLE: &str = r#"{
  "$schema": "https://schema.management.azure.com/schemas/2018-05-01/subscriptionDeploymentTemplate.json#",
  "languageVersion": "2.0",
  "contentVersion": "1.0.0.0",
  "resources": {
    "group": {
      "type": "Microsoft.Resources/resourceGroups",
      "apiVersion": "2024-03-01",
      "name": "quickstart",
      "location": "[deployment().location]",
      "tags": { "by": "[deployment().name]" }
    }
  },
  "outputs": { "group": { "type": "string", "value": "[reference('group', '2024-03-01', 'full').name]" } }
}"#;
