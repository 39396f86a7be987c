//! Test only: a disk that loses and reorders what was not synced.
//!
//! [`LossyDisk`] is a file system in memory, mounted through FUSE, that any program can work on.
//! It behaves like a good one and writes down every change and every sync in one order, together
//! with [marks](LossyDisk::mark) that the test sets ("this push was answered"). After
//! [unmounting](LossyDisk::unmount), the [`Recording`] can cut the power at any point of that
//! order, again and again: [`Recording::materialise`] writes to a real directory what a disk might
//! hold then.
//!
//! What survives a cut:
//!
//! - of a file: everything up to its last fsync or fdatasync; of later changes any part, page by
//!   page and, if so wished, sector by sector, in any order; a length that goes with them;
//! - of a directory: entries as of its own last fsync; of later creations, removals and renames
//!   any of them ([`Metadata::Free`], what POSIX allows), or a beginning of their order
//!   ([`Metadata::Journaled`], what ext4 and XFS do). A rename is whole or not at all.
//!
//! What it doesn't model: `sync(2)` and `syncfs(2)` never reach a FUSE server, so they count for
//! nothing; permissions, owners and times survive as they are last set; hard links and extended
//! attributes are refused.
//!
//! A program that maps files (SQLite does) must be another process than the one that holds the
//! [`LossyDisk`]: taking a mapping down waits for the disk with the address space locked, and the
//! disk's own thread needs the address space.

mod chance;
mod contents;
mod disk;
mod fs;
mod log;
mod recording;
mod tree;

use std::io;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

pub use chance::SplitMix;
pub use recording::{Cut, Recording};

/// How the disk treats what nobody synced.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Options {
    /// Changes of directories.
    pub metadata: Metadata,
    /// Changes of files.
    pub tearing: Tearing,
}

/// In which order unsynced changes of directories reach the disk.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Metadata {
    /// Any of them may, and an fsync is good for its own directory only.
    #[default]
    Free,
    /// One after the other, and any fsync takes along all that came before.
    Journaled,
}

/// The largest piece that is written whole or not at all.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Tearing {
    /// 512 bytes.
    #[default]
    Sector,
    /// 4096 bytes.
    Page,
}

/// A mounted disk. Dropping it unmounts.
#[derive(Debug)]
pub struct LossyDisk {
    session: Option<fuser::BackgroundSession>,
    disk: Arc<Mutex<disk::Disk>>,
    options: Options,
}

// === impl LossyDisk ===

impl LossyDisk {
    /// Mounts an empty disk at a directory, which only root can do.
    pub fn mount(at: &Path, options: Options) -> io::Result<Self> {
        let disk = Arc::new(Mutex::new(disk::Disk::new()));
        let mut config = fuser::Config::default();
        config.mount_options = vec![fuser::MountOption::FSName("lossydisk".into())];
        let session = fuser::spawn_mount(fs::Lossy::new(disk.clone()), at, &config)?;
        Ok(Self { session: Some(session), disk, options })
    }

    /// Notes in the recording that something has happened outside, such as an answer's arrival.
    pub fn mark(&self, label: impl Into<String>) {
        self.lock().mark(label.into());
    }

    /// Unmounts and hands over what was recorded. Whoever worked on the disk must be done:
    /// an open file keeps it busy.
    pub fn unmount(mut self) -> io::Result<Recording> {
        if let Some(session) = self.session.take() {
            session.umount_and_join()?;
        }
        let log = self.lock().take_log();
        Ok(Recording::new(log, self.options))
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, disk::Disk> {
        self.disk.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
