//! A recording of a disk's life, and cutting its power at any point of it.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use crate::Options;
use crate::chance::Chance;
use crate::contents::{Change, Contents};
use crate::log::{Entry, Inode, Kind, ROOT};
use crate::tree::{Changes, Step, Tree};

/// A moment between two entries of a recording.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Cut {
    position: usize,
}

/// All that happened to a disk, in order.
#[derive(Debug)]
pub struct Recording {
    log: Vec<Entry>,
    options: Options,
}

/// The beginning of a recording, sorted by what it happened to.
#[derive(Debug)]
struct Replay<'a> {
    names: Changes<'a>,
    files: BTreeMap<Inode, Contents<'a>>,
    kinds: BTreeMap<Inode, Kind>,
    modes: BTreeMap<Inode, u16>,
}

// === impl Recording ===

impl Recording {
    pub(crate) fn new(log: Vec<Entry>, options: Options) -> Self {
        Self { log, options }
    }

    /// The same life on a disk with other habits.
    pub fn with_options(self, options: Options) -> Self {
        Self { options, ..self }
    }

    /// Before and after every fsync and fdatasync, and the end: each state a program relies on
    /// lies between two of these.
    pub fn cuts(&self) -> Vec<Cut> {
        let syncs = (0..self.log.len()).filter(|&at| matches!(self.log[at], Entry::Sync { .. }));
        let mut positions: Vec<usize> = syncs.flat_map(|at| [at, at + 1]).collect();
        positions.push(self.log.len());
        positions.dedup();
        positions.into_iter().map(|position| Cut { position }).collect()
    }

    /// The marks set before the cut, in order.
    pub fn marks_before(&self, cut: Cut) -> impl Iterator<Item = &str> {
        self.log[..cut.position].iter().filter_map(|entry| match entry {
            Entry::Mark { label } => Some(label.as_str()),
            _ => None,
        })
    }

    /// Writes to an empty directory what the disk may hold after a cut. Seed 0 loses everything
    /// that was not synced, seed 1 nothing; any other draws, the same each time.
    pub fn materialise(&self, cut: Cut, seed: u64, to: &Path) -> io::Result<()> {
        let replay = self.replay(cut);
        let mut chance = Chance::new(seed);
        let tree = replay.names.survivor(&mut chance);
        self.write_directory(&replay, &tree, ROOT, to, &mut chance)
    }

    fn replay(&self, cut: Cut) -> Replay<'_> {
        let mut replay = Replay {
            names: Changes::new(self.options.metadata),
            files: BTreeMap::new(),
            kinds: BTreeMap::new(),
            modes: BTreeMap::new(),
        };
        for entry in &self.log[..cut.position] {
            replay.take(entry);
        }
        replay
    }

    fn write_directory(
        &self,
        replay: &Replay<'_>,
        tree: &Tree<'_>,
        directory: Inode,
        to: &Path,
        chance: &mut Chance,
    ) -> io::Result<()> {
        let Some(entries) = tree.get(&directory) else { return Ok(()) };
        for (name, inode) in entries {
            let path = to.join(name);
            match replay.kinds.get(inode) {
                Some(Kind::Directory) => {
                    fs::create_dir(&path)?;
                    self.write_directory(replay, tree, *inode, &path, chance)?;
                }
                Some(Kind::File) => {
                    let contents = replay.files.get(inode);
                    let bytes = contents.map(|c| c.survivor(chance, self.options.tearing));
                    fs::write(&path, bytes.unwrap_or_default())?;
                }
                // Nobody listens at a socket any more.
                Some(Kind::Socket) | None => continue,
            }
            let mode = replay.modes.get(inode).copied().unwrap_or(0o600);
            fs::set_permissions(&path, fs::Permissions::from_mode(u32::from(mode)))?;
        }
        Ok(())
    }
}

// === impl Replay ===

impl<'a> Replay<'a> {
    fn take(&mut self, entry: &'a Entry) {
        match entry {
            Entry::Create { place, inode, kind } => {
                self.kinds.insert(*inode, *kind);
                self.names.change(Step::Create { place, inode: *inode });
            }
            Entry::Remove { place } => self.names.change(Step::Remove { place }),
            Entry::Rename { from, to } => self.names.change(Step::Rename { from, to }),
            Entry::Write { inode, offset, data } => {
                self.change_file(*inode, Change::Write { offset: *offset as usize, data });
            }
            Entry::Truncate { inode, length } => {
                self.change_file(*inode, Change::Truncate { length: *length as usize });
            }
            Entry::Mode { inode, mode } => drop(self.modes.insert(*inode, *mode)),
            Entry::Sync { inode } => {
                self.files.entry(*inode).or_default().sync();
                self.names.sync(*inode);
            }
            Entry::Mark { .. } => {}
        }
    }

    fn change_file(&mut self, inode: Inode, change: Change<'a>) {
        self.files.entry(inode).or_default().change(change);
    }
}
