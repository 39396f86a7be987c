//! Helm 3, with charts as OCI artifacts.

use std::fs;

use gantry_clients::{Client, PASSWORD, Site, Transport, USER, over_tls_and_http};

over_tls_and_http!(pushes_and_pulls, resolves_a_version);

fn pushes_and_pulls(transport: Transport) {
    let site = Site::new(transport);
    let (helm, trust) = helm(&site);
    let chart = package(&site, "1.0.0");

    let pushed =
        helm.output(["push", &trust, &chart, &format!("oci://{}/charts", site.host())], b"").stderr;

    let digest = pushed.split_whitespace().last().expect("helm names the digest");
    assert!(digest.starts_with("sha256:"), "{pushed}");
    let reference = format!("oci://{}/charts/demo", site.host());
    for (directory, arguments) in [
        ("by-version", vec![reference.clone(), "--version=1.0.0".to_owned()]),
        ("by-digest", vec![format!("{reference}@{digest}")]),
    ] {
        fs::create_dir(site.path(directory)).expect("the home is writable");
        helm.run(
            ["pull", &trust, "--destination", directory]
                .map(str::to_owned)
                .into_iter()
                .chain(arguments),
        );
        let mut pulled = fs::read_dir(site.path(directory)).expect("the directory is there");
        let pulled = pulled.next().expect("helm wrote the chart").expect("it is readable").path();
        assert!(site.read(pulled) == site.read(&chart), "the chart pulled {directory} differs");
    }
}

fn resolves_a_version(transport: Transport) {
    let site = Site::new(transport);
    let (helm, trust) = helm(&site);
    for version in ["1.0.0", "1.1.0", "2.0.0", "1.2.0+build.7"] {
        let chart = package(&site, version);
        helm.run(["push", &trust, &chart, &format!("oci://{}/charts", site.host())]);
    }

    // Helm lists the tags and picks; a `+` of a version is a `_` in a tag.
    let reference = format!("oci://{}/charts/demo", site.host());
    let shown = helm.run(["show", "chart", &trust, "--version=^1", &reference]);
    assert!(shown.contains("version: 1.2.0+build.7"), "{shown}");
    let rendered = helm.run(["template", &trust, "--version=~1.1", "release", &reference]);
    assert!(rendered.contains("version: 1.1.0"), "{rendered}");
}

fn package(site: &Site, version: &str) -> String {
    site.file("demo/Chart.yaml", format!("apiVersion: v2\nname: demo\nversion: {version}\n"));
    site.file(
        "demo/templates/note.yaml",
        "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: note\ndata:\n  version: {{ .Chart.Version }}\n",
    );
    site.go("helm").run(["package", "demo"]);
    format!("demo-{version}.tgz")
}

/// A logged-in client, and the option by which each of its commands trusts the registry.
fn helm(site: &Site) -> (Client, String) {
    let helm = site.go("helm");
    let trust = match site.transport {
        Transport::Tls => format!("--ca-file={}", site.ca().display()),
        Transport::Http => "--plain-http".to_owned(),
    };
    let login = ["registry", "login", &trust, "--username", USER, "--password-stdin", &site.host()];
    helm.run_with_input(login, PASSWORD);
    (helm, trust)
}
