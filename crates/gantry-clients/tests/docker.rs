//! Debian's Docker engine, as a private daemon, with Debian's command line and
//! any other `docker` that comes first in the user's PATH.

use std::env;

use gantry_clients::{
    Client, Engine, Image, Index, PASSWORD, Site, Transport, USER, debian_tool, over_tls_and_http,
};

over_tls_and_http!(pushes_and_pulls, builds_on_a_pulled_image, pushes_a_multi_arch_list);

fn pushes_and_pulls(transport: Transport) {
    let site = Site::new(transport);
    let engine = Engine::start(&site);
    for (n, docker) in clients(&engine, &site).iter().enumerate() {
        let reference = format!("{}/team/app{n}", engine.registry);
        let by_tag = format!("{reference}:v1");
        let image = Image::new("amd64", &format!("pushed by docker {n}"));
        site.file("image.tar", image.docker_archive(&by_tag));
        docker.run(["load", "--quiet", "--input", "image.tar"]);

        let digest = pushed_digest(&docker.run(["push", &by_tag]));

        for reference in [by_tag, format!("{reference}@{digest}")] {
            docker.run(["rmi", "--force", &image.id()]);
            docker.run(["pull", "--quiet", &reference]);
            assert_eq!(docker.run(["inspect", "--format={{.Id}}", &reference]), image.id());
            let saved = docker.output(["save", &reference], b"").stdout;
            image.assert_layer_in(&saved);
        }
    }
}

fn builds_on_a_pulled_image(transport: Transport) {
    let site = Site::new(transport);
    let engine = Engine::start(&site);
    for (n, docker) in clients(&engine, &site).iter().enumerate() {
        let base = format!("{}/base{n}:v1", engine.registry);
        let image = Image::new("amd64", &format!("built on by docker {n}"));
        site.file("image.tar", image.docker_archive(&base));
        docker.run(["load", "--quiet", "--input", "image.tar"]);
        docker.run(["push", &base]);
        docker.run(["rmi", "--force", &image.id()]);
        site.file(
            "context/Dockerfile",
            format!("FROM {base}\nCOPY added /added\nLABEL stage=second\n"),
        );
        site.file("context/added", format!("by docker {n}"));
        let built = format!("{}/built{n}:v1", engine.registry);

        docker.run(["build", "--quiet", "--tag", &built, "context"]);
        // The base's layer is mounted from its repository.
        let said = docker.run(["push", &built]);
        assert!(said.contains("Mounted from base"), "{said}");

        docker.run(["rmi", "--force", &built]);
        docker.run(["pull", "--quiet", &built]);
        assert_eq!(docker.run(["inspect", "--format={{.Config.Labels.stage}}", &built]), "second");
    }
}

fn pushes_a_multi_arch_list(transport: Transport) {
    let site = Site::new(transport);
    let engine = Engine::start(&site);
    for (n, docker) in clients(&engine, &site).iter().enumerate() {
        let list = format!("{}/list{n}:v1", engine.registry);
        let index = Index::new(&format!("listed by docker {n}"));
        let mut members = Vec::new();
        for image in &index.images {
            let member = format!("{}/list{n}:{}", engine.registry, image.architecture);
            site.file("image.tar", image.docker_archive(&member));
            docker.run(["load", "--quiet", "--input", "image.tar"]);
            docker.run(["push", &member]);
            docker.run(["rmi", "--force", &image.id()]);
            members.push(member);
        }

        // Here the command line itself talks to the registry.
        let insecure = format!("--insecure={}", !site.is_tls());
        docker.run(
            ["manifest", "create", &insecure, &list]
                .into_iter()
                .chain(members.iter().map(|member| &**member)),
        );
        docker.run(["manifest", "push", &insecure, &list]);

        for image in &index.images {
            let platform = format!("--platform=linux/{}", image.architecture);
            docker.run(["pull", "--quiet", &platform, &list]);
            assert_eq!(docker.run(["inspect", "--format={{.Id}}", &list]), image.id());
        }
    }
}

/// The command lines to test, logged in.
fn clients(engine: &Engine, site: &Site) -> Vec<Client> {
    let debian = debian_tool("docker");
    let paths = env::var_os("PATH").unwrap_or_default();
    let first =
        env::split_paths(&paths).map(|path| path.join("docker")).find(|path| path.is_file());
    let mut programs = vec![debian.clone()];
    programs.extend(first.filter(|first| first.canonicalize().ok() != debian.canonicalize().ok()));
    programs
        .iter()
        .enumerate()
        .map(|(n, program)| {
            let docker = engine.client(site, program, &format!("config{n}"));
            let login = ["login", "--username", USER, "--password-stdin", &engine.registry];
            docker.run_with_input(login, PASSWORD);
            docker
        })
        .collect()
}

/// The digest that `docker push` prints on its last line.
fn pushed_digest(said: &str) -> String {
    said.split_whitespace()
        .find(|word| word.starts_with("sha256:"))
        .unwrap_or_else(|| panic!("docker names no digest: {said}"))
        .to_owned()
}
