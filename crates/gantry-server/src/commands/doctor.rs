//! `gantry doctor`

mod certificates;
mod stores;

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::process::ExitCode;

use clap::Args;
use gantry_model::{Clock, SystemClock};
use tokio::net::TcpListener;

use super::{Target, block_on};
use crate::config::Config;
use crate::data_dir::DataDir;
use crate::deployment::Deployment;
use crate::serving::control::{self, Running};

/// Less free space than this is worth a warning.
const FREE_BYTES: u64 = 1 << 30;

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
    if config.stores.are_shared() {
        checks.push(("server", server(control::ask_how_it_runs(&data).await)));
        let now = SystemClock.now();
        checks
            .extend(certificates::configured(config, now).map(|outcome| ("certificate", outcome)));
        checks.extend(stores::examine(config, &data).await);
        return checks;
    }
    if !data.exists() {
        checks.push(("deployment", Warning("not made yet; `gantry serve` makes it".into())));
        return checks;
    }
    let running = control::ask_how_it_runs(&data).await;
    if matches!(running, Ok(None)) {
        checks.push(("listeners", listeners(config).await));
    }
    checks.push(("server", server(running)));
    checks.push(("secrets", secrets(config, &data)));
    let now = SystemClock.now();
    checks.push(("certificate authority", certificates::authority(&data.ca(), now)));
    checks.extend(certificates::configured(config, now).map(|outcome| ("certificate", outcome)));
    match Deployment::open_beside(config, &data).await {
        Ok(deployment) => {
            checks.push(("catalog", catalog(&deployment).await));
            checks.push(("blob store", blobs(&deployment).await));
            checks.extend(certificates::issued(config, &deployment.catalog, now).await);
            // Blobs may be elsewhere all the same.
            checks.extend(stores::examine_blobs(config).await);
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

fn server(running: anyhow::Result<Option<Running>>) -> Outcome {
    match running {
        Ok(Some(Running { addresses })) => {
            let addresses: Vec<_> = addresses.iter().map(ToString::to_string).collect();
            Well(format!("running, on {}", addresses.join(", ")))
        }
        Ok(None) => Well("not running".into()),
        Err(error) => Wrong(format!("running, but it doesn't answer: {error:#}")),
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
