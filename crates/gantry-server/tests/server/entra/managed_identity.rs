//! Workloads and their identities.

use http::Method;
use serde_json::{Value, json};

use super::graph::Asker;
use super::{First, claims, told};
use crate::support::Server;

const METADATA: &str =
    "/metadata/identity/oauth2/token?api-version=2018-02-01&resource=https://management.azure.com/";
const SERVICE: &str = "/msi/token?api-version=2019-08-01&resource=https://management.azure.com/";

async fn ask(server: &Server, path: &str, headers: &[(&str, &str)]) -> (u16, Value) {
    let request = server.request(Method::GET, path);
    let request =
        headers.iter().fold(request, |request, (name, value)| request.header(*name, *value));
    told(request.send().await.unwrap()).await
}

#[tokio::test]
async fn a_workload_is_known_by_where_it_is() {
    let server = Server::start(&[]).await;
    let owner = Asker::app(&server, &First::of(&server)).await;
    let metadata = [("Metadata", "true")];
    assert_eq!(ask(&server, METADATA, &metadata).await.0, 400, "nobody is known");
    let one = owner.make("gantry/identities", json!({ "displayName": "builder" })).await;
    let path = format!("gantry/identities/{}", one["id"].as_str().unwrap());
    let workload = json!({ "network": "127.0.0.0/8" });
    let workload = owner.make(&format!("{path}/workloads"), workload).await;
    let (status, body) = ask(&server, METADATA, &metadata).await;
    assert_eq!((status, &body["client_id"]), (200, &one["clientId"]), "{body}");
    for number in ["expires_in", "expires_on", "not_before"] {
        assert!(body[number].as_str().unwrap().parse::<u64>().is_ok(), "{body}");
    }
    let claims = claims(&body["access_token"]);
    assert_eq!(
        (&claims["oid"], &claims["aud"]),
        (&one["id"], &"https://management.azure.com".into())
    );
    assert_eq!((&claims["appid"], &claims["idtyp"]), (&one["clientId"], &"app".into()));

    // Nobody asks for somebody else, and no page has a browser ask.
    for headers in [
        &[][..],
        &[("Metadata", "false")],
        &[("Metadata", "true"), ("X-Forwarded-For", "127.0.0.1")],
        &[("Metadata", "true"), ("Forwarded", "for=127.0.0.1")],
    ] {
        assert_eq!(ask(&server, METADATA, headers).await.0, 400, "{headers:?}");
    }
    let two = owner.make("gantry/identities", json!({ "displayName": "deployer" })).await;
    let other = format!("gantry/identities/{}/workloads", two["id"].as_str().unwrap());
    owner.make(&other, json!({ "network": "127.0.0.1/32" })).await;
    let (status, body) = ask(&server, METADATA, &metadata).await;
    assert_eq!(status, 400);
    assert!(body["error_description"].as_str().unwrap().contains("client_id"), "{body}");
    let resource = "/subscriptions/x/resourceGroups/y/providers/\
        Microsoft.ManagedIdentity/userAssignedIdentities/deployer";
    for (name, value) in [
        ("client_id", two["clientId"].as_str().unwrap()),
        ("object_id", two["id"].as_str().unwrap()),
        ("principal_id", two["id"].as_str().unwrap()),
        ("msi_res_id", resource),
        ("mi_res_id", resource),
    ] {
        let (status, body) = ask(&server, &format!("{METADATA}&{name}={value}"), &metadata).await;
        assert_eq!((status, &body["client_id"]), (200, &two["clientId"]), "{name}");
    }
    for query in [
        "client_id=x",
        "client_id=00000000-0000-0000-0000-000000000000",
        &format!("client_id={}&object_id=x", two["clientId"].as_str().unwrap()),
        "resource=https://graph.microsoft.com",
    ] {
        let (status, body) = ask(&server, &format!("{METADATA}&{query}"), &metadata).await;
        assert_eq!((status, &body["error"]), (400, &"invalid_request".into()), "{query}");
    }
    for path in [
        "/metadata/identity/oauth2/token?api-version=2018-02-01",
        "/metadata/identity/oauth2/token?resource=https://management.azure.com/",
        "/metadata/identity/oauth2/token?api-version=2018-02-01&resource=a%20b",
    ] {
        assert_eq!(ask(&server, path, &metadata).await.0, 400, "{path}");
    }
    assert_eq!(owner.delete(&format!("{other}/{}", workload["id"].as_str().unwrap())).await, 404);
    assert_eq!(owner.delete(&path).await, 204);
    assert_eq!(ask(&server, METADATA, &metadata).await.1["client_id"], two["clientId"]);
    let (_, all) = owner.get("gantry/identities").await;
    assert_eq!(all["value"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn a_workload_is_known_by_a_secret() {
    let server = Server::start(&[]).await;
    let first = First::of(&server);
    let owner = Asker::app(&server, &first).await;
    let one = owner.make("gantry/identities", json!({ "displayName": "site" })).await;
    let path = format!("gantry/identities/{}/workloads", one["id"].as_str().unwrap());
    let workload = owner.make(&path, json!({})).await;
    let secret = workload["secret"].as_str().unwrap();
    let (_, listed) = owner.get(&path).await;
    assert!(!listed.to_string().contains(secret));
    for name in ["X-IDENTITY-HEADER", "secret"] {
        let (status, body) = ask(&server, SERVICE, &[(name, secret)]).await;
        assert_eq!((status, &body["client_id"]), (200, &one["clientId"]), "{body}");
    }
    assert_eq!(ask(&server, SERVICE, &[]).await.0, 400);
    assert_eq!(ask(&server, METADATA, &[("Metadata", "true")]).await.0, 400);
    for _ in 0..5 {
        assert_eq!(ask(&server, SERVICE, &[("X-IDENTITY-HEADER", "wrong")]).await.0, 400);
    }
    assert_eq!(ask(&server, SERVICE, &[("X-IDENTITY-HEADER", "wrong")]).await.0, 429);
    // An application's secret is none of a workload's, and the other way round.
    let form = [
        ("grant_type", "client_credentials"),
        ("client_id", one["clientId"].as_str().unwrap()),
        ("client_secret", secret),
        ("scope", super::MANAGEMENT),
    ];
    assert_eq!(super::ask(&server, "common", &form).await.0, 401);
    let workload = workload["id"].as_str().unwrap();
    assert_eq!(owner.delete(&format!("{path}/{workload}")).await, 204);
    assert_eq!(owner.delete(&format!("{path}/{workload}")).await, 404);
}
