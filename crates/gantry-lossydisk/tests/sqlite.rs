//! SQLite in WAL mode on the lossy disk, several connections at once: what a commit with
//! `synchronous=FULL` answered survives every cut, and what `NORMAL` answered need not.

#![expect(clippy::unwrap_used, reason = "a helper that fails is a test that fails")]

use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};

use gantry_lossydisk::{LossyDisk, Options, Recording};
use rusqlite::Connection;

/// Commits rows in another process and marks each as it is answered.
fn record(synchronous: &str) -> Recording {
    let mountpoint = tempfile::tempdir().unwrap();
    let disk = LossyDisk::mount(mountpoint.path(), Options::default())
        .expect("mounting needs root and /dev/fuse");
    let mut program = Command::new(env!("CARGO_BIN_EXE_commit-rows"))
        .arg(mountpoint.path().join("catalog.db"))
        .arg(synchronous)
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    for name in BufReader::new(program.stdout.take().unwrap()).lines() {
        disk.mark(name.unwrap());
    }
    assert!(program.wait().unwrap().success());
    disk.unmount().unwrap()
}

/// The commits that were answered before some cut and are not there after it.
fn lost(recording: &Recording, seeds: u64) -> Vec<String> {
    let mut lost = Vec::new();
    for cut in recording.cuts() {
        for seed in 0..seeds {
            let survivor = tempfile::tempdir().unwrap();
            recording.materialise(cut, seed, survivor.path()).unwrap();
            let connection = Connection::open(survivor.path().join("catalog.db")).unwrap();
            let check: String =
                connection.query_row("pragma integrity_check", [], |row| row.get(0)).unwrap();
            assert_eq!(check, "ok", "{cut:?} seed {seed}");
            for name in recording.marks_before(cut) {
                let found = "select 1 from row where name = ?1";
                if connection.query_row(found, [name], |_| Ok(())).is_err() {
                    lost.push(format!("{name} at {cut:?} seed {seed}"));
                }
            }
        }
    }
    lost
}

#[test]
fn full_commits_survive_every_cut() {
    let recording = record("full");
    assert!(recording.cuts().len() > 36, "every commit syncs");
    assert_eq!(lost(&recording, 4), Vec::<String>::new());
}

#[test]
fn normal_commits_are_caught_losing_rows_but_never_the_database() {
    let recording = record("normal");
    assert_ne!(lost(&recording, 4), Vec::<String>::new());
}
