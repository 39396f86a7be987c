//! Three nodes over PostgreSQL and an object store, each host with an address of its own, under
//! faults: nodes killed; lines to the database, to the store and to both cut; the store answering 503,
//! slowly, or half; the database crashing, and at last failing over to its synchronous standby. One
//! node has no room on its disk all along. Nothing that was answered is lost, and nothing goes wrong
//! but what was asked while a fault lasted.
//!
//! `GANTRY_CRASH_FAULTS` (5) faults, one about every `GANTRY_CRASH_FAULT_SECONDS` (12) seconds;
//! `GANTRY_CRASH_SEED` repeats a run.

#![expect(clippy::unwrap_used, reason = "a helper that fails is a test that fails")]
#![expect(clippy::print_stdout, reason = "what was survived is the test's report")]

use std::fs;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use gantry_crashtest::content::Content;
use gantry_crashtest::inspect::{Collected, Crash, inspect};
use gantry_crashtest::line::{Line, Manner};
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
/// How long nodes may take, once it is over, to find that it is: what is asked after that must go well.
const SETTLING: Duration = Duration::from_secs(4);
/// For how long what was asked before may still run into its time-out.
const AFTERMATH: Duration = Duration::from_secs(20);

#[derive(Clone, Copy, Debug)]
enum Fault {
    NodeKilled(usize),
    DatabaseCut(usize),
    BlobsCut(usize),
    BlobsMisbehave(Manner),
    DatabaseCrashed,
    BothCut(usize),
    /// For good.
    DatabaseFailedOver,
}

impl Fault {
    /// Fault number `number` of a run that begins anywhere among them. The last one is for good.
    fn draw(dice: &mut SplitMix, start: u64, number: u64, last: u64) -> Self {
        if number == last {
            return Self::DatabaseFailedOver;
        }
        let node = dice.below(usize::from(NODES));
        match (start % 8 + number) % 8 {
            0 => Self::NodeKilled(node),
            1 => Self::DatabaseCut(node),
            2 => Self::BlobsMisbehave(Manner::Refuses),
            3 => Self::BlobsCut(node),
            4 => Self::DatabaseCrashed,
            5 => Self::BlobsMisbehave(Manner::BreaksOff),
            6 => Self::BothCut(node),
            _ => Self::BlobsMisbehave(Manner::Slow),
        }
    }
}

struct Cluster {
    network: Network,
    database: postgres::Server,
    standby: postgres::Server,
    line: Line,
    _store: minio::Server,
    sites: Vec<Site>,
    servers: Vec<Option<Server>>,
    _small_disk: SmallDisk,
}

impl Cluster {
    async fn start(root: &Path, seed: u64) -> Self {
        let network = Network::new(NODES);
        let mut database = postgres::Server::start(network.database());
        database.create_database();
        let standby = database.add_standby(network.standby());
        let (one, two) = (database.address(), standby.address());
        let url = format!(
            "postgres://gantry@{one},{two}/gantry?sslmode=disable&target_session_attrs=read-write"
        );
        let store = minio::Server::start(network.object_store());
        let at = SocketAddr::new(network.blobs(), store.address().port());
        let line = Line::open(at, store.address(), seed).await.unwrap();
        let blobs = store.create_bucket().replace(&store.address().to_string(), &at.to_string());
        let settings = [
            ("GANTRY_DATABASE", url.as_str()),
            ("GANTRY_BLOBS", &blobs),
            ("GANTRY_MASTER_KEY", "Z2FudHJ5Z2FudHJ5Z2FudHJ5Z2FudHJ5Z2FudHJ5Z2E="),
            ("GANTRY_INSECURE_HTTP", "true"),
            ("GANTRY_COLLECTION_GRACE", "1h"),
            ("GANTRY_COLLECTION_INTERVAL", "1s"),
        ];
        let data = |number: usize| root.join(format!("node{number}"));
        // Node 0 has no room for blobs that it would like to keep.
        let small_disk = SmallDisk::mount(&data(0));
        let sites: Vec<Site> = network
            .hosts()
            .iter()
            .enumerate()
            .map(|(number, host)| {
                let log = root.join(format!("log{number}"));
                let mut site = Site::new(&data(number), &log, &settings);
                site.address = SocketAddr::new(host.address, 5000);
                site.prefix = host.prefix();
                site
            })
            .collect();
        let servers = sites.iter().map(|site| Some(site.start())).collect();
        Self {
            network,
            database,
            standby,
            line,
            _store: store,
            sites,
            servers,
            _small_disk: small_disk,
        }
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
            Fault::BlobsMisbehave(manner) => self.line.behave(manner),
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
            Fault::BlobsMisbehave(_) => self.line.behave(Manner::Well),
            Fault::DatabaseCrashed => self.database.restart(),
            Fault::DatabaseFailedOver => self.standby.promote(),
        }
    }

    fn said(&self) -> String {
        self.sites.iter().map(Site::errors).collect::<Vec<_>>().join("\n--- next node\n")
    }
}

/// A file system of 256 KiB, until dropped.
struct SmallDisk(PathBuf);

impl SmallDisk {
    fn mount(at: &Path) -> Self {
        fs::create_dir_all(at).unwrap();
        let mount = ["-t", "tmpfs", "-o", "size=256k", "none"];
        assert!(Command::new("mount").args(mount).arg(at).status().unwrap().success());
        Self(at.to_owned())
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("-l").arg(&self.0).status();
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
    let mut cluster = Cluster::start(root.path(), seed).await;
    let shared = Shared::new(Content::new(seed, 400_000), LONG);

    let stop = Arc::new(AtomicBool::new(false));
    let mut clients = JoinSet::new();
    for _ in 0..CLIENTS {
        let work = work_anywhere(shared.clone(), cluster.addresses(), dice.draw(), stop.clone());
        clients.spawn(work);
    }
    sleep(Duration::from_secs(2)).await;
    for fault in 0..faults {
        let fault = Fault::draw(&mut dice, seed, fault, faults - 1);
        let before = shared.ledger.history().answered();
        shared.trouble.begin();
        cluster.begin(fault);
        sleep(FAULT).await;
        let during = shared.ledger.history().answered();
        tokio::task::block_in_place(|| cluster.end(fault));
        sleep(SETTLING).await;
        shared.trouble.end();
        sleep(every.saturating_sub(FAULT + SETTLING)).await;
        println!(
            "{fault:?}: {} answered during it, {} after",
            during - before,
            shared.ledger.history().answered() - during
        );
    }
    sleep(AFTERMATH).await;
    let before = shared.ledger.history().answered();
    sleep(Duration::from_secs(3)).await;
    assert!(shared.ledger.history().answered() > before, "the clients go on");
    stop.store(true, Ordering::SeqCst);
    clients.join_all().await;
    let (errors, lost) = shared.trouble.excused();
    println!(
        "{} answered, {errors} answers of 5xx and {lost} connections lost while something was wrong",
        shared.ledger.history().answered(),
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
