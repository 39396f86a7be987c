//! The grants of the token endpoint, and what they refuse.

use std::collections::BTreeMap;

use http::Method;
use serde_json::Value;

use super::{CLI, First, MANAGEMENT, ask, claims, number, token, told};
use crate::support::{Server, basic};

#[tokio::test]
async fn documents_say_where_things_are() {
    let server = Server::start(&[]).await;
    let first = First::of(&server);
    let base = format!("http://localhost:{}", server.port());
    let issuer = format!("{base}/{}", first.tenant);
    for (path, status) in [
        (format!("/{}/v2.0/.well-known/openid-configuration", first.tenant), 200),
        ("/gantry.localhost/v2.0/.well-known/openid-configuration".to_owned(), 200),
        ("/common/v2.0/.well-known/openid-configuration".to_owned(), 200),
        ("/organizations/.well-known/openid-configuration".to_owned(), 200),
        ("/adfs/.well-known/openid-configuration".to_owned(), 200),
        ("/contoso.com/v2.0/.well-known/openid-configuration".to_owned(), 400),
        (
            "/00000000-0000-0000-0000-000000000000/v2.0/.well-known/openid-configuration"
                .to_owned(),
            400,
        ),
    ] {
        let answer = server.request(Method::GET, &path).send().await.unwrap();
        let (found, body) = told(answer).await;
        assert_eq!(found, status, "{path}: {body}");
        if status == 400 {
            assert_eq!((body["error"].as_str(), number(&body)), (Some("invalid_tenant"), 90_002));
            continue;
        }
        assert_eq!(body["issuer"], format!("{issuer}/v2.0"), "{path}");
        assert_eq!(body["token_endpoint"], format!("{issuer}/oauth2/v2.0/token"));
        let keys = body["jwks_uri"].as_str().unwrap().strip_prefix(&base).unwrap();
        let keys = server.request(Method::GET, keys).send().await.unwrap();
        let keys: Value = keys.json().await.unwrap();
        assert_eq!(keys["keys"][0]["alg"], "RS256");
        assert!(keys["keys"][0].get("d").is_none(), "nothing private");
    }
    let realm = server.request(Method::GET, "/common/userrealm/nobody@nowhere?api-version=1.0");
    let realm: Value = realm.send().await.unwrap().json().await.unwrap();
    assert_eq!(realm["account_type"], "Managed");
    let instance = server.request(Method::GET, "/common/discovery/instance?api-version=1.1");
    let instance: Value = instance.send().await.unwrap().json().await.unwrap();
    assert!(instance["tenant_discovery_endpoint"].as_str().unwrap().starts_with(&issuer));
    let wrong = server.request(Method::DELETE, "/common/oauth2/v2.0/token").send().await.unwrap();
    assert_eq!(wrong.status(), 405);
    assert_eq!(wrong.headers()["allow"], "POST");
}

#[tokio::test]
async fn an_application_signs_in_by_its_secret() {
    let server = Server::start(&[]).await;
    let first = First::of(&server);
    for tenant in [&*first.tenant, "gantry.localhost", "common", "adfs"] {
        let answer = token(&server, tenant, &first.app_form(MANAGEMENT)).send().await.unwrap();
        assert_eq!(answer.headers()["cache-control"], "no-store");
        let (status, body) = told(answer).await;
        assert_eq!((status, &body["token_type"]), (200, &Value::from("Bearer")), "{body}");
        for absent in ["refresh_token", "id_token", "client_info", "scope", "foci"] {
            assert!(body.get(absent).is_none(), "{absent}");
        }
        let claims = claims(&body["access_token"]);
        assert_eq!(claims["aud"], "https://management.azure.com");
        assert_eq!((&claims["idtyp"], &claims["tid"]), (&"app".into(), &(&*first.tenant).into()));
        assert_eq!(claims["appid"], *first.app);
    }
    // Basic credentials are the same.
    let form = [("grant_type", "client_credentials"), ("scope", MANAGEMENT)];
    let by_header = token(&server, "common", &form);
    let by_header = by_header.header("authorization", basic(&first.app, &first.secret));
    assert_eq!(by_header.send().await.unwrap().status(), 200);
    // The older endpoint is asked for a resource.
    let path = format!("/{}/oauth2/token", first.tenant);
    let mut form = first.app_form("ignored");
    form.push(("resource", "https://management.core.windows.net/"));
    let (status, body) =
        told(server.request(Method::POST, &path).form(&form).send().await.unwrap()).await;
    assert_eq!((status, &body["resource"]), (200, &"https://management.core.windows.net/".into()));
    assert!(body["expires_on"].as_str().unwrap().parse::<u64>().is_ok());
    // However it is asked for, a token carries one name.
    assert_eq!(claims(&body["access_token"])["aud"], "https://management.azure.com");
}

#[tokio::test]
async fn a_user_signs_in_and_comes_again() {
    let server = Server::start(&[]).await;
    let first = First::of(&server);
    let scope = format!("{MANAGEMENT} offline_access openid profile");
    let (status, body) = ask(&server, "organizations", &first.user_form(&scope)).await;
    assert_eq!(
        (status, &body["foci"], &body["scope"]),
        (200, &"1".into(), &(&*scope).into()),
        "{body}"
    );
    let id = claims(&body["id_token"]);
    assert_eq!((&id["aud"], &id["preferred_username"]), (&CLI.into(), &(&*first.user).into()));
    let issuer = format!("http://localhost:{}/{}/v2.0", server.port(), first.tenant);
    assert_eq!(id["iss"], issuer);
    let refresh = body["refresh_token"].as_str().unwrap();
    let again = |client: &'static str, token: String, scope: &'static str| {
        let server = &server;
        let tenant = &first.tenant;
        async move {
            let form = [
                ("grant_type", "refresh_token"),
                ("client_id", client),
                ("refresh_token", &token),
                ("scope", scope),
            ];
            ask(server, tenant, &form).await
        }
    };
    let registry = "https://containerregistry.azure.net/.default";
    let (status, other) = again(CLI, refresh.into(), registry).await;
    assert_eq!(
        (status, claims(&other["access_token"])["aud"].as_str()),
        (200, Some("https://containerregistry.azure.net"))
    );
    for (client, token, scope, error) in [
        // An access token is no refresh token, nor is an id token, nor one that was changed.
        (CLI, body["access_token"].as_str().unwrap().to_owned(), registry, "invalid_grant"),
        (CLI, body["id_token"].as_str().unwrap().to_owned(), registry, "invalid_grant"),
        (CLI, format!("{refresh}x"), registry, "invalid_grant"),
        (CLI, "x".to_owned(), registry, "invalid_grant"),
        (CLI, refresh.to_owned(), "", "invalid_request"),
        (CLI, refresh.to_owned(), "https://a/.default https://b/.default", "invalid_scope"),
        ("04b07795-8ddb-461a-bbee-02f9e1bf7b47", refresh.to_owned(), registry, "invalid_client"),
    ] {
        let (status, body) = again(client, token, scope).await;
        assert_eq!(
            (status, &body["error"]),
            (if error == "invalid_client" { 401 } else { 400 }, &error.into()),
            "{body}"
        );
    }
}

#[tokio::test]
async fn who_is_refused_is_told_nothing() {
    let server = Server::start(&[]).await;
    let first = First::of(&server);
    let nobody = "11111111-2222-3333-4444-555555555555";
    let app = |id: &'static str, secret: &'static str| {
        vec![
            ("grant_type", "client_credentials"),
            ("client_id", id),
            ("client_secret", secret),
            ("scope", MANAGEMENT),
        ]
    };
    let own: &'static str = first.app.clone().leak();
    let mut told = Vec::new();
    for (id, secret) in [(own, "wrong"), (nobody, "wrong"), ("nonsense", "wrong")] {
        let (status, mut body) = ask(&server, "common", &app(id, secret)).await;
        assert_eq!((status, number(&body)), (401, 7_000_215), "{body}");
        let text = body["error_description"]
            .as_str()
            .unwrap()
            .split(" Trace ID")
            .next()
            .unwrap()
            .to_owned();
        for changing in ["error_description", "timestamp", "trace_id", "correlation_id"] {
            body.as_object_mut().unwrap().remove(changing);
        }
        told.push((text, body));
    }
    assert!(told.windows(2).all(|pair| pair[0] == pair[1]), "{told:?}");
    let mut told = Vec::new();
    for (user, password) in [
        (&*first.user, "wrong-password"),
        ("nobody@gantry.localhost", "wrong-password"),
        ("no name", "wrong-password"),
    ] {
        let form = [
            ("grant_type", "password"),
            ("client_id", CLI),
            ("username", user),
            ("password", password),
            ("scope", MANAGEMENT),
        ];
        let (status, body) = ask(&server, "common", &form).await;
        assert_eq!((status, number(&body)), (400, 50_126), "{body}");
        let text = body["error_description"]
            .as_str()
            .unwrap()
            .split(" Trace ID")
            .next()
            .unwrap()
            .to_owned();
        assert!(!text.contains(password) && !text.contains(user), "{text}");
        told.push(text);
    }
    assert!(told.windows(2).all(|pair| pair[0] == pair[1]), "{told:?}");
}

/// The hash itself refuses a password that is longer than any: so it is asked for each of them, and that
/// of nobody is as slow (`gantry-secrets/src/passwords.rs`).
#[tokio::test]
async fn a_name_that_is_not_there_costs_what_a_wrong_password_does() {
    let server = Server::start(&[]).await;
    let first = First::of(&server);
    let long = "x".repeat(257);
    for user in [&*first.user, "nobody@gantry.localhost", "no name"] {
        let mut form = first.user_form(MANAGEMENT);
        for (name, value) in &mut form {
            match *name {
                "username" => *value = user,
                "password" => *value = &long,
                _ => {}
            }
        }
        let (_, body) = ask(&server, "common", &form).await;
        assert_eq!(number(&body), 90_033, "{user}: {body}");
    }
}

#[tokio::test]
async fn who_guesses_waits() {
    let server = Server::start(&[]).await;
    let first = First::of(&server);
    let mut form = first.app_form(MANAGEMENT);
    form[2].1 = "wrong";
    for _ in 0..5 {
        assert_eq!(ask(&server, "common", &form).await.0, 401);
    }
    let answer = token(&server, "common", &form).send().await.unwrap();
    assert_eq!(answer.status(), 429);
    assert!(answer.headers().contains_key("retry-after"));
    let (_, body) = told(answer).await;
    assert_eq!(number(&body), 50_053);
}

/// How many of 200 questions that are asked at once are answered so.
async fn at_once(server: &Server, form: &[(&str, &str)]) -> BTreeMap<u16, usize> {
    let mut asked = tokio::task::JoinSet::new();
    for _ in 0..200 {
        let request = token(server, "common", form);
        asked.spawn(async move { request.send().await.unwrap().status().as_u16() });
    }
    let mut answered = BTreeMap::new();
    for status in asked.join_all().await {
        *answered.entry(status).or_default() += 1;
    }
    answered
}

#[tokio::test]
async fn guessing_at_once_gets_no_further() {
    let server = Server::start(&[]).await;
    let first = First::of(&server);
    for (mut form, wrong) in [
        (first.app_form(MANAGEMENT), 401),
        // Each of these costs a hash.
        (first.user_form(MANAGEMENT), 400),
    ] {
        let secret =
            form.iter().position(|(name, _)| matches!(*name, "client_secret" | "password"));
        form[secret.unwrap()].1 = "wrong";
        let answered = at_once(&server, &form).await;
        assert_eq!(answered, BTreeMap::from([(wrong, 5), (429, 195)]));
    }
}

#[tokio::test]
async fn many_who_are_right_at_once_get_in() {
    let server = Server::start(&[]).await;
    let first = First::of(&server);
    let answered = at_once(&server, &first.app_form(MANAGEMENT)).await;
    assert_eq!(answered, BTreeMap::from([(200, 200)]));
    let admin = |_| {
        let request = server.request(Method::GET, "/v2/");
        request.basic_auth("local", Some(crate::support::PASSWORD)).send()
    };
    for answer in futures_util::future::join_all((0..200).map(admin)).await {
        assert_eq!(answer.unwrap().status(), 200);
    }
}

#[tokio::test]
async fn a_form_is_well_formed_or_refused() {
    let server = Server::start(&[]).await;
    let first = First::of(&server);
    let good = first.app_form(MANAGEMENT);
    for twice in ["client_id", "client_secret", "scope", "grant_type"] {
        let mut form = good.clone();
        form.push((twice, "other"));
        let (status, body) = ask(&server, "common", &form).await;
        assert_eq!((status, number(&body)), (400, 9_000_411), "{body}");
    }
    for missing in ["client_id", "scope", "grant_type"] {
        let form: Vec<_> = good.iter().copied().filter(|(name, _)| *name != missing).collect();
        let (status, body) = ask(&server, "common", &form).await;
        assert_eq!(status, 400, "{missing}: {body}");
    }
    for (name, value, error) in [
        ("grant_type", "urn:ietf:params:oauth:grant-type:jwt-bearer", "unsupported_grant_type"),
        ("grant_type", "implicit", "unsupported_grant_type"),
        ("scope", "https://management.azure.com/user_impersonation", "invalid_scope"),
        ("scope", "https://a/.default https://b/.default", "invalid_scope"),
        ("scope", "openid", "invalid_scope"),
        ("scope", "refresh/.default", "invalid_scope"),
        // Whoever gets a token for it could use it here.
        ("scope", "https://evil.example/arm/.default", "invalid_scope"),
        ("scope", "https://evil.example/graph/.default", "invalid_scope"),
    ] {
        let mut form = good.clone();
        form.iter_mut().find(|(key, _)| *key == name).unwrap().1 = value;
        let (status, body) = ask(&server, "common", &form).await;
        assert_eq!((status, &body["error"]), (400, &error.into()), "{body}");
    }
    for tenant in ["contoso.com", "00000000-0000-0000-0000-000000000000", "consumers", "%63ommon"] {
        let (status, body) = ask(&server, tenant, &good).await;
        assert_eq!((status, number(&body)), (400, 90_002), "{tenant}: {body}");
    }
    // One way to prove oneself, and one name.
    let mut two = good.clone();
    two.push(("client_assertion", "a.b.c"));
    two.push(("client_assertion_type", "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"));
    assert_eq!(ask(&server, "common", &two).await.1["error"], "invalid_request");
    let header = token(&server, "common", &good).header("authorization", basic(&first.app, "x"));
    assert_eq!(header.send().await.unwrap().status(), 400);
    let header = token(&server, "common", &good[..1]).header("authorization", "Bearer x");
    assert_eq!(header.send().await.unwrap().status(), 400);
    let long = "x".repeat(70 << 10);
    let mut form = good.clone();
    form.push(("claims", &long));
    assert_eq!(ask(&server, "common", &form).await.0, 400);
    // What Azure's clients send besides is no trouble.
    let mut form = good.clone();
    form.push(("claims", r#"{"access_token":{"xms_cc":{"values":["CP1"]}}}"#));
    form.push(("client_info", "1"));
    assert_eq!(ask(&server, "common", &form).await.0, 200);
}

#[tokio::test]
async fn tokens_are_not_given_over_plain_http_from_elsewhere() {
    let proxy = ["trusted_proxies = [\"127.0.0.1\"]", "hostnames = [\"a.example\"]"];
    let server = Server::start(&proxy).await;
    let first = First::of(&server);
    for (path, form) in [
        ("/common/oauth2/v2.0/token", first.app_form(MANAGEMENT)),
        ("/common/oauth2/v2.0/devicecode", vec![("client_id", CLI), ("scope", MANAGEMENT)]),
    ] {
        for (scheme, status) in [("http", 403), ("https", 200)] {
            let request = server.request(Method::POST, path).form(&form);
            let request = request.header("x-forwarded-for", "192.0.2.1");
            let answer = request.header("x-forwarded-proto", scheme).send().await.unwrap();
            assert_eq!(answer.status().as_u16(), status, "{path} over {scheme}");
        }
    }
    for path in ["/devicelogin", "/graph/v1.0/users", "/common/oauth2/v2.0/authorize"] {
        let request = server.request(Method::GET, path).header("x-forwarded-for", "192.0.2.1");
        let answer = request.header("x-forwarded-proto", "http").send().await.unwrap();
        assert_eq!(answer.status(), 403, "{path}");
    }
    let document = server.request(Method::GET, "/common/v2.0/.well-known/openid-configuration");
    let document =
        document.header("x-forwarded-proto", "https").header("x-forwarded-host", "a.example");
    let document: Value = document.send().await.unwrap().json().await.unwrap();
    assert_eq!(document["issuer"], format!("https://a.example/{}/v2.0", first.tenant));
}
