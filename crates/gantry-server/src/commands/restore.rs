//! `gantry restore`

use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::Context;
use clap::Args;
use gantry_blobs::{FileBlobStore, Placing};
use gantry_registry::maintenance::fsck::{Depth, Finding};

use super::backup::{open_catalog, place_all, sync_tree};
use super::{Target, block_on};
use crate::config::Config;
use crate::data_dir::DataDir;
use crate::deployment::Deployment;

/// Options of `gantry restore`
#[derive(Debug, Args)]
pub(crate) struct Options {
    #[command(flatten)]
    target: Target,
    /// The directory with the backup
    #[arg(long, value_name = "DIR")]
    from: PathBuf,
    /// Copy blobs also where a second name for the same file would do
    #[arg(long)]
    copy: bool,
}

/// Exit code 0: the data directory is what the backup was, and verified by length; 1: something
/// is missing in the backup, which was restored all the same.
#[expect(clippy::print_stdout, reason = "this is the command's output")]
pub(crate) fn run(options: Options) -> anyhow::Result<ExitCode> {
    let config = options.target.config(Vec::new())?;
    let placing = if options.copy { Placing::Copy } else { Placing::Link };
    let (blobs, findings) = block_on(restore(&config, &options.from, placing))?;
    for finding in &findings {
        println!("{}", super::fsck::line(finding));
    }
    println!(
        "{} holds what {} held, with {blobs} blobs; `gantry fsck --deep` reads them all",
        config.data.display(),
        options.from.display()
    );
    Ok(if findings.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

async fn restore(
    config: &Config,
    from: &Path,
    placing: Placing,
) -> anyhow::Result<(u64, Vec<Finding>)> {
    anyhow::ensure!(
        !config.stores.are_shared(),
        "the database of this deployment is elsewhere: it is restored with tools of its own"
    );
    let (backup, data) = (DataDir::new(from), DataDir::new(&config.data));
    anyhow::ensure!(backup.exists(), "{} holds no backup", from.display());
    let shown = data.path().display();
    anyhow::ensure!(!data.exists(), "{shown} holds a deployment already: move it away first");
    let owned = data.own()?;

    let catalog = open_catalog(&backup.catalog()).await?;
    let (source, into) = (FileBlobStore::open(backup.blobs())?, FileBlobStore::open(data.blobs())?);
    let placed = place_all(&catalog, &source, &into, placing).await?;
    for name in DataDir::SMALL_FILES {
        data.take_file(name, &backup)?;
    }
    for name in backup.admin_password_files()? {
        data.take_file(&name, &backup)?;
    }
    // Last, since it is what makes the directory a deployment.
    let staged = data.catalog().with_extension("new");
    let copied = catalog.db().snapshot_to(&staged).await;
    copied.with_context(|| format!("copying the catalog to {}", staged.display()))?;
    fs::rename(&staged, data.catalog())?;
    sync_tree(data.path())?;
    catalog.db().close().await;
    drop(owned);

    let deployment = Deployment::open_beside(config, &data).await?;
    let report = deployment.content.fsck(Depth::Lengths).await;
    deployment.close().await;
    let findings = report?.findings.into_iter().filter(Finding::is_damage).collect();
    Ok((placed.blobs, findings))
}
