//! Debian's `skopeo`.

use gantry_clients::{Client, Image, Index, PASSWORD, Site, Transport, USER, over_tls_and_http};

over_tls_and_http!(pushes_and_pulls, lists_and_deletes, copies_between_repositories);

fn pushes_and_pulls(transport: Transport) {
    let site = Site::new(transport);
    let skopeo = Skopeo::new(&site);
    let index = Index::new("pushed by skopeo");
    let layout = index.layout("v1");
    layout.write(&site.path("pushed"));
    let reference = format!("docker://{}/team/app", site.host());

    skopeo.copy("oci:pushed:v1", &format!("{reference}:v1"));

    let by_tag = format!("{reference}:v1");
    let by_digest = format!("{reference}@{}", index.digest());
    for (reference, directory) in [(&by_tag, "by-tag"), (&by_digest, "by-digest")] {
        skopeo.copy(reference, &format!("oci:{directory}:v1"));
        layout.assert_in(&site.path(directory));
        let raw = skopeo.client.output(["inspect", "--raw", &skopeo.trust("--"), reference], b"");
        assert_eq!(raw.stdout, index.manifest);
    }
}

fn lists_and_deletes(transport: Transport) {
    let site = Site::new(transport);
    let skopeo = Skopeo::new(&site);
    let image = Image::new("amd64", "listed by skopeo");
    image.layout("v1").write(&site.path("image"));
    let reference = format!("docker://{}/team/app", site.host());
    for tag in ["v2", "v1"] {
        skopeo.copy("oci:image:v1", &format!("{reference}:{tag}"));
    }

    let tags = skopeo.client.run(["list-tags", &skopeo.trust("--"), &reference]);
    let tags: serde_json::Value = serde_json::from_str(&tags).expect("skopeo prints JSON");
    assert_eq!(tags["Tags"], serde_json::json!(["v1", "v2"]));

    // Skopeo resolves the tag and deletes by digest, which takes both tags.
    skopeo.client.run(["delete", &skopeo.trust("--"), &format!("{reference}:v1")]);
    let said =
        skopeo.client.fails(["inspect", "--raw", &skopeo.trust("--"), &format!("{reference}:v2")]);
    assert!(said.contains("manifest unknown"), "{said}");
}

fn copies_between_repositories(transport: Transport) {
    let site = Site::new(transport);
    let skopeo = Skopeo::new(&site);
    let index = Index::new("copied by skopeo");
    let layout = index.layout("v1");
    layout.write(&site.path("pushed"));
    let from = format!("docker://{}/from:v1", site.host());
    let to = format!("docker://{}/to:v1", site.host());
    skopeo.copy("oci:pushed:v1", &from);

    skopeo.copy(&from, &to);

    skopeo.copy(&to, "oci:pulled:v1");
    layout.assert_in(&site.path("pulled"));
}

struct Skopeo {
    client: Client,
    tls: Option<String>,
}

impl Skopeo {
    fn new(site: &Site) -> Self {
        let client = site
            .debian("skopeo")
            .env("REGISTRY_AUTH_FILE", site.path("auth.json"))
            .option("--policy")
            .option(site.file("policy.json", r#"{"default":[{"type":"insecureAcceptAnything"}]}"#));
        let tls = site.is_tls().then(|| site.certs().display().to_string());
        let skopeo = Self { client, tls };
        skopeo.client.run([
            "login",
            &skopeo.trust("--"),
            "--username",
            USER,
            "--password",
            PASSWORD,
            &site.host(),
        ]);
        skopeo
    }

    /// How it trusts the registry, where `prefix` says which side of a copy that is.
    fn trust(&self, prefix: &str) -> String {
        match &self.tls {
            Some(certs) => format!("{prefix}cert-dir={certs}"),
            None => format!("{prefix}tls-verify=false"),
        }
    }

    fn copy(&self, from: &str, to: &str) {
        let (from_trust, to_trust) = (self.trust("--src-"), self.trust("--dest-"));
        self.client.run(["copy", "--all", "--preserve-digests", &from_trust, &to_trust, from, to]);
    }
}
