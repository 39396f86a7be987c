//! Three nodes over one database and one object store, simulated: messages are delayed, lost and
//! overtake each other, lines are cut, nodes end at any moment, clocks differ. What runs is the
//! product's own: use-cases, catalog and its SQL, the blob seam on object stores.
//!
//! Everything is drawn from a seed, and time moves when there is nothing left to do, so a seed
//! replays. `GANTRY_SIM_SEEDS` (48) seeds, from `GANTRY_SIM_SEED` on, which alone repeats one;
//! `GANTRY_SIM_TRACE` to see all that it does.

#![expect(clippy::unwrap_used, reason = "an assumption that fails fails the test")]

mod aftermath;
mod bucket;
mod clients;
mod deeds;
mod dice;
mod facts;
mod following;
mod goods;
mod holding;
mod network;
mod node;
mod nodes;
mod objects;
mod sabotage;
mod time;
mod trace;
mod weather;
mod wire;
mod witness;
mod world;

use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;

use sabotage::Sabotage;
use world::{Report, run};

/// Seeds within which a sabotage must be noticed.
const SABOTAGED: u64 = 12;

#[test]
fn whatever_the_network_does_what_was_promised_is_kept() {
    let first = number("GANTRY_SIM_SEED");
    let seeds = number("GANTRY_SIM_SEEDS").unwrap_or(if first.is_some() { 1 } else { 48 });
    let reports = run_all(first.unwrap_or(0)..first.unwrap_or(0) + seeds);
    let events: u64 = reports.iter().map(|report| report.events.0).sum();
    let acknowledged: usize = reports.iter().map(|report| report.acknowledged).sum();
    println!("{seeds} seeds, {events} events, {acknowledged} acknowledged changes");
    if trace::is_wanted_whole() {
        reports.iter().for_each(|report| print!("{}", report.tail));
    }
    let failed: Vec<&Report> =
        reports.iter().filter(|report| !report.violations.is_empty()).collect();
    if let Some(first) = failed.first() {
        println!("{}{}", first.tail, "-".repeat(80));
        for report in &failed {
            println!("GANTRY_SIM_SEED={}: {}", report.seed, report.violations.join("; "));
        }
        panic!("{} seeds failed", failed.len());
    }
    assert!(acknowledged as u64 > seeds * 10, "clients got something done");
}

#[test]
fn a_seed_replays() {
    for seed in [1, 2] {
        assert_eq!(run(seed, Sabotage::Nothing), run(seed, Sabotage::Nothing));
    }
}

#[test]
fn what_is_broken_on_purpose_is_noticed() {
    for sabotage in Sabotage::ALL {
        let noticed = (0..SABOTAGED).find_map(|seed| {
            let report = run(seed, sabotage);
            report.violations.first().map(|first| (seed, first.clone()))
        });
        let (seed, first) = noticed.unwrap_or_else(|| panic!("{sabotage:?} went unnoticed"));
        println!("{sabotage:?} is noticed at seed {seed}: {first}");
    }
}

/// Runs seeds side by side, each by itself.
fn run_all(seeds: std::ops::Range<u64>) -> Vec<Report> {
    let (next, reports) = (AtomicU64::new(seeds.start), Mutex::new(Vec::new()));
    thread::scope(|scope| {
        for _ in 0..thread::available_parallelism().map_or(1, usize::from) {
            scope.spawn(|| {
                loop {
                    let seed = next.fetch_add(1, Ordering::Relaxed);
                    if !seeds.contains(&seed) {
                        return;
                    }
                    let report = run(seed, Sabotage::Nothing);
                    reports.lock().unwrap().push(report);
                }
            });
        }
    });
    let mut reports = reports.into_inner().unwrap();
    reports.sort_by_key(|report| report.seed);
    reports
}

fn number(name: &str) -> Option<u64> {
    let text = std::env::var(name).ok()?;
    Some(text.parse().unwrap_or_else(|_| panic!("{name} is not a number: {text}")))
}
