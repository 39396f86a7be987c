//! Signing in with a browser, for a program.

use gantry_oci::Digest;

use super::browser::{Browser, Page};
use super::{CLI, First, MANAGEMENT, ask, claims};
use crate::support::Server;

const VERIFIER: &str = "a-verifier-of-more-than-forty-three-characters-0123456789";
const BACK: &str = "http://localhost:49152/";

fn challenge() -> String {
    use base64::Engine;
    let digest = Digest::sha256(VERIFIER.as_bytes()).to_string();
    let hex = digest.strip_prefix("sha256:").unwrap();
    let bytes: Vec<u8> =
        (0..32).map(|n| u8::from_str_radix(&hex[2 * n..2 * n + 2], 16).unwrap()).collect();
    base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(bytes)
}

/// The address that a program opens, with these parameters changed; those without a value are absent.
pub(super) fn question(changes: &[(&str, &str)]) -> String {
    let challenge = challenge();
    let scope = format!("{MANAGEMENT} offline_access openid profile");
    let mut all = vec![
        ("client_id", CLI),
        ("response_type", "code"),
        ("redirect_uri", BACK),
        ("scope", &scope),
        ("state", "the state&="),
        ("nonce", "the nonce"),
        ("code_challenge", &challenge),
        ("code_challenge_method", "S256"),
    ];
    for (name, value) in changes {
        all.retain(|(known, _)| known != name);
        all.push((name, value));
    }
    all.retain(|(_, value)| !value.is_empty());
    let query = reqwest::Url::parse_with_params("http://x/", all).unwrap();
    format!("/organizations/oauth2/v2.0/authorize?{}", query.query().unwrap())
}

/// Signs the first user in.
async fn signed_in(browser: &mut Browser, first: &First, changes: &[(&str, &str)]) -> Page {
    let page = browser.get(&question(changes)).await;
    assert_eq!(page.status, 200, "{}", page.text);
    browser.fill_in(&page, &[("username", &first.user), ("password", &first.password)]).await
}

pub(super) fn exchange(code: &str) -> Vec<(&str, &str)> {
    vec![
        ("grant_type", "authorization_code"),
        ("client_id", CLI),
        ("code", code),
        ("redirect_uri", BACK),
        ("code_verifier", VERIFIER),
    ]
}

#[tokio::test]
async fn a_browser_brings_back_a_code() {
    let server = Server::start(&[]).await;
    let first = First::of(&server);
    let mut browser = Browser::of(&server);
    let sent = signed_in(&mut browser, &first, &[]).await;
    assert_eq!(sent.status, 303, "{}", sent.text);
    assert!(sent.location().unwrap().starts_with(&format!("{BACK}?code=")));
    assert_eq!(sent.sent("state").as_deref(), Some("the state&="));
    let issuer = format!("http://localhost:{}/{}/v2.0", server.port(), first.tenant);
    assert_eq!(sent.sent("iss"), Some(issuer));
    let code = sent.sent("code").unwrap();
    let (status, body) = ask(&server, "organizations", &exchange(&code)).await;
    assert_eq!(status, 200, "{body}");
    assert_eq!(claims(&body["id_token"])["nonce"], "the nonce");
    assert!(body["refresh_token"].is_string());
    // Once.
    let (status, body) = ask(&server, "organizations", &exchange(&code)).await;
    assert_eq!((status, &body["error"]), (400, &"invalid_grant".into()));

    // The browser is known now.
    let again = browser.get(&question(&[])).await;
    assert!(again.sent("code").is_some());
    let fragment = browser.get(&question(&[("response_mode", "fragment")])).await;
    assert!(fragment.location().unwrap().starts_with(&format!("{BACK}#code=")));
    let posted = browser.get(&question(&[("response_mode", "form_post")])).await;
    assert_eq!((posted.status, posted.action().as_str()), (200, BACK));
    let policy = posted.headers["content-security-policy"].to_str().unwrap();
    assert!(policy.contains("script-src 'nonce-"), "{policy}");
    assert!(posted.hidden().iter().any(|(name, _)| name == "code"));
    assert!(posted.hidden().contains(&("state".into(), "the state&=".into())));
    let silent = browser.get(&question(&[("prompt", "none")])).await;
    assert!(silent.sent("code").is_some());
    let choose = browser.get(&question(&[("prompt", "select_account")])).await;
    assert!(choose.text.contains(&format!("Continue as {}", first.user)));
    let fields = [("continue", "1")];
    assert!(browser.fill_in(&choose, &fields).await.sent("code").is_some());
    // Whoever must sign in anew can't go on with less.
    for changes in [("prompt", "login"), ("max_age", "0")] {
        let anew = browser.get(&question(&[changes])).await;
        assert_eq!(anew.status, 200);
        assert!(!anew.text.contains("Continue as"));
        let stubborn = browser.fill_in(&anew, &fields).await;
        assert_eq!((stubborn.status, stubborn.location()), (200, None));
    }

    // Until it signs out, and is sent where the program is.
    let out = format!(
        "/common/oauth2/v2.0/logout?client_id={CLI}&post_logout_redirect_uri={BACK}&state=x%0Ay"
    );
    let out = Browser::of(&server).get(&out).await;
    assert_eq!(out.location(), Some(&*format!("{BACK}?state=x%0Ay")));
    let out = browser.get("/common/oauth2/v2.0/logout").await;
    assert_eq!((out.status, out.location()), (200, None));
    let silent = browser.get(&question(&[("prompt", "none")])).await;
    assert_eq!(silent.sent("error").as_deref(), Some("login_required"));
}

#[tokio::test]
async fn a_code_is_for_one_program_address_and_key() {
    let server = Server::start(&[]).await;
    let first = First::of(&server);
    let mut browser = Browser::of(&server);
    signed_in(&mut browser, &first, &[]).await;
    let other_verifier = VERIFIER.replace('a', "b");
    let challenge = challenge();
    for (name, value) in [
        ("code_verifier", other_verifier.as_str()),
        ("code_verifier", &challenge),
        ("code_verifier", ""),
        ("redirect_uri", "http://localhost:49153/"),
        ("redirect_uri", ""),
        ("client_id", &first.app),
    ] {
        let code = browser.get(&question(&[])).await.sent("code").unwrap();
        let mut form = exchange(&code);
        form.iter_mut().find(|(key, _)| *key == name).unwrap().1 = value;
        if name == "client_id" {
            form.push(("client_secret", &first.secret));
        }
        let (status, body) = ask(&server, "common", &form).await;
        assert_eq!(status, 400, "{name}={value}: {body}");
        // It was taken, unless nothing was shown; a thief has one try.
        let (status, _) = ask(&server, "common", &exchange(&code)).await;
        assert_eq!(status, if value.is_empty() { 200 } else { 400 }, "{name}={value}");
    }
}

#[tokio::test]
async fn nobody_is_sent_to_an_address_that_is_not_the_program_s() {
    let server = Server::start(&[]).await;
    let first = First::of(&server);
    let mut browser = Browser::of(&server);
    signed_in(&mut browser, &first, &[]).await;
    for address in [
        "https://evil.example/",
        "http://evil.example/",
        "//evil.example/",
        "/",
        "evil.example",
        "http://localhost.evil.example/",
        "http://localhost@evil.example/",
        "http://localhost:80@evil.example/",
        "http://user@localhost/",
        "http://evil.example#localhost",
        "http://localhost/#fragment",
        "http://evil.example\\@localhost/",
        "http://localhost\\@evil.example/",
        "http:\\\\evil.example/",
        "https://localhost/",
        "http://localhost/\r\nSet-Cookie: x=y",
        "http://localhost/\nx",
        "http://local\thost/",
        " http://localhost/",
        "http://localhost/ x",
        "http://localhost/\u{e9}",
        "javascript:alert(1)",
        "data:text/html,x",
        "urn:ietf:wg:oauth:2.0:oob",
        "http://169.254.169.254/",
        "http://0.0.0.0/",
        "http://[::]/",
        "",
    ] {
        // Neither with a code, nor with an error, nor after a sign-in.
        for change in [("prompt", "none"), ("response_type", "token"), ("prompt", "login")] {
            let page = browser.get(&question(&[("redirect_uri", address), change])).await;
            assert_eq!((page.status, page.location()), (400, None), "{address:?}");
            assert!(!page.text.contains("<form"), "{address:?}");
        }
        let query = [("client_id", CLI), ("post_logout_redirect_uri", address)];
        let query = reqwest::Url::parse_with_params("http://x/", query).unwrap();
        let path = format!("/common/oauth2/v2.0/logout?{}", query.query().unwrap());
        assert_eq!(Browser::of(&server).get(&path).await.location(), None, "{address:?}");
    }
    for client in ["11111111-2222-3333-4444-555555555555", "nonsense", "", &first.app] {
        let page = browser.get(&question(&[("client_id", client)])).await;
        assert_eq!((page.status, page.location()), (400, None), "{client}");
    }
    for address in ["http://127.0.0.1:1/x", "http://[::1]:1/", "http://localhost"] {
        let page = browser.get(&question(&[("redirect_uri", address)])).await;
        assert_eq!(page.status, 303, "{address}");
    }
    let twice = question(&[]) + "&redirect_uri=https://evil.example/";
    assert_eq!(browser.get(&twice).await.status, 400);
}

#[tokio::test]
async fn what_can_not_be_had_is_told_to_the_program() {
    let server = Server::start(&[]).await;
    let mut browser = Browser::of(&server);
    for (changes, error) in [
        (&[("code_challenge", "")][..], "invalid_request"),
        (&[("code_challenge_method", "plain")], "invalid_request"),
        (&[("code_challenge_method", "")], "invalid_request"),
        (&[("code_challenge_method", "s256")], "invalid_request"),
        (&[("code_challenge", "short")], "invalid_request"),
        (&[("response_type", "token")], "unsupported_response_type"),
        (&[("response_type", "code id_token")], "unsupported_response_type"),
        (&[("response_type", "")], "invalid_request"),
        (&[("response_mode", "web_message")], "invalid_request"),
        (&[("scope", "")], "invalid_request"),
        (&[("scope", "https://a/.default https://b/.default")], "invalid_scope"),
        (&[("prompt", "create")], "invalid_request"),
        (&[("prompt", "none")], "login_required"),
        (&[("max_age", "-1")], "invalid_request"),
        (&[("request", "a.b.c")], "request_not_supported"),
        (&[("request_uri", "https://evil.example/")], "request_uri_not_supported"),
    ] {
        let page = browser.get(&question(changes)).await;
        assert_eq!(page.status, 303, "{changes:?}");
        assert!(page.location().unwrap().starts_with(&format!("{BACK}?error=")));
        assert_eq!(page.sent("error").as_deref(), Some(error), "{changes:?}");
        assert_eq!(page.sent("state").as_deref(), Some("the state&="));
    }
}

#[tokio::test]
async fn no_other_site_fills_in_a_form() {
    let server = Server::start(&[]).await;
    let first = First::of(&server);
    let fields = [("username", first.user.as_str()), ("password", first.password.as_str())];
    let mut stranger = Browser::of(&server);
    let strange = stranger.get(&question(&[])).await;
    let strange_token = strange.hidden().remove(0).1;

    let mut browser = Browser::of(&server);
    let page = browser.get(&question(&[])).await;
    let (name, token) = page.hidden().remove(0);
    assert_eq!(name, "form_token");
    let known = browser.cookies.clone();
    let sealed_otherwise = format!("{}x", &token[..token.len() - 1]);
    for (token, cookies) in [
        // Another browser's form, one that was changed, none.
        (strange_token.as_str(), &known),
        (&sealed_otherwise, &known),
        ("x", &known),
        // Another browser's cookie, none.
        (&token, &stranger.cookies),
        (&token, &Default::default()),
    ] {
        browser.cookies = cookies.clone();
        let form = [&fields[..], &[("form_token", token)]].concat();
        let refused = browser.post(&page.action(), &form).await;
        assert_eq!((refused.status, refused.location()), (400, None), "{token} {cookies:?}");
        assert!(!browser.cookies.contains_key("gantry-session"));
    }
    // Two cookies of the name are nobody's.
    browser.cookies = known.clone();
    browser.cookies.insert(" gantry-form".into(), stranger.cookies["gantry-form"].clone());
    assert_eq!(browser.fill_in(&page, &fields).await.status, 400);
    // A form without a token is a question that lacks everything.
    browser.cookies = known.clone();
    assert_eq!(browser.post(&page.action(), &fields).await.status, 400);
    let sent = browser.fill_in(&page, &fields).await;
    assert!(sent.sent("code").is_some());
    // A form that was made before somebody signed in is not theirs.
    assert_eq!(browser.fill_in(&page, &fields).await.status, 400);
    // A session that was made up is none.
    for session in ["x", "~AAAA", &sealed_otherwise, &token] {
        browser.cookies.insert("gantry-session".into(), session.into());
        let page = browser.get(&question(&[("prompt", "none")])).await;
        assert_eq!(page.sent("error").as_deref(), Some("login_required"), "{session}");
    }
}

#[tokio::test]
async fn pages_keep_to_themselves_and_show_text_as_text() {
    let server = Server::start(&[]).await;
    let first = First::of(&server);
    let mut browser = Browser::of(&server);
    let attack = "\"><script>alert(1)</script><img src=x onerror='x'>";
    let hint = question(&[("login_hint", attack), ("state", attack), ("nonce", attack)]);
    let page = browser.get(&hint).await;
    for (name, value) in [
        ("x-frame-options", "DENY"),
        ("referrer-policy", "no-referrer"),
        ("x-content-type-options", "nosniff"),
        ("cache-control", "no-store"),
        ("content-type", "text/html; charset=utf-8"),
    ] {
        assert_eq!(page.headers[name], value);
    }
    let policy = page.headers["content-security-policy"].to_str().unwrap();
    assert!(policy.starts_with("default-src 'none'; style-src 'nonce-"), "{policy}");
    assert!(policy.contains("; form-action 'self' http://localhost:49152;"), "{policy}");
    assert!(policy.ends_with("frame-ancestors 'none'"), "{policy}");
    let wrong = browser.fill_in(&page, &[("username", attack), ("password", "wrong")]).await;
    let twice = browser.get("/common/oauth2/v2.0/authorize?<script>=1&<script>=2").await;
    let code = browser.get("/devicelogin?user_code=%22%3E%3Cscript%3E").await;
    for page in [&page, &wrong, &twice, &code] {
        assert!(!page.text.contains("<script") && !page.text.contains("<img"), "{}", page.text);
        assert!(page.text.contains("&lt;script"), "{}", page.text);
    }
    // Whoever is wrong is told so in the same words, whether there is such a user or not.
    let mut told = Vec::new();
    for user in [&*first.user, "nobody@gantry.localhost", "no name"] {
        let mut browser = Browser::of(&server);
        let page = browser.get(&question(&[])).await;
        let wrong = browser.fill_in(&page, &[("username", user), ("password", "wrong")]).await;
        assert_eq!(wrong.status, 400);
        assert!(!wrong.text.contains("wrong\""), "no password comes back");
        let at = wrong.text.find("role=\"alert\"").unwrap();
        told.push(wrong.text[at..].lines().next().unwrap().to_owned());
    }
    assert!(told.windows(2).all(|pair| pair[0] == pair[1]), "{told:?}");
    let long = "x".repeat(70 << 10);
    assert_eq!(browser.fill_in(&page, &[("username", &long)]).await.status, 400);
}

#[tokio::test]
async fn a_cookie_is_of_this_host_and_goes_by_tls_alone() {
    let server = Server::start(&[]).await;
    let client = server.client(|client| client.tls_danger_accept_invalid_certs(true));
    let address = format!("https://localhost:{}{}", server.port(), question(&[]));
    let answer = client.get(address).send().await.unwrap();
    let cookie = answer.headers()["set-cookie"].to_str().unwrap();
    assert!(cookie.starts_with("__Host-gantry-form="), "{cookie}");
    for attribute in ["; Path=/", "; Secure", "; HttpOnly", "; SameSite=Lax"] {
        assert!(cookie.contains(attribute), "{cookie}");
    }
    assert!(!cookie.contains("Domain"), "{cookie}");
}
