//! What registries have: webhooks, cache rules, credential sets, replications, private endpoints.

use http::Method;
use serde_json::{Value, json};

use super::Manager;
use crate::support::Server;

#[tokio::test]
async fn a_webhook_shows_whom_it_tells_to_those_who_may_see() {
    let server = Server::start(&[]).await;
    let manager = Manager::of(&server).await;
    let path = format!("{}/webhooks/build01", manager.registry);
    let wanted = json!({ "location": "local", "tags": { "a": "b" }, "properties": {
        "serviceUri": "https://hooks.example/a?token=hidden-token",
        "customHeaders": { "Authorization": "Basic hidden-header" },
        "actions": ["push", "delete", "push"],
        "scope": "app:*",
    } });

    let (status, made) = manager.call_at(Method::PUT, &path, wanted).await;

    assert_eq!(status, 201, "{made}");
    assert!(!made.to_string().contains("hidden"), "{made}");
    let properties = json!({
        "status": "enabled", "scope": "app:*", "actions": ["push", "delete"],
        "provisioningState": "Succeeded",
    });
    assert_eq!(made["properties"], properties);
    let config = format!("{path}/getCallbackConfig");
    let shown = manager.done_at(Method::POST, &config, Value::Null).await;
    let target = json!({
        "serviceUri": "https://hooks.example/a?token=hidden-token",
        "customHeaders": { "Authorization": "Basic hidden-header" },
    });
    assert_eq!(shown, target);
    let dump = std::fs::read(server.data().join("catalog.db")).unwrap_or_default();
    let has = |text: &[u8]| dump.windows(text.len()).any(|window| window == text);
    assert!(!has(b"hidden-token") && !has(b"hidden-header"), "it is sealed");

    let change = json!({ "properties": { "status": "disabled", "customHeaders": {} } });
    let changed = manager.done_at(Method::PATCH, &path, change).await;
    assert_eq!(changed["properties"]["status"], "disabled");
    let shown = manager.done_at(Method::POST, &config, Value::Null).await;
    assert_eq!(shown["customHeaders"], json!({}));
    assert_eq!(shown["serviceUri"], target["serviceUri"]);
    let listed = manager.done(Method::GET, "/webhooks", Value::Null).await;
    assert_eq!(listed["value"].as_array().unwrap().len(), 1);
    for event in ["ping", "listEvents"] {
        let (status, code) =
            manager.refused_at(Method::POST, &format!("{path}/{event}"), Value::Null).await;
        assert_eq!((status, code.as_str()), (400, "FeatureNotBuilt"));
    }
    assert_eq!(manager.call_at(Method::DELETE, &path, Value::Null).await.0, 200);
    assert_eq!(manager.call_at(Method::DELETE, &path, Value::Null).await.0, 204);
    assert_eq!(manager.refused_at(Method::GET, &path, Value::Null).await.1, "ResourceNotFound");
}

#[tokio::test]
async fn what_can_not_be_is_refused() {
    let server = Server::start(&[]).await;
    let manager = Manager::of(&server).await;
    let hook = |properties: Value| json!({ "location": "local", "properties": properties });
    let uri = "https://hooks.example/";
    for (path, body, code) in [
        (
            "webhooks/bad-name",
            hook(json!({ "serviceUri": uri, "actions": ["push"] })),
            "InvalidResourceName",
        ),
        ("webhooks/hooked", hook(json!({ "actions": ["push"] })), "InvalidProperty"),
        ("webhooks/hooked", hook(json!({ "serviceUri": uri })), "InvalidProperty"),
        (
            "webhooks/hooked",
            hook(json!({ "serviceUri": "ftp://a", "actions": ["push"] })),
            "InvalidProperty",
        ),
        (
            "webhooks/hooked",
            hook(json!({ "serviceUri": uri, "actions": ["invented"] })),
            "InvalidRequestContent",
        ),
        (
            "webhooks/hooked",
            hook(json!({ "serviceUri": uri, "actions": ["push"], "scope": "a:b:c" })),
            "InvalidProperty",
        ),
        (
            "webhooks/hooked",
            hook(
                json!({ "serviceUri": uri, "actions": ["push"], "customHeaders": { "a b": "c" } }),
            ),
            "InvalidProperty",
        ),
        (
            "webhooks/hooked",
            json!({ "location": "mars", "properties": { "serviceUri": uri, "actions": ["push"] } }),
            "InvalidResourceLocation",
        ),
        (
            "cacheRules/rules",
            json!({ "properties": { "sourceRepository": "docker.io/a" } }),
            "InvalidProperty",
        ),
        (
            "cacheRules/rules",
            json!({ "properties": { "sourceRepository": "nothing", "targetRepository": "a" } }),
            "InvalidProperty",
        ),
        (
            "cacheRules/rules",
            json!({ "properties": {
                "sourceRepository": "docker.io/a", "targetRepository": "a",
                "credentialSetResourceId": format!("{}/credentialSets/absent", manager.registry),
            } }),
            "InvalidProperty",
        ),
        (
            "credentialSets/hubset",
            json!({ "properties": { "loginServer": "docker.io" } }),
            "InvalidProperty",
        ),
        ("replications/elsewhere", json!({ "location": "elsewhere" }), "FeatureNotBuilt"),
        ("tasks/build", json!({}), "FeatureNotBuilt"),
        ("connectedRegistries/edge1", json!({}), "FeatureNotBuilt"),
    ] {
        let path = format!("{}/{path}", manager.registry);
        let (_, refused) = manager.refused_at(Method::PUT, &path, body.clone()).await;
        assert_eq!(refused, code, "{path} {body}");
    }
}

#[tokio::test]
async fn cache_rules_fill_different_repositories_and_keep_their_credentials() {
    let server = Server::start(&[]).await;
    let manager = Manager::of(&server).await;
    let set = format!("{}/credentialSets/hubset", manager.registry);
    let secret = |name: &str| format!("https://vault.example/secrets/{name}");
    let wanted = json!({ "identity": { "type": "SystemAssigned" }, "properties": {
        "loginServer": "docker.io",
        "authCredentials": [{
            "name": "Credential1",
            "usernameSecretIdentifier": secret("user"),
            "passwordSecretIdentifier": secret("password"),
        }],
    } });
    let made = manager.done_at(Method::PUT, &set, wanted).await;
    assert_eq!(
        made["properties"]["authCredentials"][0]["usernameSecretIdentifier"],
        secret("user")
    );
    assert!(made["identity"]["principalId"].is_string(), "{made}");
    let rule = |name: &str| format!("{}/cacheRules/{name}", manager.registry);
    let fill = |source: &str, target: &str| {
        json!({ "properties": {
        "sourceRepository": source, "targetRepository": target, "credentialSetResourceId": set,
    } })
    };
    manager.done_at(Method::PUT, &rule("ubuntu"), fill("docker.io/library/ubuntu", "ubuntu")).await;
    manager.done_at(Method::PUT, &rule("whole-hub"), fill("docker.io/*", "hub/*")).await;
    for (name, body, code) in [
        ("other", fill("docker.io/library/debian", "ubuntu"), "CacheRuleConflict"),
        ("other", fill("quay.io/*", "hub/team/*"), "CacheRuleConflict"),
        ("ubuntu", fill("docker.io/library/ubuntu", "elsewhere"), "InvalidProperty"),
    ] {
        assert_eq!(
            manager.refused_at(Method::PUT, &rule(name), body.clone()).await.1,
            code,
            "{body}"
        );
    }
    assert_eq!(manager.refused_at(Method::DELETE, &set, Value::Null).await.1, "CredentialSetInUse");
    let none = json!({ "properties": { "credentialSetResourceId": null } });
    for name in ["ubuntu", "whole-hub"] {
        let changed = manager.done_at(Method::PATCH, &rule(name), none.clone()).await;
        assert_eq!(changed["properties"]["credentialSetResourceId"], Value::Null);
    }
    assert_eq!(manager.call_at(Method::DELETE, &set, Value::Null).await.0, 204);
    assert_eq!(manager.call_at(Method::DELETE, &rule("ubuntu"), Value::Null).await.0, 204);
    let listed = manager.done(Method::GET, "/cacheRules", Value::Null).await;
    assert_eq!(listed["value"][0]["name"], "whole-hub");
}

#[tokio::test]
async fn the_home_replication_is_there_and_stays() {
    let server = Server::start(&[]).await;
    let manager = Manager::of(&server).await;
    let listed = manager.done(Method::GET, "/replications", Value::Null).await;
    let home = &listed["value"][0];
    assert_eq!(
        (&home["name"], &home["properties"]["regionEndpointEnabled"]),
        (&json!("local"), &json!(true))
    );
    let path = format!("{}/replications/local", manager.registry);
    assert_eq!(&manager.done_at(Method::PUT, &path, home.clone()).await, home);
    let (_, code) = manager.refused_at(Method::DELETE, &path, Value::Null).await;
    assert_eq!(code, "CannotDeleteHomeReplication");
    let basic = manager.make_registry("basicone", "Basic").await;
    let other = format!("{basic}/replications/elsewhere");
    let (_, code) =
        manager.refused_at(Method::PUT, &other, json!({ "location": "elsewhere" })).await;
    assert_eq!(code, "FeatureNotSupportedForSku");
}

#[tokio::test]
async fn who_comes_by_a_private_endpoint_that_is_rejected_is_not_let_in() {
    let endpoint = ["[[private_endpoint]]", "name = \"office\"", "networks = [\"127.0.0.0/8\"]"];
    let server = Server::start(&endpoint).await;
    let manager = Manager::of(&server).await;
    let listed = manager.done(Method::GET, "/privateEndpointConnections", Value::Null).await;
    let state =
        |one: &Value| one["properties"]["privateLinkServiceConnectionState"]["status"].clone();
    assert_eq!(listed["value"][0]["name"], "office");
    assert_eq!(state(&listed["value"][0]), "Approved");
    let shown = manager.done(Method::GET, "", Value::Null).await;
    assert_eq!(shown["properties"]["privateEndpointConnections"], listed["value"]);
    let ping = async || server.request(Method::GET, "/v2/").send().await.unwrap().status().as_u16();
    assert_eq!(ping().await, 401);

    let path = format!("{}/privateEndpointConnections/Office", manager.registry);
    let to = |status: &str| {
        json!({ "properties": { "privateLinkServiceConnectionState": {
        "status": status, "description": "because",
    } } })
    };
    let rejected = manager.done_at(Method::PUT, &path, to("Rejected")).await;

    assert_eq!(state(&rejected), "Rejected");
    assert_eq!(ping().await, 403);
    manager.done_at(Method::PUT, &path, to("Approved")).await;
    assert_eq!(ping().await, 401);
    assert_eq!(manager.call_at(Method::DELETE, &path, Value::Null).await.0, 200);
    assert_eq!(ping().await, 403);
    assert_eq!(manager.call_at(Method::DELETE, &path, Value::Null).await.0, 204);
    let listed = manager.done(Method::GET, "/privateEndpointConnections", Value::Null).await;
    assert_eq!(listed["value"], json!([]));
    assert_eq!(manager.refused_at(Method::PUT, &path, to("Maybe")).await.0, 400);
    let links = manager.done(Method::GET, "/privateLinkResources", Value::Null).await;
    assert_eq!(links["value"][0]["properties"]["groupId"], "registry");
}
