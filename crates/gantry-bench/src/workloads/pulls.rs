//! Large blobs, over each protocol.

use std::time::Duration;

use anyhow::ensure;

use super::case;
use super::requests::Asked;
use crate::bench::Bench;
use crate::load::{Connection, Crew, Finished, Puller, request};
use crate::report::{Case, Unit};
use crate::servers::{ALL, Protocol, Security, Server, push_scope};
use crate::targets::{Target, Than};
use crate::turns::{Reading, take_turns};

/// The repository that is pulled from.
pub(super) const REPOSITORY: &str = "bench/large";
const CONNECTIONS: [usize; 2] = [1, 4];
/// Each core may help to receive.
const THREADS: usize = 2;
const PATIENCE: Duration = Duration::from_secs(300);

/// A protocol's targets: times nginx, times the faster peer.
const PROTOCOLS: [(Protocol, f64, f64); 3] =
    [(Protocol::Plain, 1.0, 1.8), (Protocol::Tls, 1.2, 1.3), (Protocol::Http2, 1.0, 1.1)];

pub(super) fn run(bench: &Bench) -> anyhow::Result<Vec<Case>> {
    let blob = bench.dice().blob(bench.scale.blob_bytes);
    let mut site = bench.site("pulls", &ALL, Security::Plain);
    site.each(|server| server.put_blob(REPOSITORY, &blob));
    rustix::fs::sync();
    let path = format!("/v2/{REPOSITORY}/blobs/{}", blob.digest);
    let length = blob.bytes.len() as u64;
    let mut cases = Vec::new();
    for (protocol, times_nginx, times_peer) in PROTOCOLS {
        if protocol == Protocol::Tls {
            drop(site);
            site = bench.site("pulls", &ALL, Security::Tls);
        }
        verify(&mut site, protocol, &path, &blob.digest, length);
        for connections in CONNECTIONS {
            let pulls = Pulls {
                path: &path,
                length,
                connections,
                each: bench.scale.pulls / connections,
                protocol,
            };
            let contestants = site.contestants(|server, _| pulls.turn(server));
            let rows = take_turns(bench.scale.turns, contestants, |_| Ok(()))?;
            let targets = [
                Target::Times(times_nginx, Than::Row("nginx")),
                Target::Times(times_peer, Than::FasterPeer),
            ];
            let plural = if connections == 1 { "connection" } else { "connections" };
            let title = format!("blob GET, {protocol}, {connections} {plural}");
            cases.push(case(title, Unit::Bulk, rows, &targets));
        }
    }
    Ok(cases)
}

/// Hashes what each server has, which also brings it into the page cache; and sees that it speaks
/// the protocol.
fn verify(
    site: &mut crate::bench::Site,
    protocol: Protocol,
    path: &str,
    digest: &str,
    length: u64,
) {
    let scope = push_scope(REPOSITORY);
    let asked = Asked { method: "GET", path, accept: "*/*", scope: &scope, length };
    if protocol != Protocol::Http2 {
        site.each(|server| asked.verify(server, protocol, digest));
    }
    let once = Pulls { path, length, connections: 1, each: 1, protocol };
    site.each(|server| once.turn(server).map(drop));
}

/// So many pulls of one blob.
#[derive(Clone, Copy, Debug)]
pub(super) struct Pulls<'a> {
    /// The blob's path.
    pub(super) path: &'a str,
    /// Its length.
    pub(super) length: u64,
    /// How many connections pull at once.
    pub(super) connections: usize,
    /// How often each does.
    pub(super) each: usize,
    /// Over what.
    pub(super) protocol: Protocol,
}

impl Pulls<'_> {
    /// One turn of one server.
    pub(super) fn turn(&self, server: &Server) -> anyhow::Result<Reading> {
        let crew = Crew { connections: self.connections, threads: THREADS, patience: PATIENCE };
        let address = server.address(self.protocol);
        let authorization = server.authorization(&[&push_scope(REPOSITORY)])?;
        let authorization = authorization.as_deref();
        let usage = if self.protocol == Protocol::Http2 {
            let prepare = async |_| Puller::open(&address).await;
            let work = async |_, mut puller: Puller| {
                for _ in 0..self.each {
                    self.check(puller.pull(self.path, authorization).await?)?;
                }
                Ok(())
            };
            let Finished { usage, .. } = crew.run(&mut server.watch(), prepare, work)?;
            usage
        } else {
            let get = request("GET", self.path, &address.host(), authorization, &[]);
            let prepare = async |_| Connection::open(&address).await;
            let work = async |_, mut connection: Connection| {
                for _ in 0..self.each {
                    self.check(connection.pull(&get).await?)?;
                }
                Ok(())
            };
            let Finished { usage, .. } = crew.run(&mut server.watch(), prepare, work)?;
            usage
        };
        let bytes = (self.length * (self.connections * self.each) as u64) as f64;
        let value = bytes / 1e6 / usage.elapsed.as_secs_f64();
        Ok(Reading { value, p99: None, work: bytes / 1e9, usage })
    }

    fn check(&self, length: u64) -> anyhow::Result<()> {
        ensure!(length == self.length, "{length} bytes came, not {}", self.length);
        Ok(())
    }
}
