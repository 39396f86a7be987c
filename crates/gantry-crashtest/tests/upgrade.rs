//! From earlier releases to this one: a data directory goes on, nodes are replaced one after the
//! other while clients work, and one goes back. Nothing that was answered is lost.
//!
//! `GANTRY_CRASH_SEED` repeats a run.

#![expect(clippy::unwrap_used, reason = "a helper that fails is a test that fails")]
#![expect(clippy::print_stdout, reason = "what was survived is the test's report")]

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use gantry_crashtest::content::Content;
use gantry_crashtest::inspect::{Collected, Crash, inspect};
use gantry_crashtest::server::{Server, Site};
use gantry_crashtest::workload::{Shared, work, work_anywhere};
use gantry_crashtest::{SplitMix, number};
use gantry_testkit::programs::release;
use gantry_testkit::{minio, postgres};
use tokio::task::{JoinSet, block_in_place};
use tokio::time::sleep;

const CLIENTS: u64 = 6;
const LONG: Duration = Duration::from_secs(3600);
/// How long clients work between one change and the next.
const BETWEEN: Duration = Duration::from_secs(2);

fn seed() -> u64 {
    number("GANTRY_CRASH_SEED", u64::from(std::process::id()))
}

/// What is left is what was answered, by the site's binary.
async fn assert_whole(site: &Site, address: SocketAddr, shared: &Shared) {
    assert_eq!(shared.surprises(), Vec::<String>::new(), "{}", site.log_text());
    let (history, sessions) = (shared.ledger.history(), shared.sessions.take());
    println!("{} answered, {} sessions go on", history.answered(), sessions.len());
    let (crash, collected) = (Crash::Kill, Collected::Nothing);
    let inspection =
        inspect(address, &shared.content, &history, sessions, crash, collected).await.unwrap();
    assert_eq!(inspection.faults, Vec::<String>::new(), "{}", site.log_text());
    let said = site.fsck();
    assert_eq!(said.code, Some(0), "{}", said.text);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_data_directory_of_each_earlier_release_goes_on() {
    for (name, seed) in [("foundation", seed()), ("nodes", seed() + 1)] {
        println!("{name}, seed {seed}");
        let root = tempfile::tempdir().unwrap();
        let mut dice = SplitMix::new(seed);
        let settings = [("GANTRY_COLLECTION_GRACE", "1h")];
        let mut site = Site::new(&root.path().join("data"), &root.path().join("log"), &settings);
        let present = std::mem::replace(&mut site.binary, release(name));
        let shared = Shared::new(Content::new(seed, 400_000), LONG);
        // Killed in the midst of it, so that sessions are left open.
        let server = site.start();
        let mut clients = JoinSet::new();
        for _ in 0..CLIENTS {
            clients.spawn(work(shared.clone(), site.address, dice.draw(), usize::MAX));
        }
        sleep(BETWEEN).await;
        shared.trouble.begin();
        server.kill();
        clients.join_all().await;

        site.binary = present;
        let _server = site.start();
        assert_whole(&site, site.address, &shared).await;
    }
}

struct Cluster {
    sites: Vec<Site>,
    servers: Vec<Option<Server>>,
}

impl Cluster {
    /// Replaces what runs on a node; its clients lose their connections, and nothing else.
    async fn replace(&mut self, node: usize, binary: &PathBuf, shared: &Shared) {
        shared.trouble.begin();
        block_in_place(|| {
            self.servers[node].take().unwrap().stop();
            self.sites[node].binary.clone_from(binary);
            self.servers[node] = Some(self.sites[node].start());
        });
        shared.trouble.end();
        let before = shared.ledger.history().answered();
        sleep(BETWEEN).await;
        assert!(shared.ledger.history().answered() > before, "the clients go on");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn nodes_are_replaced_one_by_one_and_one_goes_back() {
    let seed = seed();
    println!("seed {seed}");
    let root = tempfile::tempdir().unwrap();
    let mut dice = SplitMix::new(seed);
    let (database, blobs) = block_in_place(|| (postgres::database(), minio::bucket()));
    let settings = [
        ("GANTRY_DATABASE", database.as_str()),
        ("GANTRY_BLOBS", &blobs),
        ("GANTRY_MASTER_KEY", "Z2FudHJ5Z2FudHJ5Z2FudHJ5Z2FudHJ5Z2FudHJ5Z2E="),
        ("GANTRY_COLLECTION_GRACE", "1h"),
        ("GANTRY_COLLECTION_INTERVAL", "1s"),
    ];
    let mut sites: Vec<Site> = (0..3)
        .map(|node| {
            let (data, log) = (format!("node{node}"), format!("log{node}"));
            Site::new(&root.path().join(data), &root.path().join(log), &settings)
        })
        .collect();
    let (before, present) = (release("nodes"), sites[0].binary.clone());
    sites.iter_mut().for_each(|site| site.binary.clone_from(&before));
    let servers = sites.iter().map(|site| Some(site.start())).collect();
    let addresses: Vec<SocketAddr> = sites.iter().map(|site| site.address).collect();
    let mut cluster = Cluster { sites, servers };

    let shared = Shared::new(Content::new(seed, 400_000), LONG);
    let stop = Arc::new(AtomicBool::new(false));
    let mut clients = JoinSet::new();
    for _ in 0..CLIENTS {
        clients.spawn(work_anywhere(shared.clone(), addresses.clone(), dice.draw(), stop.clone()));
    }
    sleep(BETWEEN).await;
    for (node, binary) in [(0, &present), (1, &present), (0, &before), (2, &present), (0, &present)]
    {
        cluster.replace(node, binary, &shared).await;
    }
    stop.store(true, Ordering::SeqCst);
    clients.join_all().await;
    assert_whole(&cluster.sites[1], addresses[0], &shared).await;
}
