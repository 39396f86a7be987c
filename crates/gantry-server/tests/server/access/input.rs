//! What a request brings along that is nobody's to set, or looks like a statement.

use http::Method;
use serde_json::{Value, json};

use super::{Manager, access_token, push_index};
use crate::entra::graph::Asker;
use crate::entra::{First, MANAGEMENT, ask};
use crate::support::{PASSWORD, Server};

const STATEMENTS: [&str; 5] = [
    "' OR '1'='1",
    "x'; DROP TABLE repositories; --",
    "\" OR \"\"=\"",
    "x\\' UNION SELECT 1 --",
    "$1 %s ? :name",
];

#[tokio::test]
async fn what_is_not_a_client_s_to_set_is_not_set() {
    let server = Server::start(&[]).await;
    let manager = Manager::of(&server).await;
    let before = manager.done(Method::GET, "", Value::Null).await;
    for change in [
        json!({ "id": "/subscriptions/x" }),
        json!({ "name": "other" }),
        json!({ "properties": { "loginServer": "evil.example" } }),
        json!({ "properties": { "creationDate": "2020-01-01T00:00:00Z" } }),
        json!({ "properties": { "provisioningState": "Failed" } }),
        json!({ "properties": { "signInEpoch": 0 } }),
        json!({ "properties": { "dataEndpointHostNames": ["evil.example"] } }),
        json!({ "systemData": { "createdBy": "somebody" } }),
    ] {
        // As Azure does: what clients send back of what they have read is no wish.
        assert_eq!(manager.done(Method::PATCH, "", change.clone()).await, before, "{change}");
    }
    assert_eq!(manager.done(Method::GET, "", Value::Null).await, before);

    let map = json!({ "properties": { "actions": ["repositories/app/content/read"] } });
    manager.done(Method::PUT, "/scopeMaps/some-map", map).await;
    let map = format!("{}/scopeMaps/some-map", manager.registry);
    let chosen = json!({ "properties": {
        "scopeMapId": map,
        "creationDate": "2020-01-01T00:00:00Z",
        "credentials": { "passwords": [{ "name": "password1", "value": "chosen-password" }] },
    } });
    let (_, made) = manager.call(Method::PUT, "/tokens/chosen", chosen).await;
    assert!(!made.to_string().contains("2020") && !made.to_string().contains("chosen-p"), "{made}");
    assert_eq!(access_token(&server, "chosen", "chosen-password", "").await, Err(401));
    let system = json!({ "properties": {
        "actions": ["repositories/app/content/read"], "type": "SystemDefined", "signInEpoch": 0,
    } });
    let made = manager.done(Method::PUT, "/scopeMaps/other-map", system).await;
    assert_eq!(made["properties"]["type"], "UserDefined");

    let id = uuid::Uuid::new_v4();
    let path =
        format!("{}/providers/Microsoft.Authorization/roleDefinitions/{id}", manager.subscription);
    let role = json!({ "properties": {
        "roleName": "custom",
        "type": "BuiltInRole",
        "createdBy": "somebody",
        "permissions": [{ "actions": ["Microsoft.ContainerRegistry/registries/read"] }],
        "assignableScopes": [manager.subscription],
    } });
    let (status, made) = manager.call_at(Method::PUT, &path, role).await;
    assert_eq!((status, &made["properties"]["type"]), (201, &"CustomRole".into()), "{made}");
    assert_ne!(made["properties"]["createdBy"], "somebody");

    let owner = Asker::app(&server, &First::of(&server)).await;
    let user = json!({
        "accountEnabled": true,
        "displayName": "someone",
        "mailNickname": "someone",
        "passwordProfile": { "password": "a password for tests" },
        "userPrincipalName": "someone@gantry.localhost",
        "id": id.to_string(),
    });
    let (status, made) = owner.post("v1.0/users", user).await;
    assert_eq!(status, 400, "{made}");
    assert!(made["error"]["message"].as_str().unwrap().contains("unknown field `id`"), "{made}");
}

#[tokio::test]
async fn statements_are_texts() {
    let server = Server::start(&[]).await;
    let first = First::of(&server);
    let owner = Asker::app(&server, &first).await;
    push_index(&server, "app").await;
    for text in STATEMENTS {
        let encoded: String = url::form_urlencoded::byte_serialize(text.as_bytes()).collect();
        for path in [
            format!("/v2/_catalog?last={encoded}"),
            format!("/acr/v1/_catalog?last={encoded}"),
            format!("/v2/app/tags/list?last={encoded}"),
            format!("/acr/v1/app/_tags?last={encoded}&name={encoded}"),
            format!("/v2/{encoded}/manifests/v1"),
            format!("/v2/app/manifests/{encoded}"),
        ] {
            let request = server.request(Method::GET, &path).basic_auth("local", Some(PASSWORD));
            assert!(!request.send().await.unwrap().status().is_server_error(), "{path}");
        }
        assert!(matches!(access_token(&server, text, text, "").await, Err(401 | 429)), "{text}");
        let form = [
            ("grant_type", "client_credentials"),
            ("client_id", text),
            ("client_secret", text),
            ("scope", MANAGEMENT),
        ];
        assert!(matches!(ask(&server, "common", &form).await.0, 401 | 429), "{text}");

        let made = owner.make("v1.0/applications", json!({ "displayName": text })).await;
        assert_eq!(made["displayName"], text);
        let filter = format!("displayName eq '{}'", text.replace('\'', "''"));
        let filter: String = url::form_urlencoded::byte_serialize(filter.as_bytes()).collect();
        let (status, found) = owner.get(&format!("v1.0/applications?$filter={filter}")).await;
        assert_eq!(status, 200, "{found}");
        let found = found["value"].as_array().unwrap();
        assert_eq!((found.len(), &found[0]["id"]), (1, &made["id"]), "{text}");
    }
    let request = server.request(Method::GET, "/v2/_catalog").basic_auth("local", Some(PASSWORD));
    let listed: Value = request.send().await.unwrap().json().await.unwrap();
    assert_eq!(listed, json!({ "repositories": ["app"] }));
}
