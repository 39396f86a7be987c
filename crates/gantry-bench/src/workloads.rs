//! What is measured: a file for each workload.

mod access;
mod cluster_cost;
mod cluster_large;
mod cluster_peer;
mod cluster_scale;
mod guesses;
mod heads;
mod images;
mod lists;
mod management;
mod manifests;
mod memory;
mod one_by_one;
mod pulls;
mod pushes;
mod requests;
mod small_blobs;
mod start;

use std::time::Instant;

use crate::bench::Bench;
use crate::report::{Case, Workload};

/// A workload: its name, what it is, and how it is run.
type Entry = (&'static str, &'static str, fn(&Bench) -> anyhow::Result<Vec<Case>>);

const ALL: [Entry; 16] = [
    ("manifests", "Manifest GET by tag, 64 connections", manifests::run),
    ("heads", "HEAD of manifests and blobs, 64 connections", heads::run),
    ("pulls", "Blob GET, 256 MiB", pulls::run),
    ("pushes", "Blob push, 256 MiB", pushes::run),
    ("small-blobs", "4 KiB blobs, 16 connections", small_blobs::run),
    ("images", "An image of 12 layers, over TLS", images::run),
    ("lists", "First pages of long lists", lists::run),
    ("start", "Start to ready", start::run),
    ("memory", "Anonymous memory", memory::run),
    ("access", "Who is asking, of many and of few", access::run),
    ("management", "The management API, beside many registries and few", management::run),
    ("guesses", "What the time of a refusal tells", guesses::run),
    ("cluster-cost", "What a pull and a push cost, of a node and embedded", cluster_cost::run),
    ("cluster-scale", "One, two and three nodes", cluster_scale::run),
    ("cluster-large", "A database of many manifests beside one of few", cluster_large::run),
    ("cluster-peer", "Over PostgreSQL and S3, beside distribution over S3", cluster_peer::run),
];

/// Their names, in order.
pub(crate) fn names() -> Vec<&'static str> {
    ALL.iter().map(|(name, ..)| *name).collect()
}

/// Runs a workload. A failure is told in the report and keeps no other from being run.
pub(crate) fn run(name: &str, bench: &Bench) -> anyhow::Result<Workload> {
    let entry = ALL.iter().find(|(known, ..)| *known == name);
    let (name, title, run) =
        *entry.ok_or_else(|| anyhow::anyhow!("no workload is called {name}: {:?}", names()))?;
    let started = Instant::now();
    eprintln!("== {title} ({name})");
    let (cases, failure) = match run(bench) {
        Ok(cases) => (cases, None),
        Err(error) => (Vec::new(), Some(format!("{error:#}"))),
    };
    let seconds = started.elapsed().as_secs();
    Ok(Workload { name, title, seconds, cases, failure })
}

/// A case whose rows are there; tells on stderr how it went.
fn case(
    title: String,
    unit: crate::report::Unit,
    rows: Vec<crate::report::Row>,
    targets: &[crate::targets::Target],
) -> Case {
    let mut case = Case { title, unit, rows, verdicts: Vec::new() };
    crate::targets::judge(&mut case, targets);
    eprintln!("{}", crate::report::summary(&case));
    case
}
