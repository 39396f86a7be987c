//! Three nodes over PostgreSQL and an object store, each host with an address of its own, under
//! faults: nodes killed, lines to the database, to the store and to both cut, the database
//! crashing, and at last failing over to its synchronous standby. Nothing that was answered is lost.
//!
//! `GANTRY_CRASH_FAULTS` (5) faults, one about every `GANTRY_CRASH_FAULT_SECONDS` (12) seconds;
//! `GANTRY_CRASH_SEED` repeats a run.

#![expect(clippy::unwrap_used, reason = "a helper that fails is a test that fails")]
#![expect(clippy::print_stdout, reason = "what was survived is the test's report")]

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use gantry_crashtest::content::Content;
use gantry_crashtest::inspect::{Collected, Crash, inspect};
use gantry_crashtest::network::Network;
use gantry_crashtest::server::{Server, Site};
use gantry_crashtest::workload::{Shared, work_anywhere};
use gantry_crashtest::{SplitMix, number};
use gantry_testkit::{minio, postgres};
use tokio::task::JoinSet;
use tokio::time::sleep;

const NODES: u8 = 3;
const CLIENTS: u64 = 6;
const LONG: Duration = Duration::from_secs(3600);
/// How long a fault lasts.
const FAULT: Duration = Duration::from_secs(5);
/// What may still go wrong once it is over: requests that were under way run into their time-outs.
const AFTERMATH: Duration = Duration::from_secs(20);

#[derive(Clone, Copy, Debug)]
enum Fault {
    NodeKilled(usize),
    DatabaseCut(usize),
    BlobsCut(usize),
    BothCut(usize),
    DatabaseCrashed,
    /// For good.
    DatabaseFailedOver,
}

impl Fault {
    fn draw(dice: &mut SplitMix, number: u64, last: u64) -> Self {
        if number == last {
            return Self::DatabaseFailedOver;
        }
        let node = dice.below(usize::from(NODES));
        match number % 5 {
            0 => Self::NodeKilled(node),
            1 => Self::DatabaseCut(node),
            2 => Self::BlobsCut(node),
            3 => Self::DatabaseCrashed,
            _ => Self::BothCut(node),
        }
    }
}

struct Cluster {
    network: Network,
    database: postgres::Server,
    standby: postgres::Server,
    _store: minio::Server,
    sites: Vec<Site>,
    servers: Vec<Option<Server>>,
}

impl Cluster {
    fn start(root: &Path) -> Self {
        let network = Network::new(NODES);
        let mut database = postgres::Server::start(network.database());
        database.create_database();
        let standby = database.add_standby(network.standby());
        let (one, two) = (database.address(), standby.address());
        let url = format!(
            "postgres://gantry@{one},{two}/gantry?sslmode=disable&target_session_attrs=read-write"
        );
        let store = minio::Server::start(network.blobs());
        let blobs = store.create_bucket();
        let settings = [
            ("GANTRY_DATABASE", url.as_str()),
            ("GANTRY_BLOBS", &blobs),
            ("GANTRY_MASTER_KEY", "Z2FudHJ5Z2FudHJ5Z2FudHJ5Z2FudHJ5Z2FudHJ5Z2E="),
            ("GANTRY_INSECURE_HTTP", "true"),
            ("GANTRY_COLLECTION_GRACE", "1h"),
            ("GANTRY_COLLECTION_INTERVAL", "1s"),
        ];
        let sites: Vec<Site> = network
            .hosts()
            .iter()
            .enumerate()
            .map(|(number, host)| {
                let data = root.join(format!("node{number}"));
                let mut site = Site::new(&data, &root.join(format!("log{number}")), &settings);
                site.address = SocketAddr::new(host.address, 5000);
                site.prefix = host.prefix();
                site
            })
            .collect();
        let servers = sites.iter().map(|site| Some(site.start())).collect();
        Self { network, database, standby, _store: store, sites, servers }
    }

    fn addresses(&self) -> Vec<SocketAddr> {
        self.sites.iter().map(|site| site.address).collect()
    }

    fn begin(&mut self, fault: Fault) {
        let (database, blobs) = (self.network.database(), self.network.blobs());
        let hosts = self.network.hosts();
        match fault {
            Fault::NodeKilled(node) => self.servers[node].take().unwrap().kill(),
            Fault::DatabaseCut(node) => hosts[node].cut(database),
            Fault::BlobsCut(node) => hosts[node].cut(blobs),
            Fault::BothCut(node) => {
                hosts[node].cut(database);
                hosts[node].cut(blobs);
            }
            Fault::DatabaseCrashed | Fault::DatabaseFailedOver => self.database.crash(),
        }
    }

    fn end(&mut self, fault: Fault) {
        let (database, blobs) = (self.network.database(), self.network.blobs());
        let hosts = self.network.hosts();
        match fault {
            Fault::NodeKilled(node) => self.servers[node] = Some(self.sites[node].start()),
            Fault::DatabaseCut(node) => hosts[node].mend(database),
            Fault::BlobsCut(node) => hosts[node].mend(blobs),
            Fault::BothCut(node) => {
                hosts[node].mend(database);
                hosts[node].mend(blobs);
            }
            Fault::DatabaseCrashed => self.database.restart(),
            Fault::DatabaseFailedOver => self.standby.promote(),
        }
    }

    fn said(&self) -> String {
        self.sites.iter().map(Site::log_text).collect::<Vec<_>>().join("\n--- next node\n")
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_answered_survives_faults_of_what_nodes_stand_on() {
    let seed = number("GANTRY_CRASH_SEED", u64::from(std::process::id()));
    let faults = number("GANTRY_CRASH_FAULTS", 5);
    let every = Duration::from_secs(number("GANTRY_CRASH_FAULT_SECONDS", 12));
    println!("seed {seed}, {faults} faults");
    let root = tempfile::tempdir().unwrap();
    let mut dice = SplitMix::new(seed);
    let mut cluster = Cluster::start(root.path());
    let shared = Shared::new(Content::new(seed, 400_000), LONG);

    let stop = Arc::new(AtomicBool::new(false));
    let mut clients = JoinSet::new();
    for _ in 0..CLIENTS {
        let work = work_anywhere(shared.clone(), cluster.addresses(), dice.draw(), stop.clone());
        clients.spawn(work);
    }
    sleep(Duration::from_secs(2)).await;
    for fault in 0..faults {
        let fault = Fault::draw(&mut dice, fault, faults - 1);
        let before = shared.ledger.history().answered();
        shared.trouble.known.store(true, Ordering::SeqCst);
        cluster.begin(fault);
        sleep(FAULT).await;
        let during = shared.ledger.history().answered();
        tokio::task::block_in_place(|| cluster.end(fault));
        sleep(every.saturating_sub(FAULT)).await;
        println!(
            "{fault:?}: {} answered during it, {} after",
            during - before,
            shared.ledger.history().answered() - during
        );
    }
    sleep(AFTERMATH).await;
    // From here on nothing is wrong any more.
    shared.trouble.known.store(false, Ordering::SeqCst);
    let before = shared.ledger.history().answered();
    sleep(Duration::from_secs(3)).await;
    assert!(shared.ledger.history().answered() > before, "the clients go on");
    stop.store(true, Ordering::SeqCst);
    clients.join_all().await;
    let trouble = &shared.trouble;
    println!(
        "{} answered, {} answers of 5xx, {} connections lost",
        shared.ledger.history().answered(),
        trouble.errors.load(Ordering::SeqCst),
        trouble.lost.load(Ordering::SeqCst)
    );
    assert_eq!(shared.surprises(), Vec::<String>::new(), "{}", cluster.said());

    let history = shared.ledger.history();
    // A crash of the database may cost sessions, as a loss of power does.
    let sessions = shared.sessions.take();
    let address = cluster.addresses()[dice.below(usize::from(NODES))];
    let (crash, collected) = (Crash::Power, Collected::Nothing);
    let inspection =
        inspect(address, &shared.content, &history, sessions, crash, collected).await.unwrap();
    assert_eq!(inspection.faults, Vec::<String>::new(), "{}", cluster.said());
    let said = cluster.sites[0].fsck();
    assert_eq!(said.code, Some(0), "{}", said.text);
    println!("{}", said.text.lines().last().unwrap_or_default());
}
