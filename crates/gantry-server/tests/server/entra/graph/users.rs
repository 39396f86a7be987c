//! Users: their passwords, their codes, their end.

use http::Method;
use serde_json::json;

use super::{Asker, GRAPH, make_user, sign_in, text};
use crate::entra::browser::Browser;
use crate::entra::{CLI, First, MANAGEMENT, ask, authorize, number};
use crate::support::Server;

#[tokio::test]
async fn users_are_kept_and_end() {
    let server = Server::start(&[]).await;
    let first = First::of(&server);
    let owner = Asker::user(&server, &first.user, &first.password).await;
    let (_, me) = owner.get("v1.0/me").await;
    assert_eq!(me["userPrincipalName"], *first.user);
    let alice = make_user(&owner, "alice").await;
    let path = format!("v1.0/users/{}", text(&alice, "id"));
    for filter in [
        "userPrincipalName eq 'Alice@gantry.localhost'",
        "mail eq 'alice@gantry.localhost'",
        "displayName eq 'alice'",
        "startswith(displayName,'Al')",
        "startswith(userPrincipalName,'alice@')",
        "displayName eq 'alice' and startswith(userPrincipalName,'a')",
    ] {
        let found = owner.find("users", filter).await;
        assert_eq!((found.len(), &found[0]["id"]), (1, &alice["id"]), "{filter}");
    }
    assert!(owner.find("users", "displayName eq 'alice' and mail eq 'b'").await.is_empty());
    for key in ["alice@gantry.localhost", "ALICE%40gantry.localhost"] {
        assert_eq!(owner.get(&format!("v1.0/users/{key}")).await.1["id"], alice["id"]);
    }
    let (status, taken) =
        owner.post("v1.0/users", json!({ "userPrincipalName": "ALICE@gantry.localhost" })).await;
    assert_eq!((status, &taken["error"]["code"]), (400, &"Request_BadRequest".into()));

    let password = "a password for tests";
    let scope = format!("{MANAGEMENT} offline_access");
    let refresh = async |password: &str| {
        let (status, body) = sign_in(&server, "alice@gantry.localhost", password, &scope).await;
        assert_eq!(status, 200, "{body}");
        text(&body, "refresh_token").to_owned()
    };
    let comes_again = async |token: &str| {
        let form = [
            ("grant_type", "refresh_token"),
            ("client_id", CLI),
            ("refresh_token", token),
            ("scope", GRAPH),
        ];
        ask(&server, "common", &form).await.0 == 200
    };
    // Signed out, by either way to ask for it; given another password; disabled.
    for (path, body) in [
        (format!("{path}/revokeSignInSessions"), json!({})),
        (format!("gantry/principals/{}/signOut", text(&alice, "id")), json!({})),
    ] {
        let token = refresh(password).await;
        let reader = Asker::user(&server, "alice@gantry.localhost", password).await;
        assert!(comes_again(&token).await);
        assert!(matches!(owner.post(&path, body).await.0, 200 | 204));
        assert!(!comes_again(&token).await, "{path}");
        assert_eq!(reader.get("v1.0/me").await.0, 401);
    }
    let token = refresh(password).await;
    let profile = json!({ "passwordProfile": { "password": "another password" } });
    assert_eq!(owner.patch(&path, profile).await.0, 204);
    assert!(!comes_again(&token).await);
    assert_eq!(sign_in(&server, "alice@gantry.localhost", password, GRAPH).await.0, 400);
    let token = refresh("another password").await;
    assert_eq!(owner.patch(&path, json!({ "accountEnabled": false })).await.0, 204);
    assert!(!comes_again(&token).await);
    let (_, body) = sign_in(&server, "alice@gantry.localhost", "another password", GRAPH).await;
    assert_eq!(number(&body), 50_057);
    // With a wrong password one isn't told that.
    let (_, body) = sign_in(&server, "alice@gantry.localhost", "wrong", GRAPH).await;
    assert_eq!(number(&body), 50_126);
    assert_eq!(owner.patch(&path, json!({ "accountEnabled": true })).await.0, 204);

    // She changes her password herself.
    let alice = Asker::user(&server, "alice@gantry.localhost", "another password").await;
    let change = |old: &str| json!({ "currentPassword": old, "newPassword": "my own password" });
    assert_eq!(alice.post("v1.0/me/changePassword", change("wrong")).await.0, 400);
    assert_eq!(alice.post("v1.0/me/changePassword", change("another password")).await.0, 204);
    assert_eq!(alice.get("v1.0/me").await.0, 401, "she signs in again");
    let alice = Asker::user(&server, "alice@gantry.localhost", "my own password").await;
    // And nobody else's anything.
    for (method, path, body) in [
        (Method::PATCH, path.clone(), json!({ "displayName": "x" })),
        (Method::PATCH, "v1.0/users/admin@gantry.localhost".to_owned(), json!({})),
        (Method::POST, "v1.0/users".to_owned(), json!({})),
        (Method::POST, "v1.0/groups".to_owned(), json!({})),
        (Method::POST, "v1.0/applications".to_owned(), json!({})),
        (Method::POST, "v1.0/servicePrincipals".to_owned(), json!({})),
        (Method::POST, "v1.0/users/getByIds/revokeSignInSessions".to_owned(), json!({})),
        (Method::DELETE, path.clone(), json!({})),
        (Method::DELETE, format!("{path}/getMemberGroups"), json!({})),
        (Method::DELETE, "v1.0/users/getByIds".to_owned(), json!({})),
        (
            Method::PATCH,
            "v1.0/applications/x/federatedIdentityCredentials/getMemberGroups".to_owned(),
            json!({}),
        ),
        (Method::POST, "gantry/identities".to_owned(), json!({})),
        (Method::POST, format!("gantry/users/{}/totp", first.user), json!({})),
        (Method::POST, "gantry/principals/x/signOut".to_owned(), json!({})),
    ] {
        let (status, body) = alice.send(method, &path, Some(body)).await;
        assert_eq!(status, 403, "{path}: {body}");
    }
    assert_eq!(owner.delete(&path).await, 204);
    assert_eq!(alice.get("v1.0/me").await.0, 401);
    assert_eq!(owner.get(&path).await.1["error"]["code"], "Request_ResourceNotFound");
}

#[tokio::test]
async fn a_code_besides_the_password() {
    let server = Server::start(&[]).await;
    let first = First::of(&server);
    let owner = Asker::app(&server, &first).await;
    let alice = make_user(&owner, "alice").await;
    let path = format!("gantry/users/{}/totp", text(&alice, "id"));
    let made = owner.make(&path, json!({})).await;
    assert!(text(&made, "address").starts_with("otpauth://totp/"));
    let password = "a password for tests";
    let (_, body) = sign_in(&server, "alice@gantry.localhost", password, GRAPH).await;
    assert_eq!(number(&body), 50_076);
    let (_, body) = sign_in(&server, "alice@gantry.localhost", "wrong", GRAPH).await;
    assert_eq!(number(&body), 50_126, "nobody learns of the code without the password");

    let mut browser = Browser::of(&server);
    let start = browser.get(&authorize::question(&[])).await;
    let fields = [("username", "alice@gantry.localhost"), ("password", password)];
    let asks = browser.fill_in(&start, &fields).await;
    assert_eq!(asks.status, 200);
    assert!(asks.text.contains("name=\"code\"") && !asks.text.contains(password));
    let wrong = browser.fill_in(&asks, &[("code", "000000x")]).await;
    assert_eq!(wrong.status, 400);
    assert!(wrong.text.contains("name=\"code\""), "{}", wrong.text);
    // What carries name and password is for this browser.
    let mut other = Browser::of(&server);
    let page = other.get(&authorize::question(&[])).await;
    let note = wrong.hidden().into_iter().find(|(name, _)| name == "note").unwrap().1;
    let page = other.fill_in(&page, &[("note", &note), ("code", "000000")]).await;
    assert!(page.text.contains("It took too long"), "{}", page.text);

    assert_eq!(owner.delete(&path).await, 204);
    assert_eq!(sign_in(&server, "alice@gantry.localhost", password, GRAPH).await.0, 200);
}
