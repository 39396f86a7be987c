//! What an attacker tries with tokens, scopes, names, mounts and sessions.

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as BASE64;
use gantry_oci::Digest;
use http::Method;
use serde_json::{Value, json};

use super::people::Directory;
use super::{Manager, access_token, push_index, with_token};
use crate::support::{self, Server, basic};

const PULL: [&str; 1] = ["repositories/team/app/content/read"];
const MANIFEST: &str = "/v2/team/app/manifests/v1";

fn part(json: &Value) -> String {
    BASE64.encode(json.to_string())
}

fn read(token: &str, part: usize) -> Value {
    serde_json::from_slice(&BASE64.decode(token.split('.').nth(part).unwrap()).unwrap()).unwrap()
}

/// A token of these parts, signed with HMAC by whatever is taken for a secret.
fn by_secret(header: &Value, claims: &Value, secret: &[u8]) -> String {
    use aws_lc_rs::hmac::{HMAC_SHA256, Key, sign};
    let text = format!("{}.{}", part(header), part(claims));
    let tag = sign(&Key::new(HMAC_SHA256, secret), text.as_bytes());
    format!("{text}.{}", BASE64.encode(tag))
}

/// A token of these parts, signed by a key of the attacker's, which the header may bring along.
fn by_own_key(header: &Value, claims: &Value, brings: bool) -> String {
    let random = SystemRandom::new();
    let pkcs8 = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &random).unwrap();
    let key = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, pkcs8.as_ref()).unwrap();
    let mut header = header.clone();
    if brings {
        let point = key.public_key().as_ref();
        header["jwk"] = json!({
            "kty": "EC", "crv": "P-256",
            "x": BASE64.encode(&point[1..33]), "y": BASE64.encode(&point[33..]),
        });
    }
    let text = format!("{}.{}", part(&header), part(claims));
    let signature = key.sign(&random, text.as_bytes()).unwrap();
    format!("{text}.{}", BASE64.encode(signature))
}

/// Forgeries after a good token: as they would be made of it with more claims.
fn forgeries(good: &str, claims: &Value, public_key: &[u8]) -> Vec<(&'static str, String)> {
    let (header, own) = (read(good, 0), good.split('.').collect::<Vec<_>>());
    let with = |name: &str, value: Value| {
        let mut header = header.clone();
        header[name] = value;
        header
    };
    let hmac = with("alg", "HS256".into());
    let ecdsa = with("alg", "ES256".into());
    let kid = header["kid"].as_str().unwrap();
    let mut traversal = hmac.clone();
    traversal["kid"] = "../../../../dev/null".into();
    let mut injected = hmac.clone();
    injected["kid"] = format!("x' UNION SELECT '{kid}' --").into();
    let mut address = ecdsa.clone();
    address["jku"] = "http://127.0.0.1:1/keys".into();
    let text = |header: &Value| format!("{}.{}", part(header), part(claims));
    vec![
        ("no algorithm", format!("{}.", text(&with("alg", "none".into())))),
        ("no algorithm, in capitals", format!("{}.", text(&with("alg", "NONE".into())))),
        (
            "no algorithm, its old signature",
            format!("{}.{}", text(&with("alg", "none".into())), own[2]),
        ),
        ("other claims, its old signature", format!("{}.{}", text(&header), own[2])),
        ("the public key for a secret", by_secret(&hmac, claims, public_key)),
        ("the key's id for a secret", by_secret(&hmac, claims, kid.as_bytes())),
        ("an empty secret", by_secret(&hmac, claims, b"")),
        ("a file for a key", by_secret(&traversal, claims, b"")),
        ("a statement for a key", by_secret(&injected, claims, kid.as_bytes())),
        ("a key of one's own", by_own_key(&ecdsa, claims, false)),
        ("a key that is brought along", by_own_key(&ecdsa, claims, true)),
        ("a key that is elsewhere", by_own_key(&address, claims, false)),
        ("a signature of zeros", format!("{}.{}", text(&ecdsa), BASE64.encode([0; 64]))),
        (
            "compressed claims",
            format!("{}.{}.{}", part(&with("zip", "DEF".into())), own[1], own[2]),
        ),
        ("a critical extension", {
            let mut header = with("crit", json!(["b64"]));
            header["b64"] = false.into();
            format!("{}.{}.{}", part(&header), own[1], own[2])
        }),
        ("four parts", format!("{good}.{}", own[2])),
        ("two parts", format!("{}.{}", own[0], own[1])),
        ("a part too long", format!("{}.{}.{}", own[0], "A".repeat(24 << 10), own[2])),
    ]
}

#[tokio::test]
async fn a_registry_takes_its_own_tokens_alone() {
    let server = Server::start(&[]).await;
    push_index(&server, "team/app").await;
    let manager = Manager::of(&server).await;
    let password = manager.make_token("reader", &PULL).await;
    let good =
        access_token(&server, "reader", &password, "repository:team/app:pull").await.unwrap();
    assert_eq!(with_token(&server, &good, Method::GET, MANIFEST).await, 200);
    let mut claims = read(&good, 1);
    claims["sub"] = "admin:local".into();
    claims["access"] = json!([{ "type": "repository", "name": "team/app", "actions": ["pull"] }]);
    for (attack, token) in forgeries(&good, &claims, b"") {
        let status = with_token(&server, &token, Method::GET, MANIFEST).await;
        assert!([401, 431].contains(&status), "{attack}: {status}");
        // And for a password.
        let wanted =
            access_token(&server, "00000000-0000-0000-0000-000000000000", &token, "").await;
        assert!(matches!(wanted, Err(401 | 429 | 431)), "{attack}: {wanted:?}");
    }
    // A token of another deployment with the same names.
    let other = Server::start(&[]).await;
    let foreign = other.token("localhost", "repository:team/app:pull").await;
    assert_eq!(with_token(&server, &foreign, Method::GET, MANIFEST).await, 401);
    // One in the address counts for nothing.
    let path = format!("{MANIFEST}?access_token={good}&token={good}");
    assert_eq!(server.request(Method::GET, &path).send().await.unwrap().status(), 401);
    // What is good stays good.
    assert_eq!(with_token(&server, &good, Method::GET, MANIFEST).await, 200);
}

#[tokio::test]
async fn the_management_api_takes_tokens_of_its_directory_alone() {
    let server = Server::start(&[]).await;
    let (manager, directory) = (Manager::of(&server).await, Directory::of(&server).await);
    let one = directory.application("reader").await;
    let good = directory.management(&one).await;
    let path = format!("{}?api-version=2025-11-01", manager.registry);
    let keys = server.request(Method::GET, "/common/discovery/v2.0/keys").send().await.unwrap();
    let keys: Value = keys.json().await.unwrap();
    let modulus = BASE64.decode(keys["keys"][0]["n"].as_str().unwrap()).unwrap();
    let other = Server::start(&[]).await;
    let foreign = Manager::of(&other).await;
    let mut claims = read(&good, 1);
    claims["oid"] = read(&manager.token, 1)["oid"].clone();
    let mut attacks = forgeries(&good, &claims, &modulus);
    attacks.push(("a secret that is the key set", {
        let mut header = read(&good, 0);
        header["alg"] = "HS256".into();
        by_secret(&header, &claims, keys["keys"][0].to_string().as_bytes())
    }));
    attacks.push(("a token of another deployment", foreign.token.clone()));
    for (attack, token) in attacks {
        for path in [&path, "/graph/v1.0/users"] {
            let status = with_token(&server, &token, Method::GET, path).await;
            assert!([401, 431].contains(&status), "{attack} at {path}: {status}");
        }
    }
    // One in the address counts for nothing.
    for path in [format!("{path}&access_token={good}"), format!("/graph/v1.0/me?token={good}")] {
        assert_eq!(server.request(Method::GET, &path).send().await.unwrap().status(), 401);
    }
    assert_eq!(with_token(&server, &good, Method::GET, &path).await, 403, "it is known, at least");
}

#[tokio::test]
async fn no_spelling_widens_a_scope() {
    let server = Server::start(&[]).await;
    for name in ["team/app", "other/app", "team/app/inner", "team/application"] {
        push_index(&server, name).await;
    }
    let manager = Manager::of(&server).await;
    let password = manager.make_token("reader", &PULL).await;
    let others = ["other/app", "team/app/inner", "team/application"];
    for scope in [
        "repository:other/app:pull",
        "repository:TEAM/APP:pull",
        "repository:team/app/../../other/app:pull",
        "repository:team/app%2f..%2f..%2fother/app:pull",
        "repository:team//app:pull",
        "repository:team/app/:pull",
        "repository:/team/app:pull",
        "repository:*:pull",
        "repository:team/*:pull",
        "repository:team/app:*",
        "repository:team/app:pull repository:other/app:pull,push,delete",
        "repository:team/app:pull,\u{ff50}ush",
        "repository:\u{ff4f}ther/app:pull",
        "repository(plugin):other/app:pull",
        "Repository:other/app:pull",
        "registry:*:*",
        "repository:team/app\nrepository:other/app:pull",
        "repository:team/app:pull\u{0}repository:other/app:pull",
    ] {
        match access_token(&server, "reader", &password, scope).await {
            Err(status) => assert_eq!(status, 400, "{scope:?}"),
            Ok(token) => {
                for name in others {
                    let path = format!("/v2/{name}/manifests/v1");
                    let status = with_token(&server, &token, Method::GET, &path).await;
                    assert_eq!(status, 401, "{scope:?} opens {name}");
                }
                let push = "/v2/team/app/blobs/uploads/";
                let status = with_token(&server, &token, Method::POST, push).await;
                assert_eq!(status, 401, "{scope:?} pushes");
            }
        }
    }
}

#[tokio::test]
async fn no_spelling_of_a_path_leads_elsewhere() {
    let server = Server::start(&[]).await;
    push_index(&server, "team/app").await;
    push_index(&server, "other/app").await;
    let manager = Manager::of(&server).await;
    let password = manager.make_token("reader", &PULL).await;
    let token =
        access_token(&server, "reader", &password, "repository:team/app:pull").await.unwrap();
    let get = |path: &str| {
        let text = server.raw(&format!(
            "GET {path} HTTP/1.1\r\nhost: localhost:{}\r\nauthorization: Bearer {token}\r\n\
             connection: close\r\n\r\n",
            server.port()
        ));
        text.split(' ').nth(1).unwrap().parse::<u16>().unwrap()
    };
    assert_eq!(get(MANIFEST), 200);
    for path in [
        "/v2/other/app/manifests/v1",
        "/v2/other%2fapp/manifests/v1",
        "/v2/other%2Fapp/manifests/v1",
        "/v2/team/../other/app/manifests/v1",
        "/v2/team/app/../../other/app/manifests/v1",
        "/v2/team/app/%2e%2e/%2e%2e/other/app/manifests/v1",
        "/v2/team/app/..%2f..%2fother/app/manifests/v1",
        "/v2//other/app/manifests/v1",
        "//v2/other/app/manifests/v1",
        "/v2/./other/app/manifests/v1",
        "/v2/OTHER/app/manifests/v1",
        "/v2/other/app;x=team/app/manifests/v1",
        "/v2/team/app/manifests/v1/../../../../other/app/manifests/v1",
        "/V2/other/app/manifests/v1",
        "/v2/%6fther/app/manifests/v1",
        "/v2/other%00/app/manifests/v1",
        "/v2/other\\app/manifests/v1",
        "/subscriptions/../v2/other/app/manifests/v1",
        "/graph/../v2/other/app/manifests/v1",
    ] {
        let status = get(path);
        assert!((400..500).contains(&status), "{path}: {status}");
    }
}

#[tokio::test]
async fn a_mount_reads_what_its_bearer_may_read() {
    let server = Server::start(&[]).await;
    let digest = server.push_blob("secret/app", b"secret").await;
    let manager = Manager::of(&server).await;
    let actions = ["repositories/team/*/content/write", "repositories/team/*/content/read"];
    let password = manager.make_token("pusher", &actions).await;
    let scope = "repository:team/app:pull,push repository:secret/app:pull";
    let token = access_token(&server, "pusher", &password, scope).await.unwrap();
    let absent = Digest::sha256(b"absent");
    for query in [
        format!("mount={digest}&from=secret/app"),
        format!("mount={absent}&from=secret/app"),
        format!("mount={digest}&from=secret%2fapp"),
        format!("mount={digest}&from=team/../secret/app"),
        format!("mount={digest}"),
    ] {
        let path = format!("/v2/team/app/blobs/uploads/?{query}");
        let status = with_token(&server, &token, Method::POST, &path).await;
        assert!([202, 400, 401].contains(&status), "{query}: {status}");
        let blob = format!("/v2/team/app/blobs/{digest}");
        assert_eq!(with_token(&server, &token, Method::HEAD, &blob).await, 404, "{query}");
    }
    // Known or not, the answer is the same.
    let status = async |digest: &Digest| {
        let path = format!("/v2/team/app/blobs/uploads/?mount={digest}&from=secret/app");
        with_token(&server, &token, Method::POST, &path).await
    };
    assert_eq!(status(&digest).await, status(&absent).await);
}

#[tokio::test]
async fn an_upload_is_its_beginner_s() {
    let server = Server::start(&[]).await;
    let manager = Manager::of(&server).await;
    let actions = ["repositories/team/*/content/write", "repositories/team/*/content/read"];
    let scope = "repository:team/app:pull,push repository:team/tool:pull,push";
    let token = async |name: &str| {
        let password = manager.make_token(name, &actions).await;
        access_token(&server, name, &password, scope).await.unwrap()
    };
    let (own, other) = (token("beginner").await, token("intruder").await);
    let start = server.request(Method::POST, "/v2/team/app/blobs/uploads/").bearer_auth(&own);
    let started = start.send().await.unwrap();
    let path = started.headers()["location"].to_str().unwrap().to_owned();
    let elsewhere = path.replace("team/app", "team/tool");
    let admin = basic("local", support::PASSWORD);
    for (method, path, authorization) in [
        (Method::PATCH, &path, format!("Bearer {other}")),
        (Method::GET, &path, format!("Bearer {other}")),
        (Method::DELETE, &path, format!("Bearer {other}")),
        (Method::PATCH, &elsewhere, format!("Bearer {own}")),
        (Method::GET, &path, admin),
    ] {
        let request = server.request(method.clone(), path).header("authorization", authorization);
        let request = if method == Method::PATCH { request.body("x") } else { request };
        assert_eq!(request.send().await.unwrap().status(), 404, "{method} {path}");
    }
    let request = server.request(Method::PATCH, &path).bearer_auth(&own).body("mine");
    assert_eq!(request.send().await.unwrap().status(), 202);
}
