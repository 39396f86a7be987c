//! `gantry gc`

use std::process::ExitCode;

use clap::Args;
use gantry_registry::maintenance::{Collected, Collection};

use super::{Target, block_on, on_content};
use crate::config::Config;
use crate::data_dir::DataDir;
use crate::serving::control;

/// Options of `gantry gc`
#[derive(Debug, Args)]
pub(crate) struct Options {
    #[command(flatten)]
    target: Target,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

#[expect(clippy::print_stdout, reason = "this is the command's output")]
pub(crate) fn run(options: Options) -> anyhow::Result<ExitCode> {
    let config = options.target.config(Vec::new())?;
    let collected = block_on(collect(config))?;
    if options.json {
        println!("{}", serde_json::to_string(&collected)?);
    } else {
        println!("{}", told(&collected));
    }
    Ok(ExitCode::SUCCESS)
}

/// By the running server where there is one, else on the stores themselves.
async fn collect(config: Config) -> anyhow::Result<Collected> {
    let data = DataDir::new(&config.data);
    if let Some(collected) = control::ask_to_collect(&data).await? {
        return Ok(collected);
    }
    on_content(&config, &data, async |content| Ok(content.collect(Collection::Everything).await?))
        .await
}

fn told(collected: &Collected) -> String {
    let Collected { uploads, links, repositories, blobs, orphans, bytes } = collected;
    format!(
        "freed {bytes} bytes in {blobs} blobs and {orphans} orphans\n\
         ended {links} holds of repositories on blobs that no manifest names\n\
         removed {repositories} empty repositories and {uploads} abandoned uploads"
    )
}
