//! Registries and resource groups that are deleted, and brought back.

use http::Method;
use serde_json::{Value, json};

use super::Manager;
use crate::support::{Server, basic};

const HOST: &str = "shortlived.acr.localhost";

async fn admin_password(manager: &Manager<'_>, path: &str) -> String {
    let path = format!("{path}/listCredentials");
    let shown = manager.done_at(Method::POST, &path, Value::Null).await;
    shown["passwords"][0]["value"].as_str().unwrap().to_owned()
}

async fn status_of(server: &Server, user: &str, password: &str, path: &str) -> u16 {
    let request = server.request_to(HOST, Method::GET, path);
    let request = request.header("authorization", basic(user, password));
    request.send().await.unwrap().status().as_u16()
}

/// A registry with a tagged manifest, and its admin's password.
async fn make(server: &Server, manager: &Manager<'_>) -> (String, String) {
    let path = manager.make_registry("shortlived", "Premium").await;
    let enabled = json!({ "properties": { "adminUserEnabled": true } });
    manager.done_at(Method::PATCH, &path, enabled).await;
    let password = admin_password(manager, &path).await;
    let index = json!({
        "schemaVersion": 2,
        "mediaType": "application/vnd.oci.image.index.v1+json",
        "manifests": [],
    });
    let request = server.request_to(HOST, Method::PUT, "/v2/app/manifests/v1");
    let request = request.header("content-type", "application/vnd.oci.image.index.v1+json");
    let request = request.header("authorization", basic("shortlived", &password));
    assert_eq!(request.body(index.to_string()).send().await.unwrap().status(), 201);
    (path, password)
}

#[tokio::test]
async fn a_deleted_registry_is_brought_back_without_its_credentials() {
    let server = Server::start(&[]).await;
    let manager = Manager::of(&server).await;
    let (path, password) = make(&server, &manager).await;
    let map = json!({ "properties": { "actions": ["repositories/*/content/read"] } });
    manager.done_at(Method::PUT, &format!("{path}/scopeMaps/reads"), map).await;
    let token = json!({ "properties": { "scopeMapId": format!("{path}/scopeMaps/reads") } });
    manager.done_at(Method::PUT, &format!("{path}/tokens/reader"), token).await;
    let generate = json!({ "tokenId": format!("{path}/tokens/reader"), "name": "password1" });
    let made =
        manager.done_at(Method::POST, &format!("{path}/generateCredentials"), generate).await;
    let secret = made["passwords"][0]["value"].as_str().unwrap().to_owned();
    let tag = "/v2/app/manifests/v1";
    assert_eq!(status_of(&server, "reader", &secret, tag).await, 200);
    let hook = json!({ "location": "local", "properties": {
        "serviceUri": "https://hooks.example/a", "actions": ["push"],
    } });
    manager.done_at(Method::PUT, &format!("{path}/webhooks/hooked"), hook).await;

    assert_eq!(manager.call_at(Method::DELETE, &path, Value::Null).await.0, 200);

    assert_eq!(status_of(&server, "shortlived", &password, "/v2/").await, 404);
    assert_eq!(manager.call_at(Method::GET, &path, Value::Null).await.0, 404);
    assert_eq!(manager.call_at(Method::DELETE, &path, Value::Null).await.0, 204);
    let deleted =
        format!("{}/providers/Microsoft.ContainerRegistry/deletedRegistries", manager.subscription);
    let listed = manager.done_at(Method::GET, &deleted, Value::Null).await;
    let one = &listed["value"][0];
    assert_eq!(
        one["properties"]["registryId"].as_str().unwrap().to_lowercase(),
        path.to_lowercase()
    );
    let id = one["id"].as_str().unwrap();
    assert_eq!(&manager.done_at(Method::GET, id, Value::Null).await, one);

    let revived = manager.done_at(Method::POST, &format!("{id}/restore"), Value::Null).await;

    assert_eq!(revived["properties"]["provisioningState"], "Succeeded");
    for (user, old) in [("shortlived", &password), ("reader", &secret)] {
        assert_eq!(status_of(&server, user, old, tag).await, 401, "{user}");
    }
    let password = admin_password(&manager, &path).await;
    assert_eq!(status_of(&server, "shortlived", &password, tag).await, 200);
    let token = manager.done_at(Method::GET, &format!("{path}/tokens/reader"), Value::Null).await;
    assert_eq!(token["properties"]["credentials"]["passwords"], json!([]));
    manager.done_at(Method::GET, &format!("{path}/webhooks/hooked"), Value::Null).await;
    assert_eq!(manager.call_at(Method::POST, &format!("{id}/restore"), Value::Null).await.0, 404);
}

#[tokio::test]
async fn a_name_is_free_at_once_and_whoever_has_it_keeps_it() {
    let server = Server::start(&[]).await;
    let manager = Manager::of(&server).await;
    let (path, password) = make(&server, &manager).await;
    let role = "7f951dda-4ed3-4680-a7ca-43fe172d538d";
    let owner = manager.owners().await[0]["properties"]["principalId"].clone();
    let assigned = manager.assign(role, &path, owner.as_str().unwrap(), None).await;
    manager.done_at(Method::DELETE, &path, Value::Null).await;

    manager.make_registry("shortlived", "Premium").await;

    // Nothing of the other's: no content, no credential, no role.
    assert_eq!(status_of(&server, "shortlived", &password, "/v2/").await, 401);
    assert_eq!(manager.call_at(Method::GET, &assigned, Value::Null).await.0, 404);
    let enabled = json!({ "properties": { "adminUserEnabled": true } });
    manager.done_at(Method::PATCH, &path, enabled).await;
    let own = admin_password(&manager, &path).await;
    assert_eq!(status_of(&server, "shortlived", &own, "/v2/app/manifests/v1").await, 404);
    let deleted =
        format!("{}/providers/Microsoft.ContainerRegistry/deletedRegistries", manager.subscription);
    let listed = manager.done_at(Method::GET, &deleted, Value::Null).await;
    let id = listed["value"][0]["id"].as_str().unwrap();
    let (status, code) =
        manager.refused_at(Method::POST, &format!("{id}/restore"), Value::Null).await;
    assert_eq!((status, code.as_str()), (409, "AlreadyExists"));
    manager.done_at(Method::DELETE, id, Value::Null).await;
    assert_eq!(manager.call_at(Method::GET, id, Value::Null).await.0, 404);
}

#[tokio::test]
async fn what_a_deleted_registry_held_is_cleared_away() {
    let server = Server::start(&[]).await;
    let manager = Manager::of(&server).await;
    let (path, password) = make(&server, &manager).await;
    let digest = gantry_oci::Digest::of(gantry_oci::Algorithm::Sha256, &[7; 5000]);
    let blob = format!("/v2/app/blobs/uploads/?digest={digest}");
    let request = server.request_to(HOST, Method::POST, &blob);
    let request = request.header("authorization", basic("shortlived", &password));
    assert_eq!(request.body(&[7; 5000][..]).send().await.unwrap().status(), 201);
    manager.done_at(Method::DELETE, &path, Value::Null).await;
    let deleted =
        format!("{}/providers/Microsoft.ContainerRegistry/deletedRegistries", manager.subscription);
    let listed = manager.done_at(Method::GET, &deleted, Value::Null).await;
    let id = listed["value"][0]["id"].as_str().unwrap();

    manager.done_at(Method::DELETE, id, Value::Null).await;

    let said = server.operator("gc");
    assert!(said.contains("freed 5000 bytes in 1 blobs and 0 orphans"), "{said}");
    let listed = manager.done_at(Method::GET, &deleted, Value::Null).await;
    assert_eq!(listed["value"], json!([]));
    let said = server.operator("fsck");
    assert!(said.contains("0 blobs"), "{said}");
}

#[tokio::test]
async fn the_servers_own_stay() {
    let server = Server::start(&["[[registry]]", "name = \"configured\""]).await;
    let manager = Manager::of(&server).await;
    for path in [manager.registry.clone(), manager.registry_in("default", "configured")] {
        let (status, code) = manager.refused_at(Method::DELETE, &path, Value::Null).await;
        assert_eq!((status, code.as_str()), (409, "ResourceOfConfiguration"), "{path}");
    }
    let group = format!("{}/resourceGroups/default", manager.subscription);
    let (status, code) = manager.refused_at(Method::DELETE, &group, Value::Null).await;
    assert_eq!((status, code.as_str()), (409, "ResourceOfConfiguration"));
}

#[tokio::test]
async fn a_group_goes_with_what_is_in_it() {
    let server = Server::start(&[]).await;
    let manager = Manager::of(&server).await;
    let group = format!("{}/resourceGroups/Team-A", manager.subscription);
    let (status, _) = manager.call_at(Method::HEAD, &group, Value::Null).await;
    assert_eq!(status, 404);
    let wanted = json!({ "location": "local", "tags": { "a": "b" } });
    let (status, made) = manager.call_at(Method::PUT, &group, wanted.clone()).await;
    assert_eq!((status, &made["name"]), (201, &json!("Team-A")));
    assert_eq!(manager.call_at(Method::PUT, &group.to_lowercase(), wanted).await.0, 200);
    let moved = json!({ "location": "elsewhere" });
    let (status, code) = manager.refused_at(Method::PUT, &group, moved).await;
    assert_eq!((status, code.as_str()), (409, "InvalidResourceGroupLocation"));
    let registry = manager.registry_in("team-a", "grouped");
    let (status, made) =
        manager.call_at(Method::PUT, &registry, json!({ "sku": { "name": "Basic" } })).await;
    assert_eq!(status, 201, "{made}");
    assert!(made["id"].as_str().unwrap().contains("/resourceGroups/Team-A/"), "{made}");
    assert_eq!(manager.call_at(Method::HEAD, &group, Value::Null).await.0, 204);
    let bad = format!("{}/resourceGroups/bad.", manager.subscription);
    let (status, code) =
        manager.refused_at(Method::PUT, &bad, json!({ "location": "local" })).await;
    assert_eq!((status, code.as_str()), (400, "InvalidResourceGroup"));

    manager.done_at(Method::DELETE, &group, Value::Null).await;

    assert_eq!(manager.call_at(Method::GET, &registry, Value::Null).await.0, 404);
    let (status, code) = manager.refused_at(Method::DELETE, &group, Value::Null).await;
    assert_eq!((status, code.as_str()), (404, "ResourceGroupNotFound"));
    let groups = format!("{}/resourceGroups", manager.subscription);
    let listed = manager.done_at(Method::GET, &groups, Value::Null).await;
    assert_eq!(listed["value"].as_array().unwrap().len(), 1, "{listed}");
}
