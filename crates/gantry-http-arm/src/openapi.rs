//! The description of the management API (OpenAPI), from the table of operations.

use gantry_http_base::openapi::{Described, NOTHING, document, path_parameter, query_parameter};
use http::Method;
use schemars::SchemaGenerator;
use serde_json::{Map, Value, json};

use crate::error::ErrorResponse;
use crate::operation::{Operation, Query, Right};
use crate::operations::OPERATIONS;

/// What describes the management API: OpenAPI 3.1, with the paths and names of the operations that
/// Azure's specifications have.
///
/// Any `api-version` is answered. A path that begins with `/{scope}` is at any resource: the parameter is
/// a resource's id, with its slashes. `x-action` is what a role must have.
pub fn openapi() -> Value {
    let description = "Azure Resource Manager's API of container registries and what is around them. \
                       Paths are the same regardless of case, and any version is answered.";
    let error = SchemaGenerator::subschema_for::<ErrorResponse>;
    document("Gantry management API", description, error, OPERATIONS.iter().map(describe))
}

fn describe(operation: &Operation) -> Described {
    let mut besides = Map::new();
    match operation.right {
        Right::Nothing => besides.insert("security".to_owned(), json!([])),
        Right::Action(action) => besides.insert("x-action".to_owned(), action.into()),
        Right::SignIn | Right::AnyRole => None,
    };
    let answers = operation.answers;
    Described {
        id: operation.id,
        method: operation.method.clone(),
        path: operation.path,
        parameters: parameters(operation),
        takes: operation.takes,
        answers: match operation.method {
            Method::PUT => vec![(200, "It was changed.", answers), (201, "It was made.", answers)],
            Method::DELETE => {
                vec![(200, "It was deleted.", answers), (204, "There was none.", NOTHING)]
            }
            _ => vec![(200, "Done.", answers)],
        },
        besides,
    }
}

fn parameters(operation: &Operation) -> Vec<Value> {
    let in_path = operation.path.split('/').filter_map(|segment| {
        let name = segment.strip_prefix('{')?.strip_suffix('}')?;
        let mut parameter = path_parameter(name);
        match name {
            "subscriptionId" => parameter["schema"]["format"] = "uuid".into(),
            "registryName" => parameter["schema"]["pattern"] = "^[A-Za-z0-9]{5,50}$".into(),
            "scope" => parameter["x-ms-skip-url-encoding"] = true.into(),
            _ => {}
        }
        Some(parameter)
    });
    let mut parameters: Vec<Value> = in_path.collect();
    parameters.push(query_parameter("api-version", operation.right != Right::Nothing));
    if operation.query != Query::None {
        parameters.push(query_parameter("$skiptoken", false));
    }
    if operation.query == Query::Filter {
        parameters.push(query_parameter("$filter", false));
    }
    parameters
}
