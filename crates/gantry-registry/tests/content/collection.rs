//! Collecting garbage, and the figures that go with it.

use std::time::Duration;

use gantry_blobs::Draft;
use gantry_model::RegistrySettings;
use gantry_model::permission::{Pull, Push};
use gantry_registry::maintenance::Collection;
use gantry_registry::maintenance::fsck::{Depth, Finding};

use crate::support::{GRACE, image, on_each_database, sparse};

#[tokio::test(flavor = "multi_thread")]
async fn what_nothing_names_goes_after_the_grace_and_not_before() {
    on_each_database(RegistrySettings::default(), async |world| {
        let kept = world.push_blob("app", b"{}").await;
        let lost = world.push_blob("app", b"lost").await;
        world.push_image("app", "v1", &[b"{}"]).await;
        world.clock.advance(world.wait() - Duration::from_secs(1));
        assert_eq!(world.collect().await.links, 0);
        world.clock.advance(Duration::from_secs(2));
        let collected = world.collect().await;
        assert_eq!((collected.links, collected.blobs, collected.bytes), (1, 1, 4));
        assert!(world.has_blob("app", &kept).await);
        assert!(!world.has_blob("app", &lost).await);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_was_told_a_blob_is_there_has_the_grace_to_use_it() {
    on_each_database(RegistrySettings::default(), async |world| {
        let digest = world.push_blob("app", b"{}").await;
        // Told so shortly before the stamp would be renewed: the worst case.
        world.clock.advance(world.content.limits().renew_every() - Duration::from_secs(1));
        assert!(world.has_blob("app", &digest).await);
        world.clock.advance(GRACE);
        assert_eq!(world.collect().await.links, 0);
        world.push_image("app", "v1", &[b"{}"]).await;
        world.collect_after_grace().await;
        assert!(world.has_blob("app", &digest).await);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn layers_of_a_deleted_image_stop_being_readable_there_and_stay_where_they_are_named() {
    on_each_database(RegistrySettings::default(), async |world| {
        let digest = world.push_blob("one", b"{}").await;
        let (push, pull) = (world.permit::<Push>("two"), world.permit::<Pull>("one"));
        world.content.mount_blob(&push, &pull, &digest).await.unwrap();
        let image = world.push_image("one", "v1", &[b"{}"]).await;
        world.push_image("two", "v1", &[b"{}"]).await;
        assert!(world.has_blob("one", &digest).await);
        world.delete_manifest("one", &image).await;
        let collected = world.collect_after_grace().await;
        assert_eq!((collected.links, collected.blobs, collected.repositories), (1, 0, 1));
        assert!(!world.has_blob("one", &digest).await);
        assert!(world.has_blob("two", &digest).await);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn content_that_came_after_the_manifest_that_names_it_stays() {
    on_each_database(sparse(), async |world| {
        world.put("app", "v1", &image(&[b"{}"], None)).await.unwrap();
        let digest = world.push_blob("app", b"{}").await;
        world.collect_after_grace().await;
        assert!(world.has_blob("app", &digest).await);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn abandoned_uploads_are_swept() {
    on_each_database(RegistrySettings::default(), async |world| {
        let permit = world.permit::<Push>("app");
        let algorithm = gantry_oci::Algorithm::Sha256;
        let id = world.content.start_upload(&permit, algorithm).await.unwrap();
        let body = crate::support::body(&[b"abc"]);
        world.content.append_upload(permit.clone(), id, None, body).await.unwrap();
        world.clock.advance(world.content.limits().upload_idle + Duration::from_secs(1));
        let collected = world.collect().await;
        assert_eq!((collected.uploads, collected.bytes), (1, 3));
        assert!(world.content.upload_status(&permit, id).await.is_err());
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn figures_follow_what_is_stored() {
    on_each_database(RegistrySettings::default(), async |world| {
        world.push_blob("one", b"{}").await;
        world.push_blob("two", b"{}").await;
        let image = world.push_image("one", "v1", &[b"{}"]).await;
        world.push_image("two", "v1", &[b"{}"]).await;
        world.content.keep_figures().await.unwrap();
        let registry = world.actor.registry();
        let stored = world.content.usage(registry).await.unwrap();
        assert_eq!((stored.blobs, stored.manifests), (1, 1));

        world.delete_manifest("one", &image).await;
        world.delete_manifest("two", &image).await;
        world.collect_after_grace().await;
        world.content.keep_figures().await.unwrap();
        let stored = world.content.usage(registry).await.unwrap();
        assert_eq!((stored.blobs, stored.manifests, stored.bytes), (0, 0, 0));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn fsck_finds_lost_bytes() {
    on_each_database(RegistrySettings::default(), async |world| {
        world.push_blob("app", b"{}").await;
        world.push_image("app", "v1", &[b"{}"]).await;
        let report = world.content.fsck(Depth::Bytes).await.unwrap();
        assert_eq!((report.blobs, report.manifests, report.findings.len()), (1, 1, 0));

        let stored = world.stored().await;
        world.content.blobs().delete(&stored[0].key).await.unwrap();
        let report = world.content.fsck(Depth::Lengths).await.unwrap();
        assert!(matches!(report.findings[..], [Finding::BytesMissing { .. }]), "{report:?}");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn bytes_that_no_row_names_are_swept_when_everything_is_collected() {
    on_each_database(RegistrySettings::default(), async |world| {
        let kept = world.push_blob("app", b"{}").await;
        world.push_image("app", "v1", &[b"{}"]).await;
        // As a loss of power leaves them that took the session's row.
        let registry = world.actor.registry().to_string();
        let id = gantry_model::UploadId::new(world.content.catalog().now());
        let key = gantry_blobs::BlobKey::new(&registry, &id.to_string()).unwrap();
        let bytes = crate::support::body(&[b"abc"]);
        world.content.blobs().append(&key, &Draft::new(), bytes).await.unwrap();

        let young = world.content.collect(Collection::Everything).await.unwrap();
        assert_eq!(young.orphans, 0);
        world.clock.advance(GRACE + Duration::from_secs(1));
        assert_eq!(world.collect().await.orphans, 0);
        let collected = world.content.collect(Collection::Everything).await.unwrap();
        assert_eq!((collected.orphans, collected.bytes), (1, 3));
        assert_eq!(world.content.fsck(Depth::Bytes).await.unwrap().findings, []);
        assert!(world.has_blob("app", &kept).await);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lost_blob_is_whole_again_once_it_is_pushed_again() {
    on_each_database(RegistrySettings::default(), async |world| {
        let digest = world.push_blob("one", b"{}").await;
        world.push_blob("two", b"{}").await;
        world.push_image("one", "v1", &[b"{}"]).await;
        let registry = world.actor.registry();
        for blob in world.stored().await {
            world.content.blobs().delete(&blob.key).await.unwrap();
        }
        let report = world.content.fsck(Depth::Lengths).await.unwrap();
        let lost: Vec<_> = report.findings.iter().filter_map(Finding::lost_blob).collect();
        assert_eq!(lost, [("local", &digest)]);
        assert_eq!(world.content.let_go_of_blob(registry, digest).await.unwrap(), 2);
        assert!(!world.has_blob("one", &digest).await);

        world.push_blob("one", b"{}").await;
        world.collect_after_grace().await;
        assert!(world.has_blob("one", &digest).await);
        assert_eq!(world.content.fsck(Depth::Bytes).await.unwrap().findings, []);
        world.content.keep_figures().await.unwrap();
        assert_eq!(world.content.usage(registry).await.unwrap().blobs, 1);
    })
    .await;
}
