//! go-containerregistry's `crane`.

use gantry_clients::{Client, Image, Index, PASSWORD, Site, Transport, USER, over_tls_and_http};

over_tls_and_http!(pushes_and_pulls, lists, deletes, copies_between_repositories);

fn pushes_and_pulls(transport: Transport) {
    let site = Site::new(transport);
    let crane = crane(&site);
    let index = Index::new("pushed by crane");
    let layout = index.layout("v1");
    layout.write(&site.path("pushed"));
    let reference = format!("{}/team/app", site.host());

    crane.run(["push", "pushed", &format!("{reference}:v1")]);

    let by_digest = format!("{reference}@{}", index.digest());
    assert_eq!(crane.run(["digest", &format!("{reference}:v1")]), index.digest());
    for (reference, directory) in
        [(&format!("{reference}:v1"), "by-tag"), (&by_digest, "by-digest")]
    {
        crane.run(["pull", "--format=oci", reference, directory]);
        layout.assert_in(&site.path(directory));
        assert_eq!(crane.output(["manifest", reference], b"").stdout, index.manifest);
    }
    let arm = crane.output(["manifest", "--platform=linux/arm64", &by_digest], b"").stdout;
    assert_eq!(arm, index.images[1].manifest);
}

fn lists(transport: Transport) {
    let site = Site::new(transport);
    let crane = crane(&site);
    Image::new("amd64", "listed by crane").layout("v1").write(&site.path("image"));
    let reference = format!("{}/team/app", site.host());
    for tag in ["v2", "v1", "latest"] {
        crane.run(["push", "image", &format!("{reference}:{tag}")]);
    }
    crane.run(["push", "image", &format!("{}/another:v1", site.host())]);

    assert_eq!(crane.run(["ls", &reference]), "latest\nv1\nv2");
    assert_eq!(crane.run(["catalog", &site.host()]), "another\nteam/app");
}

fn deletes(transport: Transport) {
    let site = Site::new(transport);
    let crane = crane(&site);
    let image = Image::new("amd64", "deleted by crane");
    image.layout("v1").write(&site.path("image"));
    let reference = format!("{}/team/app", site.host());
    crane.run(["push", "image", &format!("{reference}:v1")]);
    crane.run(["push", "image", &format!("{reference}:v2")]);

    crane.run(["delete", &format!("{reference}:v1")]);
    assert_eq!(crane.run(["ls", &reference]), "v2");
    crane.run(["digest", &format!("{reference}@{}", image.digest())]);

    crane.run(["delete", &format!("{reference}@{}", image.digest())]);
    let said = crane.fails(["manifest", &format!("{reference}:v2")]);
    assert!(said.contains("MANIFEST_UNKNOWN"), "{said}");
}

fn copies_between_repositories(transport: Transport) {
    let site = Site::new(transport);
    let crane = crane(&site);
    let index = Index::new("copied by crane");
    let layout = index.layout("v1");
    layout.write(&site.path("pushed"));
    let (from, to) = (format!("{}/from:v1", site.host()), format!("{}/to:v1", site.host()));
    crane.run(["push", "pushed", &from]);

    // Layers are mounted across, not uploaded again.
    crane.run(["copy", &from, &to]);

    crane.run(["pull", "--format=oci", &to, "pulled"]);
    layout.assert_in(&site.path("pulled"));
}

fn crane(site: &Site) -> Client {
    let crane = site.go("crane");
    crane.run(["auth", "login", &site.host(), "-u", USER, "-p", PASSWORD]);
    crane
}
