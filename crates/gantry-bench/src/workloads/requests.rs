//! Many small requests over a set of connections, each waiting for its answer.

use std::time::{Duration, Instant};

use anyhow::ensure;

use crate::bench::Bench;
use crate::load::{Address, Connection, Crew, Finished, request};
use crate::servers::{Protocol, Server, alone};
use crate::turns::Reading;

const CONNECTIONS: usize = 64;
/// One thread keeps them busy, and leaves the server what it can.
const THREADS: usize = 1;
const PATIENCE: Duration = Duration::from_secs(60);

/// What is asked, again and again.
#[derive(Clone, Copy, Debug)]
pub(super) struct Asked<'a> {
    /// `GET` or `HEAD`.
    pub(super) method: &'static str,
    /// The path.
    pub(super) path: &'a str,
    /// What is accepted.
    pub(super) accept: &'a str,
    /// The scope that allows it.
    pub(super) scope: &'a str,
    /// What `Content-Length` must say.
    pub(super) length: u64,
}

impl Asked<'_> {
    fn bytes(&self, server: &Server, protocol: Protocol) -> anyhow::Result<Vec<u8>> {
        let host = server.address(protocol).host();
        let authorization = server.authorization(&[self.scope])?;
        let headers = [("Accept", self.accept)];
        Ok(request(self.method, self.path, &host, authorization.as_deref(), &headers))
    }

    /// Fails unless the server has exactly those bytes.
    pub(super) fn verify(
        &self,
        server: &Server,
        protocol: Protocol,
        digest: &str,
    ) -> anyhow::Result<()> {
        let get = Asked { method: "GET", ..*self }.bytes(server, protocol)?;
        let address = server.address(protocol);
        let hash = alone(async { Connection::open(&address).await?.hash(&get).await })?;
        ensure!(hash == digest, "{} has {hash} for {digest}", server.kind);
        Ok(())
    }

    /// One turn of one server.
    pub(super) fn turn(
        &self,
        bench: &Bench,
        server: &Server,
        protocol: Protocol,
    ) -> anyhow::Result<Reading> {
        self.turn_of_all(bench, &[server], protocol, CONNECTIONS)
    }

    /// One turn of several nodes together, each asked over so many connections.
    pub(super) fn turn_of_all(
        &self,
        bench: &Bench,
        nodes: &[&Server],
        protocol: Protocol,
        connections: usize,
    ) -> anyhow::Result<Reading> {
        let asked = |node: &&Server| Ok((node.address(protocol), self.bytes(node, protocol)?));
        let asked: Vec<(Address, Vec<u8>)> =
            nodes.iter().map(asked).collect::<anyhow::Result<_>>()?;
        let connections = connections * nodes.len();
        let crew = Crew { connections, threads: THREADS, patience: PATIENCE };
        let prepare = async |number: usize| {
            let (address, bytes) = &asked[number % asked.len()];
            let mut connection = Connection::open(address).await?;
            self.ask_for(&mut connection, bytes, bench.scale.warm_up).await?;
            Ok(connection)
        };
        let work = async |number: usize, mut connection| {
            let (_, bytes) = &asked[number % asked.len()];
            self.ask_for(&mut connection, bytes, bench.scale.requests_for).await
        };
        let Finished { results, usage } = crew.run(&mut Server::watch_all(nodes), prepare, work)?;
        Ok(Reading::of_answers(results, usage))
    }

    /// Asks for so long, and answers how long each answer took.
    async fn ask_for(
        &self,
        connection: &mut Connection,
        bytes: &[u8],
        time: Duration,
    ) -> anyhow::Result<Vec<Duration>> {
        let began = Instant::now();
        let mut times = Vec::new();
        let mut asked = began;
        while asked - began < time {
            let length = match self.method {
                "HEAD" => connection.probe(bytes).await?,
                _ => connection.pull(bytes).await?,
            };
            ensure!(length == self.length, "{length} bytes came, not {}", self.length);
            let now = Instant::now();
            times.push(now - asked);
            asked = now;
        }
        Ok(times)
    }
}
