//! What the benchmark found, as data; and as a page to read.

mod page;
mod units;

use serde::Serialize;

use crate::machine::Machine;
use crate::targets::Verdict;

pub(crate) use page::{figures, replace_figures, summary};
pub(crate) use units::Unit;

/// One run.
#[derive(Debug, Serialize)]
pub(crate) struct Report {
    /// When it began, in RFC 3339.
    pub(crate) date: String,
    /// The commit it was built from, as `git describe` tells it.
    pub(crate) commit: String,
    /// `full`, or `quick`, whose figures mean nothing.
    pub(crate) scale: &'static str,
    /// The machine.
    pub(crate) machine: Machine,
    /// Programs and their versions.
    pub(crate) programs: Vec<(String, String)>,
    /// What was measured, in order.
    pub(crate) workloads: Vec<Workload>,
}

/// One workload's cases.
#[derive(Debug, Serialize)]
pub(crate) struct Workload {
    /// What `WORKLOAD=` calls it.
    pub(crate) name: &'static str,
    /// What it is.
    pub(crate) title: &'static str,
    /// How long it took.
    pub(crate) seconds: u64,
    /// Its cases.
    pub(crate) cases: Vec<Case>,
    /// Why there are no cases.
    pub(crate) failure: Option<String>,
}

/// A table: the same thing asked of each.
#[derive(Debug, Serialize)]
pub(crate) struct Case {
    /// What is asked.
    pub(crate) title: String,
    /// What its figures are.
    pub(crate) unit: Unit,
    /// A row for each; the first is the one the targets are for.
    pub(crate) rows: Vec<Row>,
    /// The targets, and whether they were reached.
    pub(crate) verdicts: Vec<Verdict>,
}

/// What one of them showed.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Row {
    /// Who.
    pub(crate) name: String,
    /// What.
    pub(crate) measured: Option<Summary>,
    /// Why not.
    pub(crate) failure: Option<String>,
}

/// The turns of one, together.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Summary {
    /// How many.
    pub(crate) turns: usize,
    /// The median of the figure that counts.
    pub(crate) value: f64,
    /// Its least.
    pub(crate) least: f64,
    /// Its most.
    pub(crate) most: f64,
    /// The median of the turns' 99th percentiles.
    pub(crate) p99_ms: Option<f64>,
    /// CPU seconds of the server for a request, a GB, or whatever the unit's work is.
    pub(crate) cpu_seconds: Option<f64>,
    /// The median of the turns' peaks of resident memory, in bytes.
    pub(crate) peak_rss: u64,
    /// The same of anonymous memory.
    pub(crate) peak_anon: u64,
    /// What was spent beside nodes, by what they share.
    pub(crate) beside: Option<Shares>,
}

/// What nodes share spends on a request, a GB, or whatever the unit's work is.
#[derive(Clone, Copy, Debug, Serialize)]
pub(crate) struct Shares {
    /// CPU seconds of PostgreSQL.
    pub(crate) postgres_cpu_seconds: f64,
    /// CPU seconds of MinIO.
    pub(crate) minio_cpu_seconds: f64,
    /// Queries of the catalog, where they are counted.
    pub(crate) queries: Option<f64>,
    /// Its commits, where they are counted.
    pub(crate) commits: Option<f64>,
}
