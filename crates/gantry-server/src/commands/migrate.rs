//! `gantry migrate`

use std::process::ExitCode;

use anyhow::Context;
use clap::Args;

use super::{Target, block_on};
use crate::config::Config;
use crate::data_dir::DataDir;
use crate::stores::OpenStores;

/// Options of `gantry migrate`
#[derive(Debug, Args)]
pub(crate) struct Options {
    #[command(flatten)]
    target: Target,
    /// Only tell what would be done: exit code 1 when something would
    #[arg(long)]
    check: bool,
}

/// Exit code 0: the schema is this release's; 1: it isn't, or can't be made so.
#[expect(clippy::print_stdout, reason = "this is the command's output")]
pub(crate) fn run(options: Options) -> anyhow::Result<ExitCode> {
    let config = options.target.config(Vec::new())?;
    let steps = block_on(migrate(&config, options.check))?;
    for step in &steps.taken {
        println!("took    {step}");
    }
    for step in &steps.missing {
        println!("lacks   {step}");
    }
    for step in &steps.ahead {
        println!("ahead   {step} (a later release's, which this one runs on)");
    }
    if steps.missing.is_empty() {
        println!("the schema is up to date");
    }
    Ok(if steps.missing.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// What was found and done.
struct Steps {
    taken: Vec<&'static str>,
    missing: Vec<&'static str>,
    ahead: Vec<String>,
}

async fn migrate(config: &Config, check: bool) -> anyhow::Result<Steps> {
    let data = DataDir::new(&config.data);
    if check {
        let stores = OpenStores::open_beside(config, &data).await?;
        let state = stores.catalog.schema_state().await.context("database")?;
        return Ok(Steps { taken: Vec::new(), missing: state.missing, ahead: state.ahead });
    }
    // A file has one owner at a time, who would do this at its next start anyway.
    let _owned = match config.stores.are_shared() {
        true => None,
        false => Some(data.own()?),
    };
    let stores = OpenStores::open(config, &data).await?;
    let taken = stores.catalog.migrate().await.context("database")?;
    let state = stores.catalog.schema_state().await.context("database")?;
    stores.catalog.db().close().await;
    Ok(Steps { taken, missing: state.missing, ahead: state.ahead })
}
