//! Many small blobs: what a commit costs, and whether commits share their fsyncs.

use std::cell::RefCell;
use std::time::{Duration, Instant};

use super::case;
use crate::bench::Bench;
use crate::content::Blob;
use crate::load::{Connection, Crew, Finished, Form, Payload, push};
use crate::report::{Case, Unit};
use crate::servers::{Protocol, REGISTRIES, Security, Server, push_scope};
use crate::targets::{Target, Than};
use crate::turns::{Reading, take_turns};

const REPOSITORY: &str = "bench/small";
const LENGTH: usize = 4096;
const CONNECTIONS: usize = 16;
const PATIENCE: Duration = Duration::from_secs(120);

/// The second form is optional in the specification; the target is for the first.
const FORMS: [(&str, Form, &[Target]); 2] = [
    ("4 KiB blobs (POST, PUT)", Form::PostPut, &[Target::Times(2.0, Than::FasterPeer)]),
    ("4 KiB blobs (single POST)", Form::SinglePost, &[]),
];

pub(super) fn run(bench: &Bench) -> anyhow::Result<Vec<Case>> {
    let site = bench.site("small-blobs", &REGISTRIES, Security::Plain);
    let mut cases = Vec::new();
    for (title, form, targets) in FORMS {
        let blobs = RefCell::new(Vec::new());
        let contestants = site.contestants(|server, _| turn(server, form, &blobs.borrow()));
        let rows = take_turns(bench.scale.turns, contestants, |_| {
            let mut dice = bench.dice();
            let count = bench.scale.small_blobs;
            blobs.replace((0..count).map(|_| dice.blob(LENGTH)).collect());
            Ok(())
        })?;
        cases.push(case(title.to_owned(), Unit::Blobs, rows, targets));
    }
    Ok(cases)
}

fn turn(server: &Server, form: Form, blobs: &[Blob]) -> anyhow::Result<Reading> {
    rustix::fs::sync();
    let address = server.address(Protocol::Plain);
    let (host, authorization) = (address.host(), server.authorization(&[&push_scope(REPOSITORY)])?);
    let prepare = async |_| Connection::open(&address).await;
    let work = async |number, mut connection: Connection| {
        let mut times = Vec::new();
        for blob in blobs.iter().skip(number).step_by(CONNECTIONS) {
            let began = Instant::now();
            let payload = Payload::whole(&blob.digest, &blob.bytes);
            push(&mut connection, &host, authorization.as_deref(), REPOSITORY, form, payload)
                .await?;
            times.push(began.elapsed());
        }
        Ok(times)
    };
    let crew = Crew { connections: CONNECTIONS, threads: 1, patience: PATIENCE };
    let Finished { results, usage } = crew.run(&mut server.watch(), prepare, work)?;
    Ok(Reading::of_answers(results, usage))
}
