//! `make bench`: Gantry, its peers and the ceilings, in turns on one machine.
//!
//! Everything runs on loopback and ends with this program, however that ends. `docs/benchmarks.md`
//! has the method; this program has the figures.

mod bench;
mod catalogs;
mod certificate;
mod content;
mod credentials;
mod databases;
mod limit;
mod load;
mod machine;
mod process;
mod programs;
mod quota;
mod report;
mod scale;
mod servers;
mod stats;
mod targets;
mod turns;
mod watch;
mod workloads;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::Context;
use clap::Parser;
use gantry_model::{Clock, SystemClock};

use bench::Bench;
use machine::Machine;
use programs::Programs;
use report::Report;
use scale::Scale;
use servers::Surroundings;

/// Measures Gantry against its peers
#[derive(Debug, Parser)]
struct Options {
    /// Workloads to run; all if none is named
    #[arg(value_delimiter = ',')]
    workloads: Vec<String>,
    /// The binary that is measured
    #[arg(long, value_name = "FILE")]
    gantry: PathBuf,
    /// A directory to make, use and remove, on the disk that is measured
    #[arg(long, value_name = "DIR")]
    scratch: PathBuf,
    /// Where the report goes, as Markdown and as JSON
    #[arg(long, value_name = "DIR")]
    artifacts: PathBuf,
    /// Small sizes, to see that all works
    #[arg(long)]
    quick: bool,
    /// Turns of each server in each case
    #[arg(long, value_name = "NUMBER")]
    turns: Option<usize>,
    /// A document whose figures are replaced
    #[arg(long, value_name = "FILE")]
    write: Option<PathBuf>,
    /// The commit that was built
    #[arg(long, default_value = "unknown")]
    commit: String,
}

fn main() -> anyhow::Result<ExitCode> {
    let options = Options::parse();
    let known = workloads::names();
    let unknown = options.workloads.iter().find(|name| !known.contains(&name.as_str()));
    if let Some(name) = unknown {
        anyhow::bail!("no workload is called {name}; there are {}", known.join(", "));
    }
    let scratch = Scratch::make(&options.scratch)?;
    let report = run(&options, &scratch.0)?;
    let failed = report.workloads.iter().any(|workload| workload.failure.is_some());
    Ok(if failed { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}

fn run(options: &Options, scratch: &Path) -> anyhow::Result<Report> {
    let mut scale = if options.quick { Scale::quick() } else { Scale::full() };
    scale.turns = options.turns.unwrap_or(scale.turns);
    let programs = Programs::new(options.gantry.clone());
    let mut report = Report {
        date: SystemClock.now().to_string(),
        commit: options.commit.clone(),
        scale: scale.name,
        machine: Machine::here(scratch),
        programs: programs.versions(),
        workloads: Vec::new(),
    };
    let bench = Bench::new(scale, Surroundings::new(programs, scratch)?, scratch.to_owned());
    let all: Vec<String> = workloads::names().into_iter().map(str::to_owned).collect();
    let wanted = if options.workloads.is_empty() { &all } else { &options.workloads };
    for name in wanted {
        report.workloads.push(workloads::run(name, &bench)?);
        // After each, so that a run cut short leaves what it has.
        keep(&report, &options.artifacts)?;
    }
    if let Some(path) = &options.write {
        let document = fs::read_to_string(path)?;
        let document = report::replace_figures(&document, &report::figures(&report));
        fs::write(path, document.with_context(|| path.display().to_string())?)?;
    }
    Ok(report)
}

fn keep(report: &Report, artifacts: &Path) -> anyhow::Result<()> {
    fs::create_dir_all(artifacts)?;
    fs::write(artifacts.join("bench.md"), report::figures(report))?;
    let json = serde_json::to_string_pretty(report)?;
    fs::write(artifacts.join("bench.json"), json).context("writing the report")
}

/// A directory that is gone at the end.
struct Scratch(PathBuf);

impl Scratch {
    fn make(path: &Path) -> anyhow::Result<Self> {
        fs::create_dir_all(path).with_context(|| format!("making {}", path.display()))?;
        let path = path.canonicalize()?;
        let empty = fs::read_dir(&path)?.next().is_none();
        anyhow::ensure!(empty, "{} is not empty", path.display());
        Ok(Self(path))
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        if let Err(error) = fs::remove_dir_all(&self.0) {
            eprintln!("removing {}: {error}", self.0.display());
        }
    }
}
