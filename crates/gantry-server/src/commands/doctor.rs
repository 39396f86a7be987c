//! `gantry doctor`

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::ExitCode;
use std::time::Duration;

use clap::Args;
use gantry_edge::CertificateFacts;
use tokio::net::{TcpListener, UnixStream};

use super::{Target, block_on};
use crate::config::Config;
use crate::data_dir::DataDir;
use crate::deployment::Deployment;

/// Less free space than this is worth a warning.
const FREE_BYTES: u64 = 1 << 30;
/// A certificate that ends sooner than this is worth a warning.
const CERTIFICATE_LEFT: Duration = Duration::from_secs(30 * 24 * 60 * 60);

/// Options of `gantry doctor`
#[derive(Debug, Args)]
pub(crate) struct Options {
    #[command(flatten)]
    target: Target,
}

/// How one check came out, and what to do about it.
#[derive(Debug)]
enum Outcome {
    Well(String),
    Warning(String),
    Wrong(String),
}

use Outcome::{Warning, Well, Wrong};

/// Exit code 0: nothing is wrong; 1: something is.
#[expect(clippy::print_stdout, reason = "this is the command's output")]
pub(crate) fn run(options: Options) -> anyhow::Result<ExitCode> {
    let config = options.target.config(Vec::new())?;
    let checks = block_on(async { Ok(examine(&config).await) })?;
    let mut wrong = 0;
    for (name, outcome) in &checks {
        match outcome {
            Well(text) => println!("ok       {name}: {text}"),
            Warning(text) => println!("warning  {name}: {text}"),
            Wrong(text) => {
                wrong += 1;
                println!("wrong    {name}: {text}");
            }
        }
    }
    println!("{}", if wrong == 0 { "nothing is wrong".into() } else { format!("{wrong} wrong") });
    Ok(if wrong == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

async fn examine(config: &Config) -> Vec<(&'static str, Outcome)> {
    let data = DataDir::new(&config.data);
    let mut checks = vec![("configuration", Well("every setting was understood".into()))];
    checks.push(("data directory", directory(&data)));
    if !data.exists() {
        checks.push(("deployment", Warning("not made yet; `gantry serve` makes it".into())));
        return checks;
    }
    let running = UnixStream::connect(data.socket()).await.is_ok();
    checks.push(("server", Well(if running { "running" } else { "not running" }.to_owned())));
    checks.push(("secrets", secrets(config, &data)));
    checks.push(("certificate authority", authority(&data.ca())));
    if !running {
        checks.push(("listeners", listeners(config).await));
    }
    match Deployment::open_read_only(config, &data).await {
        Ok(deployment) => {
            checks.push(("catalog", catalog(&deployment).await));
            checks.push(("blob store", blobs(&deployment).await));
            deployment.close().await;
        }
        Err(error) => checks.push(("catalog", Wrong(format!("{error:#}")))),
    }
    checks
}

fn directory(data: &DataDir) -> Outcome {
    let path = data.path();
    match fs::metadata(path) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            Warning(format!("{} is not there; `gantry serve` makes it", path.display()))
        }
        Err(error) => Wrong(format!("{}: {error}", path.display())),
        Ok(found) if !found.is_dir() => Wrong(format!("{} is not a directory", path.display())),
        Ok(found) if found.permissions().mode() & 0o077 != 0 => {
            Warning(format!("{0} can be entered by others: chmod 700 {0}", path.display()))
        }
        Ok(_) => Well(path.display().to_string()),
    }
}

fn secrets(config: &Config, data: &DataDir) -> Outcome {
    if let Err(error) = data.read_master_key(&config.secrets.master_key) {
        return Wrong(format!("{error:#}"));
    }
    for name in ["master.key", "admin-password"] {
        let path = data.path().join(name);
        if let Ok(found) = fs::metadata(&path)
            && found.permissions().mode() & 0o077 != 0
        {
            return Wrong(format!("{0} can be read by others: chmod 600 {0}", path.display()));
        }
    }
    Well("the master key is there, and private".into())
}

fn authority(ca: &Path) -> Outcome {
    use gantry_model::Clock;
    let facts = match fs::read_to_string(ca) {
        Ok(pem) => CertificateFacts::from_pem(&pem),
        Err(error) => return Wrong(format!("{}: {error}", ca.display())),
    };
    match facts {
        Err(error) => Wrong(format!("{}: {error}", ca.display())),
        Ok(facts) => {
            let now = gantry_model::SystemClock.now();
            if facts.not_after <= now {
                Wrong(format!("{} ended on {}", ca.display(), facts.not_after))
            } else if facts.not_after <= now.plus(CERTIFICATE_LEFT) {
                Warning(format!("{} ends on {}", ca.display(), facts.not_after))
            } else {
                Well(format!("good until {}", facts.not_after))
            }
        }
    }
}

async fn listeners(config: &Config) -> Outcome {
    for listen in &config.network.listen {
        if let Err(error) = TcpListener::bind(listen.address).await {
            if listen.optional {
                continue;
            }
            return Wrong(format!(
                "{} can't be listened on: {error}; what uses it? (ss -ltnp)",
                listen.address
            ));
        }
    }
    Well("every address is free".into())
}

async fn catalog(deployment: &Deployment) -> Outcome {
    match deployment.catalog.registry_list().await {
        Ok(registries) => {
            let names: Vec<_> = registries.iter().map(|r| r.name.to_string()).collect();
            Well(format!("registries: {}", names.join(", ")))
        }
        Err(error) => Wrong(format!("{error}; `gantry fsck` tells more")),
    }
}

async fn blobs(deployment: &Deployment) -> Outcome {
    match deployment.content.blobs().probe().await {
        Err(error) => Wrong(format!("nothing can be written: {error}")),
        Ok(space) if space.free < FREE_BYTES => {
            Warning(format!("{} MiB are left on the disk", space.free >> 20))
        }
        Ok(space) => Well(format!("{} GiB are free", space.free >> 30)),
    }
}
