//! A full disk: the server's data lies on a small file system that is filled to a random point,
//! again and again. Writes are refused clearly and leave nothing half-made, reads go on, and
//! everything works again once there is room. `GANTRY_FULL_ROUNDS` (8) rounds.

#![expect(clippy::unwrap_used, reason = "a helper that fails is a test that fails")]

use std::fs::{self, File};
use std::io::Write as _;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use gantry_crashtest::content::Content;
use gantry_crashtest::inspect::{Collected, Crash, Inspection, inspect};
use gantry_crashtest::server::Site;
use gantry_crashtest::sessions::Session;
use gantry_crashtest::workload::{Room, Shared, work};
use gantry_crashtest::{SplitMix, number};
use tokio::task::JoinSet;

const CLIENTS: u64 = 4;
const PIECES: usize = 12;
const LONGEST: usize = 400_000;
const LONG: Duration = Duration::from_secs(3600);
/// At most so much is left free in a round.
const FREE: usize = 1_500_000;

/// A file system of 48 MiB in memory, unmounted when dropped.
struct SmallDisk {
    at: PathBuf,
}

impl SmallDisk {
    fn mount(at: PathBuf) -> Self {
        fs::create_dir(&at).unwrap();
        let mut mount = Command::new("mount");
        mount.args(["-t", "tmpfs", "-o", "size=48m", "tmpfs"]).arg(&at);
        assert!(mount.status().unwrap().success(), "mounting a tmpfs needs root");
        Self { at }
    }

    /// Fills the disk until about `free` bytes are left.
    fn fill(&self, free: usize) {
        let mut filler = File::create(self.at.join("filler")).unwrap();
        let left = || {
            let room = rustix::fs::statvfs(&self.at).unwrap();
            (room.f_bavail * room.f_frsize) as usize
        };
        while left() > free {
            let piece = vec![1; (left() - free).min(1 << 20)];
            if filler.write_all(&piece).is_err() {
                return;
            }
        }
    }

    fn free(&self) {
        fs::remove_file(self.at.join("filler")).unwrap();
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("--lazy").arg(&self.at).status();
    }
}

async fn look(site: &Site, shared: &Shared, sessions: Vec<Session>) -> Inspection {
    let history = shared.ledger.history();
    inspect(site.address, &shared.content, &history, sessions, Crash::Kill, Collected::Nothing)
        .await
        .unwrap()
}

async fn work_all(shared: &Shared, address: SocketAddr, dice: &mut SplitMix) {
    let mut clients = JoinSet::new();
    for _ in 0..CLIENTS {
        clients.spawn(work(shared.clone(), address, dice.draw(), PIECES));
    }
    clients.join_all().await;
}

fn site(root: &Path, disk: &SmallDisk) -> Site {
    let settings = [("GANTRY_COLLECTION_GRACE", "1h"), ("GANTRY_COLLECTION_INTERVAL", "1s")];
    Site::new(&disk.at.join("data"), &root.join("log"), &settings)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_disk_refuses_writes_and_nothing_else() {
    let seed = number("GANTRY_CRASH_SEED", u64::from(std::process::id()));
    let rounds = number("GANTRY_FULL_ROUNDS", 8);
    let root = tempfile::tempdir().unwrap();
    let disk = SmallDisk::mount(root.path().join("disk"));
    let site = site(root.path(), &disk);
    let mut shared = Shared::new(Content::new(seed, LONGEST), LONG);
    let (ample, count) = (shared.room.clone(), Arc::new(AtomicU64::new(0)));
    let mut dice = SplitMix::new(seed);
    println!("seed {seed}");

    let mut server = site.start();
    for round in 0..rounds {
        disk.fill(dice.below(FREE));
        shared.room = Room::Scarce(count.clone());
        work_all(&shared, site.address, &mut dice).await;
        assert_eq!(shared.surprises(), Vec::<String>::new(), "round {round}, full");
        let full = look(&site, &shared, Vec::new()).await;
        assert_eq!(full.faults, Vec::<String>::new(), "round {round}, reads while full");

        disk.free();
        shared.room = ample.clone();
        let freed = look(&site, &shared, shared.sessions.take()).await;
        assert_eq!(freed.faults, Vec::<String>::new(), "round {round}, room again");
        shared.ledger.restart_from(freed.found);
        work_all(&shared, site.address, &mut dice).await;
        assert_eq!(shared.surprises(), Vec::<String>::new(), "round {round}, room again");

        server.kill();
        let said = site.fsck();
        assert_eq!(said.code, Some(0), "round {round}: {}", said.text);
        server = site.start();
        let restarted = look(&site, &shared, shared.sessions.take()).await;
        assert_eq!(restarted.faults, Vec::<String>::new(), "round {round}, restarted");
        shared.ledger.restart_from(restarted.found);
        println!("round {round}: refused {} so far", count.load(Ordering::Relaxed));
    }
    server.kill();
    assert!(count.load(Ordering::Relaxed) > 0, "the disk was never full");
}
