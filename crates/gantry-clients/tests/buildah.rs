//! Debian's `buildah`, assembling images without running anything in them.

use std::fs;

use gantry_clients::{Client, Containers, Site, Transport, over_tls_and_http};

over_tls_and_http!(pushes_and_pulls, pushes_a_multi_arch_list);

fn pushes_and_pulls(transport: Transport) {
    let site = Site::new(transport);
    let buildah = buildah(&site);
    let reference = format!("{}/team/app", site.host());
    let image = assemble(&buildah.client, &site, "amd64", "a file");

    let target = format!("docker://{reference}:v1");
    buildah.client.run([
        "push",
        "--quiet",
        &buildah.trust(),
        "--digestfile=digest",
        &image,
        &target,
    ]);
    let digest = site.read_text("digest");

    for reference in [format!("{reference}:v1"), format!("{reference}@{digest}")] {
        buildah.client.run(["rmi", "--all", "--force"]);
        let pulled = buildah.client.run(["pull", "--quiet", &buildah.trust(), &reference]);
        assert_eq!(pulled, image, "the pulled image has another id");
        assert_eq!(content(&buildah.client, &pulled), "a file");
    }
}

fn pushes_a_multi_arch_list(transport: Transport) {
    let site = Site::new(transport);
    let buildah = buildah(&site);
    let reference = format!("{}/team/app:v1", site.host());
    buildah.client.run(["manifest", "create", "list"]);
    for architecture in ["amd64", "arm64"] {
        let image = assemble(&buildah.client, &site, architecture, architecture);
        buildah.client.run(["manifest", "add", "list", &image]);
    }

    let target = format!("docker://{reference}");
    buildah.client.run(["manifest", "push", "--all", &buildah.trust(), "list", &target]);

    buildah.client.run(["rmi", "--all", "--force"]);
    for architecture in ["amd64", "arm64"] {
        let architecture_option = format!("--arch={architecture}");
        let pulled = buildah.client.run([
            "pull",
            "--quiet",
            &buildah.trust(),
            &architecture_option,
            &reference,
        ]);
        assert_eq!(content(&buildah.client, &pulled), architecture);
    }
}

fn buildah(site: &Site) -> Containers {
    Containers::new(site, "buildah", &Containers::storage(site))
}

/// Makes an image from nothing but one file, and returns its id.
fn assemble(buildah: &Client, site: &Site, architecture: &str, content: &str) -> String {
    site.file("content", content);
    let container = buildah.run(["from", "scratch"]);
    buildah.run(["copy", "--quiet", &container, "content", "/content"]);
    buildah.run(["config", &format!("--arch={architecture}"), &container]);
    buildah.run(["commit", "--quiet", "--rm", &container])
}

/// The text of the one file in a local image.
fn content(buildah: &Client, image: &str) -> String {
    let container = buildah.run(["from", "--pull-never", image]);
    let root = buildah.run(["mount", &container]);
    let content = fs::read_to_string(format!("{root}/content")).expect("the image has the file");
    buildah.run(["rm", &container]);
    content
}
