//! Debian's `buildah`, assembling images without running anything in them.

use std::fs;

use gantry_clients::{Client, PASSWORD, Site, Transport, USER, over_tls_and_http};

over_tls_and_http!(pushes_and_pulls, pushes_a_multi_arch_list);

fn pushes_and_pulls(transport: Transport) {
    let site = Site::new(transport);
    let buildah = Buildah::new(&site);
    let reference = format!("{}/team/app", site.host());
    let image = buildah.assemble(&site, "amd64", "a file");

    let target = format!("docker://{reference}:v1");
    buildah.client.run(["push", "--quiet", &buildah.trust, "--digestfile=digest", &image, &target]);
    let digest = site.read_text("digest");

    for reference in [format!("{reference}:v1"), format!("{reference}@{digest}")] {
        buildah.client.run(["rmi", "--all", "--force"]);
        let pulled = buildah.client.run(["pull", "--quiet", &buildah.trust, &reference]);
        assert_eq!(pulled, image, "the pulled image has another id");
        assert_eq!(buildah.content(&pulled), "a file");
    }
}

fn pushes_a_multi_arch_list(transport: Transport) {
    let site = Site::new(transport);
    let buildah = Buildah::new(&site);
    let reference = format!("{}/team/app:v1", site.host());
    buildah.client.run(["manifest", "create", "list"]);
    for architecture in ["amd64", "arm64"] {
        let image = buildah.assemble(&site, architecture, architecture);
        buildah.client.run(["manifest", "add", "list", &image]);
    }

    let target = format!("docker://{reference}");
    buildah.client.run(["manifest", "push", "--all", &buildah.trust, "list", &target]);

    buildah.client.run(["rmi", "--all", "--force"]);
    for architecture in ["amd64", "arm64"] {
        let architecture_option = format!("--arch={architecture}");
        let pulled = buildah.client.run([
            "pull",
            "--quiet",
            &buildah.trust,
            &architecture_option,
            &reference,
        ]);
        assert_eq!(buildah.content(&pulled), architecture);
    }
}

struct Buildah {
    client: Client,
    trust: String,
}

impl Buildah {
    fn new(site: &Site) -> Self {
        let client = site
            .debian("buildah")
            .env("REGISTRY_AUTH_FILE", site.path("auth.json"))
            .env("CONTAINERS_REGISTRIES_CONF", site.file("registries.conf", ""))
            .env("BUILDAH_RUNTIME", "runc")
            .env("BUILDAH_ISOLATION", "chroot")
            .option("--root")
            .option(site.path("storage"))
            .option("--runroot")
            .option(site.path("run/storage"))
            .option("--storage-driver=vfs");
        site.file(
            ".config/containers/policy.json",
            r#"{"default":[{"type":"insecureAcceptAnything"}]}"#,
        );
        let trust = match site.transport {
            Transport::Tls => format!("--cert-dir={}", site.certs().display()),
            Transport::Http => "--tls-verify=false".to_owned(),
        };
        let login = ["login", &trust, "--username", USER, "--password-stdin", &site.host()];
        client.run_with_input(login, PASSWORD);
        Self { client, trust }
    }

    /// Makes an image from nothing but one file, and returns its id.
    fn assemble(&self, site: &Site, architecture: &str, content: &str) -> String {
        site.file("content", content);
        let container = self.client.run(["from", "scratch"]);
        self.client.run(["copy", "--quiet", &container, "content", "/content"]);
        self.client.run(["config", &format!("--arch={architecture}"), &container]);
        self.client.run(["commit", "--quiet", "--rm", &container])
    }

    /// The text of the one file in a local image.
    fn content(&self, image: &str) -> String {
        let container = self.client.run(["from", "--pull-never", image]);
        let root = self.client.run(["mount", &container]);
        let content =
            fs::read_to_string(format!("{root}/content")).expect("the image has the file");
        self.client.run(["rm", &container]);
        content
    }
}
