//! The management API, beside a thousand registries with a hundred thousand tokens, and beside ten.

use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use anyhow::{Context, ensure};
use gantry_catalog::{Catalog, DbError, Durability, Transaction};
use gantry_db::{Db, SqliteOptions};
use gantry_model::scoped::{ScopeMap, Token};
use gantry_model::{Registry, RegistryId, RegistrySettings, SystemClock, TokenId};
use serde_json::Value;

use super::{case, one_by_one};
use crate::bench::Bench;
use crate::load::{Connection, request};
use crate::report::{Case, Unit};
use crate::servers::{Kind, Protocol, Security, Server, alone};
use crate::targets::Target;
use crate::turns::{Contestant, Reading, take_turns};
use crate::watch::Usage;

/// How many registries there are, and how many tokens each has.
#[derive(Clone, Copy, Debug)]
struct Stock {
    registries: usize,
    tokens: usize,
}

const MANY: Stock = Stock { registries: 1000, tokens: 100 };
const FEW: Stock = Stock { registries: 10, tokens: 100 };
/// Requests of one kind in a turn.
const READS: usize = 1000;
const WRITES: usize = 200;
/// Milliseconds in which 99 of 100 are answered.
const READ_WITHIN: f64 = 5.0;
const WRITE_WITHIN: f64 = 20.0;
/// What the registries of [`MANY`] may add to the memory, in MiB.
const MEMORY: f64 = 10.0;
/// After the start, until it is idle.
const SETTLE: Duration = Duration::from_secs(2);

struct Filled {
    name: &'static str,
    server: Server,
    authorization: String,
    group: String,
}

pub(super) fn run(bench: &Bench) -> anyhow::Result<Vec<Case>> {
    let filled = [start(bench, "beside 1,000", MANY)?, start(bench, "beside 10", FEW)?];
    let mut cases = vec![memory(bench, &filled)?];
    let registry = |number: usize| format!("/registries/{}", name(number));
    let token = |number: usize| format!("{}/tokens/token-{:03}", registry(5), number % 100);
    let body = |text: &str| Some(text.to_owned());
    let tags = r#"{"tags":{"a":"b"}}"#;
    let disabled = r#"{"properties":{"status":"disabled"}}"#;
    let hook = r#"{"properties":{"serviceUri":"https://hooks.example/","actions":["push"]}}"#;
    for (title, method, count, within, asked) in [
        ("GET of a registry", "GET", READS, READ_WITHIN, vec![(registry(5), None)]),
        ("GET of a token", "GET", READS, READ_WITHIN, vec![(token(50), None)]),
        (
            "a page of tokens",
            "GET",
            READS,
            READ_WITHIN,
            vec![(format!("{}/tokens", registry(5)), None)],
        ),
        (
            "PATCH of a token",
            "PATCH",
            WRITES,
            WRITE_WITHIN,
            (0..100).map(|n| (token(n), body(disabled))).collect(),
        ),
        (
            "PUT of a webhook",
            "PUT",
            WRITES,
            WRITE_WITHIN,
            vec![(format!("{}/webhooks/hooked", registry(5)), body(hook))],
        ),
        ("PATCH of a registry", "PATCH", WRITES, WRITE_WITHIN, vec![(registry(5), body(tags))]),
    ] {
        let contestants = filled.iter().map(|one| {
            let ask =
                |(path, body): &(String, Option<String>)| one.ask(method, path, body.as_deref());
            let requests: Vec<Vec<u8>> = asked.iter().map(ask).collect();
            Contestant {
                name: one.name.to_owned(),
                turn: Box::new(move |_| one_by_one::turn(&one.server, &requests, count, 200)),
            }
        });
        // A webhook is made first, so that each answer is the same.
        if method == "PUT" {
            for one in &filled {
                let (path, body) = &asked[0];
                one.send(&one.ask(method, path, body.as_deref()))?;
            }
        }
        let rows = take_turns(bench.scale.turns, contestants.collect(), |_| Ok(()))?;
        cases.push(case(title.to_owned(), Unit::Page, rows, &[Target::Within(within)]));
    }
    Ok(cases)
}

fn start(bench: &Bench, name: &'static str, stock: Stock) -> anyhow::Result<Filled> {
    let directory = bench.scratch.join(format!("management-{}", stock.registries));
    let start = || Server::start(Kind::Gantry, &bench.around, &directory, Security::Plain);
    // The first start makes the tenant and the first application.
    drop(start()?);
    fill(&directory.join("data/catalog.db"), stock)?;
    let text = fs::read_to_string(directory.join("data/bootstrap.json"))?;
    let made: Value = serde_json::from_str(&text)?;
    let field = |name: &str| made[name].as_str().context("the first start wrote no such field");
    let server = start()?;
    let form = format!(
        "grant_type=client_credentials&client_id={}&client_secret={}&scope=https%3A%2F%2Fmanagement.azure.com%2F.default",
        field("appId")?,
        field("password")?
    );
    let host = server.address(Protocol::Plain).host();
    let path = format!("/{}/oauth2/v2.0/token", field("tenantId")?);
    let asked = with_body("POST", &path, &host, None, "application/x-www-form-urlencoded", &form);
    let address = server.address(Protocol::Plain);
    let body = alone(async { Connection::open(&address).await?.body(&asked).await })?;
    let answer: Value = serde_json::from_slice(&body)?;
    let token = answer["access_token"].as_str().context("signing in")?;
    let authorization = format!("Bearer {token}");
    let group = format!(
        "/subscriptions/{}/resourceGroups/default/providers/Microsoft.ContainerRegistry",
        field("subscriptionId")?
    );
    Ok(Filled { name, server, authorization, group })
}

impl Filled {
    fn ask(&self, method: &str, path: &str, body: Option<&str>) -> Vec<u8> {
        let host = self.server.address(Protocol::Plain).host();
        let path = format!("{}{path}?api-version=2025-11-01", self.group);
        let authorization = Some(self.authorization.as_str());
        match body {
            None => request(method, &path, &host, authorization, &[]),
            Some(body) => with_body(method, &path, &host, authorization, "application/json", body),
        }
    }

    fn send(&self, asked: &[u8]) -> anyhow::Result<()> {
        let address = self.server.address(Protocol::Plain);
        alone(async { Connection::open(&address).await?.finish(asked, 201).await }).map(drop)
    }
}

fn with_body(
    method: &str,
    path: &str,
    host: &str,
    authorization: Option<&str>,
    media_type: &str,
    body: &str,
) -> Vec<u8> {
    let length = body.len().to_string();
    let headers = [("Content-Type", media_type), ("Content-Length", length.as_str())];
    let mut bytes = request(method, path, host, authorization, &headers);
    bytes.extend_from_slice(body.as_bytes());
    bytes
}

/// What the servers keep in memory once each has listed its registries.
fn memory(bench: &Bench, filled: &[Filled; 2]) -> anyhow::Result<Case> {
    thread::sleep(SETTLE);
    let contestants = filled.iter().map(|one| Contestant {
        name: one.name.to_owned(),
        turn: Box::new(move |_| {
            let usage: Usage = one.server.watch().so_far();
            let value = usage.peak_anon as f64 / f64::from(1 << 20);
            Ok(Reading { value, p99: None, work: 0.0, usage })
        }),
    });
    let rows = take_turns(bench.scale.turns, contestants.collect(), |_| Ok(()))?;
    let targets = [Target::More(MEMORY)];
    Ok(case("anonymous memory, idle".to_owned(), Unit::Memory, rows, &targets))
}

fn name(number: usize) -> String {
    format!("bench{number:06}")
}

fn fill(path: &Path, stock: Stock) -> anyhow::Result<()> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(async {
        let db = Db::open_sqlite(path, SqliteOptions::default()).await?;
        let catalog = Catalog::new(db, Arc::new(SystemClock));
        for number in 0..stock.registries {
            let put = move |tx: &mut Transaction<'_, '_>| put_registry(tx, number, stock.tokens);
            catalog.transaction(Durability::Process, put).await?;
        }
        let present = catalog.registry_list().await?.len();
        ensure!(present > stock.registries, "{present} registries are there");
        catalog.db().close().await;
        Ok(())
    })
}

fn put_registry(tx: &mut Transaction<'_, '_>, number: usize, tokens: usize) -> Result<(), DbError> {
    let name = name(number).parse().expect("it is a name");
    let registry = Registry::new(name, "local", RegistrySettings::default(), tx.now());
    tx.registry_insert(&registry)?;
    (0..tokens).try_for_each(|number| put_token(tx, registry.id, number))
}

fn put_token(
    tx: &mut Transaction<'_, '_>,
    registry: RegistryId,
    number: usize,
) -> Result<(), DbError> {
    let map = ScopeMap::of_the_system().first().expect("there is one").name.clone();
    let token = Token {
        id: TokenId::new(tx.now()),
        name: format!("token-{number:03}").parse().expect("it is a name"),
        scope_map: map,
        enabled: true,
        created_at: tx.now(),
        passwords: Vec::new(),
    };
    tx.token_insert(registry, &token).map(drop)
}
