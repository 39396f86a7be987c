//! What is written down: every change and every sync, in the order they happened.

use std::ffi::OsString;

/// Number of a file or directory; never used twice.
pub(crate) type Inode = u64;

/// The root directory.
pub(crate) const ROOT: Inode = 1;

/// A name in a directory.
pub(crate) type Place = (Inode, OsString);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    File,
    Directory,
    Socket,
}

#[derive(Clone, Debug)]
pub(crate) enum Entry {
    Create {
        place: Place,
        inode: Inode,
        kind: Kind,
    },
    Remove {
        place: Place,
    },
    Rename {
        from: Place,
        to: Place,
    },
    Write {
        inode: Inode,
        offset: u64,
        data: Vec<u8>,
    },
    Truncate {
        inode: Inode,
        length: u64,
    },
    Mode {
        inode: Inode,
        mode: u16,
    },
    /// fsync or fdatasync, of a file or a directory.
    Sync {
        inode: Inode,
    },
    Mark {
        label: String,
    },
}
