//! `gantry az-setup`: what a machine needs so that `az` works with this server.

use std::fs;
use std::net::ToSocketAddrs;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

use anyhow::{Context, bail, ensure};
use clap::Args;

use super::{Target, block_on};
use crate::data_dir::DataDir;
use crate::serving::control;
use crate::serving::welcome::login_server;

/// What `az` calls the server's cloud.
const CLOUD: &str = "Gantry";
/// The file beside az's own that has the authorities that it is to trust.
const BUNDLE: &str = "gantry-ca-bundle.pem";
/// Where systems have the authorities that they trust.
const SYSTEM_BUNDLES: [&str; 4] = [
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/pki/tls/certs/ca-bundle.crt",
    "/etc/ssl/ca-bundle.pem",
    "/etc/ssl/cert.pem",
];

/// Options of `gantry az-setup`
#[derive(Debug, Args)]
pub(crate) struct Options {
    #[command(flatten)]
    target: Target,
    /// Does it: writes the authorities, and has az register the cloud
    #[arg(long)]
    write: bool,
    /// The server's address, if it is on another machine: that of HTTPS, with its port
    #[arg(long, value_name = "URL", requires = "ca")]
    server: Option<String>,
    /// The certificate authority of the server that --server names
    #[arg(long, value_name = "FILE")]
    ca: Option<PathBuf>,
}

/// What is set up.
#[derive(Debug)]
struct Setup {
    /// `https://host:port`
    server: String,
    ca: PathBuf,
    bundle: PathBuf,
    /// A registry's login server, to see whether such names are found.
    example: String,
    /// Where the first application's credentials are, if this is the server's machine.
    bootstrap: Option<PathBuf>,
}

#[expect(clippy::print_stdout, reason = "this is the command's output")]
pub(crate) fn run(options: Options) -> anyhow::Result<ExitCode> {
    let write = options.write;
    let setup = Setup::of(options)?;
    if write {
        setup.perform()?;
    }
    println!("{}", setup.text(write, is_found(&setup.example)));
    Ok(ExitCode::SUCCESS)
}

impl Setup {
    fn of(options: Options) -> anyhow::Result<Self> {
        let Options { target, server, ca, .. } = options;
        let config = target.config(Vec::new())?;
        let data = DataDir::new(&config.data);
        let suffix = config.names.suffix.to_string();
        let (server, ca, bootstrap) = match (server, ca) {
            (Some(server), Some(ca)) => {
                let is_https = server.starts_with("https://");
                ensure!(is_https, "{server} is not of HTTPS, which az wants: https://HOST[:PORT]");
                (server.trim_end_matches('/').to_owned(), ca, None)
            }
            (_, ca) => {
                let running = block_on(control::ask_how_it_runs(&data))?;
                let addresses =
                    running.map_or_else(|| config.network.addresses(), |running| running.addresses);
                let server = format!("https://{}", login_server(&config, &addresses));
                let bootstrap = Some(data.bootstrap()).filter(|path| path.exists());
                (server, ca.unwrap_or_else(|| data.ca()), bootstrap)
            }
        };
        ensure!(
            ca.exists(),
            "{} is not there yet: `gantry serve` makes it on first start",
            ca.display()
        );
        let absolute = |path: PathBuf| fs::canonicalize(&path).unwrap_or(path);
        let example = format!("local.{suffix}");
        let bundle = azure_directory()?.join(BUNDLE);
        Ok(Self { server, ca: absolute(ca), bundle, example, bootstrap: bootstrap.map(absolute) })
    }

    /// Writes the authorities, and has az register the cloud.
    fn perform(&self) -> anyhow::Result<()> {
        let own = fs::read_to_string(&self.ca)
            .with_context(|| format!("reading {}", self.ca.display()))?;
        let system = SYSTEM_BUNDLES.iter().find_map(|path| fs::read_to_string(path).ok());
        let directory = self.bundle.parent().context("the bundle is in a directory")?;
        fs::create_dir_all(directory).with_context(|| format!("making {}", directory.display()))?;
        fs::write(&self.bundle, format!("{}{own}", system.unwrap_or_default()))
            .with_context(|| format!("writing {}", self.bundle.display()))?;
        let endpoint = ["--endpoint-resource-manager", &self.server];
        let named = ["--name", CLOUD];
        let known = self.az(&["cloud", "show", "--name", CLOUD]).is_ok();
        let verb = if known { "update" } else { "register" };
        self.az(&[&["cloud", verb], &named[..], &endpoint[..]].concat())?;
        self.az(&["cloud", "set", "--name", CLOUD])?;
        self.az(&["config", "set", "core.instance_discovery=false", "--only-show-errors"])
    }

    fn az(&self, arguments: &[&str]) -> anyhow::Result<()> {
        let output = Command::new("az")
            .args(arguments)
            .env("REQUESTS_CA_BUNDLE", &self.bundle)
            .env("AZURE_CORE_INSTANCE_DISCOVERY", "false")
            .output()
            .context("running az: is it installed? https://aka.ms/azure-cli")?;
        if !output.status.success() {
            let said = String::from_utf8_lossy(&output.stderr);
            bail!("az {}: {}", arguments.join(" "), said.trim());
        }
        Ok(())
    }

    fn text(&self, done: bool, names_are_found: bool) -> String {
        let Self { server, ca, bundle, example, .. } = self;
        let (ca, bundle) = (ca.display(), bundle.display());
        let mut text = match done {
            true => format!(
                "az knows {server} as the cloud {CLOUD}. In each shell:\n\n  \
                 export REQUESTS_CA_BUNDLE={bundle}\n"
            ),
            false => format!(
                "So that az works with {server} (--write does the first two):\n\n\
                 1. It trusts the server's certificate authority besides the system's:\n\n  \
                 cat {system} {ca} > {bundle}\n  \
                 export REQUESTS_CA_BUNDLE={bundle}\n\n\
                 2. It knows the server as a cloud:\n\n  \
                 az cloud register --name {CLOUD} --endpoint-resource-manager {server}\n  \
                 az cloud set --name {CLOUD}\n  \
                 az config set core.instance_discovery=false\n\n\
                 3. It finds registries by name. ",
                system = SYSTEM_BUNDLES
                    .iter()
                    .find(|path| Path::new(path).exists())
                    .unwrap_or(&SYSTEM_BUNDLES[0]),
            ),
        };
        if done {
            text.push('\n');
        }
        text.push_str(&match names_are_found {
            true => format!("{example} is found from here.\n"),
            false => format!(
                "{example} is not found from here. Do one of these:\n\n  \
                 sudo apt install libnss-myhostname    # every name under localhost\n  \
                 echo '127.0.0.1 {example}' | sudo tee -a /etc/hosts    # a line for each registry\n\n\
                 or a DNS server that has a wildcard for the suffix: docs/azure-cli.md.\n"
            ),
        });
        text.push_str(&self.sign_in(done));
        text
    }

    fn sign_in(&self, done: bool) -> String {
        let number = if done { "" } else { "4. " };
        let Some(bootstrap) = &self.bootstrap else {
            return format!(
                "\n{number}Sign in, as an application or with --use-device-code:\n\n  \
                 az login --service-principal --username APP --password SECRET --tenant TENANT\n"
            );
        };
        format!(
            "\n{number}Sign in, for a start as the first application:\n\n  \
             field() {{ sed -n \"s/.*\\\"$1\\\": *\\\"\\([^\\\"]*\\)\\\".*/\\1/p\" {}; }}\n  \
             az login --service-principal -u \"$(field appId)\" -p \"$(field password)\" --tenant \
             \"$(field tenantId)\"\n",
            bootstrap.display()
        )
    }
}

/// Where az keeps its configuration.
fn azure_directory() -> anyhow::Result<PathBuf> {
    if let Some(directory) = std::env::var_os("AZURE_CONFIG_DIR") {
        return Ok(directory.into());
    }
    let home = std::env::var_os("HOME").context("neither AZURE_CONFIG_DIR nor HOME is set")?;
    Ok(Path::new(&home).join(".azure"))
}

fn is_found(name: &str) -> bool {
    (name, 443).to_socket_addrs().is_ok_and(|mut found| found.next().is_some())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn setup(bootstrap: Option<&str>) -> Setup {
        Setup {
            server: "https://localhost:5000".into(),
            ca: "/data/ca.pem".into(),
            bundle: "/home/me/.azure/gantry-ca-bundle.pem".into(),
            example: "local.acr.localhost".into(),
            bootstrap: bootstrap.map(PathBuf::from),
        }
    }

    #[test]
    fn what_is_to_be_done_is_told_in_order() {
        let text = setup(Some("/data/bootstrap.json")).text(false, false);
        let places: Vec<_> = [
            "REQUESTS_CA_BUNDLE=/home/me/.azure/gantry-ca-bundle.pem",
            "az cloud register --name Gantry --endpoint-resource-manager https://localhost:5000",
            "libnss-myhostname",
            "/data/bootstrap.json",
        ]
        .map(|step| text.find(step).unwrap_or_else(|| panic!("{step} in {text}")))
        .into();
        assert!(places.is_sorted(), "{text}");
    }

    #[test]
    fn what_was_done_is_not_asked_for_again() {
        let text = setup(None).text(true, true);
        assert!(!text.contains("cloud register") && !text.contains("libnss"), "{text}");
        assert!(text.contains("az login --service-principal"), "{text}");
    }
}
