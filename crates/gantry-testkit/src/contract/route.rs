//! The operations of a specification.

use http::Method;
use serde_json::Value;

/// An operation.
#[derive(Clone, Debug)]
pub struct Route {
    /// Its name.
    pub id: String,
    /// Its method.
    pub method: Method,
    /// Its path, with its parameters in braces.
    pub path: String,
}

/// All operations of a document.
pub(super) fn all(document: &Value) -> Vec<Route> {
    let mut routes = Vec::new();
    for (path, methods) in document["paths"].as_object().unwrap() {
        for (method, operation) in methods.as_object().unwrap() {
            let method = method.to_ascii_uppercase();
            let Ok(method) = Method::from_bytes(method.as_bytes()) else { continue };
            let Some(id) = operation["operationId"].as_str() else { continue };
            routes.push(Route { id: id.to_owned(), method, path: path.clone() });
        }
    }
    routes
}

impl Route {
    /// Whether a method and path ask for it. A parameter called `scope` is a path of its own.
    pub(super) fn fits(&self, method: &Method, path: &str) -> bool {
        let own: Vec<&str> = self.path.trim_matches('/').split('/').collect();
        let asked: Vec<&str> = path.trim_matches('/').split('/').collect();
        let (own, asked) = match own.split_first() {
            Some((&"{scope}", rest)) if asked.len() >= rest.len() => {
                (rest, &asked[asked.len() - rest.len()..])
            }
            _ => (&own[..], &asked[..]),
        };
        self.method == *method
            && own.len() == asked.len()
            && own.iter().zip(asked).all(|(own, asked)| {
                own.starts_with('{') && !asked.is_empty() || own.eq_ignore_ascii_case(asked)
            })
    }

    /// How many words of the path are its own.
    pub(super) fn words(&self) -> usize {
        self.path.split('/').filter(|word| !word.is_empty() && !word.starts_with('{')).count()
    }

    fn operation<'d>(&self, document: &'d Value) -> &'d Value {
        &document["paths"][&self.path][self.method.as_str().to_ascii_lowercase()]
    }

    /// The schema of the body that is sent.
    pub(super) fn request<'d>(&self, document: &'d Value) -> Option<&'d Value> {
        let operation = self.operation(document);
        let body = &operation["requestBody"]["content"]["application/json"]["schema"];
        if !body.is_null() {
            return Some(body);
        }
        let parameters = operation["parameters"].as_array()?;
        parameters.iter().find(|one| one["in"] == "body").map(|body| &body["schema"])
    }

    /// The schema of an answer's body, if it has one; `None` if there is no such answer.
    pub(super) fn answer<'d>(&self, document: &'d Value, status: u16) -> Option<Option<&'d Value>> {
        let answers = self.operation(document)["responses"].as_object()?;
        let known = answers.get(&status.to_string());
        let mut answer = match known {
            // What is said of a failure without a schema isn't that it has no body.
            _ if status >= 400 => answers.get("default").or(known)?,
            Some(answer) => answer,
            None => return None,
        };
        if let Some(reference) = answer["$ref"].as_str() {
            answer = document.pointer(reference.trim_start_matches('#'))?;
        }
        let new = &answer["content"]["application/json"]["schema"];
        let schema = if new.is_null() { &answer["schema"] } else { new };
        Some((!schema.is_null()).then_some(schema))
    }
}
