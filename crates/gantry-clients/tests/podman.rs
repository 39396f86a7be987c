//! Debian's `podman`, as an image client: no container is run.

use gantry_clients::{Containers, Image, Index, Site, Transport, over_tls_and_http};

over_tls_and_http!(pushes_and_pulls, pushes_a_multi_arch_list, builds_and_pushes, searches);

fn pushes_and_pulls(transport: Transport) {
    let site = Site::new(transport);
    let podman = podman(&site);
    let image = Image::new("amd64", "pushed by podman");
    image.layout("v1").write(&site.path("image"));
    let reference = format!("{}/team/app", site.host());
    let by_tag = format!("{reference}:v1");
    let id = podman.client.run(["pull", "--quiet", "oci:image:v1"]);
    assert_eq!(format!("sha256:{id}"), image.id());

    podman.client.run(["push", "--quiet", &podman.trust(), "--digestfile=digest", &id, &by_tag]);
    let digest = site.read_text("digest");

    for reference in [by_tag, format!("{reference}@{digest}")] {
        podman.client.run(["rmi", "--all", "--force"]);
        let pulled = podman.client.run(["pull", "--quiet", &podman.trust(), &reference]);
        assert_eq!(format!("sha256:{pulled}"), image.id());
        assert_layer(&podman, &pulled, &image);
    }
}

fn pushes_a_multi_arch_list(transport: Transport) {
    let site = Site::new(transport);
    let podman = podman(&site);
    let index = Index::new("listed by podman");
    let reference = format!("{}/team/app:v1", site.host());
    podman.client.run(["manifest", "create", "list"]);
    for image in &index.images {
        let directory = site.path(&image.architecture);
        image.layout("v1").write(&directory);
        podman.client.run(["manifest", "add", "list", &format!("oci:{}:v1", directory.display())]);
    }

    podman.client.run([
        "manifest",
        "push",
        "--all",
        &podman.trust(),
        "list",
        &format!("docker://{reference}"),
    ]);

    podman.client.run(["rmi", "--all", "--force"]);
    for image in &index.images {
        let platform = format!("--platform=linux/{}", image.architecture);
        let pulled = podman.client.run(["pull", "--quiet", &podman.trust(), &platform, &reference]);
        assert_layer(&podman, &pulled, image);
    }
}

fn builds_and_pushes(transport: Transport) {
    let site = Site::new(transport);
    let podman = podman(&site);
    let base = format!("{}/base:v1", site.host());
    let image = Image::new("amd64", "built on by podman");
    image.layout("v1").write(&site.path("image"));
    let id = podman.client.run(["pull", "--quiet", "oci:image:v1"]);
    podman.client.run(["push", "--quiet", &podman.trust(), &id, &base]);
    podman.client.run(["rmi", "--all", "--force"]);
    site.file(
        "context/Containerfile",
        format!("FROM {base}\nCOPY added /added\nLABEL stage=second\n"),
    );
    site.file("context/added", "by the build");
    let built = format!("{}/built:v1", site.host());

    // Pulls the base by the registry's name, and pushes its layer by a mount.
    podman.client.run([
        "build",
        "--quiet",
        "--isolation=chroot",
        &podman.trust(),
        "--tag",
        &built,
        "context",
    ]);
    podman.client.run(["push", "--quiet", &podman.trust(), &built]);

    podman.client.run(["rmi", "--all", "--force"]);
    podman.client.run(["pull", "--quiet", &podman.trust(), &built]);
    let label = podman.client.run(["inspect", "--format={{.Config.Labels.stage}}", &built]);
    assert_eq!(label, "second");
}

fn searches(transport: Transport) {
    let site = Site::new(transport);
    let podman = podman(&site);
    let image = Image::new("amd64", "searched by podman");
    image.layout("v1").write(&site.path("image"));
    let id = podman.client.run(["pull", "--quiet", "oci:image:v1"]);
    let reference = format!("{}/team/app", site.host());
    for tag in ["v1", "v2"] {
        podman.client.run(["push", "--quiet", &podman.trust(), &id, &format!("{reference}:{tag}")]);
    }

    // This command has no option for the CA: it trusts the system's, which is SSL_CERT_FILE.
    let search = |arguments: &[&str]| {
        let tls = format!("--tls-verify={}", site.is_tls());
        let client = podman.client.clone().env("SSL_CERT_FILE", site.ca());
        client.run(["search", &tls].iter().chain(arguments))
    };
    let tags = search(&["--list-tags", &reference]);
    let rows: Vec<Vec<_>> = tags.lines().map(|row| row.split_whitespace().collect()).collect();
    assert_eq!(rows, [["NAME", "TAG"], [&reference, "v1"], [&reference, "v2"]]);
    let found = search(&["--format={{.Name}}", &format!("{}/app", site.host())]);
    assert_eq!(found, reference);
}

fn podman(site: &Site) -> Containers {
    let mut options = Containers::storage(site);
    options.push(format!("--tmpdir={}", site.path("run/libpod").display()));
    site.file(".config/containers/containers.conf", CONTAINERS_CONF);
    Containers::new(site, "podman", &options)
}

/// Asserts that a local image's layer is `image`'s, byte by byte.
fn assert_layer(podman: &Containers, id: &str, image: &Image) {
    let saved = podman.client.output(["save", "--format=docker-archive", id], b"");
    image.assert_layer_in(&saved.stdout);
}

/// Without systemd, and for a kernel without the cgroups and limits it likes to set.
const CONTAINERS_CONF: &str = "\
[containers]
default_ulimits = []
[engine]
cgroup_manager = \"cgroupfs\"
events_logger = \"file\"
runtime = \"runc\"
";
