//! What it costs to know who is asking, and that it doesn't matter how many could.

use std::time::{Duration, Instant};

use anyhow::Context;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::case;
use crate::bench::Bench;
use crate::content::{Image, MANIFEST_TYPE};
use crate::credentials::{self, Credentials, PASSWORD};
use crate::load::{Connection, Crew, Finished, request};
use crate::report::{Case, Unit};
use crate::servers::{Kind, Protocol, Security, Server, alone, bearer};
use crate::targets::Target;
use crate::turns::{Contestant, Reading, take_turns};

const REPOSITORY: &str = "bench/app";
const TAG: &str = "v1";
const CONNECTIONS: usize = 16;
const PATIENCE: Duration = Duration::from_secs(60);
const MANY: Credentials = Credentials { tokens: 50_000, assignments: 10_000, people: 0 };
const FEW: Credentials = Credentials { tokens: 10, assignments: 10, people: 0 };
/// What the check of an access token may add to a pull, in seconds of CPU time.
const CHECK: f64 = 15e-6;
/// The row of requests without a token.
const NOBODYS: &str = "without a token";
/// Access tokens a second.
const TOKENS: f64 = 2000.0;

struct Filled {
    name: &'static str,
    server: Server,
    credentials: Credentials,
}

pub(super) fn run(bench: &Bench) -> anyhow::Result<Vec<Case>> {
    let image = Image::new(1 << 20, &mut bench.dice());
    let start = |name: &'static str, credentials: Credentials| {
        let directory = bench.scratch.join(format!("access-{}", credentials.tokens));
        credentials::make(&bench.around, &directory, credentials)?;
        let server = Server::start(Kind::Gantry, &bench.around, &directory, Security::Plain)?;
        image.blobs.iter().try_for_each(|blob| server.put_blob(REPOSITORY, blob))?;
        server.put_manifest(REPOSITORY, TAG, &image.manifest)?;
        anyhow::Ok(Filled { name, server, credentials })
    };
    let filled = [start("of many", MANY)?, start("of few", FEW)?];
    Ok(vec![tokens(bench, &filled)?, pulls(bench, &filled)?])
}

/// The request for an access token with the password of a repository-scoped token.
fn ask(filled: &Filled) -> Vec<u8> {
    let host = filled.server.address(Protocol::Plain).host();
    let (user, scope) = (filled.credentials.some_token(), format!("repository:{REPOSITORY}:pull"));
    let basic = format!("Basic {}", STANDARD.encode(format!("{user}:{PASSWORD}")));
    let path = format!("/oauth2/token?service={host}&scope={scope}");
    request("GET", &path, &host, Some(&basic), &[])
}

fn tokens(bench: &Bench, filled: &[Filled]) -> anyhow::Result<Case> {
    let contestants = filled.iter().map(|one| Contestant {
        name: one.name.to_owned(),
        turn: Box::new(move |_| {
            let ask = ask(one);
            again_and_again(bench, &one.server, &ask)
        }),
    });
    let rows = take_turns(bench.scale.turns, contestants.collect(), |_| Ok(()))?;
    let targets = [Target::AtLeast(TOKENS), Target::Share(1.0 / 1.2)];
    Ok(case("access tokens for a token's password".to_owned(), Unit::Requests, rows, &targets))
}

fn pulls(bench: &Bench, filled: &[Filled]) -> anyhow::Result<Case> {
    let get = |one: &Filled, authorization: Option<&str>| {
        let host = one.server.address(Protocol::Plain).host();
        let path = format!("/v2/{REPOSITORY}/manifests/{TAG}");
        request("GET", &path, &host, authorization, &[("Accept", MANIFEST_TYPE)])
    };
    let mut contestants = Vec::new();
    for one in filled {
        let (ask, address) = (ask(one), one.server.address(Protocol::Plain));
        let body = alone(async { Connection::open(&address).await?.body(&ask).await });
        let authorization = bearer(&body.context("taking an access token")?)?;
        let get = get(one, Some(&authorization));
        contestants.push(Contestant {
            name: one.name.to_owned(),
            turn: Box::new(move |_| again_and_again(bench, &one.server, &get)),
        });
    }
    // The same without a token to check, since everyone may pull there.
    let (few, get) = (&filled[1], get(&filled[1], None));
    contestants.push(Contestant {
        name: NOBODYS.to_owned(),
        turn: Box::new(move |_| again_and_again(bench, &few.server, &get)),
    });
    let rows = take_turns(bench.scale.turns, contestants, |_| Ok(()))?;
    let targets = [Target::Adds(CHECK, NOBODYS), Target::Share(1.0 / 1.2)];
    Ok(case("manifest GET with an access token".to_owned(), Unit::Requests, rows, &targets))
}

/// Has some connections ask the same for as long as requests are sent.
fn again_and_again(bench: &Bench, server: &Server, bytes: &[u8]) -> anyhow::Result<Reading> {
    let address = server.address(Protocol::Plain);
    let repeat = async |connection: &mut Connection, time| {
        let (began, mut times) = (Instant::now(), Vec::new());
        while began.elapsed() < time {
            let asked = Instant::now();
            connection.pull(bytes).await?;
            times.push(asked.elapsed());
        }
        anyhow::Ok(times)
    };
    let prepare = async |_| {
        let mut connection = Connection::open(&address).await?;
        repeat(&mut connection, bench.scale.warm_up).await?;
        Ok(connection)
    };
    let work = async |_, mut connection| repeat(&mut connection, bench.scale.requests_for).await;
    let crew = Crew { connections: CONNECTIONS, threads: 1, patience: PATIENCE };
    let Finished { results, usage } = crew.run(&mut server.watch(), prepare, work)?;
    Ok(Reading::of_answers(results, usage))
}
