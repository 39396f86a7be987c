//! `gantry copy`
//!
//! Bytes go first, under the keys that they have, each verified by its digest; what is there already
//! is passed over, so a copy that was cut short goes on. Rows go last and whole. Until they are all
//! there the target is marked as incomplete, and no server starts on it.

mod blobs;
mod sides;

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Context;
use clap::Args;
use gantry_catalog::{Durability, Transaction};
use gantry_model::NodeId;
use indicatif::{ProgressBar, ProgressStyle};

use self::blobs::{Copied, copy_blobs};
use self::sides::{Side, Sides};
use super::block_on;

/// Options of `gantry copy`
#[derive(Debug, Args)]
pub(crate) struct Options {
    /// The configuration of the deployment to copy. Settings in the environment don't count, but
    /// credentials of object stores do
    #[arg(long, value_name = "FILE")]
    from: PathBuf,
    /// The configuration that it is to have from now on, in the same way
    #[arg(long, value_name = "FILE")]
    to: PathBuf,
    /// Copy blobs only, and while the deployment serves, so that the rest takes little time
    #[arg(long)]
    ahead: bool,
}

/// Exit code 0: the target is the deployment, or with `--ahead` has its blobs; 1: blobs are damaged
/// at the source, and the target isn't complete.
#[expect(clippy::print_stdout, reason = "this is the command's output")]
pub(crate) fn run(options: Options) -> anyhow::Result<ExitCode> {
    let Options { from, to, ahead } = options;
    let (copied, rows) = block_on(copy(Side::read(&from)?, Side::read(&to)?, ahead))?;
    for line in &copied.damaged {
        println!("damaged  {line}");
    }
    println!(
        "{} blobs copied ({} bytes), {} were there before",
        copied.blobs, copied.bytes, copied.present
    );
    if !copied.damaged.is_empty() {
        println!(
            "{} blobs are damaged where they are: `gantry fsck --deep --repair` there lets go of \
             them, then copy again",
            copied.damaged.len()
        );
        return Ok(ExitCode::FAILURE);
    }
    if let Some(rows) = rows {
        println!("{rows} rows copied");
    }
    let (from, to) = (from.display(), to.display());
    match ahead {
        true => println!("stop the servers of {from}, then copy without --ahead"),
        false => println!("start servers with {to}; `gantry fsck --deep` reads all of it"),
    }
    Ok(ExitCode::SUCCESS)
}

/// Copies everything, or what can go ahead of the rest. Answers how many rows were copied, if they
/// were.
async fn copy(from: Side, to: Side, ahead: bool) -> anyhow::Result<(Copied, Option<u64>)> {
    let sides = Sides::open(from, to, ahead).await?;
    let copied = match sides.share_blobs() {
        true => Copied::default(),
        false => copy_blobs(sides.source(), sides.target()).await?,
    };
    let rows = match ahead || sides.share_catalog() || !copied.damaged.is_empty() {
        true => None,
        false => Some(copy_rows(&sides).await?),
    };
    sides.close().await;
    Ok((copied, rows))
}

/// Copies the rows and makes the target a deployment. Answers how many.
async fn copy_rows(sides: &Sides) -> anyhow::Result<u64> {
    let (source, target) = (&sides.source().catalog, &sides.target().catalog);
    let bar = progress(ProgressBar::new_spinner(), "{spinner} {pos} rows, now of {msg}");
    let told = |table, count| {
        bar.set_message(table);
        bar.inc(count as u64);
    };
    let copier = NodeId::new(source.now()).to_string();
    source.copy_rows_to(target, &copier, told).await.context("copying the catalog")?;
    bar.finish_and_clear();
    let authority = sides.take_authority().await?;
    sides.nobody_serves().await?;
    let id = sides.deployment().to_owned();
    let arrive = move |tx: &mut Transaction<'_, '_>| {
        tx.copy_goes_on(&copier)?;
        if let Some(authority) = &authority {
            tx.certificate_authority_establish(authority)?;
        }
        tx.deployment_arrived(&id)
    };
    target.transaction(Durability::Power, arrive).await?;
    Ok(bar.position())
}

/// A bar on a terminal; nothing elsewhere.
fn progress(bar: ProgressBar, template: &str) -> ProgressBar {
    bar.set_style(ProgressStyle::with_template(template).expect("the template is right"));
    bar
}
