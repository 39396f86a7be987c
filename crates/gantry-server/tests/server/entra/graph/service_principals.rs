//! Service principals, as `az ad sp create-for-rbac` makes them.

use serde_json::{Value, json};

use super::{Asker, GRAPH, text};
use crate::entra::{First, ask, claims, number};
use crate::support::Server;

#[tokio::test]
async fn a_service_principal_for_rbac() {
    let server = Server::start(&[]).await;
    let first = First::of(&server);
    let owner = Asker::app(&server, &first).await;
    // As `az ad sp create-for-rbac --name ci` asks.
    assert!(owner.find("servicePrincipals", "displayName eq 'ci'").await.is_empty());
    assert!(owner.find("applications", "startswith(displayName,'ci')").await.is_empty());
    let body = json!({ "displayName": "ci", "keyCredentials": [] });
    let application = owner.make("v1.0/applications", body).await;
    assert_eq!(application["passwordCredentials"], json!([]));
    let path = format!("v1.0/applications/{}", text(&application, "id"));
    let body = json!({ "passwordCredential": {
        "displayName": "rbac",
        "startDateTime": "2020-01-02T03:04:05Z",
        "endDateTime": "2120-01-02T03:04:05Z",
    }});
    let made = owner.make(&format!("{path}/addPassword"), body).await;
    let (secret, key) = (text(&made, "secretText"), text(&made, "keyId"));
    assert!(secret.starts_with(text(&made, "hint")));
    let app_id = text(&application, "appId");
    let body = json!({ "appId": app_id, "accountEnabled": true });
    let acts = owner.make("v1.0/servicePrincipals", body.clone()).await;
    assert_eq!(owner.post("v1.0/servicePrincipals", body).await.0, 400, "it is there");

    // As `az role assignment create --assignee` looks.
    let filter = format!("servicePrincipalNames/any(c:c eq '{app_id}')");
    let found = owner.find("servicePrincipals", &filter).await;
    assert_eq!((found.len(), &found[0]["id"]), (1, &acts["id"]));
    let ids = json!({
        "ids": [acts["id"], acts["id"], "00000000-0000-0000-0000-000000000000", "x"],
        "types": ["user", "group", "servicePrincipal", "directoryObjectPartnerReference"],
    });
    let objects = owner.make("v1.0/directoryObjects/getByIds", ids).await;
    assert_eq!(objects["value"].as_array().unwrap().len(), 1);
    assert_eq!(objects["value"][0]["@odata.type"], "#microsoft.graph.servicePrincipal");

    // It signs in, and nothing more.
    let form = |secret| {
        [
            ("grant_type", "client_credentials"),
            ("client_id", app_id),
            ("client_secret", secret),
            ("scope", GRAPH),
        ]
    };
    let (status, body) = ask(&server, "common", &form(secret)).await;
    assert_eq!((status, &claims(&body["access_token"])["oid"]), (200, &acts["id"]));
    let ci = Asker { server: &server, token: text(&body, "access_token").to_owned() };
    assert_eq!(ci.get("v1.0/users").await.0, 200, "it reads");
    let (status, refused) = ci.post(&format!("{path}/addPassword"), json!({})).await;
    assert_eq!((status, &refused["error"]["code"]), (403, &"Authorization_RequestDenied".into()));

    // The application shows its secret no more, by either name.
    for path in [&path, &format!("v1.0/applications(appId='{app_id}')")] {
        let (_, shown) = owner.get(path).await;
        assert_eq!(shown["passwordCredentials"][0]["secretText"], Value::Null);
        assert_eq!(shown["passwordCredentials"][0]["keyId"], key);
        assert!(!shown.to_string().contains(secret));
    }
    let (_, shown) = owner.get(&format!("v1.0/servicePrincipals(appId='{app_id}')")).await;
    assert_eq!(shown["passwordCredentials"][0]["keyId"], key);
    // Taken away, it is gone, and so are its tokens.
    let behind = format!("v1.0/servicePrincipals/{}/removePassword", text(&acts, "id"));
    assert_eq!(owner.post(&behind, json!({ "keyId": key })).await.0, 204);
    assert_eq!(owner.post(&behind, json!({ "keyId": key })).await.0, 400);
    assert_eq!(number(&ask(&server, "common", &form(secret)).await.1), 7_000_215);
    assert_eq!(ci.get("v1.0/users").await.0, 401);

    // Disabled.
    let made = owner.make(&format!("{path}/addPassword"), json!({})).await;
    let secret = text(&made, "secretText");
    let acts = format!("v1.0/servicePrincipals/{}", text(&acts, "id"));
    let (_, body) = ask(&server, "common", &form(secret)).await;
    let ci = Asker { server: &server, token: text(&body, "access_token").to_owned() };
    assert_eq!(owner.patch(&acts, json!({ "accountEnabled": false })).await.0, 204);
    assert_eq!(ci.get("v1.0/users").await.0, 401);
    assert_eq!(number(&ask(&server, "common", &form(secret)).await.1), 7_000_112);
    assert_eq!(owner.delete(&path).await, 204);
    assert_eq!((owner.get(&path).await.0, owner.get(&acts).await.0), (404, 404));
    assert_eq!(number(&ask(&server, "common", &form(secret)).await.1), 7_000_215);
}
