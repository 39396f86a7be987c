//! Pushing and deleting manifests and tags.

use std::time::Duration;

use futures_util::future::join_all;
use gantry_db::{Dialect, Stmt};
use gantry_model::RegistrySettings;
use gantry_model::permission::{Delete, Pull};
use gantry_oci::{Digest, RepositoryName, Tag};
use gantry_registry::manifests::{DeleteManifestError, PutManifestError};
use gantry_registry::tags::ListTagsError;
use serde_json::json;

use crate::support::{image, index, on_each_database, sparse};

#[tokio::test(flavor = "multi_thread")]
async fn a_manifest_needs_all_it_names_with_the_right_length() {
    on_each_database(RegistrySettings::default(), async |world| {
        world.push_blob("app", b"{}").await;
        let document = image(&[b"{}", b"layer"], None);
        let outcome = world.put("app", "v1", &document).await;
        let Err(PutManifestError::Missing(missing)) = outcome else { panic!("{outcome:?}") };
        assert_eq!(missing.len(), 1);
        assert_eq!(*missing[0].digest(), Digest::sha256(b"layer"));

        world.push_blob("app", b"layer").await;
        let mut wrong = document.clone();
        wrong["layers"][0]["size"] = json!(4);
        let outcome = world.put("app", "v1", &wrong).await;
        assert!(matches!(outcome, Err(PutManifestError::SizeMismatch { .. })), "{outcome:?}");
        assert!(!world.has_manifest("app", "v1").await);

        world.put("app", "v1", &document).await.unwrap();
        assert!(world.has_manifest("app", "v1").await);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_layer_held_by_another_repository_is_missing_here() {
    on_each_database(RegistrySettings::default(), async |world| {
        world.push_blob("other", b"{}").await;
        let outcome = world.put("app", "v1", &image(&[b"{}"], None)).await;
        assert!(matches!(outcome, Err(PutManifestError::Missing(_))), "{outcome:?}");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_overwritten_tag_answers_the_new_manifest_at_once() {
    on_each_database(RegistrySettings::default(), async |world| {
        world.push_blob("app", b"{}").await;
        world.push_blob("app", b"layer").await;
        let first = world.push_image("app", "v1", &[b"{}"]).await;
        assert!(world.has_manifest("app", "v1").await);
        let second = world.push_image("app", "v1", &[b"{}", b"layer"]).await;
        let permit = world.permit::<Pull>("app");
        let found = world.content.find_manifest(&permit, &"v1".parse().unwrap()).await.unwrap();
        assert_eq!(found.digest, second);
        assert!(world.has_manifest("app", &first.to_string()).await);
    })
    .await;
}

/// The clock stands still, so that nothing but their order tells the stamps apart.
#[tokio::test(flavor = "multi_thread")]
async fn of_many_who_set_and_remove_a_tag_at_once_each_comes_after_another() {
    on_each_database(RegistrySettings::default(), async |world| {
        let blobs: [&'static [u8]; 6] = [b"{}", b"one", b"two", b"three", b"four", b"five"];
        for bytes in blobs {
            world.push_blob("app", bytes).await;
        }
        let documents: Vec<_> =
            blobs[1..].iter().map(|layer| image(&[b"{}", layer], None)).collect();
        for round in 0..10 {
            let puts = documents.iter().map(|document| world.put("app", "v1", document));
            for put in join_all(puts).await {
                put.unwrap_or_else(|error| panic!("round {round}: {error}"));
            }
            let tag: Tag = "v1".parse().unwrap();
            let permit = world.permit::<Delete>("app");
            let removals = (0..2).map(|_| world.content.delete_tag(&permit, &tag));
            let removed: Vec<_> = join_all(removals).await;
            let done = removed.iter().filter(|removal| removal.is_ok()).count();
            assert_eq!(done, 1, "round {round}: {removed:?}");
        }
    })
    .await;
}

/// A deadlock costs a second before the database finds it.
#[tokio::test(flavor = "multi_thread")]
async fn pushes_and_deletes_of_one_repository_never_wait_for_each_other_in_a_circle() {
    const DEADLOCKS: Stmt =
        Stmt::new("select deadlocks from pg_stat_database where datname = current_database()");
    let settings = [RegistrySettings::default(), sparse()];
    for settings in settings {
        on_each_database(settings, async |world| {
            let blobs: [&'static [u8]; 5] = [b"{}", b"one", b"two", b"three", b"four"];
            let documents: Vec<_> =
                blobs[1..].iter().map(|layer| image(&[b"{}", layer], None)).collect();
            let client = async |number: usize| {
                for step in 0..60 {
                    let document = &documents[(number + step) % documents.len()];
                    let bytes = serde_json::to_vec(document).unwrap();
                    let digest = Digest::sha256(&bytes);
                    let permit = world.permit::<Delete>("app");
                    let tag = format!("v{}", (number * 7 + step) % 3);
                    // Whether each does anything depends on the others; that none is in the way
                    // of another is what counts.
                    match (number + step * 5) % 8 {
                        0 => drop(world.content.delete_tag(&permit, &tag.parse().unwrap()).await),
                        1 => drop(world.content.delete_manifest(&permit, &digest).await),
                        2 => {
                            let layer = Digest::sha256(blobs[1 + step % 4]);
                            drop(world.content.delete_blob(&permit, &layer).await);
                        }
                        _ => {
                            for bytes in blobs {
                                world.push_blob("app", bytes).await;
                            }
                            drop(world.put("app", &tag, document).await);
                        }
                    }
                }
            };
            join_all((0..8).map(client)).await;
            let db = world.content.catalog().db();
            if db.dialect() == Dialect::Postgres {
                // The server's processes tell of it within a second.
                tokio::time::sleep(Duration::from_secs(2)).await;
                let found = db.one(&DEADLOCKS, &[], |row| row.get::<i64>(0)).await.unwrap();
                assert_eq!(found, Some(0));
            }
        })
        .await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn deleting_a_tag_leaves_the_manifest_and_deleting_the_manifest_takes_its_tags() {
    on_each_database(RegistrySettings::default(), async |world| {
        world.push_blob("app", b"{}").await;
        let digest = world.push_image("app", "v1", &[b"{}"]).await;
        world.push_image("app", "v2", &[b"{}"]).await;
        let permit = world.permit::<Delete>("app");
        world.content.delete_tag(&permit, &"v1".parse().unwrap()).await.unwrap();
        assert!(!world.has_manifest("app", "v1").await);
        assert!(world.has_manifest("app", "v2").await);
        let again = world.content.delete_tag(&permit, &"v1".parse().unwrap()).await;
        assert!(matches!(again, Err(DeleteManifestError::TagUnknown(_))), "{again:?}");

        world.delete_manifest("app", &digest).await;
        assert!(!world.has_manifest("app", "v2").await);
        assert!(!world.has_manifest("app", &digest.to_string()).await);
        // With its last manifest the repository is no longer there to see.
        let tags = world.content.list_tags(&world.permit("app"), "", 10).await;
        assert!(matches!(tags, Err(ListTagsError::RepositoryUnknown(_))), "{tags:?}");
        let catalog = world.actor.permit_catalog().unwrap();
        let names = world.content.list_repositories(&catalog, "", 10).await.unwrap();
        assert!(names.repositories.is_empty());
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_child_of_an_index_is_not_deleted_before_it() {
    on_each_database(RegistrySettings::default(), async |world| {
        world.push_blob("app", b"{}").await;
        let child = image(&[b"{}"], None);
        let pushed = world.put("app", "child", &child).await.unwrap().digest;
        let parent = world.put("app", "all", &index(&[&child])).await.unwrap().digest;
        let permit = world.permit::<Delete>("app");
        let outcome = world.content.delete_manifest(&permit, &pushed).await;
        assert!(matches!(outcome, Err(DeleteManifestError::Named { .. })), "{outcome:?}");
        world.delete_manifest("app", &parent).await;
        world.delete_manifest("app", &pushed).await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sparse_index_is_taken_where_it_is_allowed() {
    on_each_database(sparse(), async |world| {
        world.push_blob("app", b"{}").await;
        let child = image(&[b"{}"], None);
        let parent = world.put("app", "all", &index(&[&child])).await.unwrap().digest;
        let pushed = world.put("app", "child", &child).await.unwrap().digest;
        world.delete_manifest("app", &pushed).await;
        assert!(world.has_manifest("app", &parent.to_string()).await);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn lists_are_pages_in_byte_order() {
    on_each_database(RegistrySettings::default(), async |world| {
        for name in ["b", "a/b", "a-b", "a"] {
            world.push_blob(name, b"{}").await;
            world.push_image(name, "v1", &[b"{}"]).await;
        }
        for tag in ["a", "B", "_x", "v10", "v9"] {
            world.push_image("a", tag, &[b"{}"]).await;
        }
        let catalog = world.actor.permit_catalog().unwrap();
        let page = world.content.list_repositories(&catalog, "", 3).await.unwrap();
        let names: Vec<_> = page.repositories.iter().map(RepositoryName::as_str).collect();
        assert_eq!((names.as_slice(), page.next.is_some()), (["a", "a-b", "a/b"].as_slice(), true));
        let page = world.content.list_repositories(&catalog, "a/b", 3).await.unwrap();
        assert_eq!((page.repositories.len(), page.next.is_some()), (1, false));

        let tags = world.content.list_tags(&world.permit("a"), "", 10).await.unwrap();
        let tags: Vec<_> = tags.items.iter().map(Tag::as_str).collect();
        assert_eq!(tags, ["B", "_x", "a", "v1", "v10", "v9"]);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tag_is_made_again_in_the_same_instant_it_was_removed() {
    on_each_database(RegistrySettings::default(), async |world| {
        world.push_blob("app", b"{}").await;
        for _ in 0..3 {
            world.push_image("app", "v1", &[b"{}"]).await;
            let permit = world.permit::<Delete>("app");
            world.content.delete_tag(&permit, &"v1".parse().unwrap()).await.unwrap();
        }
    })
    .await;
}
