//! A database of many manifests and tags beside one of few: how much there is must not matter.

use super::lists::{self, PAGE};
use super::{case, one_by_one};
use crate::bench::Bench;
use crate::content::{Blob, MANIFEST_TYPE};
use crate::databases::{self, Rows, TAGGED, TAGS, manifest, tag};
use crate::load::request;
use crate::report::{Case, Unit};
use crate::servers::{Ground, Kind, Protocol, Server, Setup, push_scope, put_manifest};
use crate::targets::Target;
use crate::turns::{Contestant, Reading, take_turns};

/// Repositories that manifests are asked of in a turn, all of which are asked for.
const ASKED: usize = 64;
/// Repositories that one token is good for.
const SCOPES: usize = 32;
/// Manifests asked for in a turn; with the warm-up, none twice.
const LOOKUPS: usize = 520;

/// A node, and what its database holds.
struct Filled {
    node: Server,
    rows: Rows,
}

pub(super) fn run(bench: &Bench) -> anyhow::Result<Vec<Case>> {
    let directory = bench.scratch.join("cluster-large");
    let (scale, turns) = (&bench.scale, bench.scale.turns);
    let slots = 3 * turns;
    let many = Rows { manifests: scale.manifests, repositories: scale.repositories };
    // As few as make a page of each list, and a manifest that no node remembers for each lookup.
    let repositories = ASKED * slots + PAGE;
    let few = Rows { manifests: 10 * repositories, repositories };
    let deployments = [("many", many), ("few", few)];
    eprintln!("   filling a database of {} manifests", many.manifests);
    databases::make(&bench.around, &directory, &deployments)?;
    let ground = Ground::start(&bench.around, &directory, Setup::Measured)?;
    let mut filled = Vec::new();
    for (name, rows) in deployments {
        let size = databases::size(&ground, name)? >> 20;
        eprintln!("   {} manifests, {} tags: {size} MiB", rows.manifests, rows.manifests * TAGS);
        let deployment = ground.deployment(name, &[])?;
        let directory = directory.join(name);
        let node = Server::start_node(Kind::Gantry, &bench.around, &directory, &deployment)?;
        filled.push(Filled { node, rows });
    }
    let of_all = |what: &str, turn: &dyn Fn(&Filled, usize) -> anyhow::Result<Reading>| {
        let contestants = filled.iter().map(|filled| Contestant {
            name: format!("of {} manifests", filled.rows.manifests),
            turn: Box::new(move |round| turn(filled, round)),
        });
        let contestants = contestants.collect();
        let rows = take_turns(scale.turns, contestants, |_| Ok(()))?;
        let title = format!("{what}, by the size of the database");
        anyhow::Ok(case(title, Unit::Answer, rows, &[Target::AtMostTimes(1.2)]))
    };
    let by_tag = |number| tag(number * TAGS + number % TAGS);
    let by_digest = |number| Blob::new(manifest(number).into_bytes()).digest;
    let first = of_all("manifest GET by tag, for the first time", &|filled, round| {
        filled.time(&filled.lookups(round, slots, by_tag)?)
    })?;
    // From here on PostgreSQL has had to do with what is asked for; the node has not.
    let tags_again = of_all("manifest GET by tag", &|filled, round| {
        let lookups = filled.lookups(turns + round, slots, by_tag)?;
        filled.time(&lookups)?;
        filled.time(&lookups)
    })?;
    let digests = of_all("manifest GET by digest", &|filled, round| {
        filled.time(&filled.lookups(2 * turns + round, slots, by_tag)?)?;
        filled.time(&filled.lookups(2 * turns + round, slots, by_digest)?)
    })?;
    let page = |filled: &Filled, path: &str, scope: &str, entries| {
        lists::verify(&filled.node, path, scope, entries)?;
        let get = lists::ask(&filled.node, path, scope)?;
        one_by_one::turn(&filled.node, &[get], scale.pages, 200)
    };
    let tags = of_all("first page of tags", &|filled, _| {
        let path = format!("/v2/{TAGGED}/tags/list?n={PAGE}");
        page(filled, &path, &format!("repository:{TAGGED}:pull"), "tags")
    })?;
    let catalog = of_all("first page of the catalog", &|filled, _| {
        page(filled, &format!("/v2/_catalog?n={PAGE}"), "registry:catalog:*", "repositories")
    })?;
    let put = of_all("manifest PUT with a new tag", &|filled, round| {
        filled.put(scale.manifest_pushes, round)
    })?;
    Ok(vec![first, tags_again, digests, tags, catalog, put])
}

impl Filled {
    /// Requests for the manifests of some repositories. Each slot has others, from all over the
    /// database.
    fn lookups(
        &self,
        slot: usize,
        slots: usize,
        reference: impl Fn(usize) -> String,
    ) -> anyhow::Result<Vec<Vec<u8>>> {
        let host = self.node.address(Protocol::Plain).host();
        let place = |number| 1 + number * (self.rows.repositories - 1) / (slots * ASKED);
        let repositories: Vec<usize> = (slot * ASKED..(slot + 1) * ASKED).map(place).collect();
        let mut requests = Vec::new();
        for some in repositories.chunks(SCOPES) {
            let first = |repository: &usize| self.rows.first_of(*repository);
            let scope = |repository| push_scope(&self.rows.repository_of(first(repository)));
            let scopes: Vec<String> = some.iter().map(scope).collect();
            let scopes: Vec<&str> = scopes.iter().map(String::as_str).collect();
            let authorization = self.node.authorization(&scopes)?;
            for number in some.iter().flat_map(|it| first(it)..first(it) + self.rows.held_by(*it)) {
                let (repository, reference) = (self.rows.repository_of(number), reference(number));
                let path = format!("/v2/{repository}/manifests/{reference}");
                let headers = [("Accept", MANIFEST_TYPE)];
                requests.push(request("GET", &path, &host, authorization.as_deref(), &headers));
            }
        }
        Ok(requests)
    }

    fn time(&self, lookups: &[Vec<u8>]) -> anyhow::Result<Reading> {
        one_by_one::turn(&self.node, lookups, LOOKUPS, 200)
    }

    /// Pushes manifests that are new, each with a new tag.
    fn put(&self, count: usize, round: usize) -> anyhow::Result<Reading> {
        rustix::fs::sync();
        let host = self.node.address(Protocol::Plain).host();
        let authorization = self.node.authorization(&[&push_scope(TAGGED)])?;
        let all = count + count / 10;
        let numbers = (0..all).map(|number| self.rows.manifests + round * all + number);
        let put = |number| {
            let path = format!("/v2/{TAGGED}/manifests/{}", tag(number * TAGS));
            put_manifest(&path, &host, authorization.as_deref(), manifest(number).as_bytes())
        };
        let requests: Vec<_> = numbers.map(put).collect();
        one_by_one::turn(&self.node, &requests, count, 201)
    }
}
