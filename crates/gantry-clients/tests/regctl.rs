//! regclient's `regctl`.

use std::fs;

use gantry_clients::{Client, Image, Index, PASSWORD, Site, Transport, USER, over_tls_and_http};

over_tls_and_http!(pushes_and_pulls, pushes_in_chunks, puts_and_lists_artifacts, lists_and_deletes);

fn pushes_and_pulls(transport: Transport) {
    let site = Site::new(transport);
    let regctl = regctl(&site);
    let index = Index::new("pushed by regctl");
    let layout = index.layout("v1");
    layout.write(&site.path("pushed"));
    let reference = format!("{}/team/app", site.host());

    regctl.run(["image", "copy", "ocidir://pushed:v1", &format!("{reference}:v1")]);

    let by_tag = format!("{reference}:v1");
    let by_digest = format!("{reference}@{}", index.digest());
    assert_eq!(regctl.run(["image", "digest", &by_tag]), index.digest());
    for (reference, directory) in [(&by_tag, "by-tag"), (&by_digest, "by-digest")] {
        regctl.run(["image", "copy", reference, &format!("ocidir://{directory}:v1")]);
        layout.assert_in(&site.path(directory));
        let raw = regctl.output(["manifest", "get", "--format=raw-body", reference], b"");
        assert_eq!(raw.stdout, index.manifest);
    }

    // Into another repository, by mounts.
    let copy = format!("{}/copy:v1", site.host());
    regctl.run(["image", "copy", &by_tag, &copy]);
    assert_eq!(regctl.run(["image", "digest", &copy]), index.digest());
}

/// The one client that uploads in chunks with a `Content-Range`.
fn pushes_in_chunks(transport: Transport) {
    let site = Site::new(transport);
    let regctl = regctl(&site);
    let chunked = ["registry", "set", "--skip-check", "--blob-max=100000", "--blob-chunk=65536"];
    regctl.run(chunked.into_iter().chain([site.host().as_str()]));
    let image = Image::new("amd64", &"pushed in chunks ".repeat(50_000));
    let layout = image.layout("v1");
    layout.write(&site.path("pushed"));
    let reference = format!("{}/team/app:v1", site.host());

    regctl.run(["image", "copy", "ocidir://pushed:v1", &reference]);

    regctl.run(["image", "copy", &reference, "ocidir://pulled:v1"]);
    layout.assert_in(&site.path("pulled"));
}

fn puts_and_lists_artifacts(transport: Transport) {
    let site = Site::new(transport);
    let regctl = regctl(&site);
    let image = push_image(&site, &regctl, "app:v1");
    let subject = format!("{}/app@{}", site.host(), image.digest());
    let put = |artifact_type: &str, content: &str| {
        regctl.run_with_input(
            [
                "artifact",
                "put",
                "--format={{.Manifest.GetDescriptor.Digest}}",
                "--artifact-type",
                artifact_type,
                "--subject",
                &subject,
            ],
            content,
        )
    };

    let sbom = put("application/vnd.example.sbom", "an sbom");
    let report = put("application/vnd.example.report", "a report");

    let list = |filter: &str| {
        let template = "--format={{range .Descriptors}}{{.Digest}} {{end}}";
        let filter = format!("--filter-artifact-type={filter}");
        regctl.run(["artifact", "list", template, &filter, &subject])
    };
    assert_eq!(list("application/vnd.example.sbom"), sbom);
    assert_eq!(list("application/vnd.example.report"), report);
    let got = regctl.run([
        "artifact",
        "get",
        "--subject",
        &subject,
        "--filter-artifact-type=application/vnd.example.report",
    ]);
    assert_eq!(got, "a report");

    // With its referrers, into a layout and back into another repository.
    regctl.run(["image", "copy", "--referrers", &subject, "ocidir://copied:v1"]);
    let to = format!("{}/copy:v1", site.host());
    regctl.run(["image", "copy", "--referrers", "ocidir://copied:v1", &to]);
    let copied = regctl.run(["artifact", "list", &to]);
    assert!(copied.contains(&sbom) && copied.contains(&report), "{copied}");
}

fn lists_and_deletes(transport: Transport) {
    let site = Site::new(transport);
    let regctl = regctl(&site);
    let image = push_image(&site, &regctl, "team/app:v1");
    let reference = format!("{}/team/app", site.host());
    regctl.run(["image", "copy", &format!("{reference}:v1"), &format!("{reference}:v2")]);
    push_image(&site, &regctl, "another:v1");

    assert_eq!(regctl.run(["tag", "ls", &reference]), "v1\nv2");
    assert_eq!(regctl.run(["repo", "ls", &site.host()]), "another\nteam/app");
    assert_eq!(regctl.run(["repo", "ls", "--limit=1", "--last=another", &site.host()]), "team/app");

    regctl.run(["tag", "delete", &format!("{reference}:v1")]);
    assert_eq!(regctl.run(["tag", "ls", &reference]), "v2");
    regctl.run(["manifest", "delete", &format!("{reference}@{}", image.digest())]);
    let said = regctl.fails(["manifest", "get", &format!("{reference}:v2")]);
    assert!(said.contains("not found"), "{said}");
}

fn push_image(site: &Site, regctl: &Client, reference: &str) -> Image {
    let image = Image::new("amd64", reference);
    image.layout("v1").write(&site.path("image"));
    regctl.run(["image", "copy", "ocidir://image:v1", &format!("{}/{reference}", site.host())]);
    image
}

fn regctl(site: &Site) -> Client {
    let regctl = site.go("regctl");
    let ca = fs::read_to_string(site.ca()).expect("the CA certificate is readable");
    let trust = if site.is_tls() {
        ["--tls=enabled", "--cacert", &ca]
    } else {
        ["--tls=disabled", "--cacert", ""]
    };
    regctl.run(
        ["registry", "set", "--skip-check"].into_iter().chain(trust).chain([site.host().as_str()]),
    );
    regctl.run_with_input(
        ["registry", "login", "--user", USER, "--pass-stdin", &site.host()],
        PASSWORD,
    );
    regctl
}
