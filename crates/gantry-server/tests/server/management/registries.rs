//! Registries: made, shown, listed, changed.

use http::Method;
use serde_json::{Value, json};

use super::Manager;
use crate::support::{Server, basic};

#[tokio::test]
async fn a_registry_is_made_and_answers_on_its_host() {
    let server = Server::start(&[]).await;
    let manager = Manager::of(&server).await;
    let path = manager.registry_in("default", "Contoso01");
    let wanted = json!({
        "location": "Local",
        "sku": { "name": "standard" },
        "tags": { "env": "test" },
        "properties": { "adminUserEnabled": true },
    });

    let (status, made) = manager.call_at(Method::PUT, &path, wanted.clone()).await;

    assert_eq!(status, 201, "{made}");
    assert_eq!(made["sku"], json!({ "name": "Standard", "tier": "Standard" }));
    assert_eq!(made["name"], "contoso01");
    assert_eq!(made["tags"], json!({ "env": "test" }));
    let properties = &made["properties"];
    assert_eq!(properties["loginServer"], format!("contoso01.acr.localhost:{}", server.port()));
    assert_eq!(properties["provisioningState"], "Succeeded");
    assert_eq!(properties["adminUserEnabled"], true);
    assert_eq!(manager.done_at(Method::GET, &path, Value::Null).await, made);
    // The same again changes nothing, and is no new one.
    let (status, again) = manager.call_at(Method::PUT, &path, wanted).await;
    assert_eq!((status, &again["properties"]), (200, properties));

    let credentials =
        manager.done_at(Method::POST, &format!("{path}/listCredentials"), Value::Null).await;
    let password = credentials["passwords"][0]["value"].as_str().unwrap();
    let request = server.request_to("contoso01.acr.localhost", Method::GET, "/v2/");
    let answer = request.header("authorization", basic("contoso01", password)).send().await;
    assert_eq!(answer.unwrap().status(), 200);
    let request = server.request(Method::GET, "/v2/");
    let answer = request.header("authorization", basic("contoso01", password)).send().await;
    assert_eq!(answer.unwrap().status(), 401, "it is no credential of another registry");
}

#[tokio::test]
async fn what_can_not_be_a_registry_is_refused() {
    let server = Server::start(&[]).await;
    let manager = Manager::of(&server).await;
    manager.make_registry("takenname", "Basic").await;
    let group = format!("{}/resourceGroups/other", manager.subscription);
    manager.done_at(Method::PUT, &group, json!({ "location": "local" })).await;
    let sku = json!({ "sku": { "name": "Basic" }, "location": "local" });
    for (group, name, body, expected) in [
        ("default", "a-dash", sku.clone(), (400, "InvalidResourceName")),
        ("default", "four", sku.clone(), (400, "InvalidResourceName")),
        ("absent", "goodname", sku.clone(), (404, "ResourceGroupNotFound")),
        ("other", "takenname", sku.clone(), (409, "AlreadyExists")),
        ("default", "goodname", json!({ "location": "local" }), (400, "MissingSku")),
        (
            "default",
            "goodname",
            json!({ "sku": { "name": "Huge" } }),
            (400, "InvalidRequestContent"),
        ),
        (
            "default",
            "goodname",
            json!({ "sku": { "name": "Basic" }, "location": "mars" }),
            (400, "LocationNotAvailableForResourceType"),
        ),
        (
            "default",
            "goodname",
            json!({ "sku": { "name": "Basic" }, "properties": { "anonymousPullEnabled": true } }),
            (400, "FeatureNotSupportedForSku"),
        ),
        (
            "default",
            "goodname",
            json!({ "sku": { "name": "Premium" }, "properties": { "encryption": { "status": "enabled" } } }),
            (400, "PropertyChangeNotSupported"),
        ),
        (
            "default",
            "goodname",
            json!({ "sku": { "name": "Premium" }, "identity": { "type": "UserAssigned" } }),
            (400, "PropertyChangeNotSupported"),
        ),
        (
            "default",
            "goodname",
            json!({ "sku": { "name": "Premium" }, "tags": { "a<b": "c" } }),
            (400, "InvalidTag"),
        ),
        ("default", "goodname", json!([1]), (400, "InvalidRequestContent")),
    ] {
        let path = manager.registry_in(group, name);
        let (status, code) = manager.refused_at(Method::PUT, &path, body.clone()).await;
        assert_eq!((status, code.as_str()), expected, "{name} in {group}: {body}");
    }
    let path = manager.registry_in("default", "goodname");
    assert_eq!(manager.call_at(Method::GET, &path, Value::Null).await.0, 404);
    // Each refusal tells of all that is wrong.
    let two = json!({ "sku": { "name": "Premium" }, "properties": {
        "metadataSearch": "Enabled",
        "policies": { "quarantinePolicy": { "status": "enabled" } },
    } });
    let (_, said) = manager.call_at(Method::PUT, &path, two).await;
    let targets: Vec<_> = said["error"]["details"].as_array().unwrap().iter().collect();
    assert_eq!(targets.len(), 2, "{said}");
    assert_eq!(targets[0]["target"], "properties.metadataSearch");
    assert!(targets[1]["message"].as_str().unwrap().contains("quarantine"), "{said}");
}

#[tokio::test]
async fn names_are_told_to_be_free_or_not() {
    let server = Server::start(&[]).await;
    let manager = Manager::of(&server).await;
    manager.make_registry("takenname", "Basic").await;
    let path = format!(
        "{}/providers/Microsoft.ContainerRegistry/checkNameAvailability",
        manager.subscription
    );
    let ask = async |name: &str, scope: &str| {
        let kind = "Microsoft.ContainerRegistry/registries";
        let body = json!({
            "name": name, "type": kind, "resourceGroupName": "default",
            "autoGeneratedDomainNameLabelScope": scope,
        });
        manager.done_at(Method::POST, &path, body).await
    };
    let suffix = format!("acr.localhost:{}", server.port());
    let free = ask("freename", "Unsecure").await;
    assert_eq!(
        free,
        json!({ "nameAvailable": true, "availableLoginServerName": format!("freename.{suffix}") })
    );
    let taken = ask("TakenName", "Unsecure").await;
    assert_eq!(taken["reason"], "AlreadyExists");
    assert_eq!(taken["message"], "The registry TakenName is already in use.");
    assert_eq!(ask("a-b", "Unsecure").await["reason"], "Invalid");
    let labelled = ask("freename", "TenantReuse").await;
    let host = labelled["availableLoginServerName"].as_str().unwrap().to_owned();
    assert!(host.starts_with("freename-") && host.ends_with(&suffix), "{host}");

    let path = manager.registry_in("default", "freename");
    let wanted = json!({ "sku": { "name": "Basic" }, "properties": {
        "autoGeneratedDomainNameLabelScope": "TenantReuse",
    } });
    let made = manager.done_at(Method::PUT, &path, wanted).await;
    assert_eq!(made["properties"]["loginServer"], host);
    let name = host.split(':').next().unwrap();
    let answer = server.request_to(name, Method::GET, "/v2/").send().await.unwrap();
    assert_eq!(answer.status(), 401);
    let answer = server.request_to("freename.acr.localhost", Method::GET, "/v2/").send().await;
    assert_eq!(answer.unwrap().status(), 404);
    let other = json!({ "properties": { "autoGeneratedDomainNameLabelScope": "NoReuse" } });
    let (_, code) = manager.refused_at(Method::PATCH, &path, other).await;
    assert_eq!(code, "PropertyChangeNotSupported");
}

#[tokio::test]
async fn lists_come_in_pages_to_those_who_may_see() {
    let server = Server::start(&[]).await;
    let manager = Manager::of(&server).await;
    for number in 0..102 {
        manager.make_registry(&format!("many{number:03}"), "Basic").await;
    }
    let path = format!("{}/providers/Microsoft.ContainerRegistry/registries", manager.subscription);
    let first = manager.done_at(Method::GET, &path, Value::Null).await;
    let names = |page: &Value| -> Vec<String> {
        let all = page["value"].as_array().unwrap().iter();
        all.map(|one| one["name"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(names(&first).len(), 100);
    let next = first["nextLink"].as_str().unwrap();
    let next = &next[next.find("/subscriptions").unwrap()..];
    let answer = manager.plain(Method::GET, next).send().await.unwrap();
    let second: Value = answer.json().await.unwrap();
    // The default registry is before them.
    assert_eq!(names(&second), ["many099", "many100", "many101"]);
    assert_eq!(second["nextLink"], Value::Null);
    let group = format!(
        "{}/resourceGroups/DEFAULT/providers/Microsoft.ContainerRegistry/registries",
        manager.subscription
    );
    assert_eq!(names(&manager.done_at(Method::GET, &group, Value::Null).await), names(&first));

    let resources = format!("{}/resources", manager.subscription);
    let filtered = async |filter: &str| {
        let request = manager.request_at(Method::GET, &resources).query(&[("$filter", filter)]);
        let answer = request.send().await.unwrap();
        (answer.status().as_u16(), answer.json::<Value>().await.unwrap())
    };
    let (_, found) =
        filtered("resourceType eq 'Microsoft.ContainerRegistry/registries' and name eq 'MANY007'")
            .await;
    assert_eq!(names(&found), ["many007"]);
    assert_eq!(names(&filtered("resourceGroup eq 'absent'").await.1).len(), 0);
    assert_eq!(names(&filtered("resourceType eq 'Microsoft.Web/sites'").await.1).len(), 0);
    let (status, refused) = filtered("invented eq 'a'").await;
    assert_eq!((status, &refused["error"]["code"]), (400, &json!("InvalidFilterInQueryString")));
}

#[tokio::test]
async fn tiers_change_as_far_as_what_is_there_fits() {
    let server = Server::start(&["[[tier]]", "name = \"basic\"", "webhooks = 1"]).await;
    let manager = Manager::of(&server).await;
    let path = manager.make_registry("tiered", "Basic").await;
    let to = |tier: &str| json!({ "sku": { "name": tier } });
    let webhook = json!({ "location": "local", "properties": {
        "serviceUri": "https://hooks.example/a", "actions": ["push"],
    } });
    manager.done_at(Method::PUT, &format!("{path}/webhooks/first"), webhook.clone()).await;
    let (status, code) =
        manager.refused_at(Method::PUT, &format!("{path}/webhooks/second"), webhook.clone()).await;
    assert_eq!((status, code.as_str()), (409, "ResourceLimitExceeded"));

    let changed = manager.done_at(Method::PATCH, &path, to("Premium")).await;
    assert_eq!(changed["sku"], json!({ "name": "Premium", "tier": "Premium" }));
    manager.done_at(Method::PUT, &format!("{path}/webhooks/second"), webhook).await;
    let (status, code) = manager.refused_at(Method::PATCH, &path, to("Basic")).await;
    assert_eq!((status, code.as_str()), (409, "SkuDowngradeNotAllowed"));
    let data = json!({ "properties": { "dataEndpointEnabled": true } });
    manager.done_at(Method::PATCH, &path, data).await;
    let (_, said) = manager.call_at(Method::PATCH, &path, to("Standard")).await;
    let text = "a dedicated data endpoint is not in the tier Standard: it needs Premium";
    assert_eq!(said["error"]["message"], text);
    manager.done_at(Method::DELETE, &format!("{path}/webhooks/second"), Value::Null).await;
    let both =
        json!({ "sku": { "name": "Basic" }, "properties": { "dataEndpointEnabled": false } });
    manager.done_at(Method::PATCH, &path, both).await;
    let usages = manager.done_at(Method::GET, &format!("{path}/listUsages"), Value::Null).await;
    let usage = |name: &str| {
        let mut all = usages["value"].as_array().unwrap().iter();
        all.find(|one| one["name"] == name).unwrap()["currentValue"].clone()
    };
    assert_eq!(usage("Webhooks"), 1);
}

#[tokio::test]
async fn what_goes_beyond_the_tier_is_not_pushed() {
    let server = Server::start(&["[[tier]]", "name = \"premium\"", "most_bytes = \"1KiB\""]).await;
    let manager = Manager::of(&server).await;
    server.push_blob("app", &[1; 1000]).await;
    let push = async |name: &'static str, bytes: &'static [u8]| {
        let token = server.token("localhost", &format!("repository:{name}:pull,push")).await;
        let digest = gantry_oci::Digest::of(gantry_oci::Algorithm::Sha256, bytes);
        let path = format!("/v2/{name}/blobs/uploads/?digest={digest}");
        let request = server.request(Method::POST, &path).bearer_auth(token).body(bytes);
        let answer = request.send().await.unwrap();
        (answer.status().as_u16(), answer.json::<Value>().await.unwrap_or_default())
    };
    // The figures are added up a moment later.
    let usages = async || {
        let usages = manager.done(Method::GET, "/listUsages", Value::Null).await;
        usages["value"][0]["currentValue"].as_i64().unwrap()
    };
    while usages().await < 1000 {
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    let (status, said) = push("app", &[2; 100]).await;
    assert_eq!((status, &said["errors"][0]["code"]), (403, &json!("DENIED")), "{said}");
    assert!(said["errors"][0]["message"].as_str().unwrap().contains("its tier allows 1024"));
    let (status, _) = push("app", &[3; 24]).await;
    assert_eq!(status, 201, "what fits is taken");
    // What is stored already takes no room.
    let (status, _) = push("other", &[1; 1000]).await;
    assert_eq!(status, 201);
}

#[tokio::test]
async fn of_two_writers_one_hears_of_the_other() {
    let server = Server::start(&[]).await;
    let manager = Manager::of(&server).await;
    let path = manager.make_registry("contended", "Standard").await;
    let answer = manager.request_at(Method::GET, &path).send().await.unwrap();
    let tag = answer.headers()["etag"].clone();
    let write = async |value: &str| {
        let request = manager.request_at(Method::PATCH, &path).header("if-match", &tag);
        request.json(&json!({ "tags": { "by": value } })).send().await.unwrap().status().as_u16()
    };
    assert_eq!(write("one").await, 200);
    assert_eq!(write("other").await, 412);
    let absent = manager.request_at(Method::PUT, &path).header("if-none-match", "*");
    let answer = absent.json(&json!({ "sku": { "name": "Basic" } })).send().await.unwrap();
    assert_eq!(answer.status(), 412);
    let shown = manager.done_at(Method::GET, &path, Value::Null).await;
    assert_eq!(
        (&shown["tags"], &shown["sku"]["name"]),
        (&json!({ "by": "one" }), &json!("Standard"))
    );
}

#[tokio::test]
async fn a_registry_has_an_identity_of_its_own() {
    let server = Server::start(&[]).await;
    let manager = Manager::of(&server).await;
    let path = manager.make_registry("personal", "Basic").await;
    let own = json!({ "identity": { "type": "SystemAssigned" } });

    let made = manager.done_at(Method::PATCH, &path, own.clone()).await;

    let principal = made["identity"]["principalId"].as_str().unwrap().to_owned();
    assert!(made["identity"]["tenantId"].is_string());
    let again = manager.done_at(Method::PATCH, &path, own).await;
    assert_eq!(again["identity"], made["identity"]);
    // A whole registry sent back is no other wish.
    let same = manager.done_at(Method::PATCH, &path, again.clone()).await;
    assert_eq!(same, again);
    let pull = "7f951dda-4ed3-4680-a7ca-43fe172d538d";
    manager.assign(pull, &manager.registry, &principal, None).await;
    let none = json!({ "identity": { "type": "None" } });
    assert_eq!(manager.done_at(Method::PATCH, &path, none).await["identity"], Value::Null);
    let role = format!("/providers/Microsoft.Authorization/roleDefinitions/{pull}");
    let wanted = json!({ "properties": { "principalId": principal, "roleDefinitionId": role } });
    let id = uuid::Uuid::new_v4();
    let at = format!("{path}/providers/Microsoft.Authorization/roleAssignments/{id}");
    assert_eq!(manager.refused_at(Method::PUT, &at, wanted).await.1, "PrincipalNotFound");
}
