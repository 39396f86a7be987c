//! The figures as Markdown, and their place in the document.

use std::fmt::Write as _;

use anyhow::Context;

use super::units::figure;
use super::{Case, Report, Row, Shares, Summary, Unit, Workload};
use crate::targets::Verdict;

const BEGIN: &str = "<!-- figures: begin (written by `make bench`) -->";
const END: &str = "<!-- figures: end -->";

/// The part of the document that the figures are in.
pub(crate) fn figures(report: &Report) -> String {
    let mut page = String::new();
    let machine = &report.machine;
    if report.scale != "full" {
        page.push_str("**A quick run, to see that all works: these figures mean nothing.**\n\n");
    }
    page.push_str("| measured | |\n| --- | --- |\n");
    let facts = [
        ("date", &report.date),
        ("commit", &report.commit),
        ("processor", &machine.processor),
        ("cores, memory", &format!("{}, {} GiB", machine.cores, machine.memory_gib)),
        ("disk", &machine.disk),
        ("kernel", &machine.kernel),
    ];
    for (name, fact) in facts {
        line(&mut page, &[name, fact]);
    }
    for (name, version) in &report.programs {
        line(&mut page, &[name, version]);
    }
    page.push_str("\n### Targets\n\n");
    targets(&mut page, report);
    for workload in &report.workloads {
        section(&mut page, workload);
    }
    page
}

/// A case in a few lines, for whoever waits.
pub(crate) fn summary(case: &Case) -> String {
    let mut text = format!("   {}\n", case.title);
    for Row { name, measured, failure } in &case.rows {
        let told = match (measured, failure) {
            (Some(summary), _) => format!("{} {}", figure(summary.value), case.unit.heading()),
            (None, failure) => format!("failed: {}", failure.as_deref().unwrap_or_default()),
        };
        let _ = writeln!(text, "      {name:<24} {told}");
    }
    for Verdict { wanted, measured, reached } in &case.verdicts {
        let reached = match reached {
            Some(true) => "reached",
            Some(false) => "NOT REACHED",
            None => "not measured",
        };
        let _ = writeln!(text, "      {reached}: {wanted}; measured: {measured}");
    }
    text.truncate(text.trim_end().len());
    text
}

/// The document with these figures instead of those it has.
pub(crate) fn replace_figures(document: &str, figures: &str) -> anyhow::Result<String> {
    let (before, rest) = document.split_once(BEGIN).context("no place for figures begins here")?;
    let (_, after) = rest.split_once(END).context("no place for figures ends here")?;
    Ok(format!("{before}{BEGIN}\n\n{}\n\n{END}{after}", figures.trim()))
}

fn targets(page: &mut String, report: &Report) {
    page.push_str("| workload | at least | measured | |\n| --- | --- | --- | --- |\n");
    for workload in &report.workloads {
        for case in &workload.cases {
            for Verdict { wanted, measured, reached } in &case.verdicts {
                let reached = match reached {
                    Some(true) => "reached",
                    Some(false) => "**not reached**",
                    None => "not measured",
                };
                line(page, &[&case.title, wanted, measured, reached]);
            }
        }
        if let Some(failure) = &workload.failure {
            line(page, &[workload.title, "", failure, "not measured"]);
        }
    }
}

fn section(page: &mut String, workload: &Workload) {
    // Writing to a string can't fail.
    let _ = writeln!(
        page,
        "\n### {}\n\n`WORKLOAD={}`, {} s.",
        workload.title, workload.name, workload.seconds
    );
    for case in &workload.cases {
        let _ = writeln!(page, "\n**{}**\n", case.title);
        table(page, case);
    }
    if let Some(failure) = &workload.failure {
        let _ = writeln!(page, "\nNot measured: {failure}.");
    }
}

fn table(page: &mut String, case: &Case) {
    let has_p99 = measured(case).any(|summary| summary.p99_ms.is_some());
    let has_cpu = measured(case).any(|summary| summary.cpu_seconds.is_some());
    let (cpu_heading, cpu_scale) = case.unit.cpu();
    let mut headings = vec!["", case.unit.heading(), "least – most"];
    if has_p99 {
        headings.push("p99 ms");
    }
    if has_cpu {
        headings.push(cpu_heading);
    }
    let (has_beside, has_counts) = (beside(case).any(|_| true), counted(case));
    if has_beside {
        headings.extend(["of PostgreSQL", "of MinIO"]);
    }
    if has_counts {
        headings.extend(["queries", "commits"]);
    }
    if case.unit != Unit::Memory {
        headings.push("anonymous MiB");
    }
    headings.extend(["peak RSS MiB", "turns"]);
    line(page, &headings);
    line(page, &vec!["---"; headings.len()]);
    for Row { name, measured, failure } in &case.rows {
        let Some(summary) = measured else {
            let failure = failure.as_deref().unwrap_or("not measured");
            line(page, &[name, &format!("failed: {failure}")]);
            continue;
        };
        let mut cells = vec![
            name.clone(),
            figure(summary.value),
            format!("{} – {}", figure(summary.least), figure(summary.most)),
        ];
        if has_p99 {
            cells.push(summary.p99_ms.map_or_else(String::new, figure));
        }
        if has_cpu {
            let cpu = summary.cpu_seconds.map(|seconds| figure(seconds * cpu_scale));
            cells.push(cpu.unwrap_or_default());
        }
        let told =
            |figures: [Option<f64>; 2]| figures.map(|value| value.map_or_else(String::new, figure));
        if has_beside {
            let seconds = |of: fn(&Shares) -> f64| summary.beside.as_ref().map(of);
            let both = [seconds(|it| it.postgres_cpu_seconds), seconds(|it| it.minio_cpu_seconds)];
            cells.extend(told(both.map(|seconds| seconds.map(|seconds| seconds * cpu_scale))));
        }
        if has_counts {
            let counts = summary.beside.map_or([None; 2], |it| [it.queries, it.commits]);
            cells.extend(told(counts));
        }
        if case.unit != Unit::Memory {
            cells.push(mebibytes(summary.peak_anon));
        }
        cells.extend([mebibytes(summary.peak_rss), summary.turns.to_string()]);
        line(page, &cells);
    }
}

fn measured(case: &Case) -> impl Iterator<Item = &Summary> {
    case.rows.iter().filter_map(|row| row.measured.as_ref())
}

fn beside(case: &Case) -> impl Iterator<Item = &Shares> {
    measured(case).filter_map(|summary| summary.beside.as_ref())
}

/// Whether statements were counted. For a GB they say nothing, and those of idle nodes are left out.
fn counted(case: &Case) -> bool {
    !matches!(case.unit, Unit::Bulk | Unit::Idle)
        && beside(case).any(|shares| shares.queries.is_some())
}

fn mebibytes(bytes: u64) -> String {
    if bytes == 0 { String::new() } else { figure(bytes as f64 / f64::from(1 << 20)) }
}

fn line<T: AsRef<str>>(page: &mut String, cells: &[T]) {
    // A bar would end the cell.
    let cells: Vec<_> = cells.iter().map(|cell| cell.as_ref().replace(['|', '\n'], "/")).collect();
    let _ = writeln!(page, "| {} |", cells.join(" | "));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_go_between_the_marks() {
        let document = format!("# Title\n\n{BEGIN}\nold\n{END}\n\nEnd.\n");
        let replaced = replace_figures(&document, "new\n").unwrap();
        assert_eq!(replaced, format!("# Title\n\n{BEGIN}\n\nnew\n\n{END}\n\nEnd.\n"));
        assert_eq!(replace_figures(&replaced, "new").unwrap(), replaced);
        assert!(replace_figures("# Title\n", "new").is_err());
    }

    #[test]
    fn the_document_of_this_project_has_the_marks() {
        let document = include_str!("../../../../docs/benchmarks.md");
        assert!(replace_figures(document, "new").is_ok());
    }

    #[test]
    fn a_failure_is_told_in_the_row_it_belongs_to() {
        let row = Row { name: "zot".into(), measured: None, failure: Some("a | b".into()) };
        let case =
            Case { title: "pulls".into(), unit: Unit::Bulk, rows: vec![row], verdicts: Vec::new() };
        let mut page = String::new();
        table(&mut page, &case);
        assert!(page.ends_with("| zot | failed: a / b |\n"), "{page}");
    }
}
