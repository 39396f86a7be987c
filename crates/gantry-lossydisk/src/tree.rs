//! What is left of the directories.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsStr;

use crate::Metadata;
use crate::chance::Chance;
use crate::log::{Inode, Place};

/// Names and what they lead to, by directory.
pub(crate) type Tree<'a> = BTreeMap<Inode, BTreeMap<&'a OsStr, Inode>>;

#[derive(Clone, Copy, Debug)]
pub(crate) enum Step<'a> {
    Create { place: &'a Place, inode: Inode },
    Remove { place: &'a Place },
    Rename { from: &'a Place, to: &'a Place },
}

#[derive(Clone, Debug)]
struct Change<'a> {
    step: Step<'a>,
    /// Directories that have yet to be synced before it is sure to stay.
    unsynced: BTreeSet<Inode>,
}

/// All changes of directories so far, in order.
#[derive(Clone, Debug)]
pub(crate) struct Changes<'a> {
    metadata: Metadata,
    changes: Vec<Change<'a>>,
}

// === impl Step ===

impl<'a> Step<'a> {
    fn places(self) -> impl Iterator<Item = &'a Place> {
        let (one, two) = match self {
            Self::Create { place, .. } | Self::Remove { place } => (place, None),
            Self::Rename { from, to } => (from, Some(to)),
        };
        [one].into_iter().chain(two)
    }

    fn apply(self, tree: &mut Tree<'a>) {
        match self {
            Self::Create { place: (directory, name), inode } => {
                tree.entry(*directory).or_default().insert(name, inode);
            }
            Self::Remove { place: (directory, name) } => {
                tree.entry(*directory).or_default().remove(name.as_os_str());
            }
            Self::Rename { from, to } => {
                let moved = tree.entry(from.0).or_default().remove(from.1.as_os_str());
                if let Some(inode) = moved {
                    tree.entry(to.0).or_default().insert(&to.1, inode);
                }
            }
        }
    }
}

// === impl Changes ===

impl<'a> Changes<'a> {
    pub(crate) fn new(metadata: Metadata) -> Self {
        Self { metadata, changes: Vec::new() }
    }

    pub(crate) fn change(&mut self, step: Step<'a>) {
        let unsynced = step.places().map(|(directory, _)| *directory).collect();
        self.changes.push(Change { step, unsynced });
    }

    /// A file or directory was synced.
    pub(crate) fn sync(&mut self, inode: Inode) {
        for change in &mut self.changes {
            match self.metadata {
                Metadata::Free => drop(change.unsynced.remove(&inode)),
                Metadata::Journaled => change.unsynced.clear(),
            }
        }
    }

    /// What the disk holds if chance has its way with the unsynced changes.
    pub(crate) fn survivor(&self, chance: &mut Chance) -> Tree<'a> {
        let mut tree = Tree::new();
        let kept = match self.metadata {
            Metadata::Free => self.keep_any(chance),
            Metadata::Journaled => self.keep_beginning(chance),
        };
        for (change, _) in self.changes.iter().zip(kept).filter(|(_, kept)| *kept) {
            change.step.apply(&mut tree);
        }
        tree
    }

    fn keep_beginning(&self, chance: &mut Chance) -> Vec<bool> {
        let sure = self.changes.iter().filter(|change| change.unsynced.is_empty()).count();
        let kept = sure + chance.beginning(self.changes.len() - sure);
        (0..self.changes.len()).map(|at| at < kept).collect()
    }

    /// Chance decides on each, but changes of one name happen in their order.
    fn keep_any(&self, chance: &mut Chance) -> Vec<bool> {
        let mut kept = vec![false; self.changes.len()];
        let mut sure: BTreeSet<&Place> = BTreeSet::new();
        for (at, change) in self.changes.iter().enumerate().rev() {
            if change.unsynced.is_empty() || change.step.places().any(|place| sure.contains(place))
            {
                kept[at] = true;
                sure.extend(change.step.places());
            }
        }
        let mut lost: BTreeSet<&Place> = BTreeSet::new();
        for (at, change) in self.changes.iter().enumerate() {
            if kept[at] {
                continue;
            }
            kept[at] = chance.keep() && !change.step.places().any(|place| lost.contains(place));
            if !kept[at] {
                lost.extend(change.step.places());
            }
        }
        kept
    }
}
