//! The ORAS client, `oras`.

use gantry_clients::{Client, Image, Index, PASSWORD, Site, Transport, USER, over_tls_and_http};

over_tls_and_http!(pushes_and_pulls, copies_an_index, attaches_and_discovers, lists_and_deletes);

fn pushes_and_pulls(transport: Transport) {
    let site = Site::new(transport);
    let oras = oras(&site);
    site.file("report.txt", "an artifact");
    site.file("empty.bin", "");
    let reference = format!("{}/team/report", site.host());

    let digest = oras.run([
        "push",
        "--format=go-template={{.digest}}",
        "--artifact-type=application/vnd.example.report",
        &format!("{reference}:v1"),
        "report.txt:text/plain",
        "empty.bin:application/octet-stream",
    ]);

    let by_digest = format!("{reference}@{digest}");
    for (reference, directory) in [(&format!("{reference}:v1"), "tag"), (&by_digest, "digest")] {
        oras.run(["pull", "--output", directory, reference]);
        assert_eq!(site.read(format!("{directory}/report.txt")), b"an artifact");
        assert_eq!(site.read(format!("{directory}/empty.bin")), b"");
    }
    let fetched = oras.run(["manifest", "fetch", &by_digest]);
    assert!(fetched.contains("application/vnd.example.report"), "{fetched}");
}

fn copies_an_index(transport: Transport) {
    let site = Site::new(transport);
    let oras = oras(&site);
    let index = Index::new("pushed by oras");
    let layout = index.layout("v1");
    layout.write(&site.path("pushed"));
    let reference = format!("{}/team/app", site.host());
    let [from, to] = ["--from-", "--to-"].map(|prefix| trust(&site, prefix));

    let by_tag = format!("{reference}:v1");
    site.go("oras").run(["cp", "--from-oci-layout", &to, "pushed:v1", &by_tag]);

    let by_digest = format!("{reference}@{}", index.digest());
    for (reference, directory) in [(&by_tag, "by-tag"), (&by_digest, "by-digest")] {
        let directory = site.path(directory);
        let copy = format!("{}:v1", directory.display());
        site.go("oras").run(["cp", "--to-oci-layout", &from, reference, &copy]);
        layout.assert_in(&directory);
    }

    let created = oras.run([
        "manifest",
        "index",
        "create",
        &format!("{reference}:v2"),
        &index.images[0].digest(),
        &index.images[1].digest(),
    ]);
    assert!(created.contains("sha256:"), "{created}");
}

fn attaches_and_discovers(transport: Transport) {
    let site = Site::new(transport);
    let oras = oras(&site);
    let image = push_image(&site, "app:v1");
    site.file("sbom.json", "{}");
    site.file("report.txt", "a report");
    let subject = format!("{}/app:v1", site.host());
    let attach = |artifact_type: &str, file: &str| {
        let artifact_type = format!("--artifact-type={artifact_type}");
        oras.run([
            "attach",
            "--distribution-spec=v1.1-referrers-api",
            "--format=go-template={{.digest}}",
            &artifact_type,
            &subject,
            file,
        ])
    };

    let sbom = attach("application/vnd.example.sbom", "sbom.json:application/json");
    let report = attach("application/vnd.example.report", "report.txt:text/plain");

    let by_digest = format!("{}/app@{}", site.host(), image.digest());
    let api = "--distribution-spec=v1.1-referrers-api";
    let all = oras.run(["discover", api, "--format=json", &by_digest]);
    assert!(all.contains(&sbom) && all.contains(&report), "{all}");
    let some = oras.run([
        "discover",
        api,
        "--format=json",
        "--artifact-type=application/vnd.example.sbom",
        &by_digest,
    ]);
    assert!(some.contains(&sbom) && !some.contains(&report), "{some}");

    oras.run(["pull", "--output=pulled", &format!("{}/app@{report}", site.host())]);
    assert_eq!(site.read("pulled/report.txt"), b"a report");
}

fn lists_and_deletes(transport: Transport) {
    let site = Site::new(transport);
    let oras = oras(&site);
    let image = push_image(&site, "team/app:v1");
    let reference = format!("{}/team/app", site.host());
    oras.run(["tag", &format!("{reference}:v1"), "v2", "v3"]);

    assert_eq!(oras.run(["repo", "tags", &reference]), "v1\nv2\nv3");
    assert_eq!(oras.run(["repo", "ls", &site.host()]), "team/app");

    oras.run(["manifest", "delete", "--force", &format!("{reference}@{}", image.digest())]);
    let said = oras.fails(["manifest", "fetch", &format!("{reference}:v2")]);
    assert!(said.contains("not found"), "{said}");

    site.file("blob", "a blob");
    oras.run(["blob", "push", &reference, "blob"]);
    let blob = format!("{reference}@{}", gantry_oci::Digest::sha256(b"a blob"));
    assert_eq!(oras.run(["blob", "fetch", "--output=-", &blob]), "a blob");
    oras.run(["blob", "delete", "--force", &blob]);
    oras.fails(["blob", "fetch", "--output=-", &blob]);
}

/// Pushes a fresh image, by its layout.
fn push_image(site: &Site, reference: &str) -> Image {
    let image = Image::new("amd64", reference);
    image.layout("v1").write(&site.path("image"));
    let to = format!("{}/{reference}", site.host());
    site.go("oras").run(["cp", "--from-oci-layout", &trust(site, "--to-"), "image:v1", &to]);
    image
}

/// A logged-in client, with how it trusts the registry among its options.
fn oras(site: &Site) -> Client {
    let oras = site.go("oras").option(trust(site, "--"));
    let login = site.go("oras").option(trust(site, "--"));
    login.run_with_input(["login", "--username", USER, "--password-stdin", &site.host()], PASSWORD);
    oras
}

/// How it trusts the registry, where `prefix` says which side of a copy that is.
/// (For `localhost`, it assumes plain HTTP unless told otherwise.)
fn trust(site: &Site, prefix: &str) -> String {
    format!("{prefix}plain-http={}", !site.is_tls())
}
