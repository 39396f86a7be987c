//! Requests asked one after the other over one connection: how long each answer takes.

use std::time::{Duration, Instant};

use crate::load::{Connection, Crew, Finished};
use crate::servers::{Protocol, Server};
use crate::stats::{median, percentile};
use crate::turns::Reading;

const PATIENCE: Duration = Duration::from_secs(120);

/// The median of the times of `count` answers with that status, after a tenth as many more. The
/// requests are taken in turn.
pub(super) fn turn(
    server: &Server,
    requests: &[Vec<u8>],
    count: usize,
    status: u16,
) -> anyhow::Result<Reading> {
    let address = server.address(Protocol::Plain);
    let warm_up = count / 10;
    let mut requests = requests.iter().cycle();
    let before: Vec<_> = requests.by_ref().take(warm_up).collect();
    let measured: Vec<_> = requests.take(count).collect();
    let prepare = async |_| {
        let mut connection = Connection::open(&address).await?;
        for request in &before {
            connection.finish(request, status).await?;
        }
        Ok(connection)
    };
    let work = async |_, mut connection: Connection| {
        let mut times = Vec::with_capacity(count);
        for request in &measured {
            let began = Instant::now();
            connection.finish(request, status).await?;
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
