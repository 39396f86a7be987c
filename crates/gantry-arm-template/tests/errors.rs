//! What ARM tells of a template that can't be deployed.

mod support;

use gantry_arm_template::{Known, Unsettled};
use serde_json::{Value, json};
use support::{context, template};

/// The error of deploying a template with these members.
fn error(members: Value, given: &Value) -> String {
    let template = template(members).expect("a template");
    let error = template.deploy(given, context()).expect_err("nothing to deploy");
    assert_eq!(error.code(), "InvalidTemplate");
    error.to_string()
}

fn resource(name: &str, depends_on: &Value, properties: &Value) -> Value {
    json!({
        "type": "A.B/c", "apiVersion": "1", "name": name,
        "dependsOn": depends_on, "properties": properties,
    })
}

#[test]
fn parameters_that_dont_fit() {
    let members = json!({ "parameters": {
        "x": { "type": "string", "minLength": 2, "maxLength": 3, "allowedValues": ["a", "ab", "abcd"] },
        "secret": { "type": "securestring", "allowedValues": ["hush"], "defaultValue": "hush" },
        "n": { "type": "int", "minValue": 1, "maxValue": 5, "defaultValue": 1 },
        "many": { "type": "array", "allowedValues": [1, 2], "defaultValue": [] },
    } });
    for (given, problem) in [
        (json!({}), "The value for the template parameter 'x' is not provided"),
        (json!({ "x": {} }), "The value for the template parameter 'x' is not provided"),
        (json!({ "x": 1 }), "Template structure is not valid: x must be an object with a value"),
        (
            json!({ "y": { "value": 1 }, "z": { "value": 1 } }),
            "The template parameters 'y, z' in the parameters file are not valid; they are not present in the original template and can therefore not be provided at deployment time. The only supported parameters for this template are 'many, n, secret, x'",
        ),
        (
            json!({ "x": { "reference": { "keyVault": { "id": "/v" }, "secretName": "s" } } }),
            "The template parameter 'x' refers to a key vault, which is not supported: give its value",
        ),
        (
            json!({ "x": { "value": 5 } }),
            "Template parameter JToken type is not valid. The parameter 'x' expected 'String, Uri'. Actual 'Integer'",
        ),
        (
            json!({ "x": { "value": "b" } }),
            "The provided value for the template parameter 'x' is not valid. The value 'b' is not part of the allowed value(s): 'a,ab,abcd'.",
        ),
        (
            json!({ "x": { "value": "a" } }),
            "The provided value for the template parameter 'x' is not valid. Length of the value should be greater than or equal to '2'.",
        ),
        (
            json!({ "x": { "value": "abcd" } }),
            "The provided value for the template parameter 'x' is not valid. Length of the value should be less than or equal to '3'.",
        ),
        (
            json!({ "x": { "value": "ab" }, "n": { "value": 6 } }),
            "The provided value for the template parameter 'n' is not valid. The value should be less than or equal to '5'.",
        ),
        (
            json!({ "x": { "value": "ab" }, "many": { "value": [1, 3] } }),
            "The provided value for the template parameter 'many' is not valid. The value '[1,3]' is not part of the allowed value(s): '1,2'.",
        ),
        (
            json!({ "x": { "value": "ab" }, "secret": { "value": "loud" } }),
            "The provided value for the template parameter 'secret' is not valid. The value is not part of the allowed values.",
        ),
    ] {
        let expected = format!("Deployment template validation failed: '{problem}'.");
        assert_eq!(error(members.clone(), &given), expected);
    }
}

#[test]
fn circles_are_named() {
    assert_eq!(
        error(
            json!({ "variables": { "a": "[variables('b')]", "b": "[variables('A')]" } }),
            &json!(null)
        ),
        "Deployment template validation failed: 'The template has a circular dependency: 'variables('a')' -> 'variables('b')' -> 'variables('a')''."
    );
    let parameter = json!({ "type": "string", "defaultValue": "[parameters('p')]" });
    assert_eq!(
        error(json!({ "parameters": { "p": parameter } }), &json!(null)),
        "Deployment template validation failed: 'The template has a circular dependency: 'parameters('p')' -> 'parameters('p')''."
    );
    let resources = json!([
        resource("a", &json!(["b"]), &json!(null)),
        resource("b", &json!([]), &json!("[reference('a').x]")),
    ]);
    assert_eq!(
        error(json!({ "resources": resources }), &json!(null)),
        "Deployment template validation failed: 'Circular dependency detected on resource: 'a' -> 'b' -> 'a''."
    );
}

#[test]
fn resources_that_arent_right() {
    let other = json!({ "type": "A.B/d", "apiVersion": "1", "name": "a" });
    for (resources, problem) in [
        (
            json!([resource("a", &json!(["none"]), &json!(null))]),
            "The resource 'none' is not defined in the template",
        ),
        (
            json!([resource("a", &json!([]), &json!("[reference('none')]"))]),
            "The resource 'none' is not defined in the template",
        ),
        (
            json!([resource("a/b", &json!([]), &json!(null))]),
            "The template resource 'a/b' for type 'A.B/c' has incorrect segment lengths. A nested resource type must have identical number of segments as its resource name. A root resource type must have segment length one greater than its resource name",
        ),
        (
            json!([resource("a", &json!([]), &json!(1)), resource("A", &json!([]), &json!(2))]),
            "The resource '/subscriptions/00000000-0000-0000-0000-00000000000a/resourceGroups/rg/providers/A.B/c/A' is defined multiple times in a template",
        ),
        (
            json!([
                resource("a", &json!([]), &json!(1)),
                other,
                resource("b", &json!(["a"]), &json!(1))
            ]),
            "The resource 'a' is not unique in the template: name it by its id",
        ),
        (
            json!([{ "type": "A.B/c", "apiVersion": "1", "name": "[reference('x')]" }]),
            "The template function 'reference' is not expected at this location",
        ),
        (
            json!([{ "type": "A.B/c", "apiVersion": "1", "name": "a", "copy": { "name": "l", "count": 801 } }]),
            "The value of 'copy.count' must be an integer from 0 to 800, but it is of type Integer",
        ),
        (
            json!([{ "type": "A.B/c", "apiVersion": "1", "name": "a", "condition": "yes" }]),
            "The value of 'condition' must be a boolean, but it is of type String",
        ),
    ] {
        let expected = format!("Deployment template validation failed: '{problem}'.");
        assert_eq!(error(json!({ "resources": resources }), &json!(null)), expected);
    }
}

#[test]
fn bodies_and_outputs_tell_where_they_fail() {
    let members = json!({
        "resources": [resource("a", &json!([]), &json!("[parameters('none')]"))],
        "outputs": { "o": { "type": "int", "value": "text" } },
    });
    let deployment = template(members).unwrap().deploy(&json!(null), context()).unwrap();
    let Err(Unsettled::Error(error)) = deployment.body(&deployment.resources()[0], &Known::new())
    else {
        panic!("the body has no value")
    };
    assert_eq!(
        error.to_string(),
        "Unable to process template language expressions for resource 'a': 'The template parameter 'none' is not found'"
    );
    let Err(Unsettled::Error(error)) = deployment.outputs(&Known::new()) else {
        panic!("the output has no value")
    };
    assert_eq!(error.code(), "DeploymentOutputEvaluationFailed");
    assert_eq!(
        error.to_string(),
        "The template output 'o' is not valid: Template output JToken type is not valid. Expected 'Integer'. Actual 'String'"
    );
}

/// Twenty variables that each double the one before.
fn doubling(expression: &str, first: &Value) -> Value {
    let mut variables = json!({ "v0": first });
    for n in 1..40 {
        variables[format!("v{n}")] =
            expression.replace('@', &format!("variables('v{}')", n - 1)).into();
    }
    json!({ "variables": variables })
}

#[test]
fn nothing_blows_up() {
    let much = "Deployment template validation failed: 'The evaluation of the template makes too much: its values exceed the size limit'.";
    let deep = "Deployment template validation failed: 'The template is nested too deep'.";
    for (members, message) in [
        (doubling("[concat(@, @)]", &json!("text")), much),
        (doubling("[concat(@, @)]", &json!([1])), much),
        (doubling("[createArray(@, @)]", &json!(1)), much),
        (doubling("[replace(@, 'a', 'aa')]", &json!("a")), much),
        (doubling("[join(split(@, 'a'), 'aaa')]", &json!("a")), much),
        (doubling("[format('{0}{0}', @)]", &json!("a")), much),
        (doubling("[string(createArray(@, '\"'))]", &json!("a")), much),
        (json!({ "variables": { "v": "[padLeft('a', 9223372036854775807)]" } }), much),
        (json!({ "variables": { "v": "[json(padLeft('[1]', 9000000))]" } }), much),
    ] {
        assert_eq!(error(members, &json!(null)), message);
    }
    // Values that refer to each other in a long row, and values that get deep.
    let mut row = json!({ "v200": 1 });
    let mut tower = json!({ "v099": 1 });
    for n in 0..200 {
        row[format!("v{n:03}")] = format!("[variables('v{:03}')]", n + 1).into();
    }
    for n in 100..200 {
        tower[format!("v{n:03}")] = format!("[createArray(variables('v{:03}'))]", n - 1).into();
    }
    for variables in [row, tower] {
        assert_eq!(error(json!({ "variables": variables }), &json!(null)), deep);
    }
}
