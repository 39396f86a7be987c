//! Large blobs pushed, against the faster peer and against what the disk and the hash allow.

use std::cell::RefCell;
use std::time::Duration;

use super::case;
use crate::bench::Bench;
use crate::content::Blob;
use crate::limit::hash_and_write;
use crate::load::{Connection, Crew, Finished, Form, Payload, push};
use crate::report::{Case, Unit};
use crate::servers::{Protocol, REGISTRIES, Security, Server, push_scope};
use crate::targets::{Target, Than};
use crate::turns::{Contestant, Reading, take_turns};

const REPOSITORY: &str = "bench/pushed";
const LIMIT: &str = "limit";
const FORMS: [(&str, Form); 2] = [
    ("blob push, monolithic (POST, PUT)", Form::PostPut),
    ("blob push, streamed (POST, chunked PATCH, PUT)", Form::Streamed),
];
const PATIENCE: Duration = Duration::from_secs(120);

pub(super) fn run(bench: &Bench) -> anyhow::Result<Vec<Case>> {
    let site = bench.site("pushes", &REGISTRIES, Security::Plain);
    let path = bench.scratch.join("limit");
    let mut cases = Vec::new();
    for (title, form) in FORMS {
        let blob = RefCell::new(Blob::new(Vec::new()));
        let mut contestants = site.contestants(|server, _| turn(server, form, &blob.borrow()));
        contestants.push(Contestant {
            name: LIMIT.to_owned(),
            turn: Box::new(|_| {
                rustix::fs::sync();
                hash_and_write(&blob.borrow(), &path)
            }),
        });
        // New bytes in each round: no server has them already.
        let rows = take_turns(bench.scale.turns, contestants, |_| {
            blob.replace(bench.dice().blob(bench.scale.blob_bytes));
            Ok(())
        })?;
        let targets = [Target::Times(1.0, Than::FasterPeer), Target::Times(0.8, Than::Row(LIMIT))];
        cases.push(case(title.to_owned(), Unit::Bulk, rows, &targets));
    }
    Ok(cases)
}

/// One push of one blob.
pub(super) fn turn(server: &Server, form: Form, blob: &Blob) -> anyhow::Result<Reading> {
    // What a server left to the kernel is written now, and not in another's turn.
    rustix::fs::sync();
    let address = server.address(Protocol::Plain);
    let (host, authorization) = (address.host(), server.authorization(&[&push_scope(REPOSITORY)])?);
    let prepare = async |_| Connection::open(&address).await;
    let work = async |_, mut connection: Connection| {
        let payload = Payload::whole(&blob.digest, &blob.bytes);
        push(&mut connection, &host, authorization.as_deref(), REPOSITORY, form, payload).await
    };
    let crew = Crew { connections: 1, threads: 1, patience: PATIENCE };
    let Finished { usage, .. } = crew.run(&mut server.watch(), prepare, work)?;
    let length = blob.bytes.len() as f64;
    let value = length / 1e6 / usage.elapsed.as_secs_f64();
    Ok(Reading { value, p99: None, work: length / 1e9, usage })
}
