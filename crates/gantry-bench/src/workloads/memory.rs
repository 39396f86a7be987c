//! What Gantry keeps in memory: nothing but anonymous memory counts, since mapped files are the
//! page cache's. Each turn is a server that was just started.

use std::thread;
use std::time::Duration;

use super::case;
use super::pulls::{Pulls, REPOSITORY};
use crate::bench::Bench;
use crate::content::{Blob, Dice};
use crate::load::{Connection, Crew, Finished, Form, Payload, push};
use crate::report::{Case, Unit};
use crate::servers::{Kind, Protocol, Security, Server, push_scope};
use crate::targets::Target;
use crate::turns::{Contestant, Reading, take_turns};
use crate::watch::Usage;

/// After the start, until it is idle.
const SETTLE: Duration = Duration::from_secs(2);
const PATIENCE: Duration = Duration::from_secs(300);
/// What pushed blobs don't share.
const OWN: usize = 64;

pub(super) fn run(bench: &Bench) -> anyhow::Result<Vec<Case>> {
    let directory = bench.scratch.join("memory");
    let start = |security| Server::start(Kind::Gantry, &bench.around, &directory, security);
    let measure = |title: String, most, turn: &dyn Fn() -> anyhow::Result<Usage>| {
        let turn = Box::new(move |_| turn().map(reading));
        let contestants = vec![Contestant { name: "gantry".to_owned(), turn }];
        let rows = take_turns(bench.scale.turns, contestants, |_| Ok(()))?;
        anyhow::Ok(case(title, Unit::Memory, rows, &[Target::AtMost(most)]))
    };

    let idle = measure("anonymous memory, idle".to_owned(), 30.0, &|| {
        let server = start(Security::Plain)?;
        thread::sleep(SETTLE);
        Ok(server.watch().so_far())
    })?;
    let mut cases = vec![idle];

    let (connections, length) = bench.scale.held_pulls;
    let blob = bench.dice().blob(length);
    start(Security::Plain)?.put_blob(REPOSITORY, &blob)?;
    let path = format!("/v2/{REPOSITORY}/blobs/{}", blob.digest);
    for (protocol, most) in
        [(Protocol::Plain, 64.0), (Protocol::Tls, 128.0), (Protocol::Http2, 128.0)]
    {
        let pulls = Pulls { path: &path, length: length as u64, connections, each: 1, protocol };
        let title =
            format!("anonymous memory, {connections} pulls of {}, {protocol}", size(length));
        cases.push(measure(title, most, &|| {
            pulls.turn(&start(protocol.security())?).map(|reading| reading.usage)
        })?);
    }

    let (connections, length) = bench.scale.held_pushes;
    let title = format!("anonymous memory, {connections} pushes of {}", size(length));
    cases.push(measure(title, 96.0, &|| {
        let bodies = Bodies::new(connections, length, &mut bench.dice());
        bodies.push_all(&start(Security::Plain)?)
    })?);
    Ok(cases)
}

fn reading(usage: Usage) -> Reading {
    let value = usage.peak_anon as f64 / f64::from(1 << 20);
    Reading { value, p99: None, work: 0.0, usage }
}

fn size(length: usize) -> String {
    format!("{} MiB", length >> 20)
}

/// Many different blobs that share nearly all of their bytes, so that they fit into memory here.
struct Bodies {
    own: Vec<Vec<u8>>,
    rest: Vec<u8>,
    digests: Vec<String>,
}

impl Bodies {
    fn new(count: usize, length: usize, dice: &mut Dice) -> Self {
        let rest = dice.bytes(length - OWN);
        let own: Vec<_> = (0..count).map(|_| dice.bytes(OWN)).collect();
        let digest = |own: &Vec<u8>| Blob::new([own, &rest[..]].concat()).digest;
        let digests = own.iter().map(digest).collect();
        Self { own, rest, digests }
    }

    fn push_all(&self, server: &Server) -> anyhow::Result<Usage> {
        let address = server.address(Protocol::Plain);
        let (host, authorization) =
            (address.host(), server.authorization(&[&push_scope(REPOSITORY)])?);
        let prepare = async |_| Connection::open(&address).await;
        let work = async |number: usize, mut connection: Connection| {
            let payload =
                Payload { digest: &self.digests[number], own: &self.own[number], rest: &self.rest };
            let authorization = authorization.as_deref();
            push(&mut connection, &host, authorization, REPOSITORY, Form::PostPut, payload).await
        };
        let crew = Crew { connections: self.own.len(), threads: 2, patience: PATIENCE };
        let Finished { usage, .. } = crew.run(&mut server.watch(), prepare, work)?;
        Ok(usage)
    }
}
