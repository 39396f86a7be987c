//! Applications: secrets, certificates, other issuers, addresses.

use serde_json::{Value, json};

use super::{Asker, text};
use crate::entra::browser::Browser;
use crate::entra::{First, ask, authorize, claims};
use crate::support::Server;

#[tokio::test]
async fn applications_are_changed() {
    let server = Server::start(&[]).await;
    let first = First::of(&server);
    let owner = Asker::app(&server, &first).await;
    let body = json!({
        "displayName": "<b>site</b>",
        "identifierUris": ["api://site"],
        "isFallbackPublicClient": false,
        "signInAudience": "AzureADMyOrg",
        "web": { "redirectUris": ["https://site.example/back"] },
        "publicClient": { "redirectUris": ["http://localhost:9/x"] },
        "passwordCredentials": [{ "displayName": "one" }],
    });
    let site = owner.make("v1.0/applications", body).await;
    let secret = text(&site["passwordCredentials"][0], "secretText").to_owned();
    let path = format!("v1.0/applications/{}", text(&site, "id"));
    for filter in [
        "identifierUris/any(s:s eq 'api://site')",
        "startswith(displayName,'<B>')",
        &format!("appId eq '{}'", text(&site, "appId")),
    ] {
        assert_eq!(owner.find("applications", filter).await.len(), 1, "{filter}");
    }
    owner.make("v1.0/servicePrincipals", json!({ "appId": site["appId"] })).await;
    let filter = "servicePrincipalNames/any(c:c eq 'api://site')";
    assert_eq!(owner.find("servicePrincipals", filter).await.len(), 1);

    // A browser may be sent to these and no others, and its name is text.
    let mut browser = Browser::of(&server);
    let client = ("client_id", text(&site, "appId"));
    for (address, status) in [
        ("https://site.example/back", 200),
        ("http://localhost:9/x", 200),
        ("https://site.example/back/", 400),
        ("https://site.example/back?x", 400),
        ("https://site.example/BACK", 400),
        ("https://site.example", 400),
        ("https://site.example.evil/back", 400),
    ] {
        let question = authorize::question(&[client, ("redirect_uri", address)]);
        let page = browser.get(&question).await;
        assert_eq!((page.status, page.location()), (status, None), "{address}");
        if status == 200 {
            assert!(page.text.contains("&lt;b&gt;site&lt;/b&gt;") && !page.text.contains("<b>"));
        }
    }
    // Whoever has a secret shows it with the code.
    let back = "https://site.example/back";
    let page = browser.get(&authorize::question(&[client, ("redirect_uri", back)])).await;
    let fields = [("username", first.user.as_str()), ("password", first.password.as_str())];
    let sent = browser.fill_in(&page, &fields).await;
    let code = sent.sent("code").unwrap();
    let mut form = authorize::exchange(&code);
    form.retain(|(name, _)| !["client_id", "redirect_uri"].contains(name));
    form.extend([client, ("redirect_uri", back), ("client_secret", "wrong")]);
    assert_eq!(ask(&server, "common", &form).await.0, 401, "the code is not lost by that");
    form.retain(|(name, _)| *name != "client_secret");
    form.push(("client_secret", &secret));
    let (status, body) = ask(&server, "common", &form).await;
    assert_eq!((status, &claims(&body["access_token"])["azp"]), (200, &client.1.into()), "{body}");

    for bad in [
        json!({ "web": { "redirectUris": ["http://site.example/"] } }),
        json!({ "web": { "redirectUris": ["javascript:alert(1)"] } }),
        json!({ "web": { "redirectUris": ["https://a\\@b/"] } }),
        json!({ "publicClient": { "redirectUris": ["data:text/html,x"] } }),
        json!({ "web": { "implicitGrantSettings": { "enableIdTokenIssuance": true } } }),
        json!({ "identifierUris": ["https://management.azure.com/"] }),
        json!({ "identifierUris": ["a b"] }),
        json!({ "displayName": "" }),
        json!({ "displayName": "x\u{0}" }),
        json!({ "signInAudience": "AzureADMultipleOrgs" }),
        json!({ "appId": "00000000-0000-0000-0000-000000000000" }),
        json!({ "id": "00000000-0000-0000-0000-000000000000" }),
        json!({ "passwordCredentials": [] }),
        json!({ "keyCredentials": [{ "key": "x" }] }),
        json!({ "appRoles": [] }),
    ] {
        let (status, body) = owner.patch(&path, bad.clone()).await;
        assert_eq!(status, 400, "{bad}: {body}");
    }
    let change = json!({ "displayName": "site", "web": { "redirectUris": [] }, "tags": ["x"] });
    assert_eq!(owner.patch(&path, change).await.0, 204);
    let (_, shown) = owner.get(&path).await;
    assert_eq!(shown["web"]["redirectUris"], json!([]));
    assert_eq!(shown["publicClient"]["redirectUris"], json!(["http://localhost:9/x"]));
    assert_eq!(shown["identifierUris"], json!(["api://site"]));

    // Certificates, as `az ad app credential reset --create-cert --append` sends them.
    let key = rcgen::KeyPair::generate().unwrap();
    let certificate = rcgen::CertificateParams::default().self_signed(&key).unwrap();
    let pem = certificate.pem();
    let bare: String = pem.lines().filter(|line| !line.starts_with("---")).collect();
    let sent = json!({
        "@odata.type": "#microsoft.graph.keyCredential",
        "displayName": null,
        "key": bare,
        "keyId": "11111111-2222-3333-4444-555555555555",
        "startDateTime": "2020-01-02T03:04:05Z",
        "endDateTime": "2120-01-02T03:04:05Z",
        "type": "AsymmetricX509Cert",
        "usage": "Verify",
    });
    assert_eq!(owner.patch(&path, json!({ "keyCredentials": [sent] })).await.0, 204);
    let (_, shown) = owner.get(&path).await;
    let mut keys = shown["keyCredentials"].as_array().unwrap().clone();
    assert_eq!((keys.len(), &keys[0]["key"]), (1, &Value::Null));
    keys.push(sent);
    assert_eq!(owner.patch(&path, json!({ "keyCredentials": keys })).await.0, 204);
    let (_, shown) = owner.get(&path).await;
    let after = shown["keyCredentials"].as_array().unwrap();
    assert_eq!(after.len(), 2);
    assert!(after.iter().any(|key| key["keyId"] == keys[0]["keyId"]), "what was sent back is kept");
    assert_eq!(owner.patch(&path, json!({ "keyCredentials": [] })).await.0, 204);
    let (_, shown) = owner.get(&path).await;
    assert_eq!(shown["keyCredentials"], json!([]));
    assert_eq!(shown["passwordCredentials"].as_array().unwrap().len(), 1);

    // Tokens of others.
    let path = format!("{path}/federatedIdentityCredentials");
    let body = json!({
        "name": "ci",
        "issuer": "https://token.actions.githubusercontent.com",
        "subject": "repo:a/b:ref:refs/heads/main",
        "audiences": ["api://AzureADTokenExchange"],
    });
    let made = owner.make(&path, body.clone()).await;
    assert_eq!(owner.post(&path, body.clone()).await.0, 400, "it is there");
    let other = json!({ "subject": "repo:a/b:ref:refs/heads/next", "description": "x" });
    assert_eq!(owner.patch(&format!("{path}/ci"), other).await.0, 204);
    let (_, shown) = owner.get(&format!("{path}/{}", text(&made, "id"))).await;
    assert_eq!((&shown["id"], &shown["description"]), (&made["id"], &"x".into()));
    assert_eq!(shown["subject"], "repo:a/b:ref:refs/heads/next");
    for (name, bad) in [("issuer", "http://x/"), ("subject", ""), ("name", "other")] {
        assert_eq!(owner.patch(&format!("{path}/ci"), json!({ name: bad })).await.0, 400);
    }
    assert_eq!(owner.get(&path).await.1["value"].as_array().unwrap().len(), 1);
    assert_eq!(owner.delete(&format!("{path}/ci")).await, 204);
    assert_eq!(owner.delete(&format!("{path}/ci")).await, 404);
}
