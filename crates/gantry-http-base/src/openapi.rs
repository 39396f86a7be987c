//! Descriptions of interfaces (OpenAPI 3.1), made of what each operation takes and answers.

use http::Method;
use schemars::generate::{SchemaGenerator, SchemaSettings};
use schemars::transform::{Transform, transform_subschemas};
use schemars::{JsonSchema, Schema};
use serde::Serialize;
use serde_json::{Map, Value, json};

/// What a body is like; `None` if there is no body.
pub type Shape = Option<fn(&mut SchemaGenerator) -> Schema>;

/// No body.
pub const NOTHING: Shape = None;

/// A body like that type.
pub const fn one<T: JsonSchema>() -> Shape {
    Some(SchemaGenerator::subschema_for::<T>)
}

/// A body that says what it wishes of something that is shown like that type: what isn't said stays.
pub const fn wished<T: JsonSchema>() -> Shape {
    Some(|generator| {
        let mut schema = generator.subschema_for::<T>();
        Optional.transform(&mut schema);
        schema
    })
}

/// An operation of an interface.
#[derive(Debug)]
pub struct Described {
    /// Its name.
    pub id: &'static str,
    /// Its method.
    pub method: Method,
    /// Its path, with its parameters in braces.
    pub path: &'static str,
    /// Its parameters, as OpenAPI's Parameter Objects.
    pub parameters: Vec<Value>,
    /// What its body is like.
    pub takes: Shape,
    /// How it succeeds: status, what that tells, and what the body is like.
    pub answers: Vec<(u16, &'static str, Shape)>,
    /// What else is told of it, as fields of the Operation Object.
    pub besides: Map<String, Value>,
}

/// A required parameter of a path, which is a text.
pub fn path_parameter(name: &str) -> Value {
    let schema = json!({ "type": "string", "minLength": 1 });
    json!({ "name": name, "in": "path", "required": true, "schema": schema })
}

/// A parameter of the query, which is a text.
pub fn query_parameter(name: &str, required: bool) -> Value {
    json!({ "name": name, "in": "query", "required": required, "schema": { "type": "string" } })
}

/// The document that describes an interface. Whatever fails is answered like `error`.
pub fn document(
    title: &str,
    description: &str,
    error: fn(&mut SchemaGenerator) -> Schema,
    operations: impl Iterator<Item = Described>,
) -> Value {
    let mut answers = SchemaSettings::draft2020_12()
        .for_serialize()
        .with(|settings| settings.definitions_path = "/components/schemas".into())
        .with_transform(NeverNull)
        .into_generator();
    // A body that is taken is described where it is: what is shown has the same names.
    let mut bodies = SchemaSettings::draft2020_12()
        .with(|settings| settings.inline_subschemas = true)
        .into_generator();
    let error = error(&mut answers);
    let mut paths = json!({});
    for operation in operations {
        let (path, method) = (operation.path, operation.method.as_str().to_ascii_lowercase());
        paths[path][method] = operation.describe(&mut bodies, &mut answers);
    }
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": title,
            "description": description,
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

impl Described {
    fn describe(self, bodies: &mut SchemaGenerator, answers: &mut SchemaGenerator) -> Value {
        let mut responses = json!({ "default": { "$ref": "#/components/responses/Error" } });
        for (status, description, shape) in self.answers {
            let mut response = json!({ "description": description });
            if let Some(shape) = shape {
                response["content"] = content(&shape(answers));
            }
            responses[status.to_string()] = response;
        }
        let mut described = self.besides;
        described.insert("operationId".to_owned(), self.id.into());
        described.insert("parameters".to_owned(), self.parameters.into());
        described.insert("responses".to_owned(), responses);
        if let Some(shape) = self.takes {
            let body = json!({ "required": true, "content": content(&shape(bodies)) });
            described.insert("requestBody".to_owned(), body);
        }
        described.into()
    }
}

fn content(schema: &impl Serialize) -> Value {
    json!({ "application/json": { "schema": schema } })
}

/// Makes everything optional.
struct Optional;

impl Transform for Optional {
    fn transform(&mut self, schema: &mut Schema) {
        schema.remove("required");
        transform_subschemas(self, schema);
    }
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
