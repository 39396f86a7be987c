//! What all workloads work with.

use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::catalogs::{self, Contents};
use crate::content::Dice;
use crate::scale::Scale;
use crate::servers::{Kind, Security, Server, Surroundings};
use crate::turns::{Contestant, Reading};

/// One run: its sizes, its directory, its source of bytes.
#[derive(Debug)]
pub(crate) struct Bench {
    /// How much of everything.
    pub(crate) scale: Scale,
    /// What servers are started with.
    pub(crate) around: Surroundings,
    /// A directory on the disk that all servers use.
    pub(crate) scratch: PathBuf,
    seeds: AtomicU64,
}

/// Servers of one workload, each with what became of it.
#[derive(Debug)]
pub(crate) struct Site {
    servers: Vec<(Kind, anyhow::Result<Server>)>,
}

impl Bench {
    /// A run in `scratch`, which must be empty.
    pub(crate) fn new(scale: Scale, around: Surroundings, scratch: PathBuf) -> Self {
        Self { scale, around, scratch, seeds: AtomicU64::new(1) }
    }

    /// Bytes that no other dice of this run has.
    pub(crate) fn dice(&self) -> Dice {
        // Far enough apart that no two meet: SplitMix64 steps by another odd number.
        Dice::new(self.seeds.fetch_add(1, Ordering::Relaxed).wrapping_mul(0xd134_2543_de82_ef95))
    }

    /// Starts those servers over the directories of a workload.
    pub(crate) fn site(&self, workload: &str, kinds: &[Kind], security: Security) -> Site {
        let start = |kind: Kind| {
            let directory = self.scratch.join(workload).join(kind.name());
            Server::start(kind, &self.around, &directory, security)
        };
        Site { servers: kinds.iter().map(|kind| (*kind, start(*kind))).collect() }
    }

    /// The directory of a catalog with those contents, made when it is first asked for.
    pub(crate) fn catalog(&self, contents: Contents) -> anyhow::Result<PathBuf> {
        let directory = self.scratch.join(format!("catalog-{}", contents.manifests));
        if !directory.exists() {
            eprintln!("   writing a catalog of {} manifests", contents.manifests);
            catalogs::make(&self.around, &directory, contents)?;
            eprintln!("   it has {} MiB", catalogs::size(&directory) >> 20);
        }
        Ok(directory)
    }

    /// The catalog that is large.
    pub(crate) fn large(&self) -> Contents {
        Contents { manifests: self.scale.manifests, repositories: self.scale.repositories }
    }
}

impl Site {
    /// Servers that were started, or not.
    pub(crate) fn of(servers: impl IntoIterator<Item = (Kind, anyhow::Result<Server>)>) -> Self {
        Self { servers: servers.into_iter().collect() }
    }

    /// Does something with each server that is still well. One that fails is out.
    pub(crate) fn each(&mut self, act: impl Fn(&Server) -> anyhow::Result<()>) {
        for (_, server) in &mut self.servers {
            if let Ok(running) = server
                && let Err(error) = act(running)
            {
                *server = Err(error);
            }
        }
    }

    /// All of them, to take turns at something.
    pub(crate) fn contestants<'s>(
        &'s self,
        turn: impl Fn(&'s Server, usize) -> anyhow::Result<Reading> + Copy + 's,
    ) -> Vec<Contestant<'s>> {
        let contestant = |(kind, server): &'s (Kind, anyhow::Result<Server>)| Contestant {
            name: kind.to_string(),
            turn: match server {
                Ok(server) => Box::new(move |round| turn(server, round)),
                Err(error) => Box::new(move |_| Err(anyhow::anyhow!("{error:#}"))),
            },
        };
        self.servers.iter().map(contestant).collect()
    }
}
