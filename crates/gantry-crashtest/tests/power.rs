//! Loss of power: a server works on a disk that loses and reorders what was not synced; then, cut
//! at the boundary of a sync, again and again, what is left is started and looked at. A collection
//! then leaves nothing in the store that no row names.
//!
//! `GANTRY_CRASH_CUTS` (24) cuts drawn from all boundaries and `GANTRY_CRASH_SEEDS` (4) ways to
//! lose; as many cuts as there are takes them all. `GANTRY_CRASH_SEED` draws others.

#![expect(clippy::unwrap_used, reason = "a helper that fails is a test that fails")]

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use gantry_crashtest::content::Content;
use gantry_crashtest::inspect::{Collected, Crash, inspect};
use gantry_crashtest::server::Site;
use gantry_crashtest::workload::{Shared, work};
use gantry_crashtest::{SplitMix, number};
use gantry_lossydisk::{Cut, LossyDisk, Options, Recording};
use tokio::task::JoinSet;

const CLIENTS: u64 = 3;
/// What each client does.
const PIECES: usize = 14;
/// Blobs stay small: each cut writes them all.
const LONGEST: usize = 140_000;
const LONG: Duration = Duration::from_secs(3600);
const SETTINGS: [(&str, &str); 2] =
    [("GANTRY_COLLECTION_GRACE", "1h"), ("GANTRY_COLLECTION_INTERVAL", "1s")];
/// The grace of the collection that looks for what nothing names: the shortest there may be.
const LEFTOVER_GRACE: Duration = Duration::from_secs(1);
const READY: &str = "ready";

/// A server's life on a lossy disk, from its first start.
async fn record(root: &Path, seed: u64) -> (Recording, Shared) {
    let mountpoint = root.join("disk");
    std::fs::create_dir(&mountpoint).unwrap();
    let disk = Arc::new(
        LossyDisk::mount(&mountpoint, Options::default())
            .expect("mounting needs root and /dev/fuse"),
    );
    let site = Site::new(&mountpoint.join("data"), &root.join("log"), &SETTINGS);
    let mut shared = Shared::new(Content::new(seed, LONGEST), LONG);
    let marked = disk.clone();
    shared.mark = Arc::new(move |label| marked.mark(label));
    let server = site.start();
    disk.mark(READY);
    let mut dice = SplitMix::new(seed);
    let mut clients = JoinSet::new();
    for _ in 0..CLIENTS {
        clients.spawn(work(shared.clone(), site.address, dice.draw(), PIECES));
    }
    clients.join_all().await;
    server.kill();
    assert_eq!(shared.surprises(), Vec::<String>::new(), "{}", site.log_text());
    shared.mark = Arc::new(drop);
    let disk = Arc::into_inner(disk).expect("nobody marks any more");
    (disk.unmount().unwrap(), shared)
}

/// Starts a server on what a cut left and looks at it.
async fn survive(recording: &Recording, shared: &Shared, cut: Cut, seed: u64) -> Vec<String> {
    let root = tempfile::tempdir().unwrap();
    recording.materialise(cut, seed, root.path()).unwrap();
    let site = Site::new(&root.path().join("data"), &root.path().join("log"), &SETTINGS);
    let marks: BTreeSet<&str> = recording.marks_before(cut).collect();
    if marks.contains(READY) {
        let said = site.fsck();
        if said.code != Some(0) {
            return vec![format!("fsck: {:?} {}", said.code, said.text)];
        }
    }
    let server = match site.try_start() {
        Ok(server) => server,
        Err(said) => return vec![format!("it doesn't start: {said}")],
    };
    let history = shared.ledger.history().at(&marks);
    let sessions = shared.sessions.at(&marks);
    let (crash, collected) = (Crash::Power, Collected::Nothing);
    let inspection = inspect(site.address, &shared.content, &history, sessions, crash, collected);
    let mut faults = inspection.await.unwrap().faults;
    server.kill();
    faults.extend(leftovers(site));
    faults
}

/// What a collection leaves that nothing names.
fn leftovers(mut site: Site) -> Option<String> {
    site.settings = vec![("GANTRY_COLLECTION_GRACE", format!("{}s", LEFTOVER_GRACE.as_secs()))];
    let collected = site.gc();
    let checked = site.fsck();
    let clean = collected.code == Some(0) && !checked.text.contains("orphan");
    (!clean).then(|| format!("gc: {}\nfsck: {}", collected.text, checked.text))
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_answered_survives_loss_of_power() {
    let seed = number("GANTRY_CRASH_SEED", u64::from(std::process::id()));
    let root = tempfile::tempdir().unwrap();
    let (recording, shared) = record(root.path(), seed).await;

    let cuts = recording.cuts();
    let seeds = number("GANTRY_CRASH_SEEDS", 4);
    let all: Vec<(Cut, u64)> =
        cuts.iter().flat_map(|cut| (0..seeds).map(move |seed| (*cut, seed))).collect();
    let wanted = number("GANTRY_CRASH_CUTS", 24) as usize;
    println!("seed {seed}: {} cuts, {} losses, {wanted} wanted", cuts.len(), all.len());

    let mut dice = SplitMix::new(seed);
    let drawn: BTreeSet<usize> = if wanted >= all.len() {
        (0..all.len()).collect()
    } else {
        (0..wanted).map(|_| dice.below(all.len())).collect()
    };
    // Or the first collections come before the grace of the last uploads is over.
    tokio::time::sleep(LEFTOVER_GRACE * 2).await;
    let mut faults = Vec::new();
    for at in drawn {
        let (cut, loss) = all[at];
        for fault in survive(&recording, &shared, cut, loss).await {
            println!("{cut:?} loss {loss}: {fault}");
            faults.push(fault);
        }
    }
    assert_eq!(faults, Vec::<String>::new());
}
