//! Debian's containerd, as a private daemon, and its `ctr` with a `hosts.toml`.

use gantry_clients::{Index, PASSWORD, Site, Transport, USER, containerd, over_tls_and_http};

over_tls_and_http!(pushes_and_pulls);

fn pushes_and_pulls(transport: Transport) {
    let site = Site::new(transport);
    let (_daemon, ctr) = containerd(&site);
    let index = Index::new("pushed by ctr");
    let reference = format!("{}/team/app", site.host());
    let by_tag = format!("{reference}:v1");
    let layout = index.layout(&by_tag);
    site.file("image.tar", layout.archive());
    let hosts = format!("--hosts-dir={}", site.path("hosts").display());
    let user = format!("--user={USER}:{PASSWORD}");
    ctr.run(["images", "import", "--all-platforms", "--no-unpack", "--digests", "image.tar"]);

    ctr.run(["images", "push", &hosts, &user, &by_tag]);

    for reference in [by_tag.clone(), format!("{reference}@{}", index.digest())] {
        // What is pulled comes from the registry: nothing is left in the content store.
        let images = ctr.run(["images", "list", "--quiet"]);
        ctr.run(["images", "remove", "--sync"].into_iter().chain(images.lines()));
        assert_eq!(ctr.run(["content", "list", "--quiet"]), "");

        ctr.run(["images", "pull", "--all-platforms", &hosts, &user, &reference]);

        ctr.run(["images", "export", "--all-platforms", "pulled.tar", &reference]);
        site.debian("tar").run(["--extract", "--file=pulled.tar", "--one-top-level=pulled"]);
        layout.assert_in(&site.path("pulled"));
    }
}
