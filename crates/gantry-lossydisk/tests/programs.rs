//! Programs that sync what they should, and programs that don't: the second are caught, the first
//! never blamed.

#![expect(clippy::unwrap_used, reason = "a helper that fails is a test that fails")]

use std::fs::{self, File};
use std::io::Write;
use std::path::Path;

use gantry_lossydisk::{LossyDisk, Metadata, Options, Recording};

const SEEDS: u64 = 24;
const ANSWERED: &str = "answered";

/// Runs a program on a lossy disk. It calls its second argument when it would answer a client.
fn record(program: impl FnOnce(&Path, &dyn Fn())) -> Recording {
    let mountpoint = tempfile::tempdir().unwrap();
    let disk = LossyDisk::mount(mountpoint.path(), Options::default())
        .expect("mounting needs root and /dev/fuse");
    program(mountpoint.path(), &|| disk.mark(ANSWERED));
    disk.unmount().unwrap()
}

/// How many cuts, after the program has answered, leave a disk on which `holds` is false.
fn losses(recording: &Recording, holds: impl Fn(&Path) -> bool) -> usize {
    let mut losses = 0;
    for cut in recording.cuts() {
        if !recording.marks_before(cut).any(|mark| mark == ANSWERED) {
            continue;
        }
        for seed in 0..SEEDS {
            let survivor = tempfile::tempdir().unwrap();
            recording.materialise(cut, seed, survivor.path()).unwrap();
            losses += usize::from(!holds(survivor.path()));
        }
    }
    losses
}

fn contains(path: &Path, bytes: &[u8]) -> bool {
    fs::read(path).is_ok_and(|found| found == bytes)
}

fn journaled(recording: Recording) -> Recording {
    recording.with_options(Options { metadata: Metadata::Journaled, ..Options::default() })
}

fn sync_directory(path: &Path) {
    File::open(path).unwrap().sync_all().unwrap();
}

/// Stage, sync, rename, sync the directory.
fn replace(directory: &Path, bytes: &[u8]) {
    let mut staged = File::create(directory.join("staged")).unwrap();
    staged.write_all(bytes).unwrap();
    staged.sync_all().unwrap();
    fs::rename(directory.join("staged"), directory.join("file")).unwrap();
    sync_directory(directory);
}

#[test]
fn a_write_without_fsync_is_lost() {
    let recording = record(|root, answer| {
        fs::write(root.join("file"), [7; 9000]).unwrap();
        sync_directory(root);
        answer();
    });
    assert!(losses(&recording, |root| contains(&root.join("file"), &[7; 9000])) > 0);
}

#[test]
fn a_file_whose_directory_was_not_synced_is_lost_unless_metadata_is_journaled() {
    let recording = record(|root, answer| {
        let mut file = File::create(root.join("file")).unwrap();
        file.write_all(&[7; 9000]).unwrap();
        file.sync_data().unwrap();
        answer();
    });
    let holds = |root: &Path| contains(&root.join("file"), &[7; 9000]);
    assert!(losses(&recording, holds) > 0);
    assert_eq!(losses(&journaled(recording), holds), 0);
}

#[test]
fn a_directory_whose_parent_was_not_synced_is_lost() {
    let recording = record(|root, answer| {
        fs::create_dir(root.join("new")).unwrap();
        replace(&root.join("new"), b"bytes");
        answer();
    });
    assert!(losses(&recording, |root| contains(&root.join("new/file"), b"bytes")) > 0);
}

#[test]
fn a_rename_before_fsync_leaves_an_empty_or_torn_file() {
    let recording = record(|root, answer| {
        replace(root, &[1; 9000]);
        fs::write(root.join("staged"), [2; 9000]).unwrap();
        fs::rename(root.join("staged"), root.join("file")).unwrap();
        sync_directory(root);
        answer();
    });
    let whole =
        |root: &Path| [1, 2].iter().any(|byte| contains(&root.join("file"), &[*byte; 9000]));
    assert!(losses(&recording, whole) > 0);
}

#[test]
fn a_removal_without_fsync_is_undone() {
    let recording = record(|root, answer| {
        replace(root, b"bytes");
        fs::remove_file(root.join("file")).unwrap();
        answer();
    });
    assert!(losses(&recording, |root| !root.join("file").exists()) > 0);
}

#[test]
fn a_program_that_syncs_file_and_directory_is_never_blamed() {
    let recording = record(|root, answer| {
        fs::create_dir(root.join("new")).unwrap();
        sync_directory(root);
        replace(&root.join("new"), &[1; 9000]);
        answer();
        // What comes after the answer may be lost, never what came before.
        replace(&root.join("new"), &[2; 20_000]);
        fs::write(root.join("new/other"), [3; 9000]).unwrap();
    });
    let holds = |root: &Path| {
        let file = root.join("new/file");
        contains(&file, &[1; 9000]) || contains(&file, &[2; 20_000])
    };
    assert_eq!(losses(&recording, holds), 0);
    assert_eq!(losses(&journaled(recording), holds), 0);
}

#[test]
fn an_answer_counts_only_for_cuts_that_come_after_it() {
    let recording = record(|root, answer| {
        replace(root, b"one");
        answer();
        replace(root, b"two");
    });
    let (first, last) = (recording.cuts()[0], *recording.cuts().last().unwrap());
    assert_eq!(recording.marks_before(first).count(), 0);
    assert_eq!(recording.marks_before(last).count(), 1);
    // Two syncs each, before and after, and the end.
    assert!((5..=9).contains(&recording.cuts().len()));
}

#[test]
fn the_same_seed_gives_the_same_disk() {
    let recording = record(|root, _| {
        for number in 0..20 {
            fs::write(root.join(number.to_string()), [number; 9000]).unwrap();
        }
    });
    let listing = |seed| {
        let survivor = tempfile::tempdir().unwrap();
        recording.materialise(*recording.cuts().last().unwrap(), seed, survivor.path()).unwrap();
        let mut files: Vec<_> = fs::read_dir(survivor.path())
            .unwrap()
            .map(|entry| entry.unwrap().path())
            .map(|path| (path.file_name().unwrap().to_owned(), fs::read(&path).unwrap()))
            .collect();
        files.sort();
        files
    };
    assert_eq!(listing(7), listing(7));
    assert_ne!(listing(7), listing(8));
    assert_eq!(listing(0).len(), 0);
    assert_eq!(listing(1).len(), 20);
}

#[test]
fn the_tree_behaves_like_a_file_system() {
    record(|root, _| {
        fs::create_dir_all(root.join("a/b")).unwrap();
        for number in 0..300 {
            fs::write(root.join(format!("a/b/{number:03}")), [1; 100]).unwrap();
        }
        assert_eq!(fs::read_dir(root.join("a/b")).unwrap().count(), 300);
        assert!(fs::remove_dir(root.join("a/b")).is_err());
        fs::rename(root.join("a/b"), root.join("c")).unwrap();
        assert_eq!(fs::metadata(root.join("c/299")).unwrap().len(), 100);

        let open = File::options().read(true).write(true).open(root.join("c/000")).unwrap();
        fs::remove_file(root.join("c/000")).unwrap();
        assert_eq!(open.metadata().unwrap().len(), 100);
        open.set_len(10).unwrap();
        assert_eq!(open.metadata().unwrap().len(), 10);
        assert!(std::os::unix::net::UnixListener::bind(root.join("socket")).is_ok());
    });
}
