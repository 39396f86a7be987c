//! Microsoft Graph, as `az ad` and `az role assignment` speak it.

use http::Method;
use serde_json::{Value, json};

use super::{CLI, First, MANAGEMENT, ask, claims, number};
use crate::support::Server;

const GRAPH: &str = "https://graph.microsoft.com/.default";

/// Someone who asks Graph.
pub(super) struct Asker<'s> {
    server: &'s Server,
    pub(super) token: String,
}

impl<'s> Asker<'s> {
    pub(super) async fn app(server: &'s Server, first: &First) -> Self {
        let (status, body) = ask(server, "common", &first.app_form(GRAPH)).await;
        assert_eq!(status, 200, "{body}");
        Self { server, token: body["access_token"].as_str().unwrap().to_owned() }
    }

    pub(super) async fn user(server: &'s Server, user: &str, password: &str) -> Self {
        let (status, body) = sign_in(server, user, password, GRAPH).await;
        assert_eq!(status, 200, "{body}");
        Self { server, token: body["access_token"].as_str().unwrap().to_owned() }
    }

    async fn send(&self, method: Method, path: &str, body: Option<Value>) -> (u16, Value) {
        let request = self.server.request(method, &format!("/graph/{path}"));
        let request = request.bearer_auth(&self.token);
        let request = match body {
            Some(body) => request.json(&body),
            None => request,
        };
        let answer = request.send().await.unwrap();
        let status = answer.status().as_u16();
        let text = answer.text().await.unwrap();
        (status, if text.is_empty() { Value::Null } else { serde_json::from_str(&text).unwrap() })
    }

    pub(super) async fn get(&self, path: &str) -> (u16, Value) {
        self.send(Method::GET, path, None).await
    }

    pub(super) async fn post(&self, path: &str, body: Value) -> (u16, Value) {
        self.send(Method::POST, path, Some(body)).await
    }

    pub(super) async fn patch(&self, path: &str, body: Value) -> (u16, Value) {
        self.send(Method::PATCH, path, Some(body)).await
    }

    pub(super) async fn delete(&self, path: &str) -> u16 {
        self.send(Method::DELETE, path, None).await.0
    }

    /// What is made, which must be.
    pub(super) async fn make(&self, path: &str, body: Value) -> Value {
        let (status, made) = self.post(path, body).await;
        assert!(matches!(status, 200 | 201), "{path}: {status} {made}");
        made
    }

    /// The entries that fit the filter.
    async fn find(&self, set: &str, filter: &str) -> Vec<Value> {
        let query = [("$filter", filter)];
        let query = reqwest::Url::parse_with_params("http://x/", query).unwrap();
        let (status, body) = self.get(&format!("v1.0/{set}?{}", query.query().unwrap())).await;
        assert_eq!(status, 200, "{filter}: {body}");
        body["value"].as_array().unwrap().clone()
    }
}

async fn sign_in(server: &Server, user: &str, password: &str, scope: &str) -> (u16, Value) {
    let form = [
        ("grant_type", "password"),
        ("client_id", CLI),
        ("username", user),
        ("password", password),
        ("scope", scope),
    ];
    ask(server, "common", &form).await
}

fn text<'v>(value: &'v Value, name: &str) -> &'v str {
    value[name].as_str().unwrap_or_else(|| panic!("no {name}: {value}"))
}

async fn make_user(asker: &Asker<'_>, name: &str) -> Value {
    let body = json!({
        "accountEnabled": true,
        "displayName": name,
        "mailNickname": name,
        "passwordProfile": {
            "forceChangePasswordNextSignIn": false,
            "password": "a password for tests",
        },
        "userPrincipalName": format!("{name}@gantry.localhost"),
    });
    asker.make("v1.0/users", body).await
}

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
        (Method::DELETE, format!("{path}/getMemberGroups/x"), json!({})),
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

    let mut browser = super::browser::Browser::of(&server);
    let start = browser.get(&super::authorize::question(&[])).await;
    let fields = [("username", "alice@gantry.localhost"), ("password", password)];
    let asks = browser.fill_in(&start, &fields).await;
    assert_eq!(asks.status, 200);
    assert!(asks.text.contains("name=\"code\"") && !asks.text.contains(password));
    let wrong = browser.fill_in(&asks, &[("code", "000000x")]).await;
    assert_eq!(wrong.status, 400);
    assert!(wrong.text.contains("name=\"code\""), "{}", wrong.text);
    // What carries name and password is for this browser.
    let mut other = super::browser::Browser::of(&server);
    let page = other.get(&super::authorize::question(&[])).await;
    let note = wrong.hidden().into_iter().find(|(name, _)| name == "note").unwrap().1;
    let page = other.fill_in(&page, &[("note", &note), ("code", "000000")]).await;
    assert!(page.text.contains("It took too long"), "{}", page.text);

    assert_eq!(owner.delete(&path).await, 204);
    assert_eq!(sign_in(&server, "alice@gantry.localhost", password, GRAPH).await.0, 200);
}

#[tokio::test]
async fn groups_have_members() {
    let server = Server::start(&[]).await;
    let first = First::of(&server);
    let owner = Asker::app(&server, &first).await;
    let alice = make_user(&owner, "alice").await;
    // As `az ad group create` asks.
    let filter = "displayName eq 'team' and mailNickname eq 'team'";
    assert!(owner.find("groups", filter).await.is_empty());
    let body = json!({
        "displayName": "team",
        "mailEnabled": false,
        "mailNickname": "team",
        "securityEnabled": true,
    });
    let team = owner.make("v1.0/groups", body.clone()).await;
    assert_eq!(owner.find("groups", filter).await.len(), 1);
    let all = owner.make("v1.0/groups", json!({ "displayName": "all" })).await;
    let reference = |of: &Value| json!({ "@odata.id": format!("https://x/graph/v1.0/directoryObjects/{}", text(of, "id")) });
    let (in_team, in_all) = (
        format!("v1.0/groups/{}/members", text(&team, "id")),
        format!("v1.0/groups/{}/members", text(&all, "id")),
    );
    assert_eq!(owner.post(&format!("{in_team}/$ref"), reference(&alice)).await.0, 204);
    assert_eq!(owner.post(&format!("{in_all}/$ref"), reference(&team)).await.0, 204);
    assert_eq!(owner.post(&format!("{in_team}/$ref"), reference(&all)).await.0, 204, "a ring");
    let (status, again) = owner.post(&format!("{in_team}/$ref"), reference(&alice)).await;
    assert_eq!(status, 400);
    assert!(text(&again["error"], "message").contains("already exist"));
    let nobody = json!({ "@odata.id": "https://x/00000000-0000-0000-0000-000000000000" });
    assert_eq!(owner.post(&format!("{in_team}/$ref"), nobody).await.0, 404);
    let (_, members) = owner.get(&in_team).await;
    assert_eq!(members["value"].as_array().unwrap().len(), 2);
    let path = format!("v1.0/users/{}", text(&alice, "id"));
    let (_, direct) = owner.get(&format!("{path}/memberOf")).await;
    assert_eq!(direct["value"].as_array().unwrap().len(), 1);
    let (_, through) = owner.get(&format!("{path}/transitiveMemberOf")).await;
    assert_eq!(through["value"].as_array().unwrap().len(), 2);
    let asked = json!({ "securityEnabledOnly": false });
    let ids = owner.make(&format!("{path}/getMemberGroups"), asked).await;
    assert_eq!(ids["value"].as_array().unwrap().len(), 2);
    let asked = json!({ "groupIds": [all["id"], "00000000-0000-0000-0000-000000000000"] });
    let object = format!("v1.0/directoryObjects/{}", text(&alice, "id"));
    let ids = owner.make(&format!("{object}/checkMemberGroups"), asked).await;
    assert_eq!(ids["value"], json!([all["id"]]));
    let path = format!("v1.0/groups/{}", text(&team, "id"));
    let change = json!({ "displayName": "crew", "description": "us" });
    assert_eq!(owner.patch(&path, change).await.0, 204);
    assert_eq!(owner.patch(&path, json!({ "description": null })).await.0, 204);
    let (_, shown) = owner.get(&path).await;
    assert_eq!((&shown["displayName"], &shown["description"]), (&"crew".into(), &Value::Null));
    assert_eq!(owner.delete(&format!("{in_team}/{}/$ref", text(&alice, "id"))).await, 204);
    assert_eq!(owner.delete(&format!("{in_team}/{}/$ref", text(&alice, "id"))).await, 404);
    assert_eq!(owner.delete(&path).await, 204);
    assert_eq!(owner.get(&path).await.0, 404);
}

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
    let mut browser = super::browser::Browser::of(&server);
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
        let question = super::authorize::question(&[client, ("redirect_uri", address)]);
        let page = browser.get(&question).await;
        assert_eq!((page.status, page.location()), (status, None), "{address}");
        if status == 200 {
            assert!(page.text.contains("&lt;b&gt;site&lt;/b&gt;") && !page.text.contains("<b>"));
        }
    }
    // Whoever has a secret shows it with the code.
    let back = "https://site.example/back";
    let page = browser.get(&super::authorize::question(&[client, ("redirect_uri", back)])).await;
    let fields = [("username", first.user.as_str()), ("password", first.password.as_str())];
    let sent = browser.fill_in(&page, &fields).await;
    let code = sent.sent("code").unwrap();
    let mut form = super::authorize::exchange(&code);
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

#[tokio::test]
async fn lists_come_in_pages_and_say_what_they_cannot() {
    let server = Server::start(&[]).await;
    let first = First::of(&server);
    let owner = Asker::app(&server, &first).await;
    for n in 0..7 {
        owner.make("v1.0/groups", json!({ "displayName": format!("group {}", n % 2) })).await;
    }
    for (query, count) in [
        ("$top=2", 7),
        ("$top=2&$filter=startswith(displayName,'group%201')", 3),
        ("$top=2&$filter=displayName%20eq%20'group%200'", 4),
        ("$top=3&$select=id", 7),
    ] {
        let base = format!("http://localhost:{}/graph/", server.port());
        let (mut path, mut seen) = (format!("v1.0/groups?{query}"), Vec::new());
        loop {
            let (status, body) = owner.get(&path).await;
            assert_eq!(status, 200, "{body}");
            let page = body["value"].as_array().unwrap();
            assert!(page.len() <= 3);
            seen.extend(page.iter().map(|one| text(one, "id").to_owned()));
            if query.contains("select") {
                assert!(page.iter().all(|one| one.get("displayName").is_none()));
            }
            match body.get("@odata.nextLink") {
                None => break,
                Some(next) => {
                    let next = next.as_str().unwrap().strip_prefix(&base);
                    path = next.unwrap_or_else(|| panic!("{body}")).to_owned();
                }
            }
        }
        let all = seen.len();
        seen.sort();
        seen.dedup();
        assert_eq!((seen.len(), all), (count, count), "{query}");
    }
    let (_, counted) = owner.get("v1.0/groups?$count=true").await;
    assert_eq!(counted["@odata.count"], 7);
    for (path, named) in [
        ("v1.0/groups?$orderby=displayName", "$orderby"),
        ("v1.0/groups?$search=x", "$search"),
        ("v1.0/groups?$expand=members", "$expand"),
        ("v1.0/groups?$top=0", "$top"),
        ("v1.0/groups?$top=1000", "$top"),
        ("v1.0/groups?$skiptoken=x", "$skiptoken"),
        ("v1.0/groups?$top=1&$top=2", "$top"),
        ("v1.0/groups?$filter=appId%20eq%20'x'", "appId"),
        ("v1.0/groups?$filter=displayName%20ne%20'x'", "`eq`"),
        ("v1.0/groups?$filter=nonsense", "$filter"),
        ("v1.0/groups?$count=true&$top=1", "$count"),
        ("v1.0/devices", "devices"),
        ("v1.0/groups/x/owners", "owners"),
        ("beta/users", "beta"),
        ("v1.0/me/ownedObjects", "ownedObjects"),
    ] {
        let (status, body) = owner.get(path).await;
        assert_eq!(status, 400, "{path}: {body}");
        assert!(text(&body["error"], "message").contains(named), "{path}: {body}");
    }
    for (set, path) in [("organization", "id"), ("domains", "id")] {
        let (_, body) = owner.get(&format!("v1.0/{set}")).await;
        assert!(body["value"][0][path].is_string(), "{body}");
    }
    let (status, body) = owner.get("v1.0/me").await;
    assert_eq!(status, 400, "{body}");
    let long = json!({ "displayName": "x".repeat(300 << 10) });
    assert_eq!(owner.post("v1.0/groups", long).await.0, 413);
    let unknown = json!({ "displayName": "x", "isAssignableToRole": true });
    let (status, body) = owner.post("v1.0/groups", unknown).await;
    assert_eq!(status, 400);
    assert!(text(&body["error"], "message").contains("isAssignableToRole"), "{body}");
}

#[tokio::test]
async fn a_token_of_graph_is_needed() {
    let server = Server::start(&[]).await;
    let first = First::of(&server);
    let graph = Asker::app(&server, &first).await;
    let (_, management) = ask(&server, "common", &first.app_form(MANAGEMENT)).await;
    let (_, person) =
        ask(&server, "common", &first.user_form(&format!("{GRAPH} openid offline_access"))).await;
    let changed = format!("{}x", graph.token);
    let header = "eyJhbGciOiJub25lIn0";
    let unsigned = format!("{header}.{}.", graph.token.split('.').nth(1).unwrap());
    for (token, status) in [
        (graph.token.as_str(), 200),
        (text(&person, "access_token"), 200),
        (text(&management, "access_token"), 401),
        (text(&person, "refresh_token"), 401),
        (text(&person, "id_token"), 401),
        (&changed, 401),
        (&unsigned, 401),
        ("x", 401),
    ] {
        let asker = Asker { server: &server, token: token.to_owned() };
        let (found, body) = asker.get("v1.0/users").await;
        assert_eq!(found, status, "{body}");
    }
    let nobody = server.request(Method::GET, "/graph/v1.0/users").send().await.unwrap();
    assert_eq!(nobody.status(), 401);
    let challenge = nobody.headers()["www-authenticate"].to_str().unwrap().to_owned();
    assert!(challenge.contains(&first.tenant) && !challenge.contains("claims"), "{challenge}");
}
