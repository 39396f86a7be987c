//! Whatever is sent to what the server describes of itself, nothing breaks: no answer is a failure of the
//! server, and each is as described. Schemathesis makes the requests.

use gantry_clients::{Client, Cloud, Image, PASSWORD, Site, Transport, USER};
use serde_json::{Value, json};

/// Requests for each operation, always the same ones; `SCHEMATHESIS_EXAMPLES` says of how many others.
const EXAMPLES: &str = "15";
const CHECKS: &str = "not_a_server_error,status_code_conformance,content_type_conformance,\
                      response_schema_conformance";
/// The registry that is tried besides the default one.
const REGISTRY: &str = "tried1";

#[test]
fn the_management_api_withstands_what_it_describes() {
    let site = Site::new(Transport::Tls);
    let cloud = Cloud::of(&site);
    make_resources(&cloud);
    let mut document = described(&site, "management");
    at_each_scope(&mut document, &cloud);
    let own = |name: &str| -> Option<Value> {
        Some(match name {
            "api-version" => json!(["2025-11-01", "2026-09-01-preview"]),
            "subscriptionId" => json!([cloud.subscription]),
            "resourceGroupName" => json!(["default", "DEFAULT", "other"]),
            "registryName" => json!([REGISTRY, "TRIED1", "local", "absent"]),
            "cacheRuleName" | "credentialSetName" | "scopeMapName" | "tokenName"
            | "webhookName" => json!(["tried", "TRIED", "other-1", "x", "é"]),
            "replicationName" => json!(["local", "elsewhere"]),
            _ => return None,
        })
    };
    choose(&mut document, own);
    let token = cloud.token(&format!("{}/arm/.default", cloud.base()));
    let bearer = format!("Authorization: Bearer {token}");
    try_all(&site, &document, &["--header", &bearer]);
    let registry = cloud.manage("GET", &cloud.registry("local"), &Value::Null);
    assert_eq!(registry["name"], "local");
}

#[test]
fn a_registry_withstands_what_it_describes() {
    let site = Site::new(Transport::Tls);
    let image = Image::new("amd64", "for every request");
    site.push(&image, &site.host(), "v1");
    let mut document = described(&site, "data-plane");
    let own = |name: &str| -> Option<Value> {
        Some(match name {
            "name" => json!(["team/app", "team", "Team", "é"]),
            "reference" => json!(["v1", "v2", "-"]),
            "digest" => json!([image.digest(), "sha256:0", "sha256:"]),
            _ => return None,
        })
    };
    choose(&mut document, own);
    let user = format!("{USER}:{PASSWORD}");
    try_all(&site, &document, &["--auth", &user]);
    let catalog = format!("https://{}/acr/v1/_catalog", site.host());
    let answer = Cloud::of(&site).curl().run(["--fail-with-body", "--user", &user, &catalog]);
    assert!(answer.contains("repositories"), "{answer}");
}

/// One of each kind of resource.
fn make_resources(cloud: &Cloud) {
    let registry = cloud.registry(REGISTRY);
    let make = |path: &str, body: Value| cloud.manage("PUT", &format!("{registry}{path}"), &body);
    make("", json!({ "location": "local", "sku": { "name": "Premium" } }));
    let map = "/scopeMaps/tried";
    make(map, json!({ "properties": { "actions": ["repositories/a/content/read"] } }));
    make("/tokens/tried", json!({ "properties": { "scopeMapId": format!("{registry}{map}") } }));
    let hook = json!({ "serviceUri": "https://hooks.example/a", "actions": ["push"] });
    make("/webhooks/tried", json!({ "location": "local", "properties": hook }));
    let rule = json!({ "sourceRepository": "docker.io/library/a", "targetRepository": "a" });
    make("/cacheRules/tried", json!({ "properties": rule }));
}

/// What the server says of an interface.
fn described(site: &Site, interface: &str) -> Value {
    let said = site.gantry("openapi").run(["openapi", interface]);
    serde_json::from_str(&said).expect("it is JSON")
}

/// Puts resources in place of the parameter that stands for any: its slashes are no client's to escape.
fn at_each_scope(document: &mut Value, cloud: &Cloud) {
    let subscription = format!("/subscriptions/{}", cloud.subscription);
    let registry = cloud.registry(REGISTRY);
    let group = format!("{subscription}/resourceGroups/default");
    let scopes = [&subscription, &group, &registry];
    // A lock from further up would keep all else from being written.
    let locked = cloud.registry("local");
    let Value::Object(paths) = document["paths"].take() else { panic!("there are no paths") };
    document["paths"] = json!({});
    for (path, operations) in paths {
        let Some(rest) = path.strip_prefix("/{scope}") else {
            document["paths"][path] = operations;
            continue;
        };
        let is_lock = rest.contains("/locks");
        for scope in if is_lock { vec![&locked] } else { scopes.to_vec() } {
            if scope == &subscription && rest.ends_with("/{roleAssignmentName}") {
                // Names are learned from answers, and methods tried that a path hasn't: whoever asks would
                // give their own role away.
                continue;
            }
            let mut operations = operations.clone();
            for operation in operations.as_object_mut().expect("it is an object").values_mut() {
                let parameters = operation["parameters"].as_array_mut().expect("it is a list");
                parameters.retain(|parameter| parameter["name"] != "scope");
                let id = format!("{} {scope}", operation["operationId"]);
                operation["operationId"] = id.into();
            }
            document["paths"][format!("{scope}{rest}")] = operations;
        }
    }
}

/// Tries all but deletions, and then those too: what is gone early is tried no more.
fn try_all(site: &Site, document: &Value, credential: &[&str]) {
    try_some(site, document, &[credential, &["--exclude-method", "DELETE"]].concat());
    try_some(site, document, credential);
}

/// Lets parameters be chosen from what `own` says: of names made up, few would lead anywhere.
fn choose(document: &mut Value, own: impl Fn(&str) -> Option<Value>) {
    let paths = document["paths"].as_object_mut().expect("there are paths").values_mut();
    for operation in paths.flat_map(|path| path.as_object_mut().expect("it is one").values_mut()) {
        for parameter in operation["parameters"].as_array_mut().expect("it is a list") {
            let name = parameter["name"].as_str().expect("it has a name");
            if let Some(values) = own(name) {
                parameter["schema"] = json!({ "type": "string", "enum": values });
            }
        }
    }
}

fn try_some(site: &Site, document: &Value, options: &[&str]) {
    let others = std::env::var("SCHEMATHESIS_EXAMPLES").ok();
    let examples = others.clone().unwrap_or_else(|| EXAMPLES.to_owned());
    let file = site.file("openapi.json", document.to_string()).display().to_string();
    let (url, ca) = (format!("https://{}", site.host()), site.ca().display().to_string());
    let mut arguments = vec!["run", &file, "--url", &url, "--tls-verify", &ca, "--checks", CHECKS];
    arguments.extend(["--phases", "coverage,fuzzing", "--max-examples", &examples]);
    arguments.extend(["--continue-on-failure", "--request-timeout", "20"]);
    arguments.extend(["--suppress-health-check", "filter_too_much,too_slow"]);
    arguments.extend(["--warnings", "off", "--no-color"]);
    if others.is_none() {
        arguments.push("--generation-deterministic");
    }
    arguments.extend(options);
    eprintln!("{}", schemathesis(site).run(arguments));
}

fn schemathesis(site: &Site) -> Client {
    site.python("schemathesis", "schemathesis")
}
