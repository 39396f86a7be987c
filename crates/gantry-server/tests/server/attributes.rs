//! ACR's own data plane: what it tells, in which order, and that what is locked stays as it is.

use gantry_oci::Digest;
use http::Method;
use reqwest::Response;
use serde_json::{Value, json};

use crate::contract;
use crate::support::{PASSWORD, Server};

const IMAGE: &str = "application/vnd.oci.image.manifest.v1+json";

async fn ask(server: &Server, method: Method, path: &str) -> Response {
    server.request(method, path).basic_auth("local", Some(PASSWORD)).send().await.unwrap()
}

async fn get(server: &Server, path: &str) -> Value {
    let answer = ask(server, Method::GET, path).await;
    assert_eq!(answer.status(), 200, "{path}");
    let answer = answer.json().await.unwrap();
    contract::check_content(&Method::GET, path, &Value::Null, 200, &answer);
    answer
}

async fn patch(server: &Server, path: &str, change: Value) -> Value {
    let ask = server.request(Method::PATCH, path).basic_auth("local", Some(PASSWORD));
    let answer = ask.json(&change).send().await.unwrap();
    assert_eq!(answer.status(), 200, "{path} {change}");
    let answer = answer.json().await.unwrap();
    contract::check_content(&Method::PATCH, path, &change, 200, &answer);
    answer
}

/// The status of a request without a body, and what a refusal says.
async fn outcome(server: &Server, method: Method, path: &str) -> (u16, String) {
    let answer = ask(server, method.clone(), path).await;
    let status = answer.status().as_u16();
    let body: Value = answer.json().await.unwrap_or_default();
    contract::check_content(&method, path, &Value::Null, status, &body);
    (status, body["errors"][0]["message"].as_str().unwrap_or_default().to_owned())
}

/// An image that says what it is for, told from others by its annotation.
async fn push_image(server: &Server, name: &str, reference: &str, number: u32) -> Digest {
    let config = server.push_blob(name, br#"{"architecture":"arm64","os":"linux"}"#).await;
    let manifest = image(&config, number);
    server.push_manifest(name, reference, "image.manifest", manifest).await
}

fn image(config: &Digest, number: u32) -> String {
    json!({
        "schemaVersion": 2,
        "mediaType": IMAGE,
        "config": {
            "mediaType": "application/vnd.oci.image.config.v1+json", "digest": config, "size": 37,
        },
        "layers": [],
        "annotations": { "number": number.to_string() },
    })
    .to_string()
}

/// Follows the links from `path` to the end; `key` is what the entries are in.
async fn pages(server: &Server, path: &str, key: &str) -> Vec<Value> {
    let (mut entries, mut next) = (Vec::new(), Some(path.to_owned()));
    while let Some(path) = next.take() {
        let answer = ask(server, Method::GET, &path).await;
        assert_eq!(answer.status(), 200, "{path}");
        let link = answer.headers().get("link").map(|link| link.to_str().unwrap().to_owned());
        next = link.map(|link| link[1..link.find('>').unwrap()].to_owned());
        let body: Value = answer.json().await.unwrap();
        entries.extend(body[key].as_array().unwrap().clone());
    }
    entries
}

fn fields(entries: &[Value], field: &str) -> Vec<String> {
    entries.iter().map(|entry| entry[field].as_str().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn a_repository_and_what_it_holds_are_described() {
    let server = Server::start(&[]).await;
    let digest = push_image(&server, "team/app", "v1", 1).await;
    let host = format!("localhost:{}", server.port());

    let open = json!({
        "deleteEnabled": true, "writeEnabled": true, "readEnabled": true, "listEnabled": true,
    });
    let repository = get(&server, "/acr/v1/team/app").await;
    assert_eq!(repository["registry"], host);
    assert_eq!(repository["imageName"], "team/app");
    assert_eq!((&repository["manifestCount"], &repository["tagCount"]), (&json!(1), &json!(1)));
    assert_eq!(repository["changeableAttributes"], open);
    assert!(repository["createdTime"].as_str().unwrap().ends_with('Z'));

    let tag = get(&server, "/acr/v1/team%2Fapp/_tags/v1").await;
    assert_eq!(tag["tag"]["name"], "v1");
    assert_eq!(tag["tag"]["digest"], digest.to_string());
    assert_eq!(tag["tag"]["changeableAttributes"], open);

    let manifest = get(&server, &format!("/acr/v1/team/app/_manifests/{digest}")).await;
    let manifest = &manifest["manifest"];
    assert_eq!(manifest["digest"], digest.to_string());
    assert_eq!(manifest["architecture"], "arm64");
    assert_eq!(manifest["os"], "linux");
    assert_eq!(manifest["mediaType"], IMAGE);
    assert_eq!(manifest["configMediaType"], "application/vnd.oci.image.config.v1+json");
    assert_eq!(manifest["tags"], json!(["v1"]));
    let length = image(&Digest::sha256(br#"{"architecture":"arm64","os":"linux"}"#), 1).len();
    assert_eq!(manifest["imageSize"], json!(length + 37));

    let index = json!({
        "schemaVersion": 2, "mediaType": "application/vnd.oci.image.index.v1+json",
        "manifests": [{
            "mediaType": IMAGE, "digest": digest, "size": length,
            "platform": { "architecture": "arm64", "os": "linux" },
        }],
    });
    let index = server.push_manifest("team/app", "all", "image.index", index.to_string()).await;
    let index = get(&server, &format!("/acr/v1/team/app/_manifests/{index}")).await;
    let child = json!([{ "digest": digest, "architecture": "arm64", "os": "linux" }]);
    assert_eq!(index["manifest"]["references"], child);

    for (path, code) in [
        ("/acr/v1/team".to_owned(), "NAME_UNKNOWN"),
        ("/acr/v1/team/app/_tags/v2".to_owned(), "TAG_UNKNOWN"),
        (format!("/acr/v1/team/app/_manifests/{}", Digest::sha256(b"")), "MANIFEST_UNKNOWN"),
        ("/acr/v1/team/_tags".to_owned(), "NAME_UNKNOWN"),
    ] {
        let answer = ask(&server, Method::GET, &path).await;
        assert_eq!(answer.status(), 404, "{path}");
        let body: Value = answer.json().await.unwrap();
        assert_eq!(body["errors"][0]["code"], code, "{path}");
    }
}

#[tokio::test]
async fn lists_come_by_name_and_by_time_and_go_on_where_they_ended() {
    let server = Server::start(&[]).await;
    let mut digests = Vec::new();
    for (number, tag) in ["c", "a", "d", "b"].into_iter().enumerate() {
        digests.push(push_image(&server, "app", tag, number as u32).await.to_string());
    }
    let by_time = |path: &str, order| format!("{path}?n=1&orderby={order}");
    let tags = pages(&server, "/acr/v1/app/_tags?n=3", "tags").await;
    assert_eq!(fields(&tags, "name"), ["a", "b", "c", "d"]);
    let tags = pages(&server, &by_time("/acr/v1/app/_tags", "timeasc"), "tags").await;
    assert_eq!(fields(&tags, "name"), ["c", "a", "d", "b"]);
    let tags = pages(&server, &by_time("/acr/v1/app/_tags", "timedesc"), "tags").await;
    assert_eq!(fields(&tags, "name"), ["b", "d", "a", "c"]);
    let path = format!("/acr/v1/app/_tags?digest={}", digests[2]);
    assert_eq!(fields(&pages(&server, &path, "tags").await, "name"), ["d"]);

    let manifests = pages(&server, "/acr/v1/app/_manifests?n=3", "manifests").await;
    let mut sorted = digests.clone();
    sorted.sort_unstable();
    assert_eq!(fields(&manifests, "digest"), sorted);
    let path = by_time("/acr/v1/app/_manifests", "timedesc");
    let manifests = pages(&server, &path, "manifests").await;
    digests.reverse();
    assert_eq!(fields(&manifests, "digest"), digests);
    assert_eq!(manifests[0]["tags"], json!(["b"]));

    // What a page ended with may be gone when the next is asked for.
    let first = ask(&server, Method::GET, &by_time("/acr/v1/app/_tags", "timedesc")).await;
    let link = first.headers()["link"].to_str().unwrap().to_owned();
    assert_eq!(ask(&server, Method::DELETE, "/acr/v1/app/_tags/b").await.status(), 202);
    let rest = pages(&server, &link[1..link.find('>').unwrap()], "tags").await;
    assert_eq!(fields(&rest, "name"), ["d", "a", "c"]);
    // Its manifest lost a tag, so it is the one that changed last.
    let path = by_time("/acr/v1/app/_manifests", "timedesc");
    let manifests = pages(&server, &path, "manifests").await;
    assert_eq!(fields(&manifests, "digest")[0], digests[0]);
    assert_eq!(manifests[0].get("tags"), None);

    for name in ["z", "m"] {
        push_image(&server, name, "v1", 9).await;
    }
    let repositories = pages(&server, "/acr/v1/_catalog?n=2", "repositories").await;
    assert_eq!(repositories, ["app", "m", "z"]);
    let repositories =
        pages(&server, &by_time("/acr/v1/_catalog", "timedesc"), "repositories").await;
    assert_eq!(repositories, ["m", "z", "app"]);
    for path in ["/acr/v1/app/_tags?orderby=size", "/acr/v1/app/_manifests?last=x"] {
        assert_eq!(ask(&server, Method::GET, path).await.status(), 400, "{path}");
    }
}

#[tokio::test]
async fn a_locked_tag_is_neither_moved_nor_deleted_nor_pulled() {
    let server = Server::start(&[]).await;
    let first = push_image(&server, "app", "v1", 1).await;
    let (tag, manifest) = ("/acr/v1/app/_tags/v1", format!("/v2/app/manifests/{first}"));

    let locked = patch(&server, tag, json!({ "writeEnabled": false })).await;
    assert_eq!(locked["tag"]["changeableAttributes"]["writeEnabled"], false);
    let second = image(&Digest::sha256(br#"{"architecture":"arm64","os":"linux"}"#), 2);
    let push = |reference: &'static str| {
        let push = server.request(Method::PUT, &format!("/v2/app/manifests/{reference}"));
        push.header("content-type", IMAGE).basic_auth("local", Some(PASSWORD)).body(second.clone())
    };
    let refused = push("v1").send().await.unwrap();
    assert_eq!(refused.status(), 405);
    let body: Value = refused.json().await.unwrap();
    let said = body["errors"][0]["message"].as_str().unwrap();
    assert_eq!(said, "The operation is disallowed: tag v1 has writeEnabled=false");
    assert_eq!(push("v2").send().await.unwrap().status(), 201, "other tags are free");
    // What it names is pushed again without harm.
    push_image(&server, "app", "v1", 1).await;
    for path in [tag, "/v2/app/manifests/v1", &manifest, "/acr/v1/app"] {
        let (status, said) = outcome(&server, Method::DELETE, path).await;
        assert_eq!(status, 405, "{path}");
        assert!(said.starts_with("The operation is disallowed: tag v1"), "{path}: {said}");
    }

    patch(&server, tag, json!({ "writeEnabled": true, "readEnabled": false })).await;
    let (status, said) = outcome(&server, Method::GET, "/v2/app/manifests/v1").await;
    assert_eq!(status, 405);
    assert!(said.starts_with("The operation is disallowed: v1"), "{said}");
    assert_eq!(outcome(&server, Method::GET, &manifest).await.0, 200, "by digest it is free");

    patch(&server, tag, json!({ "readEnabled": true, "listEnabled": false })).await;
    let tags = get(&server, "/v2/app/tags/list").await;
    assert_eq!(tags["tags"], json!(["v2"]));
    let tags = pages(&server, "/acr/v1/app/_tags", "tags").await;
    assert_eq!(fields(&tags, "name"), ["v2"]);
    assert_eq!(outcome(&server, Method::DELETE, tag).await.0, 202);
}

#[tokio::test]
async fn a_locked_manifest_stays_and_is_not_pulled() {
    let server = Server::start(&[]).await;
    let digest = push_image(&server, "app", "v1", 1).await;
    let (attributes, manifest) =
        (format!("/acr/v1/app/_manifests/{digest}"), format!("/v2/app/manifests/{digest}"));
    patch(&server, &attributes, json!({ "deleteEnabled": false })).await;
    for path in [&*manifest, "/acr/v1/app"] {
        assert_eq!(outcome(&server, Method::DELETE, path).await.0, 405, "{path}");
    }
    // The tag is another thing.
    assert_eq!(outcome(&server, Method::DELETE, "/acr/v1/app/_tags/v1").await.0, 202);

    assert_eq!(outcome(&server, Method::GET, &manifest).await.0, 200, "and it is cached");
    patch(&server, &attributes, json!({ "readEnabled": false, "listEnabled": false })).await;
    assert_eq!(outcome(&server, Method::GET, &manifest).await.0, 405);
    assert_eq!(outcome(&server, Method::HEAD, &manifest).await.0, 405);
    assert_eq!(pages(&server, "/acr/v1/app/_manifests", "manifests").await.len(), 0);
    let open = json!({ "deleteEnabled": true, "readEnabled": true });
    patch(&server, &attributes, open).await;
    assert_eq!(outcome(&server, Method::GET, &manifest).await.0, 200);
    assert_eq!(outcome(&server, Method::DELETE, &manifest).await.0, 202);
}

#[tokio::test]
async fn a_locked_repository_takes_nothing_in_and_gives_nothing_away() {
    let server = Server::start(&[]).await;
    let digest = push_image(&server, "app", "v1", 1).await;
    let config = Digest::sha256(br#"{"architecture":"arm64","os":"linux"}"#);
    patch(&server, "/acr/v1/app", json!({ "writeEnabled": false })).await;
    for (method, path) in [
        (Method::POST, "/v2/app/blobs/uploads/".to_owned()),
        (Method::DELETE, "/acr/v1/app".to_owned()),
        (Method::DELETE, "/acr/v1/app/_tags/v1".to_owned()),
        (Method::DELETE, format!("/v2/app/manifests/{digest}")),
        (Method::DELETE, format!("/v2/app/blobs/{config}")),
    ] {
        let (status, said) = outcome(&server, method.clone(), &path).await;
        assert_eq!(status, 405, "{method} {path}");
        let expected = "The operation is disallowed: repository app has writeEnabled=false";
        assert_eq!(said, expected, "{method} {path}");
    }
    let push = server.request(Method::PUT, "/v2/app/manifests/v2").header("content-type", IMAGE);
    let push = push.basic_auth("local", Some(PASSWORD)).body(image(&config, 1));
    assert_eq!(push.send().await.unwrap().status(), 405);

    // Only the repository itself is kept then.
    patch(&server, "/acr/v1/app", json!({ "writeEnabled": true, "deleteEnabled": false })).await;
    assert_eq!(outcome(&server, Method::DELETE, "/acr/v1/app").await.0, 405);
    assert_eq!(outcome(&server, Method::DELETE, "/acr/v1/app/_tags/v1").await.0, 202);

    for path in [format!("/v2/app/manifests/{digest}"), format!("/v2/app/blobs/{config}")] {
        assert_eq!(outcome(&server, Method::GET, &path).await.0, 200, "{path}");
    }
    patch(&server, "/acr/v1/app", json!({ "readEnabled": false, "listEnabled": false })).await;
    for path in [format!("/v2/app/manifests/{digest}"), format!("/v2/app/blobs/{config}")] {
        assert_eq!(outcome(&server, Method::GET, &path).await.0, 405, "{path}");
    }
    let mount = format!("/v2/other/blobs/uploads/?mount={config}&from=app");
    assert_eq!(outcome(&server, Method::POST, &mount).await.0, 202, "an upload instead");
    for path in ["/v2/_catalog", "/acr/v1/_catalog", "/acr/v1/_catalog?orderby=timeasc"] {
        assert_eq!(get(&server, path).await["repositories"], json!([]), "{path}");
    }
}

#[tokio::test]
async fn a_repository_is_deleted_with_all_it_holds() {
    let server = Server::start(&[]).await;
    let mut digests = Vec::new();
    for number in 0..3 {
        digests.push(push_image(&server, "app", &format!("v{number}"), number).await.to_string());
    }
    let length = image(&Digest::sha256(br#"{"architecture":"arm64","os":"linux"}"#), 0).len();
    let index = json!({
        "schemaVersion": 2, "mediaType": "application/vnd.oci.image.index.v1+json",
        "manifests": [{ "mediaType": IMAGE, "digest": digests[0], "size": length }],
    });
    let index = server.push_manifest("app", "all", "image.index", index.to_string()).await;
    digests.push(index.to_string());

    let answer = ask(&server, Method::DELETE, "/acr/v1/app").await;
    assert_eq!(answer.status(), 202);
    let deleted: Value = answer.json().await.unwrap();
    let mut manifests: Vec<String> = deleted["manifestsDeleted"]
        .as_array()
        .unwrap()
        .iter()
        .map(|d| d.as_str().unwrap().into())
        .collect();
    manifests.sort_unstable();
    digests.sort_unstable();
    assert_eq!(manifests, digests);
    assert_eq!(deleted["tagsDeleted"].as_array().unwrap().len(), 4);
    for (method, path) in [
        (Method::GET, "/acr/v1/app"),
        (Method::GET, "/v2/app/manifests/v1"),
        (Method::GET, "/v2/app/tags/list"),
        (Method::DELETE, "/acr/v1/app"),
    ] {
        assert_eq!(outcome(&server, method, path).await.0, 404, "{path}");
    }
    assert_eq!(get(&server, "/v2/_catalog").await["repositories"], json!([]));
    push_image(&server, "app", "v1", 1).await;
    assert_eq!(get(&server, "/acr/v1/app").await["manifestCount"], 1);
}

#[tokio::test]
async fn attributes_that_are_none_are_refused() {
    let server = Server::start(&[]).await;
    push_image(&server, "app", "v1", 1).await;
    for (body, status) in [
        ("", 400),
        ("null", 400),
        (r#"{"writeEnabled":"false"}"#, 400),
        (r#"{"quarantineState":"Passed"}"#, 400),
        ("{}", 200),
    ] {
        let ask = server.request(Method::PATCH, "/acr/v1/app/_tags/v1").body(body);
        let answer = ask.basic_auth("local", Some(PASSWORD)).send().await.unwrap();
        assert_eq!(answer.status(), status, "{body}");
    }
    let long = format!("{{\"x\":\"{}\"}}", "x".repeat(70_000));
    let ask = server.request(Method::PATCH, "/acr/v1/app").body(long);
    let answer = ask.basic_auth("local", Some(PASSWORD)).send().await.unwrap();
    assert_eq!(answer.status(), 413);
}
