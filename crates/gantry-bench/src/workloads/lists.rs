//! First pages: the length of a list must not matter to them.

use anyhow::ensure;

use super::{case, one_by_one};
use crate::bench::Bench;
use crate::catalogs::{Contents, TAGGED};
use crate::load::{Connection, request};
use crate::report::{Case, Unit};
use crate::servers::{Kind, Protocol, Security, Server, alone};
use crate::targets::Target;
use crate::turns::{Contestant, take_turns};

/// As many as are asked for: one whole page.
pub(super) const PAGE: usize = 100;
const SMALL: Contents = Contents { manifests: 2 * PAGE - 1, repositories: PAGE };

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
                turn: Box::new(move |_| {
                    one_by_one::turn(server, &[ask(server, path, scope)?], bench.scale.pages, 200)
                }),
            }
        };
        let contestants = vec![contestant(&of_many, large), contestant(&of_few, SMALL)];
        let rows = take_turns(bench.scale.turns, contestants, |_| Ok(()))?;
        cases.push(case(title.to_owned(), Unit::Page, rows, &[Target::AtMostTimes(1.2)]));
    }
    Ok(cases)
}

/// The request for a page.
pub(super) fn ask(server: &Server, path: &str, scope: &str) -> anyhow::Result<Vec<u8>> {
    let authorization = server.authorization(&[scope])?;
    let host = server.address(Protocol::Plain).host();
    Ok(request("GET", path, &host, authorization.as_deref(), &[]))
}

/// Fails unless the page is full.
pub(super) fn verify(
    server: &Server,
    path: &str,
    scope: &str,
    entries: &str,
) -> anyhow::Result<()> {
    let (get, address) = (ask(server, path, scope)?, server.address(Protocol::Plain));
    let body = alone(async { Connection::open(&address).await?.body(&get).await })?;
    let page: serde_json::Value = serde_json::from_slice(&body)?;
    let count = page[entries].as_array().map_or(0, Vec::len);
    ensure!(count == PAGE, "the first page has {count} {entries}, not {PAGE}");
    Ok(())
}
