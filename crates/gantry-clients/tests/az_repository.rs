//! `az acr repository` and `az acr manifest`: what is in a registry, locking it, deleting it.

use gantry_clients::az::{json, push, signed_in, signed_in_crane, words};
use gantry_clients::{Cloud, Image, Site, TEAM};
use serde_json::{Value, json};

/// Pushes images of as many tags as there are, one after the other; tells their digests.
fn push_all(site: &Site, cloud: &Cloud, repository: &str, tags: &[&str]) -> Vec<String> {
    tags.iter()
        .map(|tag| {
            let image = Image::new("amd64", &format!("{repository} {tag}"));
            push(site, cloud, &image, &format!("{repository}:{tag}"));
            image.digest()
        })
        .collect()
}

#[test]
fn tells_what_is_in_a_registry() {
    let (site, cloud, az) = signed_in();
    let digests = push_all(&site, &cloud, "team/app", &["v2", "v1"]);
    push_all(&site, &cloud, "hello", &["latest"]);

    assert_eq!(json(&az, "acr repository list --name teamone"), json!(["hello", "team/app"]));
    let shown = json(&az, "acr repository show --name teamone --repository team/app");
    assert_eq!(shown["imageName"], "team/app");
    assert_eq!((&shown["manifestCount"], &shown["tagCount"]), (&json!(2), &json!(2)));
    assert_eq!(shown["registry"], format!("{TEAM}.acr.localhost"));

    let tags = |options: &str| {
        json(
            &az,
            &format!("acr repository show-tags --name teamone --repository team/app {options}"),
        )
    };
    assert_eq!(tags(""), json!(["v1", "v2"]));
    assert_eq!(tags("--orderby time_asc"), json!(["v2", "v1"]));
    assert_eq!(tags("--orderby time_desc --top 1"), json!(["v1"]));
    let detail = tags("--detail --orderby time_asc");
    assert_eq!(detail[0]["digest"], *digests[0]);

    let shown = json(&az, "acr repository show --name teamone --image team/app:v1");
    assert_eq!(shown["digest"], *digests[1]);
    let listed = json(&az, "acr manifest list-metadata --registry teamone --name team/app");
    let mut listed: Vec<&str> =
        listed.as_array().expect("a list").iter().filter_map(|m| m["digest"].as_str()).collect();
    listed.sort_unstable();
    let mut sorted: Vec<&str> = digests.iter().map(String::as_str).collect();
    sorted.sort_unstable();
    assert_eq!(listed, sorted);
    let by_tag = json(&az, "acr manifest show-metadata --registry teamone --name team/app:v2");
    assert_eq!(by_tag["digest"], *digests[0]);
    let name = format!("team/app@{}", digests[0]);
    let one = json(&az, &format!("acr manifest show-metadata --registry teamone --name {name}"));
    assert_eq!((&one["architecture"], &one["os"]), (&json!("amd64"), &json!("linux")));
    assert_eq!(one["tags"], json!(["v2"]));
    let manifest = json(&az, "acr manifest show --registry teamone --name team/app:v1");
    assert_eq!(manifest["schemaVersion"], 2);
    let manifests = json(&az, "acr manifest list --registry teamone --name team/app");
    assert_eq!(manifests.as_array().map(Vec::len), Some(2));

    let said = az.fails(words("acr repository show --name teamone --repository absent"));
    assert!(said.contains("repository \"absent\" is not found."), "{said}");
    let said = az.fails(words("acr repository show --name teamone --image hello:absent"));
    assert!(said.contains("the specified tag does not exist"), "{said}");
}

#[test]
fn locks_and_deletes() {
    let (site, cloud, az) = signed_in();
    let digests = push_all(&site, &cloud, "app", &["v1", "v2", "v3"]);
    let crane = signed_in_crane(&site, &cloud);
    let reference = |tag: &str| format!("{TEAM}.acr.localhost/app:{tag}");

    let update = |what: &str| json(&az, &format!("acr repository update --name teamone {what}"));
    let locked = update("--image app:v1 --write-enabled false");
    assert_eq!(locked["changeableAttributes"]["writeEnabled"], json!(false));
    let said = crane.fails(["push", "app:v2", &reference("v1")]);
    assert!(said.contains("The operation is disallowed: tag v1 has writeEnabled=false"), "{said}");
    let said = az.fails(words("acr repository delete --name teamone --image app:v1 --yes"));
    assert!(said.contains("The operation is disallowed"), "{said}");
    let said = az.fails(words("acr repository untag --name teamone --image app:v1"));
    assert!(said.contains("The operation is disallowed"), "{said}");
    update("--image app:v1 --write-enabled true");

    let locked = json(
        &az,
        &format!(
            "acr manifest update-metadata --registry teamone --name app@{} --read-enabled false",
            digests[1]
        ),
    );
    assert_eq!(locked["changeableAttributes"]["readEnabled"], json!(false));
    let said = crane.fails(["manifest", &reference("v2")]);
    assert!(said.contains("The operation is disallowed"), "{said}");
    crane.run(["manifest", &reference("v1")]);

    az.run(words("acr repository untag --name teamone --image app:v1"));
    let tags = json(&az, "acr repository show-tags --name teamone --repository app");
    assert_eq!(tags, json!(["v2", "v3"]));
    az.run(words("acr repository delete --name teamone --image app:v3 --yes"));
    az.run(words(&format!(
        "acr manifest delete --registry teamone --name app@{} --yes",
        digests[0]
    )));
    let shown = json(&az, "acr repository show --name teamone --repository app");
    assert_eq!(shown["manifestCount"], 1);

    update("--repository app --delete-enabled false");
    let said = az.fails(words("acr repository delete --name teamone --repository app --yes"));
    assert!(said.contains("The operation is disallowed: repository app"), "{said}");
    update("--repository app --delete-enabled true --list-enabled false");
    assert_eq!(json(&az, "acr repository list --name teamone"), json!([]));
    let deleted = json(&az, "acr repository delete --name teamone --repository app --yes");
    assert_eq!(deleted["manifestsDeleted"], json!([digests[1]]));
    assert_eq!(deleted["tagsDeleted"], json!(["v2"]));
    assert_eq!(json(&az, "acr repository list --name teamone"), Value::Array(Vec::new()));
}
