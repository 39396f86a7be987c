//! The disk as programs see it: the tree as of now, and the log of how it came to be.

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::mem;

use fuser::Errno;

use crate::log::{Entry, Inode, Kind, ROOT};

#[derive(Debug)]
pub(crate) struct Node {
    pub(crate) kind: Kind,
    pub(crate) mode: u16,
    pub(crate) data: Vec<u8>,
    pub(crate) entries: BTreeMap<OsString, Inode>,
}

/// Nothing is ever freed: an inode that was unlinked may be open, and may survive a cut.
#[derive(Debug)]
pub(crate) struct Disk {
    nodes: BTreeMap<Inode, Node>,
    log: Vec<Entry>,
}

// === impl Node ===

impl Node {
    fn new(kind: Kind, mode: u16) -> Self {
        Self { kind, mode, data: Vec::new(), entries: BTreeMap::new() }
    }
}

// === impl Disk ===

impl Disk {
    pub(crate) fn new() -> Self {
        Self { nodes: BTreeMap::from([(ROOT, Node::new(Kind::Directory, 0o755))]), log: Vec::new() }
    }

    pub(crate) fn take_log(&mut self) -> Vec<Entry> {
        mem::take(&mut self.log)
    }

    pub(crate) fn mark(&mut self, label: String) {
        self.log.push(Entry::Mark { label });
    }

    pub(crate) fn node(&self, inode: Inode) -> Result<&Node, Errno> {
        self.nodes.get(&inode).ok_or(Errno::ENOENT)
    }

    fn node_mut(&mut self, inode: Inode) -> Result<&mut Node, Errno> {
        self.nodes.get_mut(&inode).ok_or(Errno::ENOENT)
    }

    pub(crate) fn lookup(&self, directory: Inode, name: &OsStr) -> Result<Inode, Errno> {
        self.node(directory)?.entries.get(name).copied().ok_or(Errno::ENOENT)
    }

    pub(crate) fn create(
        &mut self,
        directory: Inode,
        name: &OsStr,
        kind: Kind,
        mode: u16,
    ) -> Result<Inode, Errno> {
        let inode = ROOT + self.nodes.len() as u64;
        let entries = &mut self.node_mut(directory)?.entries;
        if entries.contains_key(name) {
            return Err(Errno::EEXIST);
        }
        entries.insert(name.to_owned(), inode);
        self.nodes.insert(inode, Node::new(kind, mode));
        self.log.push(Entry::Create { place: (directory, name.to_owned()), inode, kind });
        self.log.push(Entry::Mode { inode, mode });
        Ok(inode)
    }

    pub(crate) fn remove(
        &mut self,
        directory: Inode,
        name: &OsStr,
        of_directory: bool,
    ) -> Result<(), Errno> {
        let node = self.node(self.lookup(directory, name)?)?;
        match (node.kind == Kind::Directory, of_directory) {
            (true, false) => return Err(Errno::EISDIR),
            (false, true) => return Err(Errno::ENOTDIR),
            _ if !node.entries.is_empty() => return Err(Errno::ENOTEMPTY),
            _ => {}
        }
        self.node_mut(directory)?.entries.remove(name);
        self.log.push(Entry::Remove { place: (directory, name.to_owned()) });
        Ok(())
    }

    pub(crate) fn rename(
        &mut self,
        from: (Inode, &OsStr),
        to: (Inode, &OsStr),
        replace: bool,
    ) -> Result<(), Errno> {
        let inode = self.lookup(from.0, from.1)?;
        if let Ok(target) = self.lookup(to.0, to.1) {
            let target = self.node(target)?;
            if !replace {
                return Err(Errno::EEXIST);
            }
            if target.kind == Kind::Directory && !target.entries.is_empty() {
                return Err(Errno::ENOTEMPTY);
            }
        }
        self.node_mut(from.0)?.entries.remove(from.1);
        self.node_mut(to.0)?.entries.insert(to.1.to_owned(), inode);
        let from = (from.0, from.1.to_owned());
        self.log.push(Entry::Rename { from, to: (to.0, to.1.to_owned()) });
        Ok(())
    }

    pub(crate) fn write(&mut self, inode: Inode, offset: u64, data: &[u8]) -> Result<(), Errno> {
        let start = usize::try_from(offset).map_err(|_| Errno::EFBIG)?;
        let old = &mut self.node_mut(inode)?.data;
        let end = start + data.len();
        if old.len() < end {
            old.resize(end, 0);
        }
        old[start..end].copy_from_slice(data);
        self.log.push(Entry::Write { inode, offset, data: data.to_vec() });
        Ok(())
    }

    pub(crate) fn truncate(&mut self, inode: Inode, length: u64) -> Result<(), Errno> {
        let size = usize::try_from(length).map_err(|_| Errno::EFBIG)?;
        let data = &mut self.node_mut(inode)?.data;
        if data.len() != size {
            data.resize(size, 0);
            self.log.push(Entry::Truncate { inode, length });
        }
        Ok(())
    }

    pub(crate) fn set_mode(&mut self, inode: Inode, mode: u16) -> Result<(), Errno> {
        self.node_mut(inode)?.mode = mode;
        self.log.push(Entry::Mode { inode, mode });
        Ok(())
    }

    pub(crate) fn sync(&mut self, inode: Inode) {
        self.log.push(Entry::Sync { inode });
    }
}
