//! Mounting and deleting blobs.

use gantry_model::RegistrySettings;
use gantry_model::permission::{Actions, Actor, Delete, Grants, Identity, Pull, Push};
use gantry_oci::Digest;
use gantry_registry::blobs::{DeleteBlobError, MountError};

use crate::support::{on_each_database, sparse};

#[tokio::test(flavor = "multi_thread")]
async fn a_blob_is_readable_only_where_it_is_held() {
    on_each_database(RegistrySettings::default(), async |world| {
        let digest = world.push_blob("source", b"layer").await;
        assert!(!world.has_blob("target", &digest).await);
        let (push, pull) = (world.permit::<Push>("target"), world.permit::<Pull>("source"));
        world.content.mount_blob(&push, &pull, &digest).await.unwrap();
        assert!(world.has_blob("target", &digest).await);

        let nowhere = world.permit::<Pull>("nowhere");
        assert!(matches!(
            world.content.mount_blob(&push, &nowhere, &Digest::sha256(b"none")).await,
            Err(MountError::Unknown(_))
        ));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mount_from_anywhere_takes_only_what_the_actor_may_pull() {
    on_each_database(RegistrySettings::default(), async |world| {
        let digest = world.push_blob("secret", b"layer").await;
        let grants = Grants::none()
            .with(&"target".parse().unwrap(), Actions::ALL)
            .with(&"open".parse().unwrap(), Actions::READ);
        let actor = Actor::new(world.actor.registry(), Identity::admin("x"), grants);
        let push = actor.permit::<Push>(&"target".parse().unwrap()).unwrap();
        let outcome = world.content.mount_blob_from_any(&push, &actor, &digest).await;
        assert!(matches!(outcome, Err(MountError::Unknown(_))), "{outcome:?}");

        world.push_blob("open", b"layer").await;
        let from = world.content.mount_blob_from_any(&push, &actor, &digest).await.unwrap();
        assert_eq!(from.as_str(), "open");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_blob_that_a_manifest_names_is_not_deleted() {
    on_each_database(RegistrySettings::default(), async |world| {
        let config = world.push_blob("app", b"{}").await;
        world.push_image("app", "v1", &[b"{}"]).await;
        let permit = world.permit::<Delete>("app");
        let outcome = world.content.delete_blob(&permit, &config).await;
        assert!(matches!(outcome, Err(DeleteBlobError::Named { .. })), "{outcome:?}");
        assert!(world.has_blob("app", &config).await);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn where_sparse_content_is_allowed_a_named_blob_is_deleted_and_may_come_back() {
    on_each_database(sparse(), async |world| {
        let config = world.push_blob("app", b"{}").await;
        let manifest = world.push_image("app", "v1", &[b"{}"]).await;
        world.content.delete_blob(&world.permit::<Delete>("app"), &config).await.unwrap();
        assert!(!world.has_blob("app", &config).await);
        assert!(world.has_manifest("app", &manifest.to_string()).await);

        // Back again, the manifest holds it: no collection takes it.
        world.push_blob("app", b"{}").await;
        world.collect_after_grace().await;
        assert!(world.has_blob("app", &config).await);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deleted_blob_is_gone_at_once_and_stays_elsewhere() {
    on_each_database(RegistrySettings::default(), async |world| {
        let digest = world.push_blob("one", b"layer").await;
        world.push_blob("two", b"layer").await;
        assert!(world.has_blob("one", &digest).await);
        world.content.delete_blob(&world.permit::<Delete>("one"), &digest).await.unwrap();
        assert!(!world.has_blob("one", &digest).await);
        assert!(world.has_blob("two", &digest).await);
    })
    .await;
}
