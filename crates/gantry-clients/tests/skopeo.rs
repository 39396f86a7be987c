//! Debian's `skopeo`.

use gantry_clients::{Containers, Image, Index, Site, Transport, over_tls_and_http};

over_tls_and_http!(pushes_and_pulls, lists_and_deletes, copies_between_repositories);

fn pushes_and_pulls(transport: Transport) {
    let site = Site::new(transport);
    let skopeo = skopeo(&site);
    let index = Index::new("pushed by skopeo");
    let layout = index.layout("v1");
    layout.write(&site.path("pushed"));
    let reference = format!("docker://{}/team/app", site.host());

    copy(&skopeo, "oci:pushed:v1", &format!("{reference}:v1"));

    let by_tag = format!("{reference}:v1");
    let by_digest = format!("{reference}@{}", index.digest());
    for (reference, directory) in [(&by_tag, "by-tag"), (&by_digest, "by-digest")] {
        copy(&skopeo, reference, &format!("oci:{directory}:v1"));
        layout.assert_in(&site.path(directory));
        let raw = skopeo.client.output(["inspect", "--raw", &skopeo.trust(), reference], b"");
        assert_eq!(raw.stdout, index.manifest);
    }
}

fn lists_and_deletes(transport: Transport) {
    let site = Site::new(transport);
    let skopeo = skopeo(&site);
    let image = Image::new("amd64", "listed by skopeo");
    image.layout("v1").write(&site.path("image"));
    let reference = format!("docker://{}/team/app", site.host());
    for tag in ["v2", "v1"] {
        copy(&skopeo, "oci:image:v1", &format!("{reference}:{tag}"));
    }

    let tags = skopeo.client.run(["list-tags", &skopeo.trust(), &reference]);
    let tags: serde_json::Value = serde_json::from_str(&tags).expect("skopeo prints JSON");
    assert_eq!(tags["Tags"], serde_json::json!(["v1", "v2"]));

    // Skopeo resolves the tag and deletes by digest, which takes both tags.
    skopeo.client.run(["delete", &skopeo.trust(), &format!("{reference}:v1")]);
    let said =
        skopeo.client.fails(["inspect", "--raw", &skopeo.trust(), &format!("{reference}:v2")]);
    assert!(said.contains("manifest unknown"), "{said}");
}

fn copies_between_repositories(transport: Transport) {
    let site = Site::new(transport);
    let skopeo = skopeo(&site);
    let index = Index::new("copied by skopeo");
    let layout = index.layout("v1");
    layout.write(&site.path("pushed"));
    let from = format!("docker://{}/from:v1", site.host());
    let to = format!("docker://{}/to:v1", site.host());
    copy(&skopeo, "oci:pushed:v1", &from);

    copy(&skopeo, &from, &to);

    copy(&skopeo, &to, "oci:pulled:v1");
    layout.assert_in(&site.path("pulled"));
}

fn skopeo(site: &Site) -> Containers {
    Containers::new(site, "skopeo", &[])
}

/// Copies all of an index, refusing to change a byte.
fn copy(skopeo: &Containers, from: &str, to: &str) {
    let [from_trust, to_trust] = ["src", "dest"].map(|side| skopeo.trust_of(side));
    skopeo.client.run(["copy", "--all", "--preserve-digests", &from_trust, &to_trust, from, to]);
}
