//! `kill -9` at random moments under concurrent pushes, mounts, deletes, resumed uploads and
//! collection. `GANTRY_CRASH_ROUNDS` (10) rounds, `GANTRY_CRASH_SEED` to repeat a run.

#![expect(clippy::unwrap_used, reason = "a helper that fails is a test that fails")]
#![expect(clippy::print_stdout, reason = "what was survived is the test's report")]

use std::path::Path;
use std::time::Duration;

use gantry_crashtest::content::Content;
use gantry_crashtest::inspect::{Collected, Crash, inspect};
use gantry_crashtest::server::Site;
use gantry_crashtest::workload::{Shared, work};
use gantry_crashtest::{SplitMix, number};
use tokio::task::JoinSet;

const CLIENTS: u64 = 6;
/// Longer than any of these runs.
const LONG: Duration = Duration::from_secs(3600);
/// Short enough that the collector works on what the clients push.
const SHORT: Duration = Duration::from_secs(3);

/// Kills the server under its clients, then looks at what is left, again and again.
async fn rounds(root: &Path, grace: Duration, rounds: u64, seed: u64) {
    println!("seed {seed}, grace {grace:?}, {rounds} rounds");
    let mut dice = SplitMix::new(seed);
    let seconds = format!("{}s", grace.as_secs());
    let settings =
        [("GANTRY_COLLECTION_GRACE", seconds.as_str()), ("GANTRY_COLLECTION_INTERVAL", "1s")];
    let site = Site::new(&root.join("data"), &root.join("log"), &settings);
    let shared = Shared::new(Content::new(seed, usize::MAX), grace);
    let collected = if grace == LONG { Collected::Nothing } else { Collected::Unnamed };
    let mut answered = 0;

    let mut server = site.start();
    for round in 0..rounds {
        let mut clients = JoinSet::new();
        for _ in 0..CLIENTS {
            clients.spawn(work(shared.clone(), site.address, dice.draw(), usize::MAX));
        }
        let gc = site.clone();
        clients.spawn_blocking(move || drop(gc.gc()));
        tokio::time::sleep(Duration::from_millis(200 + dice.draw() % 1500)).await;
        server.kill();
        clients.join_all().await;
        assert_eq!(shared.surprises(), Vec::<String>::new(), "round {round}\n{}", site.log_text());

        let said = site.fsck();
        assert_eq!(said.code, Some(0), "round {round}: {}", said.text);
        assert!(!said.text.contains("orphan"), "round {round}: {}", said.text);
        server = site.start();
        let history = shared.ledger.history();
        answered += history.answered();
        let sessions = shared.sessions.take();
        let resumed = sessions.len();
        let inspection =
            inspect(site.address, &shared.content, &history, sessions, Crash::Kill, collected)
                .await
                .unwrap();
        assert_eq!(inspection.faults, Vec::<String>::new(), "round {round}\n{}", site.log_text());
        println!("round {round}: {} answered, {resumed} sessions", history.answered());
        shared.ledger.restart_from(inspection.found);
    }
    server.kill();
    assert!(answered > rounds as usize, "the clients did something");
}

fn seed() -> u64 {
    number("GANTRY_CRASH_SEED", u64::from(std::process::id()))
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_answered_survives_kill_9() {
    let root = tempfile::tempdir().unwrap();
    rounds(root.path(), LONG, number("GANTRY_CRASH_ROUNDS", 10).div_ceil(2), seed()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_manifests_name_survives_kill_9_under_collection() {
    let root = tempfile::tempdir().unwrap();
    rounds(root.path(), SHORT, number("GANTRY_CRASH_ROUNDS", 10).div_ceil(2), seed() + 1).await;
}
