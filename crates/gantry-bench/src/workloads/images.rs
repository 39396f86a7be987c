//! Whole images with the clients people use, over TLS, from the start of the client to its end.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, ensure};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::json;

use super::case;
use crate::bench::{Bench, Site};
use crate::content::{Image, MANIFEST_TYPE};
use crate::report::{Case, Unit};
use crate::servers::{Kind, PASSWORD, REGISTRIES, Security, Server};
use crate::targets::{Target, Than};
use crate::turns::{Reading, take_turns};

const CLIENTS: [Client; 2] = [Client::Skopeo, Client::Crane];
const TAG: &str = "v1";
/// Who signs in.
const USER: &str = "local";

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Client {
    Skopeo,
    Crane,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Direction {
    Push,
    Pull,
}

pub(super) fn run(bench: &Bench) -> anyhow::Result<Vec<Case>> {
    let site = bench.site("images", &REGISTRIES, Security::Tls);
    let mut cases = Vec::new();
    for client in CLIENTS {
        let name = client.name();
        let pushes = measure(bench, &site, client, Direction::Push)?;
        cases.push(case(format!("push of an image, {name}"), Unit::Image, pushes, &[FASTER]));
        // Pulled is what was pushed, in the round of the same number.
        let pulls = measure(bench, &site, client, Direction::Pull)?;
        cases.push(case(format!("pull of an image, {name}"), Unit::Image, pulls, &[FASTER]));
    }
    Ok(cases)
}

const FASTER: Target = Target::Faster(Than::FasterPeer);

fn measure(
    bench: &Bench,
    site: &Site,
    client: Client,
    direction: Direction,
) -> anyhow::Result<Vec<crate::report::Row>> {
    let (layout, pulled) = (bench.scratch.join("layout"), bench.scratch.join("pulled"));
    let home = bench.scratch.join("home");
    fs::create_dir_all(&home)?;
    let contestants = site.contestants(|server, round| {
        let local = if direction == Direction::Push { &layout } else { &pulled };
        let mut command = client.command(bench, &home, server, direction, round, local)?;
        rustix::fs::sync();
        let mut watch = server.watch();
        watch.start();
        let output = command.stdin(Stdio::null()).output();
        let usage = watch.stop();
        let output = output.context("starting the client")?;
        let words = String::from_utf8_lossy(&output.stderr);
        ensure!(output.status.success(), "{}: {}", client.name(), words.trim());
        if direction == Direction::Pull {
            fs::remove_dir_all(&pulled)?;
        }
        Ok(Reading { value: usage.elapsed.as_secs_f64(), p99: None, work: 1.0, usage })
    });
    // An image of new bytes in each round, and in a new repository.
    take_turns(bench.scale.turns, contestants, |_| match direction {
        Direction::Push => {
            write_layout(&layout, &Image::new(bench.scale.image_bytes, &mut bench.dice()))
        }
        Direction::Pull => Ok(()),
    })
}

impl Client {
    fn name(self) -> &'static str {
        match self {
            Self::Skopeo => "skopeo",
            Self::Crane => "crane",
        }
    }

    fn command(
        self,
        bench: &Bench,
        home: &Path,
        server: &Server,
        direction: Direction,
        round: usize,
        local: &Path,
    ) -> anyhow::Result<Command> {
        let certificate = &bench.around.certificate;
        let host = format!("localhost:{}", server.port());
        let image = format!("{host}/bench/{}-{round}:{TAG}", self.name());
        let local = local.to_str().context("the scratch directory is not UTF-8")?;
        let mut command = Command::new(bench.around.programs.find(self.name())?);
        command.env("HOME", home).env("TMPDIR", home);
        match self {
            Self::Skopeo => {
                let authority = certificate.authority.to_str().context("not UTF-8")?;
                let remote = format!("docker://{image}");
                command.args(["--insecure-policy", "copy", "--quiet"]);
                let (side, from, to) = match direction {
                    Direction::Push => ("dest", format!("oci:{local}:{TAG}"), remote),
                    Direction::Pull => ("src", remote, format!("dir:{local}")),
                };
                command.arg(format!("--{side}-cert-dir={authority}"));
                if server.kind == Kind::Gantry {
                    command.arg(format!("--{side}-creds={USER}:{PASSWORD}"));
                }
                command.args([from, to]);
            }
            Self::Crane => {
                write_credentials(home, server, &host)?;
                command.env("DOCKER_CONFIG", home);
                command.env("SSL_CERT_FILE", certificate.authority_file());
                match direction {
                    Direction::Push => command.args(["push", local, &image]),
                    Direction::Pull => command.args(["pull", "--format=oci", &image, local]),
                };
            }
        }
        Ok(command)
    }
}

fn write_credentials(home: &Path, server: &Server, host: &str) -> anyhow::Result<()> {
    let auths = match server.kind {
        Kind::Gantry => json!({ host: { "auth": STANDARD.encode(format!("{USER}:{PASSWORD}")) } }),
        _ => json!({}),
    };
    Ok(fs::write(home.join("config.json"), json!({ "auths": auths }).to_string())?)
}

/// An OCI image layout (image-spec, `image-layout.md`), in place of the one that is there.
fn write_layout(layout: &Path, image: &Image) -> anyhow::Result<()> {
    if layout.exists() {
        fs::remove_dir_all(layout)?;
    }
    let blobs: PathBuf = layout.join("blobs/sha256");
    fs::create_dir_all(&blobs)?;
    for blob in image.blobs.iter().chain([&image.manifest]) {
        fs::write(blobs.join(blob.digest.trim_start_matches("sha256:")), &blob.bytes)?;
    }
    let index = json!({
        "schemaVersion": 2,
        "mediaType": "application/vnd.oci.image.index.v1+json",
        "manifests": [{
            "mediaType": MANIFEST_TYPE,
            "digest": image.manifest.digest,
            "size": image.manifest.bytes.len(),
            "annotations": { "org.opencontainers.image.ref.name": TAG },
        }],
    });
    fs::write(layout.join("index.json"), index.to_string())?;
    Ok(fs::write(layout.join("oci-layout"), r#"{"imageLayoutVersion":"1.0.0"}"#)?)
}
