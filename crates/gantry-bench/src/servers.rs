//! The servers that are compared: one file each, and what they have in common.

mod deployment;
mod distribution;
mod fill;
mod gantry;
mod minio;
mod nginx;
mod postgres;
mod zot;

use std::fmt;
use std::fs;
use std::net::{Ipv4Addr, TcpListener};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, bail};
use rustls::ClientConfig;
use serde::Serialize;

use crate::certificate::Certificate;
use crate::load::{Address, Connection, request};
use crate::process::Process;
use crate::programs::Programs;
use crate::watch::Watch;

pub(crate) use deployment::{Deployment, Ground};
pub(crate) use fill::{push_scope, put_manifest};
pub(crate) use gantry::{PASSWORD, bearer, token_request};
pub(crate) use postgres::{Setup, Statements};

/// Within which a server must be ready.
const START_DEADLINE: Duration = Duration::from_secs(60);

/// Who is measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Kind {
    /// This project's server.
    Gantry,
    /// CNCF distribution.
    Distribution,
    /// zot.
    Zot,
    /// nginx, serving the same bytes as files.
    Nginx,
}

/// The registries.
pub(crate) const REGISTRIES: [Kind; 3] = [Kind::Gantry, Kind::Distribution, Kind::Zot];
/// The registries and the ceiling.
pub(crate) const ALL: [Kind; 4] = [Kind::Gantry, Kind::Distribution, Kind::Zot, Kind::Nginx];

/// What a server listens for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Security {
    /// Plain HTTP.
    Plain,
    /// TLS, with HTTP/1.1 and HTTP/2.
    Tls,
}

/// What is spoken to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Protocol {
    /// HTTP/1.1 over TCP.
    Plain,
    /// HTTP/1.1 over TLS.
    Tls,
    /// HTTP/2 over TLS.
    Http2,
}

/// What every server is started with.
#[derive(Clone, Debug)]
pub(crate) struct Surroundings {
    /// Where programs are.
    pub(crate) programs: Programs,
    /// The certificate of all.
    pub(crate) certificate: Certificate,
    http1: Arc<ClientConfig>,
    http2: Arc<ClientConfig>,
}

/// A running server over a directory of its own.
#[derive(Debug)]
pub(crate) struct Server {
    /// Which one.
    pub(crate) kind: Kind,
    process: Process,
    port: u16,
    security: Security,
    directory: PathBuf,
    around: Surroundings,
    /// What it shares with other nodes. Ends after the process.
    deployment: Option<Deployment>,
}

/// What is told to the file that starts a server.
struct Start<'s> {
    around: &'s Surroundings,
    directory: &'s Path,
    port: u16,
    security: Security,
    deployment: Option<&'s Deployment>,
}

// === impl Kind ===

impl Kind {
    /// Its name, as people write it.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Gantry => "gantry",
            Self::Distribution => "distribution",
            Self::Zot => "zot",
            Self::Nginx => "nginx",
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

// === impl Protocol ===

impl Protocol {
    /// What a server listens for when this is spoken to it.
    pub(crate) fn security(self) -> Security {
        match self {
            Self::Plain => Security::Plain,
            Self::Tls | Self::Http2 => Security::Tls,
        }
    }
}

impl fmt::Display for Protocol {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Plain => "plain",
            Self::Tls => "TLS, HTTP/1.1",
            Self::Http2 => "TLS, HTTP/2",
        })
    }
}

// === impl Surroundings ===

impl Surroundings {
    /// Makes the certificate of all servers in `directory`.
    pub(crate) fn new(programs: Programs, directory: &Path) -> anyhow::Result<Self> {
        let certificate = Certificate::make(directory).context("making the certificate")?;
        let (http1, http2) = (certificate.client(b"http/1.1")?, certificate.client(b"h2")?);
        Ok(Self { programs, certificate, http1, http2 })
    }
}

// === impl Server ===

impl Server {
    /// Starts a server over `directory`, which it keeps for the next start, and waits until it
    /// answers.
    pub(crate) fn start(
        kind: Kind,
        around: &Surroundings,
        directory: &Path,
        security: Security,
    ) -> anyhow::Result<Self> {
        let server = Self::spawn(kind, around, directory, security)?;
        server.wait_until_answering("/v2/")
    }

    /// Starts a node of a deployment, or another kind of server over its bucket; and waits until
    /// it answers. `directory` is for what no node shares.
    pub(crate) fn start_node(
        kind: Kind,
        around: &Surroundings,
        directory: &Path,
        deployment: &Deployment,
    ) -> anyhow::Result<Self> {
        let server = Self::run(kind, around, directory, Security::Plain, Some(deployment))?;
        let ready = if kind == Kind::Gantry { "/readyz" } else { "/v2/" };
        server.wait_until_answering(ready)
    }

    /// Starts a server and waits for nothing.
    pub(crate) fn spawn(
        kind: Kind,
        around: &Surroundings,
        directory: &Path,
        security: Security,
    ) -> anyhow::Result<Self> {
        Self::run(kind, around, directory, security, None)
    }

    fn run(
        kind: Kind,
        around: &Surroundings,
        directory: &Path,
        security: Security,
        deployment: Option<&Deployment>,
    ) -> anyhow::Result<Self> {
        fs::create_dir_all(directory)?;
        let port = free_port()?;
        let start = Start { around, directory, port, security, deployment };
        let process = match kind {
            Kind::Gantry => gantry::start(&start),
            Kind::Distribution => distribution::start(&start),
            Kind::Zot => zot::start(&start),
            Kind::Nginx => nginx::start(&start),
        }?;
        let (directory, around) = (directory.to_owned(), around.clone());
        let deployment = deployment.cloned();
        Ok(Self { kind, process, port, security, directory, around, deployment })
    }

    /// Where it is reached with that protocol.
    pub(crate) fn address(&self, protocol: Protocol) -> Address {
        let tls = match protocol {
            Protocol::Plain => None,
            Protocol::Tls => Some(Arc::clone(&self.around.http1)),
            Protocol::Http2 => Some(Arc::clone(&self.around.http2)),
        };
        Address { port: self.port, tls }
    }

    /// Its port, on 127.0.0.1.
    pub(crate) fn port(&self) -> u16 {
        self.port
    }

    /// The id of its process.
    pub(crate) fn id(&self) -> u32 {
        self.process.id()
    }

    /// A watch over it, and over what it shares with other nodes.
    pub(crate) fn watch(&self) -> Watch {
        Self::watch_all(&[self])
    }

    /// A watch over several nodes of one deployment.
    pub(crate) fn watch_all(nodes: &[&Self]) -> Watch {
        let processes = nodes.iter().map(|node| node.id()).collect();
        Watch::over(processes, nodes.iter().find_map(|node| node.deployment.clone()))
    }

    /// The `Authorization` of requests of those scopes: none where anyone may do anything.
    pub(crate) fn authorization(&self, scopes: &[&str]) -> anyhow::Result<Option<String>> {
        match self.kind {
            Kind::Gantry => gantry::access_token(self, scopes).map(Some),
            _ => Ok(None),
        }
    }

    /// Waits until it answers a request for `path` with anything.
    pub(crate) fn wait_until_answering(mut self, path: &str) -> anyhow::Result<Self> {
        let started = Instant::now();
        let protocol = match self.security {
            Security::Plain => Protocol::Plain,
            Security::Tls => Protocol::Tls,
        };
        let address = self.address(protocol);
        let probe = request("GET", path, &address.host(), None, &[]);
        while !self.answers(&address, &probe)? {
            self.process.check()?;
            if started.elapsed() > START_DEADLINE {
                bail!("{} is not ready: {}", self.kind, self.process.last_words());
            }
            thread::sleep(Duration::from_millis(1));
        }
        Ok(self)
    }

    fn answers(&self, address: &Address, probe: &[u8]) -> anyhow::Result<bool> {
        // A connection that is refused is what the wait is for.
        let wanted = |status: u16| status < 500;
        alone(async {
            let Ok(mut connection) = Connection::open(address).await else { return Ok(false) };
            Ok(connection.ask(probe).await.is_ok_and(|answer| wanted(answer.status)))
        })
    }
}

/// Runs a few requests, outside the measured part.
pub(crate) fn alone<T>(future: impl Future<Output = anyhow::Result<T>>) -> anyhow::Result<T> {
    tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(future)
}

fn free_port() -> anyhow::Result<u16> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
    Ok(listener.local_addr()?.port())
}

fn text(path: &Path) -> anyhow::Result<&str> {
    path.to_str().with_context(|| format!("{} is not UTF-8", path.display()))
}
