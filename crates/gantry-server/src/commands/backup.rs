//! `gantry backup`

use std::fs;
use std::io::IsTerminal;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::Context;
use clap::Args;
use gantry_blobs::{BlobError, BlobKey, FileBlobStore, Placing};
use gantry_catalog::Catalog;
use gantry_db::{Db, SqliteOptions};
use gantry_model::SystemClock;

use super::{Target, block_on};
use crate::config::{Blobs, Config};
use crate::data_dir::DataDir;

/// How many blobs one query lists.
const PAGE: usize = 500;
/// How often the whole is tried: a blob may come and be deleted while it runs.
const ATTEMPTS: usize = 5;

/// Options of `gantry backup`
#[derive(Debug, Args)]
pub(crate) struct Options {
    #[command(flatten)]
    target: Target,
    /// The directory to put the backup into; made if it isn't there. An earlier backup in it is
    /// brought up to date
    #[arg(long, value_name = "DIR")]
    to: PathBuf,
    /// Copy blobs also where a second name for the same file would do
    #[arg(long)]
    copy: bool,
}

/// Exit code 0: what is in the directory is a whole deployment as of one moment.
#[expect(clippy::print_stdout, reason = "this is the command's output")]
pub(crate) fn run(options: Options) -> anyhow::Result<ExitCode> {
    let config = options.target.config(Vec::new())?;
    let placing = if options.copy { Placing::Copy } else { Placing::Link };
    let blobs = block_on(back_up(&config, &options.to, placing))?;
    println!("{} holds the deployment as of now, with {blobs} blobs", options.to.display());
    Ok(ExitCode::SUCCESS)
}

async fn back_up(config: &Config, to: &Path, placing: Placing) -> anyhow::Result<u64> {
    anyhow::ensure!(
        !config.stores.are_shared() && config.stores.blobs == Blobs::DataDirectory,
        "this deployment's database or blobs are elsewhere: they are backed up with tools of their \
         own, the database first (docs/cluster.md)"
    );
    let data = DataDir::new(&config.data);
    anyhow::ensure!(data.exists(), "{} holds no gantry deployment", data.path().display());
    let target = DataDir::new(to);
    // Two backups into one directory would take each other's catalog for their own.
    let _owned = target.own()?;
    let source = open_catalog(&data.catalog()).await?;
    let (from, into) = (FileBlobStore::open(data.blobs())?, FileBlobStore::open(target.blobs())?);

    // Most blobs go before the moment that counts, so that few can go missing after it.
    place_all(&source, &from, &into, placing).await?;
    for _ in 0..ATTEMPTS {
        let catalog = snapshot(&source, &target).await?;
        let placed = place_all(&catalog, &from, &into, placing).await?;
        catalog.db().close().await;
        if placed.missing.is_empty() {
            for name in DataDir::SMALL_FILES {
                target.take_file(name, &data)?;
            }
            for name in data.admin_password_files()? {
                target.take_file(&name, &data)?;
            }
            sync_tree(to)?;
            return Ok(placed.blobs);
        }
    }
    anyhow::bail!(
        "blobs were deleted while they were being copied, {ATTEMPTS} times over: try again, or run \
         `gantry fsck` to see whether bytes are missing"
    )
}

pub(super) async fn open_catalog(path: &Path) -> anyhow::Result<Catalog> {
    let db = Db::open_sqlite_read_only(path, SqliteOptions::default())
        .await
        .with_context(|| format!("opening {}", path.display()))?;
    Ok(Catalog::new(db, Arc::new(SystemClock)))
}

/// The catalog as of one moment, in the backup.
async fn snapshot(source: &Catalog, target: &DataDir) -> anyhow::Result<Catalog> {
    let staged = target.catalog().with_extension("new");
    match fs::remove_file(&staged) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            return Err(error).with_context(|| format!("replacing {}", staged.display()));
        }
        _ => {}
    }
    source.db().snapshot_to(&staged).await.context("copying the catalog")?;
    fs::rename(&staged, target.catalog())?;
    open_catalog(&target.catalog()).await
}

/// What placing all blobs of a catalog came to.
#[derive(Debug, Default)]
pub(super) struct Placed {
    /// Blobs that are there now.
    pub(super) blobs: u64,
    /// Blobs whose bytes are not to be had.
    pub(super) missing: Vec<BlobKey>,
}

/// Places every blob that the catalog names.
pub(super) async fn place_all(
    catalog: &Catalog,
    from: &FileBlobStore,
    into: &FileBlobStore,
    placing: Placing,
) -> anyhow::Result<Placed> {
    let mut placed = Placed::default();
    let terminal = std::io::stderr().is_terminal();
    for registry in catalog.registry_list().await? {
        let mut last = None;
        loop {
            let page = catalog.blob_list(registry.id, last.as_ref(), PAGE).await?;
            let Some(end) = page.last() else { break };
            last = Some(end.digest);
            for blob in &page {
                let key: BlobKey = blob.storage_key.parse()?;
                match from.place_in(into, &key, placing).await {
                    Ok(()) => placed.blobs += 1,
                    Err(BlobError::NotFound(key)) => placed.missing.push(key),
                    Err(error) => return Err(error.into()),
                }
            }
            if terminal {
                eprint!("\r{} blobs of {}", placed.blobs, registry.name);
            }
        }
    }
    if terminal {
        eprintln!();
    }
    Ok(placed)
}

/// Makes the names in a directory, and in those under it, durable.
pub(super) fn sync_tree(directory: &Path) -> anyhow::Result<()> {
    for entry in fs::read_dir(directory)? {
        let entry = entry?;
        if entry.file_type()?.is_dir() {
            sync_tree(&entry.path())?;
        }
    }
    fs::File::open(directory)?.sync_all()?;
    Ok(())
}
