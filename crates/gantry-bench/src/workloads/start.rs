//! From starting the process to the first `200` of `/readyz`.

use std::time::Instant;

use super::case;
use crate::bench::Bench;
use crate::report::{Case, Unit};
use crate::servers::{Kind, Security, Server};
use crate::targets::Target;
use crate::turns::{Contestant, Reading, take_turns};
use crate::watch::Usage;

pub(super) fn run(bench: &Bench) -> anyhow::Result<Vec<Case>> {
    let contents = bench.large();
    let large = bench.catalog(contents)?;
    let empty = bench.scratch.join("start");
    // An empty deployment has been started before, as the large one has.
    drop(Server::start(Kind::Gantry, &bench.around, &empty, Security::Plain)?);
    let contestant = |name: String, directory| Contestant {
        name,
        turn: Box::new(move |_| {
            let began = Instant::now();
            let server = Server::spawn(Kind::Gantry, &bench.around, directory, Security::Plain)?
                .wait_until_answering("/readyz")?;
            let elapsed = began.elapsed();
            let usage = Usage { elapsed, ..server.watch().so_far() };
            let value = elapsed.as_secs_f64() * 1000.0;
            Ok(Reading { value, p99: None, work: 1.0, usage })
        }),
    };
    let contestants = vec![
        contestant(format!("with {} manifests", contents.manifests), &large),
        contestant("empty".to_owned(), &empty),
    ];
    let rows = take_turns(bench.scale.turns, contestants, |_| Ok(()))?;
    let targets = [Target::AtMost(300.0)];
    Ok(vec![case("start to ready".to_owned(), Unit::Millis, rows, &targets)])
}
