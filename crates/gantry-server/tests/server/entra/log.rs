//! What the log never has, however much it is made to tell.

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as BASE64;
use gantry_model::{Clock, SystemClock};
use http::Method;
use rcgen::{CertificateParams, KeyPair};
use serde_json::{Value, json};

use super::authorize::{exchange, question};
use super::browser::Browser;
use super::graph::Asker;
use super::{CLI, First, MANAGEMENT, ask, token, told};
use crate::access::Manager;
use crate::operator::done;
use crate::support::{PASSWORD, Server, basic};

const GUESS: &str = "a-guess-at-a-credential";
const NOBODY: &str = "00000000-0000-0000-0000-000000000000";
const SCOPE: &str = "repository:app:pull,push";

/// What was shown to the server or given by it, and whoever reads it could use.
struct Secrets(Vec<(&'static str, String)>);

impl Secrets {
    fn keep(&mut self, what: &'static str, text: &str) {
        assert!(text.len() > 8, "{what}: {text}");
        self.0.push((what, text.to_owned()));
        // Of a token its signature is enough: there is none without.
        if let [_, _, signature] = *text.split('.').collect::<Vec<_>>() {
            self.0.push((what, signature.to_owned()));
        }
    }

    /// Keeps a field of an answer, which must have it.
    fn take(&mut self, what: &'static str, answer: &Value) -> String {
        let field = what.rsplit(' ').next().unwrap();
        let text = answer[field].as_str().unwrap_or_else(|| panic!("no {field}: {answer}"));
        self.keep(what, text);
        text.to_owned()
    }
}

#[tokio::test]
async fn no_credential_is_in_the_log() {
    let lines = ["[log]", "level = \"trace\"", "[default_registry]", "data_endpoint = true"];
    let server = Server::start_logging(&lines).await;
    let first = First::of(&server);
    let mut secrets = Secrets(vec![("a guess", GUESS.to_owned())]);
    secrets.keep("the admin's password", PASSWORD);
    secrets.keep("the first application's secret", &first.secret);
    secrets.keep("the first user's password", &first.password);
    applications(&server, &first, &mut secrets).await;
    people(&server, &first, &mut secrets).await;
    devices(&server, &first, &mut secrets).await;
    workloads(&server, &first, &mut secrets).await;
    registry(&server, &first, &mut secrets).await;
    mistakes(&server, &first, &secrets).await;

    let dir = server.stop();
    let log = std::fs::read_to_string(dir.path().join("log")).unwrap();
    for told in ["TRACE", "/oauth2/v2.0/token", "/oauth2/exchange", "/devicelogin", "/v2/app/"] {
        assert!(log.contains(told), "the log tells of {told}");
    }
    for (what, secret) in &secrets.0 {
        let encoded: String = url::form_urlencoded::byte_serialize(secret.as_bytes()).collect();
        for text in [secret, &encoded] {
            let line = log.lines().find(|line| line.contains(text.as_str()));
            assert_eq!(line, None, "{what} is in the log");
        }
    }
}

/// By secret, in the form and by Basic; by a certificate; by another issuer's word.
async fn applications(server: &Server, first: &First, secrets: &mut Secrets) {
    let answer = ask(server, "common", &first.app_form(MANAGEMENT)).await.1;
    secrets.take("an application's access_token", &answer);
    let form = [("grant_type", "client_credentials"), ("scope", MANAGEMENT)];
    for secret in [&first.secret, GUESS] {
        let header = basic(&first.app, secret);
        secrets.keep("Basic credentials", &header["Basic ".len()..]);
        let request = token(server, "common", &form).header("authorization", header);
        assert_eq!(request.send().await.unwrap().status() == 200, secret == first.secret);
    }
    let made = done(server, "app create robot");
    secrets.take("an application's secret", &made);
    let app = made["appId"].as_str().unwrap();
    let issuer = format!("http://localhost:{}/{}", server.port(), first.tenant);
    let own = assertion(server, app, &issuer);
    let add = "app federation add robot --name ci --issuer https://ci.invalid --subject robot";
    done(server, add);
    let claims = json!({ "iss": "https://ci.invalid", "sub": "robot", "exp": 4_000_000_000_u64 });
    let header = json!({ "alg": "RS256", "kid": "one" });
    let [header, claims] = [header, claims].map(|part| BASE64.encode(part.to_string()));
    let others = format!("{header}.{claims}.{}", BASE64.encode([7; 256]));
    for (assertion, status) in [(own, 200), (others, 401)] {
        secrets.keep("an assertion", &assertion);
        let form = [
            ("grant_type", "client_credentials"),
            ("client_id", app),
            ("client_assertion_type", "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"),
            ("client_assertion", &assertion),
            ("scope", MANAGEMENT),
        ];
        let (found, answer) = ask(server, &first.tenant, &form).await;
        assert_eq!(found, status, "{answer}");
    }
}

/// An assertion by a certificate that the application is given.
fn assertion(server: &Server, app: &str, issuer: &str) -> String {
    let key = KeyPair::generate().unwrap();
    let certificate = CertificateParams::new(vec!["robot".to_owned()]).unwrap();
    let certificate = certificate.self_signed(&key).unwrap();
    let file = server.data().parent().unwrap().join("robot.pem");
    std::fs::write(&file, certificate.pem()).unwrap();
    done(server, &format!("app certificate add robot {}", file.display()));
    let thumbprint = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, certificate.der());
    let header = json!({ "alg": "ES256", "x5t#S256": BASE64.encode(thumbprint) });
    let claims =
        json!({ "iss": app, "sub": app, "aud": issuer, "exp": SystemClock.now().seconds() + 600 });
    let text = [header, claims].map(|part| BASE64.encode(part.to_string())).join(".");
    let pkcs8 = key.serialize_der();
    let key = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &pkcs8).unwrap();
    let signature = key.sign(&SystemRandom::new(), text.as_bytes()).unwrap();
    format!("{text}.{}", BASE64.encode(signature))
}

/// By password, by a browser and its code, and again by the refresh token.
async fn people(server: &Server, first: &First, secrets: &mut Secrets) {
    let scope = format!("{MANAGEMENT} offline_access openid");
    let mut form = first.user_form(&scope);
    let answer = ask(server, "common", &form).await.1;
    secrets.take("a user's access_token", &answer);
    secrets.take("a user's id_token", &answer);
    let refresh = secrets.take("a user's refresh_token", &answer);
    form.iter_mut().find(|(name, _)| *name == "password").unwrap().1 = GUESS;
    assert_eq!(ask(server, "common", &form).await.0, 400);
    let again = [
        ("grant_type", "refresh_token"),
        ("client_id", CLI),
        ("refresh_token", &refresh),
        ("scope", &scope),
    ];
    let answer = ask(server, "common", &again).await.1;
    secrets.take("another access_token", &answer);
    secrets.take("another refresh_token", &answer);

    let mut browser = Browser::of(server);
    let page = browser.get(&question(&[])).await;
    for password in [GUESS, &first.password] {
        let fields = [("username", first.user.as_str()), ("password", password)];
        let sent = browser.fill_in(&page, &fields).await;
        let Some(code) = sent.sent("code") else { continue };
        secrets.keep("a code", &code);
        let form = exchange(&code);
        secrets.keep("a code's verifier", form.last().unwrap().1);
        let answer = ask(server, "common", &form).await.1;
        secrets.take("a code's access_token", &answer);
    }
    secrets.keep("a form's token", &page.hidden().remove(0).1);
    for cookie in browser.cookies.values() {
        secrets.keep("a cookie", cookie);
    }
    assert!(browser.cookies.contains_key("gantry-session"));
}

async fn devices(server: &Server, first: &First, secrets: &mut Secrets) {
    let path = "/common/oauth2/v2.0/devicecode";
    let form = [("client_id", CLI), ("scope", MANAGEMENT)];
    let request = server.request(Method::POST, path).form(&form);
    let (_, device) = told(request.send().await.unwrap()).await;
    let code = secrets.take("a device_code", &device);
    let user_code = secrets.take("a user_code", &device);
    let mut browser = Browser::of(server);
    let page = browser.get(&format!("/devicelogin?user_code={user_code}")).await;
    let page = browser.fill_in(&page, &[("user_code", &user_code)]).await;
    let fields = [("username", first.user.as_str()), ("password", &first.password)];
    let page = browser.fill_in(&page, &fields).await;
    browser.fill_in(&page, &[("decision", "approve")]).await;
    let grant = "urn:ietf:params:oauth:grant-type:device_code";
    let form = [("grant_type", grant), ("client_id", CLI), ("device_code", &code)];
    let answer = ask(server, "common", &form).await.1;
    secrets.take("a device's access_token", &answer);
}

async fn workloads(server: &Server, first: &First, secrets: &mut Secrets) {
    let owner = Asker::app(server, first).await;
    secrets.keep("a token for Graph", &owner.token);
    let one = owner.make("gantry/identities", json!({ "displayName": "builder" })).await;
    let path = format!("gantry/identities/{}/workloads", one["id"].as_str().unwrap());
    let by_secret = owner.make(&path, json!({})).await;
    let secret = secrets.take("a workload's secret", &by_secret);
    owner.make(&path, json!({ "network": "127.0.0.1/32" })).await;
    let resource = "resource=https://management.azure.com/";
    for (path, header, value) in [
        ("/msi/token?api-version=2019-08-01", "x-identity-header", &*secret),
        ("/metadata/identity/oauth2/token?api-version=2018-02-01", "metadata", "true"),
    ] {
        let request = server.request(Method::GET, &format!("{path}&{resource}"));
        let (_, answer) = told(request.header(header, value).send().await.unwrap()).await;
        secrets.take("a workload's access_token", &answer);
    }
    let request =
        server.request(Method::GET, &format!("/msi/token?api-version=2019-08-01&{resource}"));
    assert_eq!(request.header("x-identity-header", GUESS).send().await.unwrap().status(), 400);
}

/// Every way into a registry, by HTTP/1.1 and HTTP/2, and a download's address.
async fn registry(server: &Server, first: &First, secrets: &mut Secrets) {
    let manager = Manager::of(server).await;
    let password = manager.make_token("robot", &["repositories/app/content/read"]).await;
    secrets.keep("a token's password", &password);
    let admin = manager.done(Method::POST, "/listCredentials", Value::Null).await;
    secrets.take("the admin's second value", &admin["passwords"][1]);
    let send = async |form: &[(&str, &str)], path: &str| {
        told(server.request(Method::POST, path).form(form).send().await.unwrap()).await.1
    };
    let answer = ask(server, "common", &first.app_form(MANAGEMENT)).await.1;
    let of_directory = secrets.take("a directory's access_token", &answer);
    let form = [("grant_type", "access_token"), ("access_token", &*of_directory)];
    let answer = send(&form, "/oauth2/exchange").await;
    let refresh = secrets.take("a registry's refresh_token", &answer);
    let mut access = Vec::new();
    for form in [
        &form[..],
        &[("grant_type", "refresh_token"), ("refresh_token", &refresh)],
        &[("grant_type", "password"), ("username", "local"), ("password", PASSWORD)],
        &[("grant_type", "password"), ("username", "robot"), ("password", &password)],
    ] {
        let answer = send(&[form, &[("scope", SCOPE)]].concat(), "/oauth2/token").await;
        access.push(secrets.take("a registry's access_token", &answer));
    }
    let blob = server.push_blob("app", b"0123456789").await;
    let path = format!("/v2/app/blobs/{blob}");
    for two in [false, true] {
        let client = server.client(|client| {
            let client = client.redirect(reqwest::redirect::Policy::none());
            if two { client.http2_prior_knowledge() } else { client.http1_only() }
        });
        let get = |path: &str| client.get(format!("http://localhost:{}{path}", server.port()));
        for (user, shown) in [
            ("local", PASSWORD),
            ("robot", &password),
            ("robot", GUESS),
            (&first.app, &first.secret),
            (NOBODY, &refresh),
            (NOBODY, &access[0]),
            (NOBODY, GUESS),
        ] {
            let header = basic(user, shown);
            secrets.keep("Basic credentials", &header["Basic ".len()..]);
            for path in ["/v2/", "/oauth2/token?scope=repository:app:pull"] {
                let answer = get(path).header("authorization", &header).send().await.unwrap();
                assert_eq!(answer.status() == 200, shown != GUESS, "{user} {path}");
            }
        }
        for token in access.iter().map(String::as_str).chain([GUESS]) {
            let answer = get(&path).bearer_auth(token).send().await.unwrap();
            let Some(address) = answer.headers().get("location") else {
                assert_eq!((answer.status().as_u16(), token), (401, GUESS));
                continue;
            };
            let address = reqwest::Url::parse(address.to_str().unwrap()).unwrap();
            let sealed = address.query().unwrap().strip_prefix("download=").unwrap();
            secrets.keep("a download's address", sealed);
            let path = format!("{}?{}", address.path(), address.query().unwrap());
            let host = address.host_str().unwrap();
            let answer = server.request_to(host, Method::GET, &path).send().await.unwrap();
            assert_eq!(answer.status(), 200);
        }
    }
}

/// Credentials where they don't belong.
async fn mistakes(server: &Server, first: &First, secrets: &Secrets) {
    let owner = Asker::app(server, first).await;
    for (_, secret) in &secrets.0 {
        for path in ["/v2/", "/subscriptions", "/graph/v1.0/me", "/common/oauth2/v2.0/token"] {
            let path = format!("{path}?access_token={secret}&password={secret}");
            let answer = server.request(Method::GET, &path).send().await.unwrap();
            assert!(answer.status().is_client_error(), "{path}: {}", answer.status());
        }
        for scheme in ["", "Bearer x ", "Basic ", "Negotiate "] {
            let request = server.request(Method::GET, "/v2/");
            let answer = request.header("authorization", format!("{scheme}{secret}"));
            assert!(!answer.send().await.unwrap().status().is_server_error());
        }
        let form = [("client_secret", secret.as_str()), ("client_secret", secret)];
        assert_eq!(ask(server, "common", &form).await.0, 400);
        // Another type than it should be, which an error may quote.
        let user = json!({ "passwordProfile": secret, "accountEnabled": secret });
        assert_eq!(owner.post("v1.0/users", user).await.0, 400);
    }
}
