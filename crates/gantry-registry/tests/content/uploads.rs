//! Upload sessions.

use gantry_model::RegistrySettings;
use gantry_model::permission::{Actor, Grants, Identity, Push};
use gantry_oci::{Algorithm, ContentRange, Digest};
use gantry_registry::uploads::{AppendError, FinishError, StatusError};

use crate::support::{body, broken_body, on_each_database, piecewise_body};

#[tokio::test(flavor = "multi_thread")]
async fn a_broken_off_body_is_resumed_behind_what_arrived() {
    on_each_database(RegistrySettings::default(), async |world| {
        let permit = world.permit::<Push>("app");
        let id = world.content.start_upload(&permit, Algorithm::Sha256).await.unwrap();
        let broken = broken_body(&[b"he", b"llo "]);
        let outcome = world.content.append_upload(permit.clone(), id, None, broken).await;
        assert!(matches!(outcome, Err(AppendError::BrokenOff(_))), "{outcome:?}");
        assert_eq!(world.content.upload_status(&permit, id).await.unwrap(), 6);

        let digest = Digest::sha256(b"hello world");
        let rest = ContentRange::new(6, 5);
        world.content.finish_upload(permit, id, digest, rest, body(&[b"world"])).await.unwrap();
        assert!(world.has_blob("app", &digest).await);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_chunk_out_of_order_changes_nothing() {
    on_each_database(RegistrySettings::default(), async |world| {
        let permit = world.permit::<Push>("app");
        let id = world.content.start_upload(&permit, Algorithm::Sha256).await.unwrap();
        let first = ContentRange::new(0, 3);
        world.content.append_upload(permit.clone(), id, first, body(&[b"abc"])).await.unwrap();
        for start in [0, 2, 4, 1 << 40] {
            let range = ContentRange::new(start, 3);
            let outcome =
                world.content.append_upload(permit.clone(), id, range, body(&[b"def"])).await;
            assert!(
                matches!(outcome, Err(AppendError::OutOfOrder { received: 3, .. })),
                "{outcome:?}"
            );
        }
        let digest = Digest::sha256(b"abc");
        world.content.finish_upload(permit, id, digest, None, body(&[])).await.unwrap();
        assert!(world.has_blob("app", &digest).await);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_digest_leaves_the_session_as_it_was() {
    on_each_database(RegistrySettings::default(), async |world| {
        let permit = world.permit::<Push>("app");
        let id = world.content.start_upload(&permit, Algorithm::Sha256).await.unwrap();
        world.content.append_upload(permit.clone(), id, None, body(&[b"abc"])).await.unwrap();
        let wrong = Digest::sha256(b"something else");
        let outcome =
            world.content.finish_upload(permit.clone(), id, wrong, None, body(&[b"def"])).await;
        assert!(matches!(outcome, Err(FinishError::DigestMismatch { .. })), "{outcome:?}");
        assert!(!world.has_blob("app", &wrong).await);
        assert_eq!(world.content.upload_status(&permit, id).await.unwrap(), 3);

        let right = Digest::sha256(b"abcxyz");
        world.content.finish_upload(permit, id, right, None, body(&[b"xyz"])).await.unwrap();
        assert!(world.has_blob("app", &right).await);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_digest_by_an_algorithm_that_was_not_announced_is_computed_again() {
    on_each_database(RegistrySettings::default(), async |world| {
        let permit = world.permit::<Push>("app");
        let id = world.content.start_upload(&permit, Algorithm::Sha256).await.unwrap();
        let digest = Digest::of(Algorithm::Sha512, b"abcdef");
        world.content.append_upload(permit.clone(), id, None, body(&[b"abc"])).await.unwrap();
        world.content.finish_upload(permit, id, digest, None, body(&[b"def"])).await.unwrap();
        let found = world.content.find_blob(&world.permit("app"), &digest).await.unwrap();
        assert_eq!(found.size, 6);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_is_bound_to_repository_and_identity() {
    on_each_database(RegistrySettings::default(), async |world| {
        let permit = world.permit::<Push>("app");
        let id = world.content.start_upload(&permit, Algorithm::Sha256).await.unwrap();
        let elsewhere = world.permit::<Push>("other");
        assert!(matches!(
            world.content.upload_status(&elsewhere, id).await,
            Err(StatusError::Unknown)
        ));
        let stranger =
            Actor::new(world.actor.registry(), Identity::admin("stranger"), Grants::everything());
        let stranger = stranger.permit::<Push>(&"app".parse().unwrap()).unwrap();
        assert!(matches!(
            world.content.append_upload(stranger, id, None, body(&[b"x"])).await,
            Err(AppendError::Unknown)
        ));
        assert_eq!(world.content.upload_status(&permit, id).await.unwrap(), 0);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cancelled_session_is_gone_with_its_bytes() {
    on_each_database(RegistrySettings::default(), async |world| {
        let permit = world.permit::<Push>("app");
        let id = world.content.start_upload(&permit, Algorithm::Sha256).await.unwrap();
        world.content.append_upload(permit.clone(), id, None, body(&[b"abc"])).await.unwrap();
        world.content.cancel_upload(&permit, id).await.unwrap();
        assert!(world.content.upload_status(&permit, id).await.is_err());
        let collected = world.collect().await;
        assert_eq!((collected.blobs, collected.bytes), (1, 3));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_whose_bytes_were_lost_is_not_gone_on_with() {
    on_each_database(RegistrySettings::default(), async |world| {
        let permit = world.permit::<Push>("app");
        let mut sessions = Vec::new();
        for _ in 0..2 {
            let id = world.content.start_upload(&permit, Algorithm::Sha256).await.unwrap();
            world.content.append_upload(permit.clone(), id, None, body(&[b"abc"])).await.unwrap();
            sessions.push(id);
        }
        let stored = world.stored().await;
        let lost = sessions[0].to_string();
        let key = stored.iter().find(|blob| blob.key.upload() == lost).unwrap().key.clone();
        world.content.blobs().delete(&key).await.unwrap();

        // Another process comes to the same catalog and bytes.
        let restarted = world.restarted();
        assert!(restarted.upload_status(&permit, sessions[0]).await.is_err());
        let digest = Digest::sha256(b"abc");
        let outcome =
            restarted.finish_upload(permit.clone(), sessions[0], digest, None, body(&[])).await;
        assert!(outcome.is_err(), "{outcome:?}");
        assert_eq!(restarted.upload_status(&permit, sessions[1]).await.unwrap(), 3);
        restarted.finish_upload(permit, sessions[1], digest, None, body(&[])).await.unwrap();
        assert!(world.has_blob("app", &digest).await);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stranger_does_not_stop_the_request_that_has_the_session() {
    on_each_database(RegistrySettings::default(), async |world| {
        let permit = world.permit::<Push>("app");
        let id = world.content.start_upload(&permit, Algorithm::Sha256).await.unwrap();
        let (pieces, body) = piecewise_body();
        let append = world.content.append_upload(permit.clone(), id, None, body);
        let stranger =
            Actor::new(world.actor.registry(), Identity::admin("stranger"), Grants::everything());
        let stranger = stranger.permit::<Push>(&"app".parse().unwrap()).unwrap();
        let meanwhile = async {
            pieces.send(Ok("abc".into())).await.unwrap();
            let empty = crate::support::body(&[]);
            let appended = world.content.append_upload(stranger.clone(), id, None, empty).await;
            assert!(matches!(appended, Err(AppendError::Unknown)), "{appended:?}");
            assert!(world.content.cancel_upload(&stranger, id).await.is_err());
            pieces.send(Ok("def".into())).await.unwrap();
            drop(pieces);
        };
        assert_eq!(tokio::join!(append, meanwhile).0.unwrap(), 6);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_body_longer_than_its_range_is_refused_without_being_read_to_its_end() {
    on_each_database(RegistrySettings::default(), async |world| {
        let permit = world.permit::<Push>("app");
        let id = world.content.start_upload(&permit, Algorithm::Sha256).await.unwrap();
        let endless = Box::pin(futures_util::stream::repeat_with(|| Ok("abc".into())));
        let range = ContentRange::new(0, 5);
        let outcome = world.content.append_upload(permit.clone(), id, range, endless).await;
        assert!(matches!(outcome, Err(AppendError::LongerThanRange(5))), "{outcome:?}");
        let short = world.content.append_upload(permit.clone(), id, range, body(&[b"abc"])).await;
        assert!(matches!(short, Err(AppendError::TooShort { announced: 5, arrived: 3 })));
        assert_eq!(world.content.upload_status(&permit, id).await.unwrap(), 0);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_closing_request_that_breaks_off_leaves_what_it_brought() {
    on_each_database(RegistrySettings::default(), async |world| {
        let permit = world.permit::<Push>("app");
        let id = world.content.start_upload(&permit, Algorithm::Sha256).await.unwrap();
        let digest = Digest::sha256(b"abcdef");
        let broken = broken_body(&[b"abc"]);
        let outcome = world.content.finish_upload(permit.clone(), id, digest, None, broken).await;
        assert!(outcome.is_err(), "{outcome:?}");
        assert_eq!(world.content.upload_status(&permit, id).await.unwrap(), 3);
        let rest = ContentRange::new(3, 3);
        world.content.finish_upload(permit, id, digest, rest, body(&[b"def"])).await.unwrap();
        assert!(world.has_blob("app", &digest).await);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn closing_a_session_twice_gives_the_same_answer() {
    on_each_database(RegistrySettings::default(), async |world| {
        let permit = world.permit::<Push>("app");
        let id = world.content.start_upload(&permit, Algorithm::Sha256).await.unwrap();
        let digest = Digest::sha256(b"abc");
        let finish =
            || world.content.finish_upload(permit.clone(), id, digest, None, body(&[b"abc"]));
        let first = finish().await.unwrap();
        assert_eq!(finish().await.unwrap(), first);
        let other = Digest::sha256(b"other");
        let outcome =
            world.content.finish_upload(permit.clone(), id, other, None, body(&[b"other"])).await;
        assert!(matches!(outcome, Err(FinishError::Append(AppendError::Unknown))), "{outcome:?}");
    })
    .await;
}
