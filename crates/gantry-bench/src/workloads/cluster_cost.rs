//! What a pull and a push cost: of a node over PostgreSQL and MinIO, and embedded.

use std::cell::RefCell;
use std::thread;
use std::time::{Duration, Instant};

use super::case;
use super::pulls::{self, Pulls};
use super::requests::Asked;
use crate::bench::Bench;
use crate::content::{Image, MANIFEST_TYPE};
use crate::load::{Connection, Crew, Finished, Form, Payload, push, request};
use crate::report::{Case, Row, Unit};
use crate::servers::{
    Ground, Kind, Protocol, Security, Server, Setup, bearer, push_scope, put_manifest,
    token_request,
};
use crate::targets::Target;
use crate::turns::{Contestant, Reading, take_turns};

const REPOSITORY: &str = "bench/cost";
const TAG: &str = "v1";
/// The config is a blob too.
const LAYERS: [usize; 3] = [64 << 10, 16 << 10, 4 << 10];
const CONNECTIONS: usize = 16;
const PUSHERS: usize = 8;
const BULK: usize = 4;
/// A node numbers and reads what it changed, and asks once more for what that is about.
const SETTLE: Duration = Duration::from_secs(3);
const PATIENCE: Duration = Duration::from_secs(120);

/// A server, and the status that its blobs are answered with.
type Priced = (&'static str, Server, u16);

/// What the audit stream writes of sign-ins, a hundred with one statement.
const AUDIT: f64 = 0.01;

pub(super) fn run(bench: &Bench) -> anyhow::Result<Vec<Case>> {
    let directory = bench.scratch.join("cluster-cost");
    let ground = Ground::start(&bench.around, &directory, Setup::Counting)?;
    let (shared, redirecting) = (
        ground.deployment("shared", &[])?,
        ground.deployment("redirecting", &[("GANTRY_BLOB_READS", "redirect")])?,
    );
    let node = |name, deployment| {
        Server::start_node(Kind::Gantry, &bench.around, &directory.join(name), deployment)
    };
    let embedded = directory.join("embedded");
    let embedded = Server::start(Kind::Gantry, &bench.around, &embedded, Security::Plain)?;
    let servers: [Priced; 3] = [
        ("node", node("node", &shared)?, 200),
        ("node that redirects", node("redirecting", &redirecting)?, 307),
        ("embedded", embedded, 200),
    ];
    // Both deployments are idle; what they ask has the same words in both.
    shared.note_idle(bench.scale.idle)?;
    Ok(vec![
        pulls_of_images(bench, &servers)?,
        repeated_digests(bench, &servers)?,
        access_tokens(bench, &servers)?,
        pushes_of_images(bench, &servers)?,
        large_blobs(bench, &servers)?,
        idle(bench, &servers)?,
    ])
}

/// All servers, or all but those that redirect.
fn contestants<'s>(
    servers: &'s [Priced],
    redirecting: bool,
    turn: impl Fn(&'s Priced) -> anyhow::Result<Reading> + Copy + 's,
) -> Vec<Contestant<'s>> {
    let contestant = |server: &'s Priced| Contestant {
        name: server.0.to_owned(),
        turn: Box::new(move |_| turn(server)),
    };
    servers.iter().filter(|(.., status)| redirecting || *status == 200).map(contestant).collect()
}

/// Pushes an image to each, and waits until that is over.
fn fill(servers: &[Priced], image: &Image) -> anyhow::Result<()> {
    for (_, server, _) in servers {
        image.blobs.iter().try_for_each(|blob| server.put_blob(REPOSITORY, blob))?;
        server.put_manifest(REPOSITORY, TAG, &image.manifest)?;
    }
    thread::sleep(SETTLE);
    Ok(())
}

/// Has some connections do the same for as long as requests are sent.
fn again_and_again(
    bench: &Bench,
    server: &Server,
    once: impl AsyncFn(&mut Connection) -> anyhow::Result<()> + Sync,
) -> anyhow::Result<Reading> {
    let address = server.address(Protocol::Plain);
    let repeat = async |connection: &mut Connection, time| {
        let (began, mut times) = (Instant::now(), Vec::new());
        while began.elapsed() < time {
            let asked = Instant::now();
            once(connection).await?;
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

/// A manifest by its tag, then its largest layer.
fn pulls_of_images(bench: &Bench, servers: &[Priced]) -> anyhow::Result<Case> {
    let image = Image::of(&LAYERS, &mut bench.dice());
    fill(servers, &image)?;
    let turn = |(_, server, status): &Priced| {
        let (address, authorization) =
            (server.address(Protocol::Plain), server.authorization(&[&push_scope(REPOSITORY)])?);
        let get = |path: &str| {
            let path = format!("/v2/{REPOSITORY}/{path}");
            let headers = [("Accept", MANIFEST_TYPE)];
            request("GET", &path, &address.host(), authorization.as_deref(), &headers)
        };
        let manifest = get(&format!("manifests/{TAG}"));
        let layer = get(&format!("blobs/{}", image.blobs[1].digest));
        again_and_again(bench, server, async |connection| {
            connection.pull(&manifest).await?;
            connection.finish(&layer, *status).await.map(drop)
        })
    };
    let rows = take_turns(bench.scale.turns, contestants(servers, true, turn), |_| Ok(()))?;
    let title = "pull: manifest by tag, one blob of 64 KiB".to_owned();
    Ok(case(title, Unit::Pulls, rows, &[Target::Queries(1.0)]))
}

/// A manifest by its digest, again and again.
fn repeated_digests(bench: &Bench, servers: &[Priced]) -> anyhow::Result<Case> {
    let image = Image::of(&LAYERS, &mut bench.dice());
    fill(servers, &image)?;
    let scope = push_scope(REPOSITORY);
    let asked = Asked {
        method: "GET",
        path: &format!("/v2/{REPOSITORY}/manifests/{}", image.manifest.digest),
        accept: MANIFEST_TYPE,
        scope: &scope,
        length: image.manifest.bytes.len() as u64,
    };
    let turn = |(_, server, _): &Priced| asked.turn(bench, server, Protocol::Plain);
    let rows = take_turns(bench.scale.turns, contestants(servers, false, turn), |_| Ok(()))?;
    let title = "manifest GET by the same digest".to_owned();
    Ok(case(title, Unit::Requests, rows, &[Target::Queries(0.0)]))
}

/// Signing in for a pull: an access token, and the first request with it.
fn access_tokens(bench: &Bench, servers: &[Priced]) -> anyhow::Result<Case> {
    let scope = push_scope(REPOSITORY);
    let turn = |(_, server, _): &Priced| {
        let address = server.address(Protocol::Plain);
        let (host, ask) = (address.host(), token_request(&address, &[&scope]));
        again_and_again(bench, server, async |connection| {
            let authorization = bearer(&connection.body(&ask).await?)?;
            let first = request("GET", "/v2/", &host, Some(&authorization), &[]);
            connection.pull(&first).await.map(drop)
        })
    };
    let rows = take_turns(bench.scale.turns, contestants(servers, false, turn), |_| Ok(()))?;
    let title = "access token, and its first use".to_owned();
    Ok(case(title, Unit::Requests, rows, &[Target::Queries(AUDIT)]))
}

/// New images, as docker pushes them, each connection to a repository of its own.
fn pushes_of_images(bench: &Bench, servers: &[Priced]) -> anyhow::Result<Case> {
    let images = RefCell::new(Vec::new());
    let turn = |(_, server, _): &Priced| push_all(server, &images.borrow());
    let rows = take_turns(bench.scale.turns, contestants(servers, false, turn), |_| {
        let mut dice = bench.dice();
        images.replace(
            (0..bench.scale.image_pushes).map(|_| Image::of(&LAYERS, &mut dice)).collect(),
        );
        Ok(())
    })?;
    let title = "push: a config, three layers of 4 to 64 KiB, a manifest".to_owned();
    Ok(case(title, Unit::Pushes, rows, &[]))
}

fn push_all(server: &Server, images: &[Image]) -> anyhow::Result<Reading> {
    rustix::fs::sync();
    let address = server.address(Protocol::Plain);
    let host = address.host();
    let repository = |number: usize| format!("{REPOSITORY}-{number}");
    let scopes: Vec<_> = (0..PUSHERS).map(|number| push_scope(&repository(number))).collect();
    let scopes: Vec<&str> = scopes.iter().map(String::as_str).collect();
    let authorization = server.authorization(&scopes)?;
    let authorization = authorization.as_deref();
    let prepare = async |number| Ok((repository(number), Connection::open(&address).await?));
    let work = async |number: usize, (repository, mut connection): (String, Connection)| {
        let mut times = Vec::new();
        for image in images.iter().skip(number).step_by(PUSHERS) {
            let began = Instant::now();
            for blob in &image.blobs {
                let payload = Payload::whole(&blob.digest, &blob.bytes);
                push(&mut connection, &host, authorization, &repository, Form::Streamed, payload)
                    .await?;
            }
            let tag = &image.manifest.digest[7..47];
            let path = format!("/v2/{repository}/manifests/{tag}");
            let put = put_manifest(&path, &host, authorization, &image.manifest.bytes);
            connection.finish(&put, 201).await?;
            times.push(began.elapsed());
        }
        Ok(times)
    };
    let crew = Crew { connections: PUSHERS, threads: 1, patience: PATIENCE };
    let Finished { results, usage } = crew.run(&mut server.watch(), prepare, work)?;
    Ok(Reading::of_answers(results, usage))
}

/// What a GB costs that streams through the server.
fn large_blobs(bench: &Bench, servers: &[Priced]) -> anyhow::Result<Case> {
    let (length, count) = bench.scale.shared_blobs;
    let blob = bench.dice().blob(length);
    for (_, server, _) in servers {
        server.put_blob(pulls::REPOSITORY, &blob)?;
    }
    let pulls = Pulls {
        path: &format!("/v2/{}/blobs/{}", pulls::REPOSITORY, blob.digest),
        length: length as u64,
        connections: BULK,
        each: count,
        protocol: Protocol::Plain,
    };
    let turn = |(_, server, _): &Priced| pulls.turn(server);
    let rows: Vec<Row> =
        take_turns(bench.scale.turns, contestants(servers, false, turn), |_| Ok(()))?;
    let title = format!("blob GET, {} MiB, {BULK} connections", length >> 20);
    Ok(case(title, Unit::Bulk, rows, &[]))
}

/// What a server costs that nobody asks for anything.
fn idle(bench: &Bench, servers: &[Priced]) -> anyhow::Result<Case> {
    thread::sleep(SETTLE);
    let turn = |(_, server, _): &Priced| {
        let mut watch = server.watch();
        watch.start();
        thread::sleep(bench.scale.requests_for);
        let usage = watch.stop();
        let seconds = usage.elapsed.as_secs_f64();
        let value = usage.cpu.as_secs_f64() * 1000.0 / seconds;
        Ok(Reading { value, p99: None, work: seconds, usage })
    };
    let rows = take_turns(bench.scale.turns, contestants(servers, false, turn), |_| Ok(()))?;
    Ok(case("nobody asks".to_owned(), Unit::Idle, rows, &[]))
}
