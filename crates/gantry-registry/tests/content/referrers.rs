//! Referrers.

use gantry_model::RegistrySettings;
use gantry_oci::{Digest, referrers_tag};
use serde_json::json;

use crate::support::{descriptor, image, index, on_each_database, sparse};

#[tokio::test(flavor = "multi_thread")]
async fn referrers_are_listed_filtered_and_paged_also_before_their_subject() {
    on_each_database(RegistrySettings::default(), async |world| {
        for blob in [b"{}".as_slice(), b"a", b"b", b"c"] {
            world.push_blob("app", blob).await;
        }
        let subject = image(&[b"{}"], None);
        let about = descriptor(&subject);
        let mut pushed = Vec::new();
        for (layer, kind) in [(b"a", "sbom/x"), (b"b", "signature/x"), (b"c", "sbom/x")] {
            let mut referrer = image(&[b"{}", layer], Some(&about));
            referrer["artifactType"] = json!(kind);
            referrer["annotations"] = json!({ "layer": layer });
            referrer["annotations"]["layer"] = json!(String::from_utf8_lossy(layer));
            let digest = Digest::sha256(&serde_json::to_vec(&referrer).unwrap());
            let answer = world.put("app", &digest.to_string(), &referrer).await.unwrap();
            assert_eq!(
                answer.subject.map(|s| s.to_string()),
                about["digest"].as_str().map(Into::into)
            );
            pushed.push(digest);
        }
        pushed.sort();
        let subject: Digest = about["digest"].as_str().unwrap().parse().unwrap();
        let permit = world.permit("app");
        let list = async |kind, last: Option<&Digest>, limit| {
            let page = world.content.list_referrers(&permit, &subject, kind, last, limit).await;
            let page = page.unwrap();
            (page.items.iter().map(|d| d.digest).collect::<Vec<_>>(), page.more)
        };
        assert_eq!(list(None, None, 10).await, (pushed.clone(), false));
        assert_eq!(list(None, None, 2).await, (pushed[..2].to_vec(), true));
        assert_eq!(list(None, Some(&pushed[1]), 2).await, (pushed[2..].to_vec(), false));
        assert_eq!(list(Some("sbom/x"), None, 10).await.0.len(), 2);
        assert_eq!(list(Some("none"), None, 10).await.0.len(), 0);
        let page = world.content.list_referrers(&permit, &subject, None, None, 1).await.unwrap();
        assert!(page.items[0].annotations.contains_key("layer"));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn entries_of_a_fallback_tag_are_part_of_the_list() {
    on_each_database(RegistrySettings::default(), async |world| {
        world.push_blob("app", b"{}").await;
        world.push_blob("app", b"a").await;
        let subject = image(&[b"{}"], None);
        world.put("app", "v1", &subject).await.unwrap();
        let about = descriptor(&subject);
        let digest: Digest = about["digest"].as_str().unwrap().parse().unwrap();
        // One manifest in the tag only, one in both.
        let tagged = image(&[b"a", b"{}"], None);
        world.put("app", "tagged", &tagged).await.unwrap();
        let both = image(&[b"{}", b"a"], Some(&about));
        world.put("app", "both", &both).await.unwrap();
        let fallback = index(&[&tagged, &both]);
        world.put("app", referrers_tag(&digest).as_str(), &fallback).await.unwrap();

        let permit = world.permit("app");
        let page = world.content.list_referrers(&permit, &digest, None, None, 10);
        assert_eq!(page.await.unwrap().items.len(), 2);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn deleting_a_subject_takes_what_refers_to_it_and_to_that() {
    on_each_database(RegistrySettings::default(), async |world| {
        for blob in [b"{}".as_slice(), b"a", b"b"] {
            world.push_blob("app", blob).await;
        }
        let subject = image(&[b"{}"], None);
        let sbom = image(&[b"{}", b"a"], Some(&descriptor(&subject)));
        let signature = image(&[b"{}", b"b"], Some(&descriptor(&sbom)));
        let digest = world.put("app", "v1", &subject).await.unwrap().digest;
        world.put("app", "sbom", &sbom).await.unwrap();
        world.put("app", "signature", &signature).await.unwrap();
        world.delete_manifest("app", &digest).await;
        for tag in ["v1", "sbom", "signature"] {
            assert!(!world.has_manifest("app", tag).await, "{tag}");
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn deleting_a_subject_takes_the_index_under_its_fallback_tag() {
    on_each_database(RegistrySettings::default(), async |world| {
        world.push_blob("app", b"{}").await;
        world.push_blob("app", b"a").await;
        let subject = image(&[b"{}"], None);
        let digest = world.put("app", "v1", &subject).await.unwrap().digest;
        let referrer = image(&[b"{}", b"a"], Some(&descriptor(&subject)));
        let sbom = world.put("app", "sbom", &referrer).await.unwrap().digest;
        let fallback = index(&[&referrer]);
        let tag = referrers_tag(&digest);
        let index = world.put("app", tag.as_str(), &fallback).await.unwrap().digest;
        world.delete_manifest("app", &digest).await;
        for gone in [digest, sbom, index] {
            assert!(!world.has_manifest("app", &gone.to_string()).await, "{gone}");
        }
        assert!(!world.has_manifest("app", tag.as_str()).await);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_subject_with_more_referrers_and_tags_than_a_transaction_takes_goes_whole() {
    on_each_database(RegistrySettings::default(), async |world| {
        world.push_blob("app", b"{}").await;
        let subject = image(&[b"{}"], None);
        let digest = world.put("app", "v0", &subject).await.unwrap().digest;
        for number in 1..300 {
            world.put("app", &format!("v{number}"), &subject).await.unwrap();
        }
        for number in 0..250 {
            let mut referrer = image(&[b"{}"], Some(&descriptor(&subject)));
            referrer["annotations"] = json!({ "number": number.to_string() });
            world.put("app", &format!("r{number}"), &referrer).await.unwrap();
        }
        world.delete_manifest("app", &digest).await;
        for tag in ["v0", "v299", "r0", "r249"] {
            assert!(!world.has_manifest("app", tag).await, "{tag}");
        }
        world.collect_after_grace().await;
        world.content.keep_figures().await.unwrap();
        let stored = world.content.usage(world.actor.registry()).await.unwrap();
        assert_eq!((stored.blobs, stored.manifests, stored.bytes), (0, 0, 0));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn entries_of_a_fallback_tag_that_are_not_there_are_left_out() {
    on_each_database(sparse(), async |world| {
        let subject = image(&[b"{}"], None);
        let digest = world.put("app", "v1", &subject).await.unwrap().digest;
        let there = image(&[b"a"], None);
        let absent = image(&[b"b"], None);
        world.put("app", "there", &there).await.unwrap();
        let fallback = index(&[&there, &absent]);
        world.put("app", referrers_tag(&digest).as_str(), &fallback).await.unwrap();
        let permit = world.permit("app");
        let page = world.content.list_referrers(&permit, &digest, None, None, 10).await.unwrap();
        let listed: Vec<String> = page.items.iter().map(|d| d.digest.to_string()).collect();
        assert_eq!(listed, [descriptor(&there)["digest"].as_str().unwrap()]);
    })
    .await;
}
