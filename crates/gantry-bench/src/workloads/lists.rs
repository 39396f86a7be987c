//! First pages: the length of a list must not matter to them.

use std::time::{Duration, Instant};

use anyhow::ensure;

use super::case;
use crate::bench::Bench;
use crate::catalogs::{Contents, TAGGED};
use crate::load::{Connection, Crew, Finished, request};
use crate::report::{Case, Unit};
use crate::servers::{Kind, Protocol, Security, Server, alone};
use crate::stats::{median, percentile};
use crate::targets::Target;
use crate::turns::{Contestant, Reading, take_turns};

/// As many as are asked for: one whole page.
const PAGE: usize = 100;
const SMALL: Contents = Contents { manifests: 2 * PAGE - 1, repositories: PAGE };
const PATIENCE: Duration = Duration::from_secs(120);

pub(super) fn run(bench: &Bench) -> anyhow::Result<Vec<Case>> {
    let large = bench.large();
    let start = |contents| {
        let directory = bench.catalog(contents)?;
        Server::start(Kind::Gantry, &bench.around, &directory, Security::Plain)
    };
    let (of_many, of_few) = (start(large)?, start(SMALL)?);
    let tags_scope = format!("repository:{TAGGED}:pull");
    // Tags of the small repository are two pages; those of the large one very many.
    let lists = [
        ("first page of tags", "tags", format!("/v2/{TAGGED}/tags/list?n={PAGE}"), tags_scope),
        (
            "first page of the catalog",
            "repositories",
            format!("/v2/_catalog?n={PAGE}"),
            "registry:catalog:*".to_owned(),
        ),
    ];
    let mut cases = Vec::new();
    for (title, entries, path, scope) in lists {
        for server in [&of_many, &of_few] {
            verify(server, &path, &scope, entries)?;
        }
        let contestant = |server, contents: Contents| {
            let (path, scope) = (&path, &scope);
            let count = if entries == "tags" { contents.manifests } else { contents.repositories };
            Contestant {
                name: format!("of {count}"),
                turn: Box::new(move |_| turn(bench, server, path, scope)),
            }
        };
        let contestants = vec![contestant(&of_many, large), contestant(&of_few, SMALL)];
        let rows = take_turns(bench.scale.turns, contestants, |_| Ok(()))?;
        cases.push(case(title.to_owned(), Unit::Page, rows, &[Target::AtMostTimes(1.2)]));
    }
    Ok(cases)
}

fn ask(server: &Server, path: &str, scope: &str) -> anyhow::Result<Vec<u8>> {
    let authorization = server.authorization(&[scope])?;
    let host = server.address(Protocol::Plain).host();
    Ok(request("GET", path, &host, authorization.as_deref(), &[]))
}

/// Fails unless the page is full.
fn verify(server: &Server, path: &str, scope: &str, entries: &str) -> anyhow::Result<()> {
    let (get, address) = (ask(server, path, scope)?, server.address(Protocol::Plain));
    let body = alone(async { Connection::open(&address).await?.body(&get).await })?;
    let page: serde_json::Value = serde_json::from_slice(&body)?;
    let count = page[entries].as_array().map_or(0, Vec::len);
    ensure!(count == PAGE, "the first page has {count} {entries}, not {PAGE}");
    Ok(())
}

/// The median of the times of many pages, asked for one after the other.
fn turn(bench: &Bench, server: &Server, path: &str, scope: &str) -> anyhow::Result<Reading> {
    let (get, address) = (ask(server, path, scope)?, server.address(Protocol::Plain));
    let prepare = async |_| {
        let mut connection = Connection::open(&address).await?;
        for _ in 0..bench.scale.pages / 10 {
            connection.pull(&get).await?;
        }
        Ok(connection)
    };
    let work = async |_, mut connection: Connection| {
        let mut times = Vec::with_capacity(bench.scale.pages);
        for _ in 0..bench.scale.pages {
            let began = Instant::now();
            connection.pull(&get).await?;
            times.push(began.elapsed());
        }
        Ok(times)
    };
    let crew = Crew { connections: 1, threads: 1, patience: PATIENCE };
    let Finished { results, usage } = crew.run(&mut server.watch(), prepare, work)?;
    let mut times: Vec<Duration> = results.into_iter().flatten().collect();
    let micros: Vec<f64> = times.iter().map(|time| time.as_secs_f64() * 1e6).collect();
    Ok(Reading {
        value: median(&micros).unwrap_or(f64::NAN),
        p99: percentile(&mut times, 0.99),
        work: micros.len() as f64,
        usage,
    })
}
