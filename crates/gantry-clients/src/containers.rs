//! What podman, buildah and skopeo have in common: the containers/image library.

use crate::{Client, PASSWORD, Site, Transport, USER};

/// One of them, logged in.
#[derive(Debug)]
pub struct Containers {
    /// The program.
    pub client: Client,
    trust: String,
}

impl Containers {
    /// The Debian program with its files in the clients' home, and with these
    /// options before its commands.
    pub fn new(site: &Site, program: &str, options: &[String]) -> Self {
        let containers = Self::signed_out(site, program, options);
        containers.sign_in(&site.host(), USER, PASSWORD);
        containers
    }

    /// The same, without a sign-in.
    pub fn signed_out(site: &Site, program: &str, options: &[String]) -> Self {
        site.file(
            ".config/containers/policy.json",
            r#"{ "default": [{ "type": "insecureAcceptAnything" }] }"#,
        );
        let client = site
            .debian(program)
            .env("REGISTRY_AUTH_FILE", site.path("auth.json"))
            .env("CONTAINERS_REGISTRIES_CONF", site.file("registries.conf", ""));
        let client = options.iter().fold(client, Client::option);
        let trust = match site.transport {
            Transport::Tls => format!("cert-dir={}", site.certs().display()),
            Transport::Http => "tls-verify=false".to_owned(),
        };
        Self { client, trust }
    }

    /// Signs in.
    pub fn sign_in(&self, host: &str, user: &str, password: &str) {
        let login = ["login", &self.trust(), "--username", user, "--password-stdin", host];
        self.client.run_with_input(login, password);
    }

    /// The option by which a command trusts the registry.
    pub fn trust(&self) -> String {
        format!("--{}", self.trust)
    }

    /// The same for one side of a copy, `src` or `dest`.
    pub fn trust_of(&self, side: &str) -> String {
        format!("--{side}-{}", self.trust)
    }

    /// Options that keep local images in the clients' home.
    pub fn storage(site: &Site) -> Vec<String> {
        [("root", "storage"), ("runroot", "run/storage")]
            .map(|(option, name)| format!("--{option}={}", site.path(name).display()))
            .into_iter()
            .chain(["--storage-driver=vfs".to_owned()])
            .collect()
    }
}
