//! The description of a registry's own interface (OpenAPI).

use gantry_http_base::openapi::{
    Described, NOTHING, Shape, document, one, path_parameter, query_parameter,
};
use http::Method;
use schemars::{Schema, SchemaGenerator, json_schema};
use serde_json::{Map, Value, json};

use crate::{attributes, catalog, deleted, manifests, repository, tags};

/// An operation: its name in the specification, where it has one; method and path; what it takes in the
/// query and in its body; what it answers with, and what that is like.
type Row = (&'static str, Method, &'static str, &'static [&'static str], Shape, u16, Shape);

const PAGE: &[&str] = &["n", "last", "orderby", "at"];
const TAGS: &[&str] = &["n", "last", "orderby", "at", "digest"];
const NO_QUERY: &[&str] = &[];
/// What changes attributes.
const CHANGE: Shape = one::<attributes::Wanted>();

/// Every operation, by the names of "Azure Container Registry data plane", 2021-07-01. What is deleted and
/// kept is asked for as `az acr` asks.
#[rustfmt::skip] // A table: one operation, one line.
static OPERATIONS: &[Row] = &[
    ("ContainerRegistry_GetRepositories", Method::GET, "/acr/v1/_catalog", PAGE, NOTHING, 200, one::<catalog::Repositories>()),
    ("ContainerRegistry_GetProperties", Method::GET, "/acr/v1/{name}", NO_QUERY, NOTHING, 200, one::<repository::Shown<'_>>()),
    ("ContainerRegistry_UpdateProperties", Method::PATCH, "/acr/v1/{name}", NO_QUERY, CHANGE, 200, one::<repository::Shown<'_>>()),
    ("ContainerRegistry_DeleteRepository", Method::DELETE, "/acr/v1/{name}", NO_QUERY, NOTHING, 202, one::<repository::Deleted>()),
    ("ContainerRegistry_GetTags", Method::GET, "/acr/v1/{name}/_tags", TAGS, NOTHING, 200, one::<tags::Listed<'_>>()),
    ("ContainerRegistry_GetTagProperties", Method::GET, "/acr/v1/{name}/_tags/{reference}", NO_QUERY, NOTHING, 200, one::<tags::One<'_>>()),
    ("ContainerRegistry_UpdateTagAttributes", Method::PATCH, "/acr/v1/{name}/_tags/{reference}", NO_QUERY, CHANGE, 200, one::<tags::One<'_>>()),
    ("ContainerRegistry_DeleteTag", Method::DELETE, "/acr/v1/{name}/_tags/{reference}", NO_QUERY, NOTHING, 202, NOTHING),
    ("ContainerRegistry_GetManifests", Method::GET, "/acr/v1/{name}/_manifests", PAGE, NOTHING, 200, one::<manifests::Listed<'_>>()),
    ("ContainerRegistry_GetManifestProperties", Method::GET, "/acr/v1/{name}/_manifests/{digest}", NO_QUERY, NOTHING, 200, one::<manifests::One<'_>>()),
    ("ContainerRegistry_UpdateManifestProperties", Method::PATCH, "/acr/v1/{name}/_manifests/{digest}", NO_QUERY, CHANGE, 200, one::<manifests::One<'_>>()),
    ("Deleted_GetRepositories", Method::GET, "/acr/v1/_deleted/_catalog", NO_QUERY, NOTHING, 200, one::<catalog::Repositories>()),
    ("Deleted_GetManifests", Method::GET, "/acr/v1/_deleted/{name}/_manifests", NO_QUERY, NOTHING, 200, one::<deleted::Manifests<'_>>()),
    ("Deleted_GetTags", Method::GET, "/acr/v1/_deleted/{name}/_tags", NO_QUERY, NOTHING, 200, one::<deleted::Tags<'_>>()),
];

/// What describes a registry's own interface under `/acr/v1`: OpenAPI 3.1, with the paths and names of the
/// operations that Azure's specification has. `name` is a repository's, with its slashes. What is under
/// `/v2/` is the OCI distribution-spec's.
pub fn openapi() -> Value {
    let description = "What Azure Container Registry's data plane has beside the OCI \
                       distribution-spec, at each registry's login server.";
    document("Gantry data plane", description, error, OPERATIONS.iter().map(describe))
}

fn describe((id, method, path, query, takes, status, answers): &Row) -> Described {
    let in_path = path.split('/').filter_map(|segment| {
        let name = segment.strip_prefix('{')?.strip_suffix('}')?;
        let mut parameter = path_parameter(name);
        if name == "name" {
            parameter["x-ms-skip-url-encoding"] = true.into();
        }
        Some(parameter)
    });
    let in_query = query.iter().map(|name| {
        let mut parameter = query_parameter(name, false);
        match *name {
            "n" => parameter["schema"] = json!({ "type": "integer", "minimum": 1 }),
            "orderby" => parameter["schema"]["enum"] = json!(["none", "timeasc", "timedesc"]),
            _ => {}
        }
        parameter
    });
    let done = if *method == Method::DELETE { "It was deleted." } else { "Done." };
    Described {
        id,
        method: method.clone(),
        path,
        parameters: in_path.chain(in_query).collect(),
        takes: *takes,
        answers: vec![(*status, done, *answers)],
        besides: Map::new(),
    }
}

/// The body of an error answer (OCI distribution-spec 1.1, "Error Codes").
fn error(_: &mut SchemaGenerator) -> Schema {
    json_schema!({
        "type": "object",
        "required": ["errors"],
        "properties": { "errors": { "type": "array", "minItems": 1, "items": {
            "type": "object",
            "required": ["code", "message"],
            "properties": {
                "code": { "type": "string" },
                "message": { "type": "string" },
                "detail": {},
            },
        } } },
    })
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::Endpoint;

    #[test]
    fn what_is_described_is_what_is_parsed() {
        let digest = format!("sha256:{}", "0".repeat(64));
        let mut labels = BTreeSet::new();
        for (id, method, path, ..) in OPERATIONS {
            let path = path
                .replace("{name}", "team/app")
                .replace("{reference}", "v1")
                .replace("{digest}", &digest);
            let endpoint = Endpoint::parse(method, &path).unwrap_or_else(|e| panic!("{id}: {e}"));
            labels.insert(endpoint.label());
        }
        // Restoring and streaming are refused by what they are.
        assert_eq!(labels.len(), 9, "{labels:?}");
    }
}
