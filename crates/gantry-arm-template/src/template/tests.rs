//! Templates that are refused before anything is evaluated.

use serde_json::{Value, json};

use super::Template;

const SCHEMA: &str =
    "https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#";

/// The error of a template that has these members beside the necessary ones.
fn error(members: &Value) -> String {
    let mut template = json!({ "$schema": SCHEMA, "contentVersion": "1.0.0.0", "resources": [] });
    for (name, value) in members.as_object().unwrap() {
        template[name] = value.clone();
    }
    Template::parse(&template).unwrap_err().to_string()
}

fn many(count: usize, value: &Value) -> Value {
    (0..count).map(|index| (format!("x{index}"), value.clone())).collect()
}

#[test]
fn what_is_no_template_is_told() {
    let resource = json!({ "type": "A.B/c", "apiVersion": "1", "name": "x" });
    for (members, message) in [
        (
            json!({ "$schema": "x/managementGroupDeploymentTemplate.json#" }),
            "The schema 'x/managementGroupDeploymentTemplate.json#' is not supported: templates are for deployments to a resource group or a subscription",
        ),
        (
            json!({ "contentVersion": "" }),
            "Template structure is not valid: contentVersion must be there, such as 1.0.0.0",
        ),
        (json!({ "extra": 1 }), "Could not find member 'extra' on object of type 'Template'"),
        (
            json!({ "functions": [{ "namespace": "contoso" }] }),
            "user-defined functions are not supported",
        ),
        (json!({ "definitions": { "a": {} } }), "user-defined types are not supported"),
        (
            json!({ "languageVersion": "2.1-experimental" }),
            "language versions other than 2.0 are not supported",
        ),
        (
            json!({ "parameters": { "p": { "type": "float" } } }),
            "Template structure is not valid: p must be of type string, securestring, int, bool, object, secureObject or array",
        ),
        (
            json!({ "parameters": many(257, &json!({ "type": "int" })) }),
            "The parameters limit exceeded. Limit: '256' and actual: '257'",
        ),
        (
            json!({ "variables": many(257, &json!(1)) }),
            "The variables limit exceeded. Limit: '256' and actual: '257'",
        ),
        (
            json!({ "outputs": many(65, &json!({ "type": "int", "value": 1 })) }),
            "The outputs limit exceeded. Limit: '64' and actual: '65'",
        ),
        (
            json!({ "resources": vec![resource; 801] }),
            "The resources limit exceeded. Limit: '800' and actual: '801'",
        ),
        (
            json!({ "resources": [{ "type": "A.B/c", "name": "x" }] }),
            "Template structure is not valid: apiVersion must be there in every resource",
        ),
        (
            json!({ "variables": { "v": "[concat(]" } }),
            "Unable to parse language expression: it ends at 7 where more must follow",
        ),
        (
            json!({ "variables": { "v": format!("[{}]", "x".repeat(24_577)) } }),
            "The length of a template language expression limit exceeded. Limit: '24576' and actual: '24577'",
        ),
        (
            json!({ "variables": { "a": 1, "A": 2 } }),
            "Template structure is not valid: a must be a variable of its own name",
        ),
        (
            json!({ "resources": [{
            "type": "Microsoft.Resources/deployments", "apiVersion": "1", "name": "x",
            "properties": { "template": {} },
        }] }),
            "nested deployments whose expressions are evaluated in the outer scope are not supported",
        ),
    ] {
        assert_eq!(error(&members), format!("Deployment template validation failed: '{message}'."));
    }
}

#[test]
fn deep_json_is_refused() {
    let mut deep = json!(1);
    for _ in 0..100 {
        deep = json!([deep]);
    }
    let message = "Deployment template validation failed: 'The template is nested too deep'.";
    assert_eq!(error(&json!({ "variables": { "v": deep } })), message);
    let mut resource = json!({ "type": "A.B/c", "apiVersion": "1", "name": "x" });
    for _ in 0..100 {
        resource = json!({ "type": "c", "apiVersion": "1", "name": "x", "resources": [resource] });
    }
    assert_eq!(error(&json!({ "resources": [resource] })), message);
}

#[test]
fn no_template_at_all_is_told() {
    for value in [json!(null), json!([]), json!({}), json!({ "$schema": 1 })] {
        Template::parse(&value).unwrap_err();
    }
}
