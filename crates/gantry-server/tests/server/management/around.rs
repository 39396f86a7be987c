//! What is around resources: locks, tags, providers, headers.

use http::Method;
use serde_json::{Value, json};

use super::Manager;
use crate::support::Server;

#[tokio::test]
async fn locks_keep_resources_from_being_changed_or_deleted() {
    let server = Server::start(&[]).await;
    let manager = Manager::of(&server).await;
    let path = manager.make_registry("locked01", "Premium").await;
    let group = format!("{}/resourceGroups/default", manager.subscription);
    let lock =
        |scope: &str, name: &str| format!("{scope}/providers/Microsoft.Authorization/locks/{name}");
    let level = |level: &str| json!({ "properties": { "level": level, "notes": "why" } });
    let change = json!({ "tags": { "a": "b" } });

    let keep = lock(&group, "keep");
    let (status, made) = manager.call_at(Method::PUT, &keep, level("CanNotDelete")).await;

    assert_eq!((status, &made["properties"]["level"]), (201, &json!("CanNotDelete")), "{made}");
    let (status, code) = manager.refused_at(Method::DELETE, &path, Value::Null).await;
    assert_eq!((status, code.as_str()), (409, "ScopeLocked"));
    manager.done_at(Method::PATCH, &path, change.clone()).await;
    manager.done_at(Method::PUT, &keep, level("ReadOnly")).await;
    for (method, path, body) in [
        (Method::PATCH, path.clone(), change.clone()),
        (Method::DELETE, path.clone(), Value::Null),
        (Method::POST, format!("{path}/listCredentials"), Value::Null),
        (Method::PUT, format!("{path}/scopeMaps/mapped"), json!({})),
    ] {
        let (status, code) = manager.refused_at(method.clone(), &path, body).await;
        assert_eq!((status, code.as_str()), (409, "ScopeLocked"), "{method} {path}");
    }
    manager.done_at(Method::GET, &path, Value::Null).await;
    // A lock below keeps what is above from going.
    manager.done_at(Method::DELETE, &keep, Value::Null).await;
    let own = lock(&path, "own");
    manager.done_at(Method::PUT, &own, level("CanNotDelete")).await;
    let (status, _) = manager.refused_at(Method::DELETE, &group, Value::Null).await;
    assert_eq!(status, 409);
    let locks = format!("{path}/providers/Microsoft.Authorization/locks");
    let listed = manager.done_at(Method::GET, &locks, Value::Null).await;
    assert_eq!(listed["value"].as_array().unwrap().len(), 1);
    assert_eq!(manager.refused_at(Method::PUT, &own, level("Half")).await.0, 400);
    assert_eq!(manager.call_at(Method::DELETE, &own, Value::Null).await.0, 200);
    assert_eq!(manager.call_at(Method::DELETE, &own, Value::Null).await.0, 204);
    assert_eq!(manager.refused_at(Method::GET, &own, Value::Null).await.1, "LockNotFound");
    manager.done_at(Method::DELETE, &path, Value::Null).await;
}

#[tokio::test]
async fn tags_are_merged_replaced_and_removed() {
    let server = Server::start(&[]).await;
    let manager = Manager::of(&server).await;
    let group = format!("{}/resourceGroups/default", manager.subscription);
    for scope in [manager.registry.clone(), group] {
        let path = format!("{scope}/providers/Microsoft.Resources/tags/default");
        let of = |tags: Value| json!({ "properties": { "tags": tags } });
        let with = |operation: &str, tags: Value| json!({ "operation": operation, "properties": { "tags": tags } });
        let now = async || {
            manager.done_at(Method::GET, &path, Value::Null).await["properties"]["tags"].clone()
        };
        manager.done_at(Method::PUT, &path, of(json!({ "env": "dev", "team": "a" }))).await;
        assert_eq!(now().await, json!({ "env": "dev", "team": "a" }));
        manager.done_at(Method::PATCH, &path, with("Merge", json!({ "ENV": "prod" }))).await;
        assert_eq!(now().await, json!({ "ENV": "prod", "team": "a" }));
        manager.done_at(Method::PATCH, &path, with("Delete", json!({ "team": "a" }))).await;
        assert_eq!(now().await, json!({ "ENV": "prod" }));
        let many: serde_json::Map<_, _> = (0..51).map(|n| (format!("t{n}"), json!(""))).collect();
        let (_, code) = manager.refused_at(Method::PATCH, &path, with("Merge", many.into())).await;
        assert_eq!(code, "InvalidTag");
        manager.done_at(Method::DELETE, &path, Value::Null).await;
        assert_eq!(now().await, json!({}));
        let shown = manager.done_at(Method::GET, &scope, Value::Null).await;
        assert_eq!(shown["tags"], json!({}));
    }
    let nowhere = format!("{}/providers/Microsoft.Resources/tags/default", manager.subscription);
    assert_eq!(
        manager.refused_at(Method::GET, &nowhere, Value::Null).await.1,
        "OperationNotSupported"
    );
}

#[tokio::test]
async fn providers_are_registered_and_tell_what_can_be_done() {
    let server = Server::start(&[]).await;
    let manager = Manager::of(&server).await;
    let path = format!("{}/providers/microsoft.containerregistry", manager.subscription);
    let shown = manager.done_at(Method::POST, &format!("{path}/register"), Value::Null).await;
    assert_eq!(shown["registrationState"], "Registered");
    assert_eq!(shown, manager.done_at(Method::GET, &path, Value::Null).await);
    let types = shown["resourceTypes"].as_array().unwrap();
    assert!(types.iter().any(|one| one["resourceType"] == "registries/webhooks"), "{shown}");
    let absent = format!("{}/providers/Microsoft.Web", manager.subscription);
    assert_eq!(
        manager.refused_at(Method::GET, &absent, Value::Null).await.1,
        "InvalidResourceNamespace"
    );
    let path = "/providers/Microsoft.ContainerRegistry/operations";
    let all = manager.done_at(Method::GET, path, Value::Null).await;
    let names: Vec<_> = all["value"].as_array().unwrap().iter().map(|one| &one["name"]).collect();
    assert!(
        names.contains(&&json!("Microsoft.ContainerRegistry/registries/webhooks/write")),
        "{names:?}"
    );
}

#[tokio::test]
async fn answers_carry_the_ids_that_requests_are_found_by() {
    let server = Server::start(&[]).await;
    let manager = Manager::of(&server).await;
    let request = manager.request(Method::GET, "");
    let request = request.header("x-ms-client-request-id", "client-1");
    let request = request.header("x-ms-correlation-request-id", "correlated-1");
    let answer = request.header("x-ms-return-client-request-id", "true").send().await.unwrap();
    let headers = answer.headers();
    assert_eq!(headers["x-ms-client-request-id"], "client-1");
    assert_eq!(headers["x-ms-correlation-request-id"], "correlated-1");
    assert_eq!(headers["x-ms-request-id"], headers["x-request-id"]);
    assert_eq!(headers["cache-control"], "no-cache");
    let plain = format!("{}?api-version=latest", manager.registry);
    let answer = manager.plain(Method::GET, &plain).send().await.unwrap();
    assert_eq!(answer.status(), 400);
    let said: Value = answer.json().await.unwrap();
    assert_eq!(said["error"]["code"], "InvalidApiVersionParameter");
}

#[tokio::test]
async fn the_activity_log_tells_who_did_what() {
    let server = Server::start(&[]).await;
    let manager = Manager::of(&server).await;
    let path = manager.make_registry("watched01", "Basic").await;
    let request = manager.request_at(Method::PATCH, &path);
    let request = request.header("x-ms-correlation-request-id", "together-1");
    let answer = request.json(&json!({ "tags": { "a": "b" } })).send().await.unwrap();
    assert_eq!(answer.status(), 200);
    // What changes nothing, and what is refused, is no activity.
    manager.done_at(Method::PATCH, &path, json!({ "tags": { "a": "b" } })).await;
    manager.refused_at(Method::PATCH, &path, json!({ "sku": { "name": "Huge" } })).await;
    manager.done_at(Method::DELETE, &path, Value::Null).await;
    let log = format!(
        "{}/providers/Microsoft.Insights/eventtypes/management/values",
        manager.subscription
    );
    let events = async |filter: &str| {
        let request = manager.request_at(Method::GET, &log).query(&[("$filter", filter)]);
        let answer: Value = request.send().await.unwrap().json().await.unwrap();
        let all = answer["value"].as_array().unwrap_or_else(|| panic!("{answer}")).clone();
        all.iter()
            .map(|one| one["operationName"]["value"].as_str().unwrap().to_owned())
            .collect::<Vec<_>>()
    };
    let since = "eventTimestamp ge '2026-01-01T00:00:00Z'";
    let of_registry = format!("{since} and resourceUri eq '{path}'");
    // It is numbered a moment later.
    while events(&of_registry).await.len() < 3 {
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    let actions = ["delete", "write", "write"]
        .map(|verb| format!("Microsoft.ContainerRegistry/registries/{verb}"));
    assert_eq!(events(&of_registry).await, actions);
    assert_eq!(events(&format!("{since} and correlationId eq 'together-1'")).await, actions[1..2]);
    assert_eq!(events(&format!("{since} and resourceGroupName eq 'absent'")).await.len(), 0);
    assert_eq!(events("eventTimestamp ge '2100-01-01T00:00:00Z'").await.len(), 0);
    assert_eq!(events(&format!("{since} and levels eq 'Critical'")).await.len(), 0);
    let request = manager.request_at(Method::GET, &log).query(&[("$filter", "roleName eq 'a'")]);
    assert_eq!(request.send().await.unwrap().status(), 400);
}

#[tokio::test]
async fn a_text_that_nothing_can_keep_is_refused() {
    let server = Server::start(&[]).await;
    let manager = Manager::of(&server).await;
    let lock = format!("{}/providers/Microsoft.Authorization/locks/keep", manager.registry);
    let wanted = json!({ "properties": { "level": "ReadOnly", "notes": "a\u{0}b" } });
    let (status, code) = manager.refused_at(Method::PUT, &lock, wanted).await;
    assert_eq!((status, code.as_str()), (400, "InvalidRequestContent"));
    let list = format!("{}/tokens?api-version=2025-11-01&$skiptoken=%00", manager.registry);
    let answer = manager.plain(Method::GET, &list).send().await.unwrap();
    assert_eq!(answer.status(), 400);
}

/// What is escaped in a path is the same resource: no right, lock or deletion is of what is above it.
#[tokio::test]
async fn an_escaped_name_is_the_name() {
    let server = Server::start(&[]).await;
    let manager = Manager::of(&server).await;
    let group = format!("{}/resourceGroups/escaped", manager.subscription);
    manager.done_at(Method::PUT, &group, json!({ "location": "local" })).await;
    let lock = format!("{group}/providers/Microsoft.Authorization/locks/keep");
    let level = json!({ "properties": { "level": "ReadOnly" } });
    manager.done_at(Method::PUT, &lock, level).await;
    let escaped = group.replace("escaped", "%65scaped");
    for method in [Method::PATCH, Method::DELETE] {
        let (status, code) = manager.refused_at(method, &escaped, json!({ "tags": {} })).await;
        assert_eq!((status, code.as_str()), (409, "ScopeLocked"));
    }
    manager.done_at(Method::DELETE, &lock, Value::Null).await;
    let owners = manager.owners().await;
    manager.done_at(Method::DELETE, &escaped, Value::Null).await;
    assert_eq!(manager.owners().await, owners);
    assert_eq!(manager.refused_at(Method::GET, &group, Value::Null).await.0, 404);
    let strange = format!("{}/resourceGroups/%C3%A9", manager.subscription);
    let (status, code) = manager.refused_at(Method::PUT, &strange, json!({})).await;
    assert_eq!((status, code.as_str()), (400, "InvalidResourceGroup"));
}
