//! The OpenAPI document of the management API, from the table of operations.

use http::Method;
use schemars::Schema;
use schemars::generate::{SchemaGenerator, SchemaSettings};
use schemars::transform::{Transform, transform_subschemas};
use serde_json::{Map, Value, json};

use crate::error::ErrorResponse;
use crate::operation::{Operation, Query, Right};
use crate::operations::OPERATIONS;

/// What describes the management API: OpenAPI 3.1, with the paths and names of the operations that
/// Azure's specifications have.
///
/// Any `api-version` is answered. A path that begins with `/{scope}` is at any resource: the parameter is
/// a resource's id, with its slashes.
pub fn openapi() -> Value {
    let mut answers = SchemaSettings::draft2020_12()
        .for_serialize()
        .with(|settings| settings.definitions_path = "/components/schemas".into())
        .with_transform(NeverNull)
        .into_generator();
    // A body that is taken is described where it is: what is shown has the same names.
    let mut bodies = SchemaSettings::draft2020_12()
        .with(|settings| settings.inline_subschemas = true)
        .into_generator();
    let error = answers.subschema_for::<ErrorResponse>();
    let mut paths = Map::new();
    for operation in OPERATIONS {
        let path = paths.entry(operation.path).or_insert_with(|| json!({}));
        let described = describe(operation, &mut bodies, &mut answers);
        path[operation.method.as_str().to_ascii_lowercase()] = described;
    }
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "Gantry management API",
            "description": "Azure Resource Manager's API of container registries and what is around \
                            them. Paths are the same regardless of case.",
            "version": env!("CARGO_PKG_VERSION"),
        },
        "security": [{ "token": [] }],
        "paths": paths,
        "components": {
            "schemas": answers.take_definitions(true),
            "responses": { "Error": { "description": "Why not.", "content": content(&error) } },
            "securitySchemes": { "token": { "type": "http", "scheme": "bearer" } },
        },
    })
}

fn describe(
    operation: &Operation,
    bodies: &mut SchemaGenerator,
    answers: &mut SchemaGenerator,
) -> Value {
    let mut described = json!({
        "operationId": operation.id,
        "parameters": parameters(operation),
        "responses": responses(operation, answers),
    });
    if let Some(shape) = operation.takes {
        let schema = shape(bodies);
        described["requestBody"] = json!({ "required": true, "content": content(&schema) });
    }
    match operation.right {
        Right::Nothing => described["security"] = json!([]),
        Right::Action(action) => described["x-action"] = action.into(),
        Right::SignIn | Right::AnyRole => {}
    }
    described
}

fn parameters(operation: &Operation) -> Vec<Value> {
    let in_path = operation.path.split('/').filter_map(|segment| {
        let name = segment.strip_prefix('{')?.strip_suffix('}')?;
        let mut parameter = json!({
            "name": name, "in": "path", "required": true, "schema": { "type": "string", "minLength": 1 },
        });
        match name {
            "subscriptionId" => parameter["schema"]["format"] = "uuid".into(),
            "scope" => parameter["x-ms-skip-url-encoding"] = true.into(),
            _ => {}
        }
        Some(parameter)
    });
    let in_query = |name: &str, required: bool| {
        json!({
            "name": name, "in": "query", "required": required, "schema": { "type": "string" },
        })
    };
    let mut parameters: Vec<Value> = in_path.collect();
    parameters.push(in_query("api-version", operation.right != Right::Nothing));
    if operation.query != Query::None {
        parameters.push(in_query("$skiptoken", false));
    }
    if operation.query == Query::Filter {
        parameters.push(in_query("$filter", false));
    }
    parameters
}

/// The answers that there can be, by status.
fn responses(operation: &Operation, answers: &mut SchemaGenerator) -> Value {
    let statuses: &[(&str, &str)] = match operation.method {
        Method::PUT => &[("200", "It was changed."), ("201", "It was made.")],
        Method::DELETE => &[("200", "It was deleted."), ("204", "There was none.")],
        _ => &[("200", "Done.")],
    };
    let mut responses = json!({ "default": { "$ref": "#/components/responses/Error" } });
    for (status, description) in statuses {
        responses[status] = json!({ "description": description });
        if let (Some(shape), true) = (operation.answers, *status != "204") {
            responses[status]["content"] = content(&shape(answers));
        }
    }
    responses
}

/// What an answer has no value for it leaves out.
#[derive(Clone)]
struct NeverNull;

impl Transform for NeverNull {
    fn transform(&mut self, schema: &mut Schema) {
        let is_null = |value: &Value| value == "null" || value["type"] == "null";
        if let Some(Value::Array(types)) = schema.get_mut("type") {
            types.retain(|one| !is_null(one));
            if let [only] = &types[..] {
                let only = only.clone();
                schema.insert("type".to_owned(), only);
            }
        }
        if let Some(Value::Array(choices)) = schema.get_mut("anyOf") {
            choices.retain(|one| !is_null(one));
            if let [Value::Object(only)] = &choices[..] {
                let only = only.clone();
                schema.remove("anyOf");
                for (key, value) in only {
                    schema.insert(key, value);
                }
            }
        }
        transform_subschemas(self, schema);
    }
}

fn content(schema: &impl serde::Serialize) -> Value {
    json!({ "application/json": { "schema": schema } })
}
