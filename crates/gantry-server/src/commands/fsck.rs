//! `gantry fsck`

use std::process::ExitCode;

use clap::Args;
use gantry_registry::maintenance::fsck::{Depth, Finding, Report};

use super::{Target, block_on, on_content};
use crate::config::Config;
use crate::data_dir::DataDir;
use crate::deployment::Deployment;
use crate::serving::control::{self, LostBlob};

/// Options of `gantry fsck`
#[derive(Debug, Args)]
pub(crate) struct Options {
    #[command(flatten)]
    target: Target,
    /// Read every byte and hash it again
    #[arg(long)]
    deep: bool,
    /// Let repositories go of blobs whose bytes are damaged or gone, so that clients push them again
    #[arg(long)]
    repair: bool,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// Exit code 0: all is as it must be, or only room is wasted; 1: something is damaged or missing.
#[expect(clippy::print_stdout, reason = "this is the command's output")]
pub(crate) fn run(options: Options) -> anyhow::Result<ExitCode> {
    let config = options.target.config(Vec::new())?;
    let depth = if options.deep { Depth::Bytes } else { Depth::Lengths };
    let (report, repaired) = block_on(async {
        let report = check(&config, depth).await?;
        let repaired = if options.repair { Some(repair(&config, &report).await?) } else { None };
        anyhow::Ok((report, repaired))
    })?;
    if options.json {
        println!("{}", serde_json::to_string(&report)?);
    } else {
        println!("{}", told(&report));
    }
    if let Some(holds) = repaired {
        match holds {
            0 => eprintln!("no blob is lost: there is nothing to repair"),
            _ => eprintln!("ended {holds} holds of repositories on lost blobs: push them again"),
        }
    }
    let damaged = report.findings.iter().any(Finding::is_damage);
    Ok(if damaged { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}

async fn check(config: &Config, depth: Depth) -> anyhow::Result<Report> {
    let data = DataDir::new(&config.data);
    let deployment = Deployment::open_beside(config, &data).await?;
    let report = deployment.content.fsck(depth).await;
    deployment.close().await;
    Ok(report?)
}

/// By the running server where there is one, else on the stores themselves.
async fn repair(config: &Config, report: &Report) -> anyhow::Result<u64> {
    let data = DataDir::new(&config.data);
    let lost: Vec<LostBlob> = report
        .findings
        .iter()
        .filter_map(Finding::lost_blob)
        .map(|(registry, digest)| LostBlob { registry: registry.to_owned(), digest: *digest })
        .collect();
    if lost.is_empty() {
        return Ok(0);
    }
    if let Some(holds) = control::ask_to_let_go(&data, &lost).await? {
        return Ok(holds);
    }
    on_content(config, &data, async |content| Ok(control::let_go_of(content, &lost).await?)).await
}

fn told(report: &Report) -> String {
    let mut lines: Vec<String> = report.findings.iter().map(line).collect();
    let damaged = report.findings.iter().filter(|finding| finding.is_damage()).count();
    let orphans = report.findings.len() - damaged;
    lines.push(format!(
        "looked at {} blobs and {} manifests, hashed {} bytes: {}{}",
        report.blobs,
        report.manifests,
        report.hashed,
        if damaged == 0 { "all is well".to_owned() } else { format!("{damaged} damaged") },
        if orphans == 0 { String::new() } else { format!(", {orphans} orphans") },
    ));
    lines.join("\n")
}

/// A finding for people.
pub(super) fn line(finding: &Finding) -> String {
    match finding {
        Finding::Database { message } => format!("damaged  database: {message}"),
        Finding::BytesMissing { registry, digest, key } => {
            format!("damaged  {registry} blob {digest}: its bytes ({key}) are missing")
        }
        Finding::LengthDiffers { registry, digest, recorded, stored } => {
            format!("damaged  {registry} blob {digest}: {stored} bytes are stored, not {recorded}")
        }
        Finding::BlobDiffers { registry, digest, actual } => {
            format!("damaged  {registry} blob {digest}: its bytes hash to {actual}")
        }
        Finding::ManifestDiffers { registry, digest, actual } => {
            format!("damaged  {registry} manifest {digest}: its bytes hash to {actual}")
        }
        Finding::Unreadable { registry, digest, message } => {
            format!("damaged  {registry} blob {digest}: {message}")
        }
        Finding::Orphan { key, size } => {
            format!("orphan   {key}: {size} bytes that nothing names; harmless")
        }
    }
}
