//! Contracts: what bodies must be like, by a specification of an interface.

mod route;

use std::collections::HashMap;
use std::sync::{LazyLock, Mutex};

use http::Method;
use jsonschema::Validator;
use serde_json::{Value, json};

pub use route::Route;

/// Registries, in `Microsoft.ContainerRegistry`.
pub static REGISTRY: LazyLock<Contract> =
    LazyLock::new(|| Contract::parse(include_str!("../spec/registry.json")));
/// Tasks, in `Microsoft.ContainerRegistry`.
pub static TASKS: LazyLock<Contract> =
    LazyLock::new(|| Contract::parse(include_str!("../spec/tasks.json")));
/// A registry's own interface.
pub static DATA_PLANE: LazyLock<Contract> =
    LazyLock::new(|| Contract::parse(include_str!("../spec/data-plane.json")));

/// A specification, in OpenAPI 3.1 or in what came before it, Swagger 2.0.
pub struct Contract {
    document: Value,
    routes: Vec<Route>,
    /// By where in the document the schema is.
    validators: Mutex<HashMap<String, Validator>>,
}

impl Contract {
    /// Reads a specification.
    ///
    /// # Panics
    /// If the text is none.
    pub fn parse(text: &str) -> Self {
        Self::of(serde_json::from_str(text).unwrap())
    }

    /// The contract that a specification is.
    pub fn of(document: Value) -> Self {
        let routes = route::all(&document);
        Self { document, routes, validators: Mutex::default() }
    }

    /// Its operations.
    pub fn routes(&self) -> &[Route] {
        &self.routes
    }

    /// The operation that a method and path ask for; the more words of the path are its own, the better
    /// it fits.
    pub fn route(&self, method: &Method, path: &str) -> Option<&Route> {
        let fitting = self.routes.iter().filter(|route| route.fits(method, path));
        fitting.max_by_key(|route| route.words())
    }

    /// What is wrong with a body that is sent; nothing of operations that aren't in it.
    pub fn faults_of_request(&self, method: &Method, path: &str, body: &Value) -> Vec<String> {
        let Some(route) = self.route(method, path) else { return Vec::new() };
        match route.request(&self.document) {
            Some(schema) => self.faults(&format!("{} request", route.id), schema, body),
            None => Vec::new(),
        }
    }

    /// What is wrong with an answer; nothing of operations that aren't in it.
    pub fn faults_of_answer(
        &self,
        method: &Method,
        path: &str,
        status: u16,
        body: &Value,
    ) -> Vec<String> {
        let Some(route) = self.route(method, path) else { return Vec::new() };
        let place = format!("{} {status}", route.id);
        match route.answer(&self.document, status) {
            None => vec![format!("{place}: there is no such answer")],
            Some(None) if body.is_null() => Vec::new(),
            Some(None) => vec![format!("{place}: a body where there is to be none: {body}")],
            Some(Some(schema)) => self.faults(&place, schema, body),
        }
    }

    fn faults(&self, place: &str, schema: &Value, body: &Value) -> Vec<String> {
        let mut validators = self.validators.lock().unwrap();
        let validator = validators.entry(place.to_owned()).or_insert_with(|| self.compile(schema));
        let told = |error: jsonschema::ValidationError<'_>| {
            format!("{place}: {}: {error}", error.instance_path())
        };
        validator.iter_errors(body).map(told).collect()
    }

    /// A schema, with what it refers to.
    fn compile(&self, schema: &Value) -> Validator {
        let mut whole = json!({});
        for key in ["definitions", "components"] {
            if let Some(value) = self.document.get(key) {
                whole[key] = value.clone();
            }
        }
        for (key, value) in schema.as_object().unwrap() {
            whole[key] = value.clone();
        }
        // Both draft 4 and 2020-12 mean the same by what is in them.
        let options = jsonschema::options().with_draft(jsonschema::Draft::Draft202012);
        options.should_validate_formats(true).build(&whole).unwrap()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const REGISTRY_PATH: &str = "/subscriptions/00000000-0000-0000-0000-000000000001/resourceGroups/rg/providers/\
         Microsoft.ContainerRegistry/registries/local";

    #[test]
    fn bodies_are_held_against_the_operation_s_schema() {
        let token = format!("{REGISTRY_PATH}/TOKENS/one");
        let faults = |status: u16, body: &Value| {
            REGISTRY.faults_of_answer(&Method::GET, &token, status, body)
        };
        let good = json!({ "id": "a", "name": "one", "properties": { "status": "enabled" } });
        assert_eq!(faults(200, &good), [""; 0]);
        assert!(!faults(200, &json!({ "properties": { "status": "on" } })).is_empty());
        assert!(!faults(200, &json!({ "name": 1 })).is_empty());
        assert_eq!(faults(404, &json!({ "error": { "code": "ResourceNotFound" } })), [""; 0]);
        assert!(!faults(404, &json!({ "error": "gone" })).is_empty());
        let gone =
            |status| REGISTRY.faults_of_answer(&Method::DELETE, &token, status, &Value::Null);
        assert_eq!(gone(204), [""; 0]);
        let sent = json!({ "properties": { "status": false } });
        assert!(!REGISTRY.faults_of_request(&Method::PATCH, &token, &sent).is_empty());
        let unknown = REGISTRY.faults_of_answer(&Method::GET, "/elsewhere", 200, &json!(1));
        assert_eq!(unknown, [""; 0]);
    }
}
