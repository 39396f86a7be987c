//! Repositories, manifests and tags: listed, locked, deleted.

use gantry_oci::Digest;
use serde_json::{Value, json};

use super::{done, refused, run, shown};
use crate::support::Server;

const CONFIG: &[u8] = br#"{"architecture":"arm64","os":"linux"}"#;

/// Pushes an image, told from others by its number, and answers its digest.
async fn push(server: &Server, repository: &str, tag: &str, number: u32) -> Digest {
    let config = server.push_blob(repository, CONFIG).await;
    let image = json!({
        "schemaVersion": 2,
        "mediaType": "application/vnd.oci.image.manifest.v1+json",
        "config": {
            "mediaType": "application/vnd.oci.image.config.v1+json",
            "digest": config,
            "size": CONFIG.len(),
        },
        "layers": [],
        "annotations": { "number": number.to_string() },
    });
    server.push_manifest(repository, tag, "image.manifest", image.to_string()).await
}

fn names(list: &Value, field: &str) -> Vec<String> {
    list.as_array().unwrap().iter().map(|one| one[field].as_str().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn repositories_are_listed_locked_and_deleted() {
    let server = Server::start(&[]).await;
    insta::assert_snapshot!(shown(&server, "repository list"), @r"
    stderr:
    there are none
    ");
    for (number, name) in ["team/app", "base", "web"].into_iter().enumerate() {
        push(&server, name, "v1", number as u32).await;
    }
    push(&server, "team/app", "v2", 9).await;
    assert_eq!(names(&done(&server, "repository list"), "name"), ["base", "team/app", "web"]);
    let newest = done(&server, "repository list --orderby time");
    assert_eq!(names(&newest, "name"), ["team/app", "web", "base"]);
    let two = done(&server, "repository list --orderby time --top 2");
    assert_eq!(names(&two, "name"), ["team/app", "web"]);
    insta::assert_snapshot!(shown(&server, "repository show team/app"), @r"
    NAME  team/app
    MANIFESTS  2
    TAGS  2
    CREATED AT  [moment]
    UPDATED AT  [moment]
    WRITE ENABLED  yes
    DELETE ENABLED  yes
    LIST ENABLED  yes
    READ ENABLED  yes
    ");

    let locked = done(&server, "repository update team/app --delete-enabled false");
    assert_eq!((&locked["deleteEnabled"], &locked["writeEnabled"]), (&false.into(), &true.into()));
    insta::assert_snapshot!(refused(&server, "repository delete team/app --yes"), @"gantry: The operation is disallowed: repository team/app has deleteEnabled=false");
    done(&server, "repository update team/app --delete-enabled true --list-enabled false");
    assert_eq!(names(&done(&server, "repository list"), "name"), ["base", "web"]);

    let unsure = run(&server, "repository delete team/app");
    assert_eq!(unsure.code, 2);
    insta::assert_snapshot!(unsure.stderr, @"gantry: this would delete the repository team/app with its manifests (2) and tags (2): add --yes if that is meant");
    insta::assert_snapshot!(shown(&server, "repository delete team/app --yes"), @r"
    stderr:
    deleted the repository team/app with its manifests (2) and tags (2)
    ");
    insta::assert_snapshot!(refused(&server, "repository show team/app"), @r#"gantry: repository "team/app" is not found."#);
    assert_eq!(run(&server, "repository update base").code, 2, "nothing is to be changed");
    assert_eq!(run(&server, "repository show Base").code, 2, "no name of a repository");
}

#[tokio::test]
async fn manifests_are_listed_locked_and_deleted() {
    let server = Server::start(&[]).await;
    let first = push(&server, "app", "v1", 1).await;
    push(&server, "app", "latest", 1).await;
    let second = push(&server, "app", "v2", 2).await;
    let listed = done(&server, "manifest list app --orderby time");
    assert_eq!(names(&listed, "digest"), [second.to_string(), first.to_string()]);
    assert_eq!(listed[1]["tags"], json!(["latest", "v1"]));
    let table = shown(&server, "manifest list app --orderby time --top 1");
    insta::assert_snapshot!(table.replace(&second.to_string(), "[digest]"), @r"
    DIGEST  TAGS  SIZE  MEDIA TYPE  CREATED AT  LOCKED
    [digest]  v2  313  application/vnd.oci.image.manifest.v1+json  [moment]  -
    ");
    let table = shown(&server, "manifest show app latest");
    insta::assert_snapshot!(table.replace(&first.to_string(), "[digest]"), @r"
    DIGEST  [digest]
    TAGS  latest, v1
    SIZE  313
    MEDIA TYPE  application/vnd.oci.image.manifest.v1+json
    ARTIFACT TYPE  application/vnd.oci.image.config.v1+json
    ARCHITECTURE  arm64
    OS  linux
    CREATED AT  [moment]
    UPDATED AT  [moment]
    WRITE ENABLED  yes
    DELETE ENABLED  yes
    LIST ENABLED  yes
    READ ENABLED  yes
    ");
    assert_eq!(done(&server, &format!("manifest show app {second}"))["tags"], json!(["v2"]));

    done(&server, "manifest update app v1 --write-enabled false --read-enabled false");
    let listed = done(&server, "manifest list app --orderby time");
    assert_eq!(listed[1]["locked"], json!(["write", "read"]));
    let told = refused(&server, "manifest delete app v1 --yes");
    insta::assert_snapshot!(told.replace(&first.to_string(), "[digest]"), @"gantry: The operation is disallowed: manifest [digest] has writeEnabled=false");
    done(&server, "manifest update app v1 --write-enabled true --read-enabled true");
    let unsure = run(&server, "manifest delete app v1");
    assert_eq!(unsure.code, 2);
    insta::assert_snapshot!(unsure.stderr.replace(&first.to_string(), "[digest]"), @"gantry: this would delete [digest] of app with its 2 tags (latest, v1) and what refers to it: add --yes if that is meant");
    let told = shown(&server, &format!("manifest delete app {first} --yes"));
    insta::assert_snapshot!(told.replace(&first.to_string(), "[digest]"), @r"
    stderr:
    deleted [digest] of app with its 2 tags (latest, v1) and what refers to it
    ");
    assert_eq!(names(&done(&server, "manifest list app"), "digest"), [second.to_string()]);
    assert_eq!(names(&done(&server, "tag list app"), "name"), ["v2"]);
    insta::assert_snapshot!(refused(&server, "manifest show app v1"), @"gantry: the repository has no tag v1");
    let told = refused(&server, &format!("manifest show app {first}"));
    insta::assert_snapshot!(told.replace(&first.to_string(), "[digest]"), @"gantry: the repository holds no manifest [digest]");
}

#[tokio::test]
async fn tags_are_listed_locked_and_removed() {
    let server = Server::start(&[]).await;
    let digest = push(&server, "app", "v1", 1).await;
    push(&server, "app", "v2", 1).await;
    let plain = |text: String| text.replace(&digest.to_string(), "[digest]");
    insta::assert_snapshot!(plain(shown(&server, "tag list app")), @r"
    NAME  DIGEST  CREATED AT  UPDATED AT  LOCKED
    v1  [digest]  [moment]  [moment]  -
    v2  [digest]  [moment]  [moment]  -
    ");
    let newest = done(&server, "tag list app --orderby time --top 1");
    assert_eq!(names(&newest, "name"), ["v2"]);
    insta::assert_snapshot!(plain(shown(&server, "tag update app v1 --delete-enabled false")), @r"
    NAME  v1
    DIGEST  [digest]
    CREATED AT  [moment]
    UPDATED AT  [moment]
    WRITE ENABLED  yes
    DELETE ENABLED  no
    LIST ENABLED  yes
    READ ENABLED  yes
    ");
    assert_eq!(done(&server, "tag list app")[0]["locked"], json!(["delete"]));
    insta::assert_snapshot!(refused(&server, "tag delete app v1 --yes"), @"gantry: The operation is disallowed: tag v1 has deleteEnabled=false");
    insta::assert_snapshot!(plain(shown(&server, "tag delete app v2 --yes")), @r"
    stderr:
    removed the tag v2 of app; [digest] stays
    ");
    insta::assert_snapshot!(refused(&server, "tag show app v2"), @"gantry: the repository has no tag v2");
    insta::assert_snapshot!(refused(&server, "tag list absent"), @r#"gantry: repository "absent" is not found."#);
    assert_eq!(names(&done(&server, "manifest list app"), "digest"), [digest.to_string()]);
}

#[tokio::test]
async fn registries_are_apart() {
    let server = Server::start(&["[[registry]]", "name = \"other\""]).await;
    push(&server, "app", "v1", 1).await;
    assert_eq!(names(&done(&server, "repository list"), "name"), ["app"]);
    assert_eq!(done(&server, "repository list --registry other"), json!([]));
    insta::assert_snapshot!(refused(&server, "repository show app --registry other"), @r#"gantry: repository "app" is not found."#);
    insta::assert_snapshot!(refused(&server, "repository list --registry absent"), @"gantry: there is no registry absent");
}

#[tokio::test]
async fn many_pages_are_one_list() {
    let server = Server::start(&["limits.page_size = 3"]).await;
    for number in 0..12 {
        push(&server, "app", &format!("v{number:02}"), number).await;
    }
    // Pages of three, of which the last isn't taken whole.
    let listed = done(&server, "tag list app --orderby time --top 7");
    assert_eq!(names(&listed, "name"), ["v11", "v10", "v09", "v08", "v07", "v06", "v05"]);
    assert_eq!(done(&server, "manifest list app").as_array().unwrap().len(), 12);
}

#[tokio::test]
async fn the_audit_stream_names_the_operator() {
    let server = Server::start(&[]).await;
    push(&server, "app", "v1", 1).await;
    done(&server, "tag list app");
    done(&server, "tag update app v1 --delete-enabled false");
    refused(&server, "tag delete app v1 --yes");
    let events = done(&server, "audit --registry local");
    let of_operator = events.as_array().unwrap().iter().filter(|one| one["identity"] == "operator");
    let told: Vec<String> = of_operator
        .map(|one| {
            ["action", "outcome", "registry", "detail"]
                .map(|field| one[field].as_str().unwrap())
                .join(" ")
        })
        .collect();
    insta::assert_snapshot!(told.join("\n"), @r"
    manage granted local 200 PATCH /acr/v1/app/_tags/v1
    manage refused local 405 DELETE /acr/v1/app/_tags/v1
    ");
}
