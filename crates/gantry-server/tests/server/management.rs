//! The management API's resources, through the front door: registries and what they have, resource
//! groups, locks, tags.

mod around;
mod children;
mod deployments;
mod lifecycle;
mod registries;

use http::Method;
use serde_json::{Value, json};

use crate::access::Manager;

/// Paths of the management API.
impl Manager<'_> {
    /// The path of a registry in a resource group.
    fn registry_in(&self, group: &str, name: &str) -> String {
        format!(
            "{}/resourceGroups/{group}/providers/Microsoft.ContainerRegistry/registries/{name}",
            self.subscription
        )
    }

    /// Makes a registry of that tier in the first resource group; answers its path.
    async fn make_registry(&self, name: &str, tier: &str) -> String {
        let path = self.registry_in("default", name);
        let wanted = json!({ "location": "local", "sku": { "name": tier } });
        let (status, made) = self.call_at(Method::PUT, &path, wanted).await;
        assert_eq!(status, 201, "{made}");
        path
    }

    /// A call that must succeed.
    async fn done_at(&self, method: Method, path: &str, body: Value) -> Value {
        let (status, answer) = self.call_at(method.clone(), path, body).await;
        assert!((200..300).contains(&status), "{method} {path}: {status} {answer}");
        answer
    }

    /// A call that must be refused: status and code.
    async fn refused_at(&self, method: Method, path: &str, body: Value) -> (u16, String) {
        let (status, answer) = self.call_at(method.clone(), path, body).await;
        assert!(status >= 400, "{method} {path}: {status} {answer}");
        let error = &answer["error"];
        assert!(!error["message"].as_str().unwrap().is_empty(), "{answer}");
        (status, error["code"].as_str().unwrap().to_owned())
    }
}
