//! Debian's Docker engine, as a private daemon, with Debian's command line and
//! any other `docker` that comes first in the user's PATH.

use std::ffi::OsString;
use std::os::unix::net::UnixStream;
use std::path::PathBuf;
use std::process::Command;
use std::{env, fs};

use gantry_clients::{
    Client, Daemon, Image, Index, PASSWORD, Site, Transport, USER, debian_tool, over_tls_and_http,
};

over_tls_and_http!(pushes_and_pulls, builds_on_a_pulled_image, pushes_a_multi_arch_list);

fn pushes_and_pulls(transport: Transport) {
    let site = Site::new(transport);
    let engine = Engine::start(&site);
    for (n, docker) in engine.clients(&site).iter().enumerate() {
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
    for (n, docker) in engine.clients(&site).iter().enumerate() {
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
    for (n, docker) in engine.clients(&site).iter().enumerate() {
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

/// A private engine with its own data. It and its command lines have an
/// `/etc/hosts` and an `/etc/docker` of their own.
struct Engine {
    _daemon: Daemon,
    socket: PathBuf,
    /// The registry as the engine names it.
    registry: String,
}

impl Engine {
    fn start(site: &Site) -> Self {
        // For addresses in 127.0.0.0/8 and ::1 Docker verifies no certificate, and may
        // not even use TLS. So there it is given a name for loopback's other address:
        // a connection to 0.0.0.0 goes to this machine.
        let registry = match site.transport {
            Transport::Tls => format!("local.acr.localhost:{}", site.port()),
            Transport::Http => site.host(),
        };
        site.file("hosts", "127.0.0.1 localhost\n0.0.0.0 local.acr.localhost\n");
        let ca = fs::read(site.ca()).expect("the CA certificate is readable");
        site.file(&format!("docker/certs.d/{registry}/ca.crt"), ca);
        let socket = site.path("docker.sock");
        let mut command = Command::new(debian_tool("unshare"));
        command
            .args(["--pid", "--fork", "--kill-child", "--mount-proc"])
            .args(inside(site))
            .arg(debian_tool("dockerd"))
            .arg("--data-root")
            .arg(site.path("data"))
            .arg("--exec-root")
            .arg(site.path("exec"))
            .arg("--pidfile")
            .arg(site.path("docker.pid"))
            .arg(format!("--host=unix://{}", socket.display()))
            .args([
                "--storage-driver=vfs",
                "--bridge=none",
                "--iptables=false",
                "--ip6tables=false",
            ])
            .env("PATH", "/usr/sbin:/usr/bin:/sbin:/bin")
            .env("TMPDIR", site.path("tmp"));
        let daemon = Daemon::start(&command, &site.path("dockerd.log"), || {
            UnixStream::connect(&socket).is_ok()
        });
        Self { _daemon: daemon, socket, registry }
    }

    /// The command lines to test, logged in.
    fn clients(&self, site: &Site) -> Vec<Client> {
        let debian = debian_tool("docker");
        let paths = env::var_os("PATH").unwrap_or_default();
        let first =
            env::split_paths(&paths).map(|path| path.join("docker")).find(|path| path.is_file());
        let mut programs = vec![debian.clone()];
        programs
            .extend(first.filter(|first| first.canonicalize().ok() != debian.canonicalize().ok()));
        programs
            .iter()
            .enumerate()
            .map(|(n, program)| {
                let docker = inside(site)
                    .iter()
                    .fold(site.debian("unshare"), Client::option)
                    .option(program)
                    .env("DOCKER_CONFIG", site.path(format!("config{n}")))
                    .env("DOCKER_HOST", format!("unix://{}", self.socket.display()))
                    // The engine's own builder; the other one is a program apart.
                    .env("DOCKER_BUILDKIT", "0")
                    .env("DOCKER_CLI_EXPERIMENTAL", "enabled");
                let login = ["login", "--username", USER, "--password-stdin", &self.registry];
                docker.run_with_input(login, PASSWORD);
                docker
            })
            .collect()
    }
}

/// Options of `unshare` by which the program named next sees the engine's files,
/// in a mount namespace that ends with it.
fn inside(site: &Site) -> Vec<OsString> {
    const ENTER: &str = "\
        mkdir -p /etc/docker
        mount --bind \"$1\" /etc/hosts
        mount --bind \"$2\" /etc/docker
        shift 2
        exec \"$@\"";
    let [hosts, docker] = ["hosts", "docker"].map(|name| site.path(name).into_os_string());
    ["--mount", "sh", "-ec", ENTER, "sh"]
        .map(OsString::from)
        .into_iter()
        .chain([hosts, docker])
        .collect()
}

/// The digest that `docker push` prints on its last line.
fn pushed_digest(said: &str) -> String {
    said.split_whitespace()
        .find(|word| word.starts_with("sha256:"))
        .unwrap_or_else(|| panic!("docker names no digest: {said}"))
        .to_owned()
}
